package guard

import (
	"context"
	"fmt"

	"dray/internal/policy"
	"dray/internal/vfs"
)

func (g guard) Rename(ctx context.Context, from, to vfs.Path, o vfs.RenameOptions) error {
	old, err := g.place(ctx, from, true)
	if err != nil {
		return err
	}
	if !old.rights.Has(policy.Rename) {
		return g.refuse("rename", policy.Rename, old)
	}
	at, err := g.place(ctx, to, true)
	if err != nil {
		return err
	}
	exclusive, err := g.target(ctx, "rename", at)
	if err != nil {
		return err
	}
	if g.grant.ByPath() && from != to {
		if err := g.move(ctx, old, at); err != nil {
			return err
		}
	}
	// Onto itself a rename overwrites nothing.
	o.Exclusive = o.Exclusive || exclusive && from != to
	return g.fsys.Rename(ctx, from, to, o)
}

// move refuses a move that would bring rights, to the name itself or to what a folder holds.
func (g guard) move(ctx context.Context, old, at place) error {
	if err := g.gain(old, at); err != nil {
		return err
	}
	i, err := g.fsys.Stat(ctx, old.path)
	if err != nil || !i.IsDir() {
		return err
	}
	for _, way := range [...]struct{ from, to vfs.Path }{{old.path, at.path}, {old.real, at.real}} {
		carriage, rule := g.grant.Carries(way.from, way.to)
		switch carriage {
		case policy.Barred:
			return refusal("rename", old.path, rule+" is about paths in the folder, here or at the new place: what it holds has to be moved one by one")
		case policy.Asks:
			left := maxCarried
			if err := g.carry(ctx, old, at, &left); err != nil {
				return err
			}
		}
	}
	return nil
}

// gain refuses to move what the subject could do more to at the new place.
func (g guard) gain(old, at place) error {
	more := at.rights &^ old.rights
	for _, op := range [...]policy.Op{policy.Stat, policy.List, policy.Read, policy.Overwrite, policy.Delete, policy.SetStat} {
		if !more.Has(op) {
			continue
		}
		where := old.path
		if g.May(op, where) {
			where = old.real
		}
		return refusal("rename", old.path, fmt.Sprintf("at the new place it would get the right to %s, which it does not have here: %s", op, g.grant.Why(op, where)))
	}
	return nil
}

// maxCarried is how many names are looked at before a folder is moved.
const maxCarried = 10_000

// carry looks at all that the folder holds: each name has to be one that the subject could
// move by itself.
func (g guard) carry(ctx context.Context, old, at place, left *int) error {
	for i, err := range g.fsys.List(ctx, old.path) {
		if err != nil {
			return err
		}
		if *left--; *left < 0 {
			return refusal("rename", old.path, fmt.Sprintf("it holds more than %d names, each of which some rule may be about", maxCarried))
		}
		from, to, err := g.child(old, at, i.Name)
		if err != nil {
			return err
		}
		put := policy.Create
		if i.IsDir() && !i.Link {
			put = policy.Mkdir
		}
		switch {
		case !from.rights.Has(policy.Rename):
			return g.refuse("rename", policy.Rename, from)
		case !to.rights.Has(put):
			return g.refuse("rename", put, to)
		}
		if err := g.gain(from, to); err != nil {
			return err
		}
		if i.IsDir() && !i.Link {
			if err := g.carry(ctx, from, to, left); err != nil {
				return err
			}
		}
	}
	return nil
}

// child is a name in a folder that is moved, here and there.
func (g guard) child(old, at place, name string) (from, to place, err error) {
	if from, err = g.below(old, name); err == nil {
		to, err = g.below(at, name)
	}
	return from, to, err
}

func (g guard) below(dir place, name string) (at place, err error) {
	if at.path, err = dir.path.Join(name); err != nil {
		return at, err
	}
	if at.real, err = dir.real.Join(name); err != nil {
		return at, err
	}
	at.rights = g.grant.At(at.path) & g.grant.At(at.real)
	return at, nil
}
