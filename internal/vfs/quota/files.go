package quota

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"time"

	"dray/internal/vfs"
)

// Wrap returns files, whose root is the folder host of the machine, with the budgets kept:
// what would exceed one is a [vfs.ErrQuota]. Without budgets what changes is counted, for
// those who have some. Reads are not touched. The result is a [vfs.SpaceReporter] if files
// is one, and always a [vfs.TimeSetter] and a [vfs.ModeSetter]. Uploads in place need
// files whose uploads are a [vfs.RandomUpload].
func (l *Ledger) Wrap(files vfs.FS, host string, budgets ...Budget) vfs.FS {
	for i := range budgets {
		budgets[i].Regions = distinct(budgets[i].Regions)
	}
	w := &wrapped{ledger: l, files: files, host: host, budgets: budgets}
	if space, ok := files.(vfs.SpaceReporter); ok {
		return spaceWrapped{w, space}
	}
	return w
}

type wrapped struct {
	ledger  *Ledger
	files   vfs.FS
	host    string
	budgets []Budget
}

// fail is an error about p, nil for none.
func fail(op string, p vfs.Path, err error) error {
	var known *vfs.OpError
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &vfs.OpError{Op: op, Path: p.String(), Err: err}
}

// weight is what a file counts, nothing if there is none.
func (w *wrapped) weight(ctx context.Context, p vfs.Path) (a amount, isDir bool, err error) {
	i, err := w.files.Stat(ctx, p)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return amount{}, false, nil
	case err != nil || i.IsDir():
		return amount{}, err == nil, err
	}
	return amount{i.Size, 1}, false, nil
}

// Stat implements [vfs.FS].
func (w *wrapped) Stat(ctx context.Context, p vfs.Path) (vfs.Info, error) {
	return w.files.Stat(ctx, p)
}

// Resolve implements [vfs.Resolver].
func (w *wrapped) Resolve(ctx context.Context, p vfs.Path) (vfs.Path, error) {
	if links, ok := w.files.(vfs.Resolver); ok {
		return links.Resolve(ctx, p)
	}
	return p, nil
}

// Digest implements [vfs.Digester].
func (w *wrapped) Digest(ctx context.Context, p vfs.Path, algorithm string) ([]byte, error) {
	return vfs.KnownDigest(ctx, w.files, p, algorithm)
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

// RemoveDir implements [vfs.FS].
func (w *wrapped) RemoveDir(ctx context.Context, p vfs.Path) error { return w.files.RemoveDir(ctx, p) }

// Create implements [vfs.FS].
func (w *wrapped) Create(ctx context.Context, p vfs.Path, o vfs.CreateOptions) (vfs.Upload, error) {
	err := sized(w.budgets, p, o.Expect)
	if err == nil {
		err = w.ledger.settle(ctx, w.budgets)
	}
	if err != nil {
		return nil, fail("create", p, err)
	}
	if o.InPlace {
		u, err := w.change(ctx, p, o)
		if err != nil {
			return nil, fail("create", p, err)
		}
		return u, nil
	}
	u, err := w.replace(ctx, p, o)
	if err != nil {
		return nil, fail("create", p, err)
	}
	return u, nil
}

// Remove implements [vfs.FS].
func (w *wrapped) Remove(ctx context.Context, p vfs.Path) error {
	at := hostPath(w.host, p)
	n := w.ledger.lock(at)
	defer w.ledger.unlock(n)
	w.ledger.changes.RLock()
	defer w.ledger.changes.RUnlock()
	was, _, err := w.weight(ctx, p)
	if err != nil {
		return fail("remove", p, err)
	}
	if err := w.files.Remove(ctx, p); err != nil {
		return err
	}
	n.gone()
	w.ledger.keep(at, amount{}, amount{}.minus(was))
	return nil
}

// Rename implements [vfs.FS].
func (w *wrapped) Rename(ctx context.Context, from, to vfs.Path, o vfs.RenameOptions) error {
	if from == to {
		return w.files.Rename(ctx, from, to, o)
	}
	if i, err := w.files.Stat(ctx, from); err == nil && i.IsDir() {
		return w.renameFolder(ctx, from, to, o)
	}
	a, b := hostPath(w.host, from), hostPath(w.host, to)
	if err := w.ledger.settle(ctx, w.budgets); err != nil {
		return fail("rename", from, err)
	}
	moved, replaced := w.ledger.lockBoth(a, b)
	defer w.ledger.unlockBoth(moved, replaced)
	w.ledger.changes.RLock()
	defer w.ledger.changes.RUnlock()
	was, _, err := w.weight(ctx, from)
	if err != nil {
		return fail("rename", from, err)
	}
	there, _, err := w.weight(ctx, to)
	if err != nil {
		return fail("rename", from, err)
	}
	more := was.minus(there).rise()
	if err := w.ledger.promise(w.budgets, b, a, to, more); err != nil {
		return fail("rename", from, err)
	}
	if err := w.files.Rename(ctx, from, to, o); err != nil {
		w.ledger.takeBack(b, a, more)
		return err
	}
	w.ledger.moved(moved, replaced)
	w.ledger.move(a, b, was, there, more)
	return nil
}

// renameFolder moves a folder, with all that is in it.
func (w *wrapped) renameFolder(ctx context.Context, from, to vfs.Path, o vfs.RenameOptions) error {
	a, b := hostPath(w.host, from), hostPath(w.host, to)
	more, err := w.entering(ctx, from, a, b)
	if err == nil {
		err = w.ledger.promise(w.budgets, b, a, to, more)
	}
	if err != nil {
		return fail("rename", from, err)
	}
	defer w.ledger.takeBack(b, a, more)
	w.ledger.changes.Lock()
	defer w.ledger.changes.Unlock()
	if err := w.files.Rename(ctx, from, to, o); err != nil {
		return err
	}
	w.ledger.spoil(a, b)
	w.ledger.movedFolder(a, b)
	return nil
}

// entering is what a folder brings to where it is moved: nothing if that is counted with
// where it comes from.
func (w *wrapped) entering(ctx context.Context, from vfs.Path, a, b string) (amount, error) {
	enters := false
	for i := range w.budgets {
		enters = enters || w.budgets[i].bounds() && w.budgets[i].holds(b) && !w.budgets[i].holds(a)
	}
	if !enters {
		return amount{}, nil
	}
	if err := w.ledger.settle(ctx, w.budgets); err != nil {
		return amount{}, err
	}
	c := &count{seen: map[string]bool{}}
	err := w.ledger.weigh(ctx, &Region{host: a, files: w.files, at: from}, c)
	return c.found, err
}

// SetTimes implements [vfs.TimeSetter].
func (w *wrapped) SetTimes(ctx context.Context, p vfs.Path, accessed, modified time.Time) error {
	setter, ok := w.files.(vfs.TimeSetter)
	if !ok {
		return fail("settimes", p, errors.ErrUnsupported)
	}
	return setter.SetTimes(ctx, p, accessed, modified)
}

// SetMode implements [vfs.ModeSetter].
func (w *wrapped) SetMode(ctx context.Context, p vfs.Path, mode fs.FileMode) error {
	setter, ok := w.files.(vfs.ModeSetter)
	if !ok {
		return fail("setmode", p, errors.ErrUnsupported)
	}
	return setter.SetMode(ctx, p, mode)
}

// spaceWrapped wraps files that know their free space.
type spaceWrapped struct {
	*wrapped
	space vfs.SpaceReporter
}

// FreeSpace implements [vfs.SpaceReporter]: what the disk has, or what the budgets leave of
// it.
func (w spaceWrapped) FreeSpace(ctx context.Context, p vfs.Path) (int64, error) {
	free, err := w.space.FreeSpace(ctx, p)
	if err != nil {
		return 0, err
	}
	if err := w.ledger.settle(ctx, w.budgets); err != nil {
		return 0, fail("freespace", p, err)
	}
	if left, bounded := w.ledger.left(w.budgets, hostPath(w.host, p)); bounded {
		free = min(free, left)
	}
	return free, nil
}
