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
	if err := g.still(ctx, old); err != nil {
		return err
	}
	i, err := g.fsys.Stat(ctx, old.path)
	if err != nil || !i.IsDir() {
		return err
	}
	asks := false
	for _, way := range [...]struct{ from, to vfs.Path }{{old.path, at.path}, {old.real, at.real}} {
		carriage, rule := g.grant.Carries(way.from, way.to)
		switch carriage {
		case policy.Barred:
			return refusal("rename", old.path, rule+" is about paths in the folder, here or at the new place: what it holds has to be moved one by one")
		case policy.Asks:
			asks = true
		}
	}
	if g.links == nil && !asks {
		return nil
	}
	left := maxCarried
	return g.carry(ctx, old, at, asks, &left)
}

// still refuses to move a link. Peers make none, so that none can come to where a folder or
// a file has just been looked at.
func (g guard) still(ctx context.Context, old place) error {
	if g.links == nil {
		return nil
	}
	to, err := g.links.Resolve(ctx, old.path)
	if err == nil && to != old.real {
		err = refusal("rename", old.path, "it is a symbolic link, which stays where it is where rules look at paths")
	}
	return err
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
const maxCarried = 100_000

// carry looks at all that the folder holds. None may be a link, and if rules may be about
// them, each has to be one that the subject could move by itself.
func (g guard) carry(ctx context.Context, old, at place, asks bool, left *int) error {
	for i, err := range g.fsys.List(ctx, old.path) {
		if err != nil {
			return err
		}
		if *left--; *left < 0 {
			return refusal("rename", old.path, fmt.Sprintf("it holds more than %d names, and some rule may be about any, or a link among them", maxCarried))
		}
		if i.Link {
			return refusal("rename", old.path, fmt.Sprintf("it holds the symbolic link %q, which stays where it is where rules look at paths", i.Name))
		}
		from, to, err := g.child(old, at, i.Name)
		if err != nil {
			return err
		}
		if asks {
			if err := g.movable(from, to, i.IsDir()); err != nil {
				return err
			}
		}
		if i.IsDir() {
			if err := g.carry(ctx, from, to, asks, left); err != nil {
				return err
			}
		}
	}
	return nil
}

// movable refuses what the subject could not move by itself.
func (g guard) movable(from, to place, dir bool) error {
	put := policy.Create
	if dir {
		put = policy.Mkdir
	}
	switch {
	case !from.rights.Has(policy.Rename):
		return g.refuse("rename", policy.Rename, from)
	case !to.rights.Has(put):
		return g.refuse("rename", put, to)
	}
	return g.gain(from, to)
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
