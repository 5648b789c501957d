// Package policy says what a subject may do to a path. It is pure: a decision depends on
// its arguments only. The wrapper in guard holds any vfs.FS to it, so that no
// protocol asks for itself.
package policy

import (
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
)

// String returns the name in lower case.
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

// Decider says whether a subject may do op to p.
type Decider interface {
	Decide(s identity.Subject, op Op, p vfs.Path) bool
}

// Rights is the Decider that gives everybody the same rights everywhere: a set of Ops.
// The zero value gives none.
type Rights uint16

// The usual rights.
const (
	ReadOnly  Rights = 1<<Stat | 1<<List | 1<<Read
	ReadWrite Rights = ReadOnly | 1<<Create | 1<<Overwrite | 1<<Delete | 1<<Rename | 1<<Mkdir | 1<<SetStat
)

// Without returns r less the given ones.
func (r Rights) Without(ops ...Op) Rights {
	for _, op := range ops {
		r &^= 1 << op
	}
	return r
}

// Decide implements [Decider].
func (r Rights) Decide(_ identity.Subject, op Op, _ vfs.Path) bool { return r>>op&1 == 1 }
