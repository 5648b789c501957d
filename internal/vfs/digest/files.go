package digest

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"time"

	"dray/internal/vfs"
)

// Wrap returns files of which the digests of uploads are kept. Reads are not touched. Where
// the store keeps no labels, or an upload is no [vfs.RandomUpload], nothing is kept. The
// result is a [vfs.SpaceReporter] if files is one, and always a [vfs.Digester], a
// [vfs.TimeSetter], a [vfs.ModeSetter] and a [vfs.Resolver].
func (k *Keeper) Wrap(files vfs.FS) vfs.FS {
	w := &wrapped{files: files, keeper: k}
	if space, ok := files.(vfs.SpaceReporter); ok {
		return spaceWrapped{w, space}
	}
	return w
}

type wrapped struct {
	files  vfs.FS
	keeper *Keeper
}

// spaceWrapped wraps files that know their free space.
type spaceWrapped struct {
	*wrapped
	vfs.SpaceReporter
}

// Stat implements [vfs.FS].
func (w *wrapped) Stat(ctx context.Context, p vfs.Path) (vfs.Info, error) {
	return w.files.Stat(ctx, p)
}

// List implements [vfs.FS].
func (w *wrapped) List(ctx context.Context, p vfs.Path) iter.Seq2[vfs.Info, error] {
	return w.files.List(ctx, p)
}

// Open implements [vfs.FS].
func (w *wrapped) Open(ctx context.Context, p vfs.Path) (vfs.File, error) {
	return w.files.Open(ctx, p)
}

// Mkdir implements [vfs.FS].
func (w *wrapped) Mkdir(ctx context.Context, p vfs.Path) error { return w.files.Mkdir(ctx, p) }

// Remove implements [vfs.FS].
func (w *wrapped) Remove(ctx context.Context, p vfs.Path) error { return w.files.Remove(ctx, p) }

// RemoveDir implements [vfs.FS].
func (w *wrapped) RemoveDir(ctx context.Context, p vfs.Path) error { return w.files.RemoveDir(ctx, p) }

// Rename implements [vfs.FS].
func (w *wrapped) Rename(ctx context.Context, from, to vfs.Path, o vfs.RenameOptions) error {
	return w.files.Rename(ctx, from, to, o)
}

// Resolve implements [vfs.Resolver].
func (w *wrapped) Resolve(ctx context.Context, p vfs.Path) (vfs.Path, error) {
	if links, ok := w.files.(vfs.Resolver); ok {
		return links.Resolve(ctx, p)
	}
	return p, nil
}

// SetMode implements [vfs.ModeSetter].
func (w *wrapped) SetMode(ctx context.Context, p vfs.Path, mode fs.FileMode) error {
	setter, ok := w.files.(vfs.ModeSetter)
	if !ok {
		return &vfs.OpError{Op: "setmode", Path: p.String(), Err: errors.ErrUnsupported}
	}
	return setter.SetMode(ctx, p, mode)
}

// Digest implements [vfs.Digester].
func (w *wrapped) Digest(ctx context.Context, p vfs.Path, algorithm string) ([]byte, error) {
	f, err := w.files.Open(ctx, p)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Kept(f, algorithm)
}

// SetTimes implements [vfs.TimeSetter]. The content stays, and so do its digests.
func (w *wrapped) SetTimes(ctx context.Context, p vfs.Path, accessed, modified time.Time) error {
	setter, ok := w.files.(vfs.TimeSetter)
	if !ok {
		return &vfs.OpError{Op: "settimes", Path: p.String(), Err: errors.ErrUnsupported}
	}
	f, err := w.files.Open(ctx, p)
	if err != nil { // a folder, or nothing to read
		return setter.SetTimes(ctx, p, accessed, modified)
	}
	defer f.Close()
	l, ok := f.(vfs.Labelled)
	if !ok {
		return setter.SetTimes(ctx, p, accessed, modified)
	}
	digests, _ := holds(l)
	was, _ := l.Info()
	if err := setter.SetTimes(ctx, p, accessed, modified); err != nil {
		return err
	}
	is, err := l.Info()
	if err != nil || is.ModTime.Equal(was.ModTime) {
		return nil // the times are set all the same
	}
	w.keeper.retimed(was, is)
	if digests != "" {
		_ = l.SetLabel(label, (&sums{}).text(is)+" "+digests)
	}
	return nil
}

// Create implements [vfs.FS].
func (w *wrapped) Create(ctx context.Context, p vfs.Path, o vfs.CreateOptions) (vfs.Upload, error) {
	inner := o
	inner.Readable = o.Readable || !o.InPlace // by who follows
	u, err := w.files.Create(ctx, p, inner)
	if err != nil {
		return nil, err
	}
	random, ok := u.(vfs.RandomUpload)
	if !ok {
		return u, nil
	}
	h := &upload{RandomUpload: random, on: w, path: p, readable: o.Readable, reread: o.InPlace}
	l, ok := u.(vfs.Labelled)
	if !ok {
		return h, nil
	}
	old, err := l.Label(label)
	if errors.Is(err, errors.ErrUnsupported) {
		return h, nil
	}
	if old != "" {
		_ = l.SetLabel(label, "") // it would not hold either
	}
	h.labels, h.sums = l, newSums(w.keeper.algorithms)
	return h, nil
}
