package sftpd

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"time"

	"github.com/pkg/sftp"

	"dray/internal/vfs"
)

// remoteFS is a [vfs.FS] at the other end of SFTP, so that the suite of vfstest runs
// through the protocol.
type remoteFS struct {
	c *sftp.Client
	h *house // to begin more sessions: one sees its own uploads
}

func opErr(op, p string, err error) error {
	if err == nil {
		return nil
	}
	var op2 *vfs.OpError
	if errors.As(err, &op2) {
		return err
	}
	return &vfs.OpError{Op: op, Path: p, Err: err}
}

// same reports whether a peer hears of got what it would of want.
func same(got, want error) bool {
	if errors.Is(got, want) {
		return true
	}
	code, _ := wire(want)
	var status *sftp.StatusError
	switch {
	case errors.As(got, &status):
		return status.Code == uint32(code)
	case errors.Is(got, os.ErrNotExist):
		return uint32(code) == uint32(sftp.ErrSSHFxNoSuchFile)
	case errors.Is(got, os.ErrPermission):
		return uint32(code) == uint32(sftp.ErrSSHFxPermissionDenied)
	}
	return false
}

func remoteInfo(name string, fi os.FileInfo) vfs.Info {
	i := vfs.Info{Name: name, Size: fi.Size(), Mode: fi.Mode(), ModTime: fi.ModTime().UTC()}
	if fi.IsDir() {
		i.Size = 0
	}
	return i
}

func (r remoteFS) Stat(_ context.Context, p vfs.Path) (vfs.Info, error) {
	fi, err := r.c.Stat(p.String())
	if err != nil {
		return vfs.Info{}, opErr("stat", p.String(), err)
	}
	return remoteInfo(p.Base(), fi), nil
}

func (r remoteFS) List(ctx context.Context, p vfs.Path) iter.Seq2[vfs.Info, error] {
	return func(yield func(vfs.Info, error) bool) {
		all, err := r.c.ReadDirContext(ctx, p.String())
		if err != nil {
			yield(vfs.Info{}, opErr("list", p.String(), err))
			return
		}
		for _, fi := range all {
			if ctx.Err() != nil {
				yield(vfs.Info{}, opErr("list", p.String(), ctx.Err()))
				return
			}
			if !yield(remoteInfo(path.Base(fi.Name()), fi), nil) {
				return
			}
		}
	}
}

// remoteFile is open at the other end.
type remoteFile struct {
	f      *sftp.File
	p      vfs.Path
	closed bool
}

func (r remoteFS) Open(_ context.Context, p vfs.Path) (vfs.File, error) {
	f, err := r.c.Open(p.String())
	if err != nil {
		return nil, opErr("open", p.String(), err)
	}
	return &remoteFile{f: f, p: p}, nil
}

func (f *remoteFile) fault(err error) error {
	if err == io.EOF {
		return err
	}
	return opErr("file", f.p.String(), err)
}

func (f *remoteFile) Read(b []byte) (int, error) {
	if f.closed {
		return 0, opErr("read", f.p.String(), fs.ErrClosed)
	}
	n, err := f.f.Read(b)
	return n, f.fault(err)
}

func (f *remoteFile) ReadAt(b []byte, off int64) (int, error) {
	n, err := f.f.ReadAt(b, off)
	return n, f.fault(err)
}

func (f *remoteFile) Seek(off int64, whence int) (int64, error) {
	n, err := f.f.Seek(off, whence)
	return n, f.fault(err)
}

func (f *remoteFile) Close() error {
	if f.closed {
		return opErr("close", f.p.String(), fs.ErrClosed)
	}
	f.closed = true
	return f.fault(f.f.Close())
}

func (f *remoteFile) Info() (vfs.Info, error) {
	if f.closed {
		return vfs.Info{}, opErr("stat", f.p.String(), fs.ErrClosed)
	}
	fi, err := f.f.Stat()
	if err != nil {
		return vfs.Info{}, f.fault(err)
	}
	return remoteInfo(f.p.Base(), fi), nil
}

// remoteUpload is an upload at the other end: closed to be committed.
type remoteUpload struct {
	remoteFile
	h       *house
	session *sftp.Client // of its own
}

// flags say what the options mean in the protocol. An offset has no flag: the file is cut
// off there once it is open.
func flags(o vfs.CreateOptions) int {
	f := os.O_WRONLY | os.O_CREATE
	switch {
	case o.Readable:
		f = os.O_RDWR | os.O_CREATE
	}
	switch {
	case o.Exclusive:
		f |= os.O_EXCL
	case !o.InPlace:
		f |= os.O_TRUNC
	case o.Offset == vfs.OffsetEnd:
		f |= os.O_APPEND
	}
	return f
}

func (r remoteFS) Create(ctx context.Context, p vfs.Path, o vfs.CreateOptions) (vfs.Upload, error) {
	fail := func(err error) (vfs.Upload, error) { return nil, opErr("create", p.String(), err) }
	fi, err := r.c.Stat(p.String())
	var size int64
	switch {
	case err == nil && fi.IsDir():
		return fail(vfs.ErrIsDir) // which the server says as well, in one word for many reasons
	case err == nil:
		size = fi.Size()
		if o.Exclusive {
			return fail(fs.ErrExist)
		}
	}
	if o.InPlace && o.Offset > size {
		if _, err := r.c.Stat(p.Dir().String()); err != nil {
			return fail(err)
		}
		return fail(vfs.ErrOffset)
	}
	if o.InPlace && errors.Is(err, fs.ErrNotExist) { // made, to be in place
		f, err := r.c.OpenFile(p.String(), os.O_WRONLY|os.O_CREATE|os.O_EXCL)
		if err != nil {
			return fail(err)
		}
		if err := f.Close(); err != nil {
			return fail(err)
		}
		o.Exclusive = false
	}
	session := r.h.client()
	f, err := session.OpenFile(p.String(), flags(o))
	if err != nil {
		return fail(err)
	}
	if o.InPlace && !o.Keep && o.Offset >= 0 {
		if err := f.Truncate(o.Offset); err != nil {
			return fail(err)
		}
		if _, err := f.Seek(o.Offset, io.SeekStart); err != nil {
			return fail(err)
		}
	}
	return &remoteUpload{remoteFile{f: f, p: p}, r.h, session}, nil
}

func (u *remoteUpload) Write(b []byte) (int, error) {
	if u.closed {
		return 0, opErr("write", u.p.String(), fs.ErrClosed)
	}
	n, err := u.f.Write(b)
	return n, u.fault(err)
}

func (u *remoteUpload) WriteAt(b []byte, off int64) (int, error) {
	if u.closed {
		return 0, opErr("write", u.p.String(), fs.ErrClosed)
	}
	n, err := u.f.WriteAt(b, off)
	return n, u.fault(err)
}

func (u *remoteUpload) ReadAt(b []byte, off int64) (int, error) {
	if u.closed {
		return 0, opErr("read", u.p.String(), fs.ErrClosed)
	}
	return u.remoteFile.ReadAt(b, off)
}

func (u *remoteUpload) Truncate(size int64) error {
	if u.closed {
		return opErr("truncate", u.p.String(), fs.ErrClosed)
	}
	return u.fault(u.f.Truncate(size))
}

func (u *remoteUpload) Sync() error {
	if u.closed {
		return opErr("sync", u.p.String(), fs.ErrClosed)
	}
	return u.fault(u.f.Sync())
}

func (u *remoteUpload) Size() (int64, error) {
	i, err := u.Info()
	return i.Size, err
}

func (u *remoteUpload) Commit() error {
	return errors.Join(u.Close(), u.session.Close())
}

// Abort cuts the session off, since the protocol has no other word for it, and waits
// until the server has noticed.
func (u *remoteUpload) Abort() error {
	if u.closed {
		return nil
	}
	u.closed = true
	err := u.session.Close()
	<-u.h.told.cut
	return err
}

func (r remoteFS) Mkdir(_ context.Context, p vfs.Path) error {
	return opErr("mkdir", p.String(), r.c.Mkdir(p.String()))
}

func (r remoteFS) Remove(_ context.Context, p vfs.Path) error {
	fi, err := r.c.Stat(p.String())
	if err == nil && fi.IsDir() {
		return opErr("remove", p.String(), vfs.ErrIsDir) // pkg/sftp would remove the folder
	}
	return opErr("remove", p.String(), r.c.Remove(p.String()))
}

func (r remoteFS) RemoveDir(_ context.Context, p vfs.Path) error {
	return opErr("removedir", p.String(), r.c.RemoveDirectory(p.String()))
}

func (r remoteFS) Rename(_ context.Context, from, to vfs.Path, o vfs.RenameOptions) error {
	if o.Exclusive {
		return opErr("rename", from.String(), r.c.Rename(from.String(), to.String()))
	}
	return opErr("rename", from.String(), r.c.PosixRename(from.String(), to.String()))
}

func (r remoteFS) SetTimes(ctx context.Context, p vfs.Path, accessed, modified time.Time) error {
	i, err := r.Stat(ctx, p)
	if err != nil {
		return err
	}
	if accessed.IsZero() {
		accessed = i.ModTime
	}
	if modified.IsZero() {
		modified = i.ModTime
	}
	return opErr("settimes", p.String(), r.c.Chtimes(p.String(), accessed, modified))
}

func (r remoteFS) SetMode(_ context.Context, p vfs.Path, mode fs.FileMode) error {
	return opErr("setmode", p.String(), r.c.Chmod(p.String(), mode))
}
