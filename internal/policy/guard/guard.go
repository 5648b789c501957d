// Package guard holds a policy over any [vfs.FS]. What a subject is handed is a guard and
// nothing else, so that no permission check can be forgotten.
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
	// whether there is a p, and what the store says, shows when it is done.
	May(op policy.Op, p vfs.Path) bool
}

// New returns fsys as s may use it: what d does not allow is fs.ErrPermission. The
// decider is asked about the very paths that an operation names; a folder that is moved
// takes along what it holds. The result is a [vfs.SpaceReporter] if fsys is one, and
// always a [vfs.TimeSetter] and a [vfs.ModeSetter].
func New(fsys vfs.FS, d policy.Decider, s identity.Subject) Tree {
	g := guard{fsys: fsys, decider: d, subject: s}
	if space, ok := fsys.(vfs.SpaceReporter); ok {
		return spaceGuard{guard: g, space: space}
	}
	return g
}

type guard struct {
	fsys    vfs.FS
	decider policy.Decider
	subject identity.Subject
}

// May implements [Tree].
func (g guard) May(op policy.Op, p vfs.Path) bool { return g.decider.Decide(g.subject, op, p) }

// allow is nil, or the refusal of the method called name.
func (g guard) allow(name string, op policy.Op, p vfs.Path) error {
	if g.May(op, p) {
		return nil
	}
	return refusal(name, p)
}

// refusal says in the log that it was the rules, and not the mode of a file.
func refusal(name string, p vfs.Path) error {
	err := fmt.Errorf("%w by the rules for this user, see --write and --user", fs.ErrPermission)
	return &vfs.OpError{Op: name, Path: p.String(), Err: err}
}

func (g guard) Stat(ctx context.Context, p vfs.Path) (vfs.Info, error) {
	if err := g.allow("stat", policy.Stat, p); err != nil {
		return vfs.Info{}, err
	}
	return g.fsys.Stat(ctx, p)
}

// List leaves out what the subject may not stat.
func (g guard) List(ctx context.Context, p vfs.Path) iter.Seq2[vfs.Info, error] {
	return func(yield func(vfs.Info, error) bool) {
		if err := g.allow("list", policy.List, p); err != nil {
			yield(vfs.Info{}, err)
			return
		}
		for i, err := range g.fsys.List(ctx, p) {
			if err == nil && !g.shows(p, i.Name) {
				continue
			}
			if !yield(i, err) {
				return
			}
		}
	}
}

func (g guard) shows(dir vfs.Path, name string) bool {
	p, err := dir.Join(name)
	return err == nil && g.May(policy.Stat, p)
}

func (g guard) Open(ctx context.Context, p vfs.Path) (vfs.File, error) {
	if err := g.allow("open", policy.Read, p); err != nil {
		return nil, err
	}
	return g.fsys.Open(ctx, p)
}

// Create is exclusive for a subject that may not overwrite, so that there is no moment
// in which the file could appear.
func (g guard) Create(ctx context.Context, p vfs.Path, o vfs.CreateOptions) (vfs.Upload, error) {
	exclusive, err := g.target(ctx, "create", p)
	if err != nil {
		return nil, err
	}
	if o.Readable && !g.May(policy.Read, p) {
		return nil, refusal("create", p)
	}
	o.Exclusive = o.Exclusive || exclusive
	return g.fsys.Create(ctx, p, o)
}

// target decides whether a file may be put at p, and whether only if there is none. For
// a subject that may overwrite but not create, it looks whether there is one: if that
// is removed in the next moment, the subject puts back a name that it could have changed.
func (g guard) target(ctx context.Context, name string, p vfs.Path) (exclusive bool, err error) {
	create, overwrite := g.May(policy.Create, p), g.May(policy.Overwrite, p)
	switch {
	case create:
		return !overwrite, nil
	case !overwrite:
		return false, refusal(name, p)
	}
	_, err = g.fsys.Stat(ctx, p)
	if errors.Is(err, fs.ErrNotExist) {
		return false, refusal(name, p)
	}
	return false, err
}

func (g guard) Mkdir(ctx context.Context, p vfs.Path) error {
	if err := g.allow("mkdir", policy.Mkdir, p); err != nil {
		return err
	}
	return g.fsys.Mkdir(ctx, p)
}

func (g guard) Remove(ctx context.Context, p vfs.Path) error {
	if err := g.allow("remove", policy.Delete, p); err != nil {
		return err
	}
	return g.fsys.Remove(ctx, p)
}

func (g guard) RemoveDir(ctx context.Context, p vfs.Path) error {
	if err := g.allow("removedir", policy.Delete, p); err != nil {
		return err
	}
	return g.fsys.RemoveDir(ctx, p)
}

func (g guard) Rename(ctx context.Context, from, to vfs.Path, o vfs.RenameOptions) error {
	if err := g.allow("rename", policy.Rename, from); err != nil {
		return err
	}
	exclusive, err := g.target(ctx, "rename", to)
	if err != nil {
		return err
	}
	// Onto itself a rename overwrites nothing.
	o.Exclusive = o.Exclusive || exclusive && from != to
	return g.fsys.Rename(ctx, from, to, o)
}

func (g guard) SetTimes(ctx context.Context, p vfs.Path, accessed, modified time.Time) error {
	if err := g.allow("settimes", policy.SetStat, p); err != nil {
		return err
	}
	setter, ok := g.fsys.(vfs.TimeSetter)
	if !ok {
		return &vfs.OpError{Op: "settimes", Path: p.String(), Err: errors.ErrUnsupported}
	}
	return setter.SetTimes(ctx, p, accessed, modified)
}

func (g guard) SetMode(ctx context.Context, p vfs.Path, mode fs.FileMode) error {
	if err := g.allow("setmode", policy.SetStat, p); err != nil {
		return err
	}
	setter, ok := g.fsys.(vfs.ModeSetter)
	if !ok {
		return &vfs.OpError{Op: "setmode", Path: p.String(), Err: errors.ErrUnsupported}
	}
	return setter.SetMode(ctx, p, mode)
}

// spaceGuard is the guard of an FS that knows its free space.
type spaceGuard struct {
	guard
	space vfs.SpaceReporter
}

func (g spaceGuard) FreeSpace(ctx context.Context, p vfs.Path) (int64, error) {
	if err := g.allow("freespace", policy.Stat, p); err != nil {
		return 0, err
	}
	return g.space.FreeSpace(ctx, p)
}
