package bandwidth

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"time"

	"dray/internal/vfs"
)

// Wrap returns files whose content moves within the limits; files themselves if there are
// none. What is read is bounded by those down, what is written by those up; copies within
// the server are bounded by both. The result is a [vfs.SpaceReporter] if files is one, and
// always a [vfs.TimeSetter], a [vfs.ModeSetter] and a [vfs.Resolver].
func Wrap(files vfs.FS, limits ...*Limiter) vfs.FS {
	up, down := lanes(limits)
	if len(up) == 0 && len(down) == 0 {
		return files
	}
	w := &wrapped{FS: files, up: up, down: down}
	if space, ok := files.(vfs.SpaceReporter); ok {
		return spaceWrapped{w, space}
	}
	return w
}

type wrapped struct {
	vfs.FS
	up, down lane
}

// List implements [vfs.FS]. Listings are not content.
func (w *wrapped) List(ctx context.Context, p vfs.Path) iter.Seq2[vfs.Info, error] {
	return w.FS.List(ctx, p)
}

// Resolve implements [vfs.Resolver].
func (w *wrapped) Resolve(ctx context.Context, p vfs.Path) (vfs.Path, error) {
	if links, ok := w.FS.(vfs.Resolver); ok {
		return links.Resolve(ctx, p)
	}
	return p, nil
}

// Digest implements [vfs.Digester].
func (w *wrapped) Digest(ctx context.Context, p vfs.Path, algorithm string) ([]byte, error) {
	return vfs.KnownDigest(ctx, w.FS, p, algorithm)
}

// SetTimes implements [vfs.TimeSetter].
func (w *wrapped) SetTimes(ctx context.Context, p vfs.Path, accessed, modified time.Time) error {
	setter, ok := w.FS.(vfs.TimeSetter)
	if !ok {
		return &vfs.OpError{Op: "settimes", Path: p.String(), Err: errors.ErrUnsupported}
	}
	return setter.SetTimes(ctx, p, accessed, modified)
}

// SetMode implements [vfs.ModeSetter].
func (w *wrapped) SetMode(ctx context.Context, p vfs.Path, mode fs.FileMode) error {
	setter, ok := w.FS.(vfs.ModeSetter)
	if !ok {
		return &vfs.OpError{Op: "setmode", Path: p.String(), Err: errors.ErrUnsupported}
	}
	return setter.SetMode(ctx, p, mode)
}

// spaceWrapped wraps files that know their free space.
type spaceWrapped struct {
	*wrapped
	vfs.SpaceReporter
}

// Open implements [vfs.FS]. Without a limit down it is the file itself, with all that lets
// the net package use sendfile(2).
func (w *wrapped) Open(ctx context.Context, p vfs.Path) (vfs.File, error) {
	f, err := w.FS.Open(ctx, p)
	if err != nil || len(w.down) == 0 {
		return f, err
	}
	b := &file{File: f, ctx: ctx, lane: w.down, path: p}
	if s, ok := f.(stater); ok {
		return &statFile{b, s}, nil
	}
	return b, nil
}

// file is one that is read within limits.
type file struct {
	vfs.File
	ctx  context.Context
	lane lane
	path vfs.Path
}

// paid hands on what was read when it may move.
func (f *file) paid(n int, err error) (int, error) {
	if cut := f.lane.pay(f.ctx, n); cut != nil {
		return 0, &vfs.OpError{Op: "read", Path: f.path.String(), Err: cut}
	}
	return n, err
}

func (f *file) Read(b []byte) (int, error) { return f.paid(f.File.Read(b[:min(len(b), quantum)])) }

func (f *file) ReadAt(b []byte, off int64) (int, error) { return f.paid(f.File.ReadAt(b, off)) }

// stater is a file that the host describes.
type stater interface{ Stat() (fs.FileInfo, error) }

// statFile is a file that the host describes.
type statFile struct {
	*file
	stater
}

// Create implements [vfs.FS].
func (w *wrapped) Create(ctx context.Context, p vfs.Path, o vfs.CreateOptions) (vfs.Upload, error) {
	u, err := w.FS.Create(ctx, p, o)
	if err != nil || len(w.up) == 0 && len(w.down) == 0 {
		return u, err
	}
	b := upload{Upload: u, ctx: ctx, up: w.up, down: w.down, path: p}
	if random, ok := u.(vfs.RandomUpload); ok {
		return &randomUpload{b, random}, nil
	}
	return &b, nil
}

// upload is one that is written within limits.
type upload struct {
	vfs.Upload
	ctx      context.Context
	up, down lane
	path     vfs.Path
}

func (u *upload) pay(op string, l lane, n int) error {
	if cut := l.pay(u.ctx, n); cut != nil {
		return &vfs.OpError{Op: op, Path: u.path.String(), Err: cut}
	}
	return nil
}

func (u *upload) Write(b []byte) (int, error) {
	if err := u.pay("write", u.up, len(b)); err != nil {
		return 0, err
	}
	return u.Upload.Write(b)
}

// randomUpload is one that is written in any order.
type randomUpload struct {
	upload
	random vfs.RandomUpload
}

func (u *randomUpload) WriteAt(b []byte, off int64) (int, error) {
	if err := u.pay("write", u.up, len(b)); err != nil {
		return 0, err
	}
	return u.random.WriteAt(b, off)
}

func (u *randomUpload) ReadAt(b []byte, off int64) (int, error) {
	n, err := u.random.ReadAt(b, off)
	if cut := u.pay("read", u.down, n); cut != nil {
		return 0, cut
	}
	return n, err
}

func (u *randomUpload) Truncate(size int64) error { return u.random.Truncate(size) }
func (u *randomUpload) Sync() error               { return u.random.Sync() }
func (u *randomUpload) Size() (int64, error)      { return u.random.Size() }
