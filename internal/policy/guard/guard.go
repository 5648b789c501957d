// Package guard holds a policy over any [vfs.FS]. What a subject is handed is a guard and
// nothing else, so that no permission check can be forgotten.
//
// Where a right depends on the path, the guard asks about the path as it is named and about
// the one that it leads to by symbolic links, and wants both to allow. And a move brings
// nobody a right: what may not be done to a file where it is, must not become possible by
// moving it.
package guard

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"time"

	"dray/internal/identity"
	"dray/internal/policy"
	"dray/internal/vfs"
)

// Tree is what a subject is handed.
type Tree interface {
	vfs.FS

	// May reports whether the rules let the subject do op to p. It asks the rules alone:
	// whether there is a p, where it leads to, and what the store says, shows when it is done.
	May(op policy.Op, p vfs.Path) bool

	// Rights returns all that May reports for p.
	Rights(p vfs.Path) policy.Rights

	// Why says for the log what decides about op at p.
	Why(op policy.Op, p vfs.Path) string
}

// New returns fsys as s may use it: what d does not allow is fs.ErrPermission. The result is
// a [vfs.SpaceReporter] if fsys is one, and always a [vfs.TimeSetter] and a
// [vfs.ModeSetter]. Rules that look at paths see where links lead to if fsys is a
// [vfs.Resolver].
func New(fsys vfs.FS, d policy.Decider, s identity.Subject) Tree {
	g := guard{fsys: fsys, grant: d.For(s)}
	g.links, _ = fsys.(vfs.Resolver)
	if space, ok := fsys.(vfs.SpaceReporter); ok {
		return spaceGuard{guard: g, space: space}
	}
	return g
}

type guard struct {
	fsys  vfs.FS
	grant policy.Grant
	links vfs.Resolver // nil: there are no links
}

// May implements [Tree].
func (g guard) May(op policy.Op, p vfs.Path) bool { return g.grant.At(p).Has(op) }

// Rights implements [Tree].
func (g guard) Rights(p vfs.Path) policy.Rights { return g.grant.At(p) }

// Why implements [Tree].
func (g guard) Why(op policy.Op, p vfs.Path) string { return g.grant.Why(op, p) }

// place is a path, and where it leads to.
type place struct {
	path, real vfs.Path
	rights     policy.Rights // that both have
}

// place finds out about p. If only the name is meant, and not what it links to, the last
// element is not followed.
func (g guard) place(ctx context.Context, p vfs.Path, name bool) (place, error) {
	at := place{path: p, real: p, rights: g.grant.At(p)}
	if g.links == nil || !g.grant.ByPath() || at.rights == 0 || name && p.IsRoot() {
		return at, nil
	}
	var err error
	if name {
		if at.real, err = g.links.Resolve(ctx, p.Dir()); err == nil {
			at.real, err = at.real.Join(p.Base())
		}
	} else {
		at.real, err = g.links.Resolve(ctx, p)
	}
	if at.real != p {
		at.rights &= g.grant.At(at.real)
	}
	return at, err
}

// refuse is the refusal of the method called name. It says in the log that it was the
// rules, and which, and not the mode of a file.
func (g guard) refuse(name string, op policy.Op, at place) error {
	why, where := "", at.path
	if g.May(op, where) {
		why, where = fmt.Sprintf("it leads to %q, and there ", at.real), at.real
	}
	return refusal(name, at.path, why+g.grant.Why(op, where))
}

func refusal(name string, p vfs.Path, why string) error {
	return &vfs.OpError{Op: name, Path: p.String(), Err: fmt.Errorf("%w by the rules: %s", fs.ErrPermission, why)}
}

// allow is nil, or the refusal of the method called name.
func (g guard) allow(ctx context.Context, name string, op policy.Op, p vfs.Path) error {
	_, err := g.allowed(ctx, name, op, p)
	return err
}

// allowed finds the place where the method called name may do op, or refuses.
func (g guard) allowed(ctx context.Context, name string, op policy.Op, p vfs.Path) (place, error) {
	if !g.May(op, p) {
		return place{}, g.refuse(name, op, place{path: p})
	}
	at, err := g.place(ctx, p, op == policy.Delete || op == policy.Mkdir)
	if err == nil && !at.rights.Has(op) {
		err = g.refuse(name, op, at)
	}
	return at, err
}

func (g guard) Stat(ctx context.Context, p vfs.Path) (vfs.Info, error) {
	if err := g.allow(ctx, "stat", policy.Stat, p); err != nil {
		return vfs.Info{}, err
	}
	return g.fsys.Stat(ctx, p)
}

// List leaves out what the subject may not stat.
func (g guard) List(ctx context.Context, p vfs.Path) iter.Seq2[vfs.Info, error] {
	return func(yield func(vfs.Info, error) bool) {
		at, err := g.allowed(ctx, "list", policy.List, p)
		if err != nil {
			yield(vfs.Info{}, err)
			return
		}
		for i, err := range g.fsys.List(ctx, p) {
			if err == nil && !g.shows(ctx, at, i) {
				continue
			}
			if !yield(i, err) {
				return
			}
		}
	}
}

// shows reports whether the subject may see an entry of the folder dir.
func (g guard) shows(ctx context.Context, dir place, i vfs.Info) bool {
	p, err := dir.path.Join(i.Name)
	if err != nil || !g.May(policy.Stat, p) {
		return false
	}
	if i.Link {
		at, err := g.place(ctx, p, false)
		return err == nil && at.rights.Has(policy.Stat)
	}
	if dir.real == dir.path {
		return true
	}
	real, err := dir.real.Join(i.Name)
	return err == nil && g.May(policy.Stat, real)
}

func (g guard) Open(ctx context.Context, p vfs.Path) (vfs.File, error) {
	if err := g.allow(ctx, "open", policy.Read, p); err != nil {
		return nil, err
	}
	return g.fsys.Open(ctx, p)
}

// Create is exclusive for a subject that may not overwrite, so that there is no moment
// in which the file could appear. A link is replaced by a new file, and followed for a
// change in place.
func (g guard) Create(ctx context.Context, p vfs.Path, o vfs.CreateOptions) (vfs.Upload, error) {
	at, err := g.place(ctx, p, !o.InPlace)
	if err != nil {
		return nil, err
	}
	exclusive, err := g.target(ctx, "create", at)
	if err != nil {
		return nil, err
	}
	if o.Readable && !at.rights.Has(policy.Read) {
		return nil, g.refuse("create", policy.Read, at)
	}
	o.Exclusive = o.Exclusive || exclusive
	return g.fsys.Create(ctx, p, o)
}

// target decides whether a file may be put somewhere, and whether only if there is none. For
// a subject that may overwrite but not create, it looks whether there is one: if that
// is removed in the next moment, the subject puts back a name that it could have changed.
func (g guard) target(ctx context.Context, name string, at place) (exclusive bool, err error) {
	create, overwrite := at.rights.Has(policy.Create), at.rights.Has(policy.Overwrite)
	switch {
	case create:
		return !overwrite, nil
	case !overwrite:
		return false, g.refuse(name, policy.Create, at)
	}
	_, err = g.fsys.Stat(ctx, at.path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, g.refuse(name, policy.Create, at)
	}
	return false, err
}

func (g guard) Mkdir(ctx context.Context, p vfs.Path) error {
	if err := g.allow(ctx, "mkdir", policy.Mkdir, p); err != nil {
		return err
	}
	return g.fsys.Mkdir(ctx, p)
}

func (g guard) Remove(ctx context.Context, p vfs.Path) error {
	if err := g.allow(ctx, "remove", policy.Delete, p); err != nil {
		return err
	}
	return g.fsys.Remove(ctx, p)
}

func (g guard) RemoveDir(ctx context.Context, p vfs.Path) error {
	if err := g.allow(ctx, "removedir", policy.Delete, p); err != nil {
		return err
	}
	return g.fsys.RemoveDir(ctx, p)
}

func (g guard) SetTimes(ctx context.Context, p vfs.Path, accessed, modified time.Time) error {
	if err := g.allow(ctx, "settimes", policy.SetStat, p); err != nil {
		return err
	}
	setter, ok := g.fsys.(vfs.TimeSetter)
	if !ok {
		return &vfs.OpError{Op: "settimes", Path: p.String(), Err: errors.ErrUnsupported}
	}
	return setter.SetTimes(ctx, p, accessed, modified)
}

func (g guard) SetMode(ctx context.Context, p vfs.Path, mode fs.FileMode) error {
	if err := g.allow(ctx, "setmode", policy.SetStat, p); err != nil {
		return err
	}
	setter, ok := g.fsys.(vfs.ModeSetter)
	if !ok {
		return &vfs.OpError{Op: "setmode", Path: p.String(), Err: errors.ErrUnsupported}
	}
	return setter.SetMode(ctx, p, mode)
}

// Digest implements [vfs.Digester].
func (g guard) Digest(ctx context.Context, p vfs.Path, algorithm string) ([]byte, error) {
	if err := g.allow(ctx, "digest", policy.Read, p); err != nil {
		return nil, err
	}
	return vfs.KnownDigest(ctx, g.fsys, p, algorithm)
}

// spaceGuard is the guard of an FS that knows its free space.
type spaceGuard struct {
	guard
	space vfs.SpaceReporter
}

func (g spaceGuard) FreeSpace(ctx context.Context, p vfs.Path) (int64, error) {
	if err := g.allow(ctx, "freespace", policy.Stat, p); err != nil {
		return 0, err
	}
	return g.space.FreeSpace(ctx, p)
}
