package policy

import (
	"maps"
	"slices"
	"strings"

	"dray/internal/vfs"
)

// index finds the rules whose patterns stand for a path, in one walk along the path: it
// has a node for each beginning of a pattern.
type index struct {
	folded bool
	root   node
}

// node is where a walk can be. A number of a rule is from 1 on; 0 is none.
type node struct {
	literal map[string]*node
	globs   globs
	deep    *node // behind a "**"
	loops   bool  // is itself behind one: any element leads back to it

	ends  *firsts // patterns that end here; nil: none
	way   uint32  // the first rule that allows something below here
	below Rights  // of what rules with patterns that end below here speak
	first uint32  // the first of them
}

// firsts is for each Op the first rule that speaks of it, 0 for none.
type firsts [numOps]uint32

// take keeps the rule if it comes before the one that is there.
func take(at *uint32, rule uint32) {
	if rule != 0 && (*at == 0 || rule < *at) {
		*at = rule
	}
}

func (f *firsts) take(rule uint32, ops Rights) {
	for op := range Op(numOps) {
		if ops.Has(op) {
			take(&f[op], rule)
		}
	}
}

func (f *firsts) merge(other *firsts) {
	for op, rule := range other {
		take(&f[op], rule)
	}
}

// add makes the pattern end in a rule that speaks of ops. Where the rule allows, the folders
// on the way to the path are marked, as far as their names are known.
func (x *index) add(b bound, rule uint32, ops Rights, allow bool) {
	n, known := &x.root, allow
	for _, m := range b {
		if known {
			take(&n.way, rule)
		}
		known = known && !m.deep && m.pattern == nil
		n.below |= ops
		take(&n.first, rule)
		n = n.next(m)
	}
	if n.ends == nil {
		n.ends = new(firsts)
	}
	n.ends.take(rule, ops)
}

// next returns the node behind m, and makes it if there is none.
func (n *node) next(m matcher) *node {
	switch {
	case m.deep:
		if n.loops { // two in a row are as one
			return n
		}
		if n.deep == nil {
			n.deep = &node{loops: true}
		}
		return n.deep
	case m.pattern != nil:
		return n.globs.next(m.pattern)
	}
	child := n.literal[m.literal]
	if child == nil {
		child = new(node)
		if n.literal == nil {
			n.literal = map[string]*node{}
		}
		n.literal[m.literal] = child
	}
	return child
}

// walk adds to found the rules that stand for p, and to way those that stand for
// something below it.
func (x *index) walk(p vfs.Path, found *firsts, way *uint32) {
	var a, b [8]*node
	for _, n := range x.run(p, found, a[:0], b[:0]) {
		take(way, n.way)
	}
}

// live returns the nodes behind p from which a rule can still be reached.
func (x *index) live(p vfs.Path, found *firsts) []*node {
	return slices.DeleteFunc(x.run(p, found, nil, nil), func(n *node) bool { return n.below == 0 })
}

// run returns where all of p leads to. at and next are room for it.
func (x *index) run(p vfs.Path, found *firsts, at, next []*node) []*node {
	at = enter(at, &x.root, found)
	rest := p.Rel()
	if p.IsRoot() {
		rest = ""
	}
	for rest != "" && len(at) > 0 {
		var elem string
		elem, rest, _ = strings.Cut(rest, "/")
		if x.folded {
			elem = fold(elem)
		}
		next = next[:0]
		for _, n := range at {
			if n.loops {
				next = enter(next, n, found)
			}
			if child := n.literal[elem]; child != nil {
				next = enter(next, child, found)
			}
			next = n.globs.walk(elem, found, next)
		}
		at, next = next, at
	}
	return at
}

// enter adds a node, and what is behind a "**" that stands for nothing.
func enter(at []*node, n *node, found *firsts) []*node {
	if n.loops && slices.Contains(at, n) {
		return at
	}
	if n.ends != nil {
		found.merge(n.ends)
	}
	at = append(at, n)
	if n.deep != nil {
		at = enter(at, n.deep, found)
	}
	return at
}

// globs are the children of a node behind elements with wildcards, by what all of their
// names begin with, or else end with, so that few have to be tried.
type globs struct {
	prefixes, suffixes affixes
	others             []globChild
}

type globChild struct {
	pattern []rune
	child   *node
}

// affixes are children by a text that their names have in common at one end.
type affixes struct {
	lengths  []int // of the texts, each once
	children map[string][]globChild
}

func (g *globs) next(pattern []rune) *node {
	head := slices.IndexFunc(pattern, isWild)
	tail := len(pattern)
	for tail > 0 && !isWild(pattern[tail-1]) {
		tail--
	}
	switch {
	case head > 0:
		return g.prefixes.next(string(pattern[:head]), pattern)
	case tail < len(pattern):
		return g.suffixes.next(string(pattern[tail:]), pattern)
	}
	return add(&g.others, pattern)
}

func isWild(r rune) bool { return r < 0 }

func (a *affixes) next(text string, pattern []rune) *node {
	if a.children == nil {
		a.children = map[string][]globChild{}
	}
	if !slices.Contains(a.lengths, len(text)) {
		a.lengths = append(a.lengths, len(text))
	}
	all := a.children[text]
	n := add(&all, pattern)
	a.children[text] = all
	return n
}

func add(all *[]globChild, pattern []rune) *node {
	if i := slices.IndexFunc(*all, func(g globChild) bool { return slices.Equal(g.pattern, pattern) }); i >= 0 {
		return (*all)[i].child
	}
	n := new(node)
	*all = append(*all, globChild{pattern, n})
	return n
}

func (g *globs) walk(elem string, found *firsts, at []*node) []*node {
	for _, n := range g.prefixes.lengths {
		if n <= len(elem) {
			at = try(g.prefixes.children[elem[:n]], elem, found, at)
		}
	}
	for _, n := range g.suffixes.lengths {
		if n <= len(elem) {
			at = try(g.suffixes.children[elem[len(elem)-n:]], elem, found, at)
		}
	}
	return try(g.others, elem, found, at)
}

func try(all []globChild, elem string, found *firsts, at []*node) []*node {
	for _, g := range all {
		if glob(g.pattern, elem) {
			at = enter(at, g.child, found)
		}
	}
	return at
}

// sameNodes compares sets.
func sameNodes(a, b []*node) bool {
	set := map[*node]bool{}
	for _, n := range a {
		set[n] = true
	}
	other := map[*node]bool{}
	for _, n := range b {
		other[n] = true
	}
	return maps.Equal(set, other)
}
