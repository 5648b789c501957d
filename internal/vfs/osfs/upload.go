package osfs

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"dray/internal/vfs"
)

// Create implements [vfs.FS]. A new file gets the permissions 0644 less the umask; one
// that is replaced must be writable, and hands down its permissions and, where dray may
// do so, its owner.
func (f *FS) Create(_ context.Context, p vfs.Path, o vfs.CreateOptions) (vfs.Upload, error) {
	u, err := f.create(p, o)
	if err != nil {
		return nil, opError("create", p, err)
	}
	return u, nil
}

func (f *FS) create(p vfs.Path, o vfs.CreateOptions) (vfs.Upload, error) {
	switch {
	case p.IsRoot():
		return nil, vfs.ErrIsDir
	case reserved(p):
		return nil, vfs.ErrBadName
	case o.InPlace:
		return f.createInPlace(p, o)
	}
	old, err := f.overwritten(p, o.Exclusive)
	if err != nil {
		return nil, err
	}
	// The handle of the folder makes Commit and Abort find the temporary file even if
	// somebody moves the folder meanwhile.
	dir, err := f.root.OpenRoot(p.Dir().Rel())
	if err != nil {
		return nil, err
	}
	u := &replacement{path: p, dir: dir, temp: tempName(), exclusive: o.Exclusive, sync: !f.NoSync}
	u.readable = o.Readable
	if u.file, err = createTemp(dir, u.temp, old, access(o)); err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return u, nil
}

// overwritten describes the file that an upload to p will replace, nil if there is none.
func (f *FS) overwritten(p vfs.Path, exclusive bool) (fs.FileInfo, error) {
	if exclusive {
		fi, err := f.stat(p)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, nil
		case err != nil:
			return nil, err
		case fi.IsDir():
			return nil, vfs.ErrIsDir
		}
		return nil, fs.ErrExist
	}
	old, fi, err := f.open(p, os.O_WRONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return fi, old.Close()
}

// createTemp makes the temporary file. It is never more open than the old one was.
func createTemp(dir *os.Root, name string, old fs.FileInfo, access int) (*os.File, error) {
	perm := fs.FileMode(0o644)
	if old != nil {
		perm = old.Mode().Perm()
	}
	file, err := dir.OpenFile(name, access|os.O_CREATE|os.O_EXCL, perm)
	if err != nil || old == nil {
		return file, err
	}
	keepOwner(file, old)
	if err := file.Chmod(perm); err != nil {
		return nil, errors.Join(err, file.Close(), dir.Remove(name))
	}
	return file, nil
}

// replacement is an upload that takes its name at Commit.
type replacement struct {
	path      vfs.Path
	dir       *os.Root // the folder of path
	temp      string   // the name in it until Commit
	file      *os.File // nil once the upload has ended
	exclusive bool
	sync      bool
	readable  bool
}

func (u *replacement) Write(b []byte) (int, error) {
	if u.file == nil {
		return 0, opError("write", u.path, fs.ErrClosed)
	}
	n, err := u.file.Write(b)
	return n, opError("write", u.path, err)
}

func (u *replacement) Commit() error {
	if u.file == nil {
		return opError("commit", u.path, fs.ErrClosed)
	}
	err := finish(u.file, u.sync)
	u.file = nil
	if err == nil {
		err = u.place()
	}
	if err != nil {
		err = errors.Join(err, u.dir.Remove(u.temp))
	}
	return opError("commit", u.path, errors.Join(err, u.dir.Close()))
}

func (u *replacement) place() error {
	if u.exclusive {
		return moveNew(u.dir, u.temp, u.path.Base())
	}
	return u.dir.Rename(u.temp, u.path.Base())
}

func (u *replacement) Abort() error {
	if u.file == nil {
		return nil
	}
	err := errors.Join(u.file.Close(), u.dir.Remove(u.temp), u.dir.Close())
	u.file = nil
	return opError("abort", u.path, err)
}

func (f *FS) createInPlace(p vfs.Path, o vfs.CreateOptions) (vfs.Upload, error) {
	if o.Offset < vfs.OffsetEnd {
		return nil, vfs.ErrOffset
	}
	if o.Exclusive && o.Offset > 0 {
		if _, err := f.overwritten(p, true); err != nil {
			return nil, err
		}
		return nil, vfs.ErrOffset
	}
	flag := access(o)
	if o.Offset <= 0 {
		flag |= os.O_CREATE
	}
	if o.Offset == vfs.OffsetEnd {
		flag |= os.O_APPEND
	}
	if o.Exclusive {
		flag |= os.O_EXCL
	}
	file, fi, err := f.open(p, flag)
	if errors.Is(err, fs.ErrNotExist) && flag&os.O_CREATE == 0 {
		if _, err := f.stat(p.Dir()); err != nil {
			return nil, err
		}
		return nil, vfs.ErrOffset
	}
	if err != nil {
		return nil, err
	}
	if err := position(file, fi, o); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &inPlace{path: p, file: file, sync: !f.NoSync, appends: o.Offset == vfs.OffsetEnd, readable: o.Readable}, nil
}

// access is the flag that an upload opens its file with.
func access(o vfs.CreateOptions) int {
	if o.Readable {
		return os.O_RDWR
	}
	return os.O_WRONLY
}

// position goes to the offset, and cuts the file off there unless it is to be kept.
func position(file *os.File, fi fs.FileInfo, o vfs.CreateOptions) error {
	switch {
	case fi.IsDir():
		return vfs.ErrIsDir
	case o.Offset == vfs.OffsetEnd:
		return nil
	case o.Offset > fi.Size():
		return vfs.ErrOffset
	}
	if !o.Keep {
		if err := file.Truncate(o.Offset); err != nil {
			return err
		}
	}
	_, err := file.Seek(o.Offset, io.SeekStart)
	return err
}

// inPlace is an upload that changes the file itself.
type inPlace struct {
	path     vfs.Path
	file     *os.File // nil once the upload has ended
	sync     bool
	appends  bool
	readable bool
}

func (u *inPlace) Write(b []byte) (int, error) {
	if u.file == nil {
		return 0, opError("write", u.path, fs.ErrClosed)
	}
	n, err := u.file.Write(b)
	return n, opError("write", u.path, err)
}

func (u *inPlace) Commit() error {
	if u.file == nil {
		return opError("commit", u.path, fs.ErrClosed)
	}
	err := finish(u.file, u.sync)
	u.file = nil
	return opError("commit", u.path, err)
}

func (u *inPlace) Abort() error {
	if u.file == nil {
		return nil
	}
	err := u.file.Close()
	u.file = nil
	return opError("abort", u.path, err)
}

func finish(file *os.File, sync bool) error {
	if sync {
		if err := file.Sync(); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	return file.Close()
}
