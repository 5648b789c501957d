// Package policy says what a subject may do to a path. It is pure: a decision depends on
// its arguments only. The wrapper in guard holds any vfs.FS to it, so that no
// protocol asks for itself.
package policy

import (
	"dray/internal/identity"
	"dray/internal/vfs"
)

// Op is one right over a path.
type Op uint8

// The rights. Create makes what is not there, Overwrite replaces or changes what is.
const (
	Stat Op = iota
	List
	Read
	Create
	Overwrite
	Delete
	Rename
	Mkdir
)

// Decider says whether a subject may do op to p.
type Decider interface {
	Decide(s identity.Subject, op Op, p vfs.Path) bool
}
