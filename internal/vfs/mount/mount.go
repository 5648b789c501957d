// Package mount joins several trees into one: a root, and others at paths of it. What lies
// at such a path in the root is covered.
//
// A mount point is a folder that is always there: listings show it also where nothing in
// the root leads to it, and it can be neither removed nor renamed. Nothing is moved from
// one tree to another: that is [vfs.ErrCrossMount], and clients copy instead. A tree that
// fails, or cannot be had at all, is an empty folder to look at and an error to enter; the
// others do not notice.
package mount

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"time"

	"dray/internal/vfs"
)

// Point is a tree and where it is mounted.
type Point struct {
	At       vfs.Path
	FS       vfs.FS // nil: it cannot be had
	Err      error  // why not
	ReadOnly bool   // all that would change it is fs.ErrPermission
}

// New returns root with the points joined to it, or root itself if there are none. A point
// at "/" and two at one path are an error. The result is a [vfs.SpaceReporter] if all of
// the trees are, and always a [vfs.TimeSetter] and a [vfs.ModeSetter].
func New(root vfs.FS, points []Point) (vfs.FS, error) {
	if len(points) == 0 {
		return root, nil
	}
	t := &tree{root: root, points: slices.Clone(points)}
	slices.SortFunc(t.points, func(a, b Point) int { return cmp.Compare(a.At.Rel(), b.At.Rel()) })
	_, space := root.(vfs.SpaceReporter)
	for i, p := range t.points {
		switch {
		case p.At.IsRoot():
			return nil, errors.New("nothing can be mounted at /: that is the folder that is served")
		case i > 0 && t.points[i-1].At == p.At:
			return nil, fmt.Errorf("two folders are mounted at %s", p.At)
		case p.FS == nil:
			continue
		}
		_, knows := p.FS.(vfs.SpaceReporter)
		space = space && knows
	}
	if space {
		return spaceTree{t}, nil
	}
	return t, nil
}

type tree struct {
	root   vfs.FS
	points []Point // sorted by path
}

// place is where a path leads to.
type place struct {
	path  vfs.Path // as the peer says it
	point *Point   // nil: in the root
	fs    vfs.FS   // nil: it cannot be had
	below vfs.Path // in fs
	holds bool     // there is a mount point somewhere below it
}

func (t *tree) find(p vfs.Path) place {
	at := place{path: p, fs: t.root, below: p}
	for i := range t.points { // a point within another comes after it
		point := &t.points[i]
		switch {
		case p.Within(point.At):
			at.point, at.fs, at.below = point, point.FS, p.Below(point.At)
		case point.At.Within(p):
			at.holds = true
		}
	}
	return at
}

// mounted reports whether it is a mount point, or a folder on the way to one.
func (a place) mounted() bool { return a.holds || a.point != nil && a.point.At == a.path }

// fail is err about the path that the peer knows.
func (a place) fail(op string, err error) error {
	var known *vfs.OpError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		if a.point == nil {
			return err
		}
		op, err = known.Op, known.Err
	}
	return &vfs.OpError{Op: op, Path: a.path.String(), Err: err}
}

// lost is why the tree of the place cannot be had, nil if it can.
func (a place) lost() error {
	if a.fs != nil {
		return nil
	}
	return fmt.Errorf("%w: the folder that is mounted here cannot be had: %w", fs.ErrNotExist, a.point.Err)
}

// fixed is the refusal to change what mounts need, or what is mounted to be read only; nil
// if p may be changed.
func (a place) fixed(held error) error {
	switch {
	case a.mounted():
		return held
	case a.point != nil && a.point.ReadOnly:
		return fmt.Errorf("%w: the folder is mounted read-only", fs.ErrPermission)
	}
	return a.lost()
}

// folder describes a folder that only mounts make.
func (a place) folder() vfs.Info {
	return vfs.Info{Name: a.path.Base(), Mode: fs.ModeDir | 0o755}
}

// Stat implements [vfs.FS].
func (t *tree) Stat(ctx context.Context, p vfs.Path) (vfs.Info, error) {
	a := t.find(p)
	err := a.lost()
	var i vfs.Info
	if err == nil {
		i, err = a.fs.Stat(ctx, a.below)
	}
	switch {
	case a.mounted() && (err != nil || !i.IsDir()) && ctx.Err() == nil:
		return a.folder(), nil
	case err != nil:
		return vfs.Info{}, a.fail("stat", err)
	}
	i.Name = p.Base()
	return i, nil
}

// ReadOnly reports whether p lies in what is mounted to be read only.
func (t *tree) ReadOnly(p vfs.Path) bool {
	point := t.find(p).point
	return point != nil && point.ReadOnly
}

// Resolve implements [vfs.Resolver]. No link leads out of the tree that it is in.
func (t *tree) Resolve(ctx context.Context, p vfs.Path) (vfs.Path, error) {
	a := t.find(p)
	links, ok := a.fs.(vfs.Resolver)
	if !ok {
		return p, nil
	}
	q, err := links.Resolve(ctx, a.below)
	switch {
	case err != nil:
		return p, a.fail("resolve", err)
	case a.point == nil:
		return q, nil
	case q.IsRoot():
		return a.point.At, nil
	}
	return a.point.At.Join(q.Rel())
}

// Digest implements [vfs.Digester].
func (t *tree) Digest(ctx context.Context, p vfs.Path, algorithm string) ([]byte, error) {
	a := t.find(p)
	if err := a.lost(); err != nil {
		return nil, a.fail("digest", err)
	}
	sum, err := vfs.KnownDigest(ctx, a.fs, a.below, algorithm)
	return sum, a.fail("digest", err)
}

// List implements [vfs.FS].
func (t *tree) List(ctx context.Context, p vfs.Path) iter.Seq2[vfs.Info, error] {
	return func(yield func(vfs.Info, error) bool) {
		a := t.find(p)
		covered := t.covered(p)
		err := a.lost()
		if err == nil {
			for i, failed := range a.fs.List(ctx, a.below) {
				if failed != nil {
					err = failed
					break
				}
				if !slices.Contains(covered, i.Name) && !yield(i, nil) {
					return
				}
			}
		}
		if a.holds && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, vfs.ErrNotDir)) {
			err = nil // only mounts make it
		}
		for _, name := range covered {
			child, wrong := p.Join(name)
			if wrong != nil {
				continue
			}
			if i, err := t.Stat(ctx, child); err == nil && !yield(i, nil) {
				return
			}
		}
		if err != nil {
			yield(vfs.Info{}, a.fail("list", err))
		}
	}
}

// covered are the names in a folder that are mount points, or lead to some.
func (t *tree) covered(dir vfs.Path) (names []string) {
	for _, point := range t.points {
		if point.At == dir || !point.At.Within(dir) {
			continue
		}
		name, _, _ := strings.Cut(point.At.Below(dir).Rel(), "/")
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Open implements [vfs.FS].
func (t *tree) Open(ctx context.Context, p vfs.Path) (vfs.File, error) {
	a := t.find(p)
	if a.mounted() {
		return nil, a.fail("open", vfs.ErrIsDir)
	}
	if err := a.lost(); err != nil {
		return nil, a.fail("open", err)
	}
	f, err := a.fs.Open(ctx, a.below)
	if err != nil {
		return nil, a.fail("open", err)
	}
	return f, nil
}

// Create implements [vfs.FS].
func (t *tree) Create(ctx context.Context, p vfs.Path, o vfs.CreateOptions) (vfs.Upload, error) {
	a := t.find(p)
	if err := a.fixed(vfs.ErrIsDir); err != nil {
		return nil, a.fail("create", err)
	}
	u, err := a.fs.Create(ctx, a.below, o)
	if err != nil {
		return nil, a.fail("create", t.nowhere(p, err))
	}
	return u, nil
}

// nowhere explains that a folder is missing which can be seen: only mounts make it.
func (t *tree) nowhere(p vfs.Path, err error) error {
	if errors.Is(err, fs.ErrNotExist) && t.find(p.Dir()).holds {
		return fmt.Errorf("%w: the folder is there for what is mounted in it alone", fs.ErrPermission)
	}
	return err
}

// Mkdir implements [vfs.FS].
func (t *tree) Mkdir(ctx context.Context, p vfs.Path) error {
	a := t.find(p)
	err := a.fixed(fs.ErrExist)
	if err == nil {
		err = t.nowhere(p, a.fs.Mkdir(ctx, a.below))
	}
	return a.fail("mkdir", err)
}

// Remove implements [vfs.FS].
func (t *tree) Remove(ctx context.Context, p vfs.Path) error {
	a := t.find(p)
	err := a.fixed(vfs.ErrIsDir)
	if err == nil {
		err = a.fs.Remove(ctx, a.below)
	}
	return a.fail("remove", err)
}

// RemoveDir implements [vfs.FS].
func (t *tree) RemoveDir(ctx context.Context, p vfs.Path) error {
	a := t.find(p)
	err := a.fixed(keep())
	if err == nil {
		err = a.fs.RemoveDir(ctx, a.below)
	}
	return a.fail("removedir", err)
}

// keep is why a mount point is neither removed nor renamed.
func keep() error { return fmt.Errorf("%w: a folder is mounted here or below", fs.ErrPermission) }

// Rename implements [vfs.FS].
func (t *tree) Rename(ctx context.Context, from, to vfs.Path, o vfs.RenameOptions) error {
	a, b := t.find(from), t.find(to)
	if err := a.fixed(keep()); err != nil {
		return a.fail("rename", err)
	}
	if err := b.fixed(fs.ErrExist); err != nil {
		return b.fail("rename", err)
	}
	if a.point != b.point {
		if _, err := t.Stat(ctx, from); err != nil {
			return a.fail("rename", err)
		}
		return a.fail("rename", fmt.Errorf("%w: %s", vfs.ErrCrossMount, to))
	}
	return a.fail("rename", t.nowhere(to, a.fs.Rename(ctx, a.below, b.below, o)))
}

// SetTimes implements [vfs.TimeSetter].
func (t *tree) SetTimes(ctx context.Context, p vfs.Path, accessed, modified time.Time) error {
	a := t.find(p)
	err := a.fixed(keep())
	if err == nil {
		setter, ok := a.fs.(vfs.TimeSetter)
		if !ok {
			return a.fail("settimes", errors.ErrUnsupported)
		}
		err = setter.SetTimes(ctx, a.below, accessed, modified)
	}
	return a.fail("settimes", err)
}

// SetMode implements [vfs.ModeSetter].
func (t *tree) SetMode(ctx context.Context, p vfs.Path, mode fs.FileMode) error {
	a := t.find(p)
	err := a.fixed(keep())
	if err == nil {
		setter, ok := a.fs.(vfs.ModeSetter)
		if !ok {
			return a.fail("setmode", errors.ErrUnsupported)
		}
		err = setter.SetMode(ctx, a.below, mode)
	}
	return a.fail("setmode", err)
}

// spaceTree is a tree in which all know their free space.
type spaceTree struct{ *tree }

// FreeSpace implements [vfs.SpaceReporter]: each folder tells its own.
func (t spaceTree) FreeSpace(ctx context.Context, p vfs.Path) (int64, error) {
	a := t.find(p)
	if err := a.lost(); err != nil {
		return 0, a.fail("freespace", err)
	}
	n, err := a.fs.(vfs.SpaceReporter).FreeSpace(ctx, a.below)
	if errors.Is(err, fs.ErrNotExist) && a.holds {
		return 0, nil // nothing can be put there
	}
	return n, a.fail("freespace", err)
}
