package quota

import (
	"context"
	"errors"
	"math"

	"dray/internal/vfs"
)

// inPlace is an upload that changes a file itself. What it adds is stored at once.
type inPlace struct {
	on      *wrapped
	ctx     context.Context
	path    vfs.Path
	name    *name
	random  vfs.RandomUpload
	appends bool
	next    int64 // where the next Write in order begins
	ended   bool

	// Guarded by the lock of the name.
	lost  bool   // the file has lost its name: what is added counts until the end
	at    string // where it was
	extra int64  // what has been added since
}

// change begins an upload in place.
func (w *wrapped) change(ctx context.Context, p vfs.Path, o vfs.CreateOptions) (*inPlace, error) {
	at := hostPath(w.host, p)
	l := w.ledger
	n := l.lock(at)
	u, err := w.changeLocked(ctx, p, o, n)
	if err != nil {
		l.unlock(n)
		return nil, err
	}
	n.open = append(n.open, u)
	n.Unlock() // and stays one of its users
	return u, nil
}

func (w *wrapped) changeLocked(ctx context.Context, p vfs.Path, o vfs.CreateOptions, n *name) (*inPlace, error) {
	l := w.ledger
	at := l.path(n)
	l.changes.RLock()
	defer l.changes.RUnlock()
	was, isDir, err := w.weight(ctx, p)
	if err != nil {
		return nil, err
	}
	isNew := amount{files: 1 - was.files}
	if isDir {
		isNew = amount{}
	}
	if err := l.promise(w.budgets, at, "", p, isNew); err != nil {
		return nil, err
	}
	up, err := w.files.Create(ctx, p, o)
	if err != nil {
		l.takeBack(at, "", isNew)
		return nil, err
	}
	u := &inPlace{on: w, ctx: ctx, path: p, name: n, at: at, appends: o.Offset == vfs.OffsetEnd, next: max(0, o.Offset)}
	var ok bool
	size := int64(0)
	if u.random, ok = up.(vfs.RandomUpload); ok {
		size, err = u.random.Size()
	} else {
		err = errors.ErrUnsupported
	}
	now := amount{size, 1}
	if err != nil { // it is there, as far as is known as it was
		now = amount{was.bytes, 1}
		err = errors.Join(err, up.Abort())
	}
	l.keep(at, isNew, now.minus(was))
	return u, err
}

// add does something after which the file has end bytes if it had less.
func (u *inPlace) add(op string, end func(size int64) int64, do func() error) error {
	if u.ended {
		return do()
	}
	err := u.try(end, do)
	if errors.Is(err, errRoom) {
		if err := u.on.ledger.settle(u.ctx, u.on.budgets); err != nil {
			return fail(op, u.path, err)
		}
		err = u.try(end, do)
	}
	var full *noRoom
	if errors.As(err, &full) {
		return fail(op, u.path, full.error)
	}
	return err
}

var errRoom = errors.New("no room as far as is known")

// noRoom is that nothing has been done yet.
type noRoom struct{ error }

func (*noRoom) Is(target error) bool { return target == errRoom }

func (u *inPlace) try(end func(size int64) int64, do func() error) error {
	l := u.on.ledger
	u.name.Lock()
	defer u.name.Unlock()
	l.changes.RLock()
	defer l.changes.RUnlock()
	if !u.lost {
		u.at = l.path(u.name)
	}
	size, err := u.random.Size()
	if err != nil {
		return err
	}
	more := amount{bytes: max(0, end(size)-size)}
	if more.bytes > 0 {
		if err := sized(u.on.budgets, u.path, end(size)); err != nil {
			return &noRoom{err}
		}
		if err := l.promise(u.on.budgets, u.at, "", u.path, more); err != nil {
			return &noRoom{err}
		}
	}
	err = do()
	now, failed := u.random.Size()
	if failed != nil {
		now = max(size, end(size))
	}
	if u.lost {
		u.extra += more.bytes // promised until the end
		return err
	}
	l.keep(u.at, more, amount{bytes: now - size})
	return err
}

// upTo is the end of what n bytes at off lead to.
func (u *inPlace) upTo(off int64, n int) func(size int64) int64 {
	return func(size int64) int64 {
		if u.appends {
			off = size
		}
		if off > math.MaxInt64-int64(n) {
			return math.MaxInt64
		}
		return off + int64(n)
	}
}

func (u *inPlace) Write(b []byte) (n int, err error) {
	err = u.add("write", u.upTo(u.next, len(b)), func() error {
		n, err = u.random.Write(b)
		return err
	})
	u.next += int64(n)
	return n, err
}

func (u *inPlace) WriteAt(b []byte, off int64) (n int, err error) {
	err = u.add("write", u.upTo(off, len(b)), func() error {
		n, err = u.random.WriteAt(b, off)
		return err
	})
	return n, err
}

func (u *inPlace) Truncate(size int64) error {
	return u.add("truncate", func(int64) int64 { return size }, func() error { return u.random.Truncate(size) })
}

func (u *inPlace) ReadAt(b []byte, off int64) (int, error) { return u.random.ReadAt(b, off) }
func (u *inPlace) Sync() error                             { return u.random.Sync() }
func (u *inPlace) Size() (int64, error)                    { return u.random.Size() }

func (u *inPlace) Commit() error { return u.end(u.random.Commit) }
func (u *inPlace) Abort() error  { return u.end(u.random.Abort) }

func (u *inPlace) end(by func() error) error {
	err := by()
	if u.ended {
		return err
	}
	u.ended = true
	u.name.Lock()
	u.name.closed(u)
	extra := u.extra
	u.name.Unlock()
	u.on.ledger.takeBack(u.at, "", amount{bytes: extra})
	u.on.ledger.leave(u.name)
	return err
}
