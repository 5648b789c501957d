// Package policy says what a subject may do to a path, by rules in an order: the first that
// speaks of the matter decides. It is pure: a decision depends on its arguments only. The
// wrapper in guard holds any vfs.FS to it, so that no protocol asks for itself.
//
// docs/rules.md is the page for those who write rules. This package parses no file and
// follows no link: it is asked about paths as they are named, and again about those that
// they lead to.
package policy

import (
	"fmt"
	"slices"
	"strings"

	"dray/internal/identity"
	"dray/internal/vfs"
)

// Op is one thing that can be done to a path.
type Op uint8

// What can be done. Create makes what is not there, Overwrite replaces or changes what
// is. A rename takes Rename where it begins, and where it ends what an upload would take.
// SetStat is permissions and times.
const (
	Stat Op = iota
	List
	Read
	Create
	Overwrite
	Delete
	Rename
	Mkdir
	SetStat

	numOps = iota
)

// Ops returns all there are.
func Ops() []Op {
	return []Op{Stat, List, Read, Create, Overwrite, Delete, Rename, Mkdir, SetStat}
}

// String returns the word that rules have for it.
func (op Op) String() string {
	switch op {
	case Stat:
		return "stat"
	case List:
		return "list"
	case Read:
		return "read"
	case Create:
		return "write"
	case Overwrite:
		return "overwrite"
	case Delete:
		return "delete"
	case Rename:
		return "rename"
	case Mkdir:
		return "mkdir"
	case SetStat:
		return "setstat"
	}
	return "unknown"
}

// ParseOp is the Op that a word of a rule names.
func ParseOp(word string) (Op, error) {
	all := Ops()
	if i := slices.IndexFunc(all, func(op Op) bool { return op.String() == word }); i >= 0 {
		return all[i], nil
	}
	return 0, fmt.Errorf("there is no operation %q: it is one of %s", word, strings.Join(Words(), ", "))
}

// Words are what [ParseOp] takes.
func Words() (all []string) {
	for _, op := range Ops() {
		all = append(all, op.String())
	}
	return all
}

// Decider knows what every subject may do.
type Decider interface {
	For(s identity.Subject) Grant
}

// Grant is what one subject may do. It may be asked from any goroutine.
type Grant interface {
	// At returns all that may be done to p.
	At(p vfs.Path) Rights

	// Why says what decides about op at p, for the log.
	Why(op Op, p vfs.Path) string

	// ByPath reports whether At depends on the path at all.
	ByPath() bool

	// Carries says whether a folder may be moved with what it holds, as far as that shows
	// without a look into it, and if not, or perhaps not, for which rule.
	Carries(from, to vfs.Path) (Carriage, string)
}

// Carriage is whether a folder may be moved with what it holds.
type Carriage uint8

const (
	Free   Carriage = iota // whatever it holds, nothing in it changes hands
	Asks                   // what it holds has to be looked at, each path by itself
	Barred                 // a path in it could have other rights at the new place
)

// Rights is a set of Ops, and the Decider and Grant of everybody everywhere. The zero value
// is none.
type Rights uint16

// The usual rights.
const (
	ReadOnly  Rights = 1<<Stat | 1<<List | 1<<Read
	ReadWrite Rights = ReadOnly | 1<<Create | 1<<Overwrite | 1<<Delete | 1<<Rename | 1<<Mkdir | 1<<SetStat
)

// Of returns the set of ops.
func Of(ops ...Op) (r Rights) {
	for _, op := range ops {
		r |= 1 << op
	}
	return r
}

// Has reports whether op is one of r.
func (r Rights) Has(op Op) bool { return r>>op&1 == 1 }

// Without returns r less the given ones.
func (r Rights) Without(ops ...Op) Rights { return r &^ Of(ops...) }

// String returns the words, with blanks between.
func (r Rights) String() string {
	var words []string
	for _, op := range Ops() {
		if r.Has(op) {
			words = append(words, op.String())
		}
	}
	return strings.Join(words, " ")
}

// For implements [Decider].
func (r Rights) For(identity.Subject) Grant { return r }

// At implements [Grant].
func (r Rights) At(vfs.Path) Rights { return r }

// Why implements [Grant].
func (r Rights) Why(Op, vfs.Path) string { return "everybody has the same rights" }

// ByPath implements [Grant].
func (r Rights) ByPath() bool { return false }

// Carries implements [Grant].
func (r Rights) Carries(_, _ vfs.Path) (Carriage, string) { return Free, "" }
