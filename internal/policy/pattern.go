package policy

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"dray/internal/identity"
	"dray/internal/vfs"
)

// Pattern stands for paths: for each that it matches, and for all below that. The zero
// value is the root, and so everything.
//
// Between slashes, "*" is any run of characters and "?" any one; "**" alone between
// slashes is any number of elements, none too. {user}, {group} and {address} are those of
// the subject, {group} each of several.
type Pattern struct{ elems []element }

// element is what stands between two slashes.
type element struct {
	deep  bool // "**"
	parts []part
}

// part is a piece of an element: text, or something that stands for it.
type part struct {
	kind byte // 't', '*', '?', 'u', 'g', 'a'
	text string
}

// ParsePattern parses a pattern, and says what is wrong with it.
func ParsePattern(text string) (Pattern, error) {
	switch {
	case !strings.HasPrefix(text, "/"):
		return Pattern{}, fmt.Errorf("want a path from the root on, such as /%s, or /**/%[1]s for one in any folder", strings.TrimPrefix(text, "./"))
	case !utf8.ValidString(text), strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r == 0x7f }):
		return Pattern{}, errors.New("want a path in UTF-8, without control characters")
	}
	var p Pattern
	for elem := range strings.SplitSeq(strings.Trim(text, "/"), "/") {
		switch elem {
		case "":
			if strings.Trim(text, "/") != "" {
				return Pattern{}, errors.New("has two slashes in a row, which no path has")
			}
			continue
		case ".", "..":
			return Pattern{}, fmt.Errorf("has %q between slashes, which no path has: dray takes it out before the rules are asked", elem)
		case "**":
			p.elems = append(p.elems, element{deep: true})
			continue
		}
		parts, err := parseElement(elem)
		if err != nil {
			return Pattern{}, err
		}
		p.elems = append(p.elems, element{parts: parts})
	}
	for len(p.elems) > 0 && p.elems[len(p.elems)-1].deep { // all below is meant anyway
		p.elems = p.elems[:len(p.elems)-1]
	}
	return p, nil
}

func parseElement(elem string) (parts []part, err error) {
	if strings.Contains(elem, "**") {
		return nil, fmt.Errorf("has ** beside other characters in %q: it stands alone between slashes", elem)
	}
	for elem != "" {
		i := strings.IndexAny(elem, "*?{}")
		switch {
		case i < 0:
			return append(parts, part{'t', elem}), nil
		case i > 0:
			parts = append(parts, part{'t', elem[:i]})
			elem = elem[i:]
		}
		switch elem[0] {
		case '*', '?':
			parts = append(parts, part{elem[0], ""})
			elem = elem[1:]
			continue
		}
		word, rest, closed := strings.Cut(elem, "}")
		kind, known := map[string]byte{"{user": 'u', "{group": 'g', "{address": 'a'}[word]
		if !closed || !known {
			return nil, errors.New("has a brace that is not of {user}, {group} or {address}; ? stands for a brace in a name")
		}
		parts, elem = append(parts, part{kind, ""}), rest
	}
	return parts, nil
}

// asks reports whether the pattern has a placeholder of a kind, 0 for any.
func (p Pattern) asks(kind byte) bool {
	return slices.ContainsFunc(p.elems, func(e element) bool {
		return slices.ContainsFunc(e.parts, func(q part) bool {
			return q.kind == kind || kind == 0 && strings.IndexByte("uga", q.kind) >= 0
		})
	})
}

// bound is a pattern with the placeholders filled in.
type bound []matcher

// matcher is an element of a bound pattern.
type matcher struct {
	deep    bool
	literal string // if pattern is nil
	pattern []rune // star and any stand for themselves
}

const (
	star rune = -1
	any1 rune = -2
)

// bind fills in who the subject is: one bound pattern for each group if groups are asked
// for. Without regard to case, everything is folded.
func (p Pattern) bind(s identity.Subject, folded bool) []bound {
	groups := []string{""}
	if p.asks('g') {
		groups = s.Groups
	}
	var all []bound
	for _, group := range groups {
		b := make(bound, len(p.elems))
		for i, e := range p.elems {
			b[i] = e.bind(s, group, folded)
		}
		all = append(all, b)
	}
	return all
}

func (e element) bind(s identity.Subject, group string, folded bool) matcher {
	if e.deep {
		return matcher{deep: true}
	}
	var pattern []rune
	var literal strings.Builder
	wild := false
	for _, q := range e.parts {
		text := q.text
		switch q.kind {
		case '*':
			pattern, wild = append(pattern, star), true
			continue
		case '?':
			pattern, wild = append(pattern, any1), true
			continue
		case 'u':
			text = s.Name
		case 'g':
			text = group
		case 'a':
			text = addressText(s.Remote)
		}
		if folded {
			text = fold(text)
		}
		literal.WriteString(text)
		pattern = append(pattern, []rune(text)...)
	}
	if wild {
		return matcher{pattern: pattern}
	}
	return matcher{literal: literal.String()}
}

// addressText is an address as a name of a file: colons are what Windows does not bear.
func addressText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return strings.ReplaceAll(a.Unmap().WithZone("").String(), ":", "-")
}

// matches reports whether an element of a path is meant.
func (m matcher) matches(elem string) bool {
	if m.pattern == nil {
		return m.literal == elem
	}
	return glob(m.pattern, elem)
}

// glob goes back to the last star only, so that its time is bounded by the product of
// both lengths.
func glob(pattern []rune, name string) bool {
	back, resume := -1, 0
	p, n := 0, 0
	for n < len(name) {
		r, width := utf8.DecodeRuneInString(name[n:])
		switch {
		case p < len(pattern) && pattern[p] == star:
			back, resume = p, n
			p++
		case p < len(pattern) && (pattern[p] == any1 || pattern[p] == r):
			p, n = p+1, n+width
		case back < 0:
			return false
		default:
			_, width = utf8.DecodeRuneInString(name[resume:])
			resume += width
			p, n = back+1, resume
		}
	}
	for p < len(pattern) && pattern[p] == star {
		p++
	}
	return p == len(pattern)
}

// covers reports whether the pattern stands for p. It is what explains; an index decides.
func (b bound) covers(p vfs.Path, folded bool) bool {
	at := b.closure(nil, 0)
	if slices.Contains(at, len(b)) {
		return true
	}
	if p.IsRoot() {
		return false
	}
	for elem := range strings.SplitSeq(p.Rel(), "/") {
		if folded {
			elem = fold(elem)
		}
		var next []int
		for _, i := range at {
			if b[i].deep {
				next = b.closure(next, i)
			} else if b[i].matches(elem) {
				next = b.closure(next, i+1)
			}
		}
		if slices.Contains(next, len(b)) {
			return true
		}
		at = next
	}
	return false
}

// closure adds i, and what comes after a "**" that stands for nothing.
func (b bound) closure(at []int, i int) []int {
	for ; !slices.Contains(at, i); i++ {
		at = append(at, i)
		if i == len(b) || !b[i].deep {
			break
		}
	}
	return at
}

// fold is the one form of all names that differ in case alone.
func fold(s string) string {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return strings.Map(foldRune, s)
		}
	}
	return s
}

func foldRune(r rune) rune {
	least := r
	for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
		least = min(least, o)
	}
	if 'A' <= least && least <= 'Z' {
		least += 'a' - 'A'
	}
	return least
}
