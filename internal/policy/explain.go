package policy

import (
	"fmt"
	"strings"

	"dray/internal/identity"
	"dray/internal/vfs"
)

// Explanation is why something is allowed or not.
type Explanation struct {
	Allowed bool
	Rule    int    // the rule that decides, from 1; 0: none speaks of it
	Why     string // which one that is, or what holds instead
	Steps   []Step // all rules, in their order
}

// Step is what one rule has to do with it.
type Step struct {
	Rule    int // from 1
	Name    string
	Origin  string
	Verdict string // "allows", "denies", "passes" or "is not reached"
	Reason  string // why it passes, or how it comes to decide
}

// Explain says what decides whether s may do op to p, and why the rules before it do not. It
// tries one rule after the other, without the index.
func (r *Rules) Explain(s identity.Subject, op Op, p vfs.Path) Explanation {
	e := Explanation{}
	decided := false
	for i := range r.rules {
		rule := &r.rules[i]
		step := Step{Rule: i + 1, Name: rule.Name, Origin: rule.Origin}
		passes, how := rule.explain(s, op, p)
		switch {
		case decided:
			step.Verdict = "is not reached"
		case passes:
			step.Verdict, step.Reason = "passes", how
		default:
			step.Verdict, step.Reason = rule.verb(), how
			decided, e.Allowed, e.Rule = true, rule.Allow, i+1
			e.Why = rule.Label(i+1) + " " + rule.verb() + " it"
		}
		e.Steps = append(e.Steps, step)
	}
	if !decided {
		d := r.otherwise(s)
		e.Allowed, e.Why = d.Rights.Has(op), "no rule speaks of it, and "+d.Why
	}
	return e
}

func (r *Rule) verb() string {
	if r.Allow {
		return "allows"
	}
	return "denies"
}

// explain reports whether the rule says nothing about it, and why, or how it does.
func (r *Rule) explain(s identity.Subject, op Op, p vfs.Path) (passes bool, how string) {
	switch r.about(s) {
	case otherProtocol:
		return true, fmt.Sprintf("it is about %s, not %s", strings.Join(r.Protocols, ", "), s.Protocol)
	case otherUser:
		return true, fmt.Sprintf("it is about %s, and %s is %s", r.who(), s.Name, membership(s))
	case otherNetwork:
		return true, fmt.Sprintf("it is about clients of %s, not %s", r.networks(), from(s))
	}
	covers, way := len(r.Paths) == 0, false
	for _, pattern := range r.Paths {
		for _, b := range pattern.bind(s, !r.Allow) {
			covers = covers || b.covers(p, !r.Allow)
			way = way || r.Allow && b.passesBy(p)
		}
	}
	switch {
	case covers && r.Ops.Has(op):
		return false, ""
	case way && (op == Stat || op == List):
		return false, "the path is on the way to what it allows"
	case !covers:
		return true, "its paths do not match"
	}
	return true, fmt.Sprintf("it is about %s, not %s", strings.ReplaceAll(r.Ops.String(), " ", ", "), op)
}

// passesBy reports whether p is a folder on the way to what the pattern stands for, by
// elements whose names are known.
func (b bound) passesBy(p vfs.Path) bool {
	var elems []string
	if !p.IsRoot() {
		elems = strings.Split(p.Rel(), "/")
	}
	if len(elems) >= len(b) {
		return false
	}
	for i, elem := range elems {
		if b[i].deep || b[i].pattern != nil || b[i].literal != elem {
			return false
		}
	}
	return true
}

func (r *Rule) who() string {
	var all []string
	if len(r.Users) > 0 {
		all = append(all, "users "+strings.Join(r.Users, ", "))
	}
	if len(r.Groups) > 0 {
		all = append(all, "groups "+strings.Join(r.Groups, ", "))
	}
	return strings.Join(all, " and ")
}

func membership(s identity.Subject) string {
	if len(s.Groups) == 0 {
		return "in no group"
	}
	return "in " + strings.Join(s.Groups, ", ")
}

func (r *Rule) networks() string {
	var all []string
	for _, n := range r.Networks {
		all = append(all, n.String())
	}
	return strings.Join(all, ", ")
}

func from(s identity.Subject) string {
	if !s.Remote.IsValid() {
		return "of an address that is not said"
	}
	return s.Remote.String()
}
