package policy

import (
	"fmt"
	"net/netip"
	"slices"

	"dray/internal/identity"
	"dray/internal/vfs"
)

// Rule lets some subjects do something to some paths, or forbids it. What is left out does
// not matter: a rule with Ops alone is about everybody, everywhere.
type Rule struct {
	Name   string // for people; "" is none
	Origin string // where it stands, such as "dray.yaml:12"; "" is nowhere

	Users     []string       // whom it is about: these users
	Groups    []string       // or the members of these groups
	Protocols []string       // as those of an [identity.Subject]
	Networks  []netip.Prefix // where the subject comes from
	Paths     []Pattern      // none is every path

	Allow bool // else Ops are forbidden
	Ops   Rights
}

// Default is what holds where no rule speaks.
type Default struct {
	Rights Rights
	Why    string // as a sentence without a stop, for those whom it refuses
}

// Rules are rules in their order. They do not change.
type Rules struct {
	rules     []Rule
	otherwise func(identity.Subject) Default
	common    indexes  // of the rules that are about everybody
	some      []uint32 // the numbers of the others
}

// indexes are those of the rules that allow, and of those that deny. A rule that denies has
// no regard to case: a file system that has none would be a way round it.
type indexes struct {
	allow, deny index
	byPath      bool // some pattern is not the root
}

// Compile makes Rules. otherwise says what holds where no rule speaks. A rule that speaks of
// nothing is an error.
func Compile(rules []Rule, otherwise func(identity.Subject) Default) (*Rules, error) {
	r := &Rules{rules: slices.Clone(rules), otherwise: otherwise, common: newIndexes()}
	for i := range r.rules {
		rule, number := &r.rules[i], uint32(i+1)
		switch {
		case rule.Ops == 0:
			return nil, fmt.Errorf("%s says of no operation what it does", rule.Label(i+1))
		case rule.special():
			r.some = append(r.some, number)
		default:
			r.common.add(rule, number, identity.Subject{})
		}
	}
	return r, nil
}

func newIndexes() indexes { return indexes{deny: index{folded: true}} }

func (x *indexes) add(rule *Rule, number uint32, s identity.Subject) {
	at := &x.deny
	if rule.Allow {
		at = &x.allow
	}
	if len(rule.Paths) == 0 {
		at.add(nil, number, rule.Ops, rule.Allow)
	}
	for _, p := range rule.Paths {
		x.byPath = x.byPath || len(p.elems) > 0
		for _, b := range p.bind(s, at.folded) {
			at.add(b, number, rule.Ops, rule.Allow)
		}
	}
}

// special reports whether it depends on the subject what the rule means.
func (r *Rule) special() bool {
	return len(r.Users)+len(r.Groups)+len(r.Protocols)+len(r.Networks) > 0 ||
		slices.ContainsFunc(r.Paths, func(p Pattern) bool { return p.asks(0) })
}

// Label names the rule with this number, from 1, for people.
func (r *Rule) Label(number int) string {
	text := fmt.Sprintf("rule %d", number)
	if r.Name != "" {
		text += fmt.Sprintf(" %q", r.Name)
	}
	if r.Origin != "" {
		text += " (" + r.Origin + ")"
	}
	return text
}

// miss is why a rule is not about a subject.
type miss uint8

const (
	about miss = iota // it is
	otherProtocol
	otherUser
	otherNetwork
)

// about tells whether the rule is about the subject. Where it is not known where that is,
// rules that deny hold for every network, and rules that allow for none.
func (r *Rule) about(s identity.Subject) miss {
	member := func(group string) bool { return slices.Contains(s.Groups, group) }
	switch {
	case len(r.Protocols) > 0 && !slices.Contains(r.Protocols, s.Protocol):
		return otherProtocol
	case len(r.Users)+len(r.Groups) > 0 && !slices.Contains(r.Users, s.Name) && !slices.ContainsFunc(r.Groups, member):
		return otherUser
	case len(r.Networks) == 0, !s.Remote.IsValid() && !r.Allow:
		return about
	}
	remote := s.Remote.Unmap().WithZone("")
	if !slices.ContainsFunc(r.Networks, func(n netip.Prefix) bool { return n.Contains(remote) }) {
		return otherNetwork
	}
	return about
}

// For implements [Decider].
func (r *Rules) For(s identity.Subject) Grant {
	g := &grant{rules: r, otherwise: r.otherwise(s), own: newIndexes()}
	for _, number := range r.some {
		if rule := &r.rules[number-1]; rule.about(s) == about {
			g.own.add(rule, number, s)
		}
	}
	if !g.ByPath() {
		g.everywhere = g.rights(vfs.Path{})
	}
	return g
}

// grant is what the rules leave to one subject.
type grant struct {
	rules      *Rules
	otherwise  Default
	own        indexes // of the rules that are not about everybody
	everywhere Rights  // unless ByPath
}

// verdict is which rules decide about a path.
type verdict struct {
	first firsts // by Op, 0 for no rule
	way   uint32 // the rule for which it may be looked at, since a path below it is allowed
}

func (g *grant) find(p vfs.Path) (v verdict) {
	for _, x := range [...]*indexes{&g.rules.common, &g.own} {
		x.allow.walk(p, &v.first, &v.way)
		x.deny.walk(p, &v.first, new(uint32))
	}
	take(&v.first[Stat], v.way)
	take(&v.first[List], v.way)
	return v
}

// decide returns the first rule that speaks of op at p, 0 for none, and what it says.
func (g *grant) decide(v *verdict, op Op) (number uint32, allowed bool) {
	if number = v.first[op]; number == 0 {
		return 0, g.otherwise.Rights.Has(op)
	}
	return number, g.rules.rules[number-1].Allow
}

// At implements [Grant].
func (g *grant) At(p vfs.Path) Rights {
	if !g.ByPath() {
		return g.everywhere
	}
	return g.rights(p)
}

func (g *grant) rights(p vfs.Path) (r Rights) {
	v := g.find(p)
	for op := range Op(numOps) {
		if _, allowed := g.decide(&v, op); allowed {
			r |= 1 << op
		}
	}
	return r
}

// Why implements [Grant].
func (g *grant) Why(op Op, p vfs.Path) string {
	v := g.find(p)
	number, allowed := g.decide(&v, op)
	switch {
	case number == 0:
		return g.otherwise.Why
	case allowed:
		return g.label(number) + " allows it"
	}
	return g.label(number) + " denies it"
}

func (g *grant) label(number uint32) string { return g.rules.rules[number-1].Label(int(number)) }

// ByPath implements [Grant].
func (g *grant) ByPath() bool { return g.rules.common.byPath || g.own.byPath }

// Carries implements [Grant]. A move is free if no rule reaches into the folder, here or
// there. If the same rules reach into both places, nothing in it can win by the move, but
// some of it may have to stay. Otherwise it is barred.
func (g *grant) Carries(from, to vfs.Path) (Carriage, string) {
	var here, there firsts
	same, denied, first := true, Rights(0), uint32(0)
	for _, x := range [...]*indexes{&g.rules.common, &g.own} {
		for _, y := range [...]*index{&x.allow, &x.deny} {
			a, b := y.live(from, &here), y.live(to, &there)
			same = same && sameNodes(a, b)
			for _, n := range slices.Concat(a, b) {
				take(&first, n.first)
				if y.folded {
					denied |= n.below
				}
			}
		}
	}
	switch {
	case first == 0:
		return Free, ""
	case !same || here != there:
		return Barred, g.label(first)
	case denied&Of(Rename, Create, Overwrite, Mkdir) != 0:
		return Asks, g.label(first)
	}
	return Free, ""
}
