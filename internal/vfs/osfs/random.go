package osfs

import (
	"io/fs"
	"os"

	"dray/internal/vfs"
)

// Both kinds of upload are a [vfs.RandomUpload].
var _, _ vfs.RandomUpload = (*replacement)(nil), (*inPlace)(nil)

// WriteAt implements [vfs.RandomUpload].
func (u *replacement) WriteAt(b []byte, off int64) (int, error) {
	if u.file == nil {
		return 0, opError("write", u.path, fs.ErrClosed)
	}
	n, err := u.file.WriteAt(b, off)
	return n, opError("write", u.path, err)
}

// ReadAt implements [vfs.RandomUpload].
func (u *replacement) ReadAt(b []byte, off int64) (int, error) {
	return readAt(u.file, u.path, u.readable, b, off)
}

// Truncate implements [vfs.RandomUpload].
func (u *replacement) Truncate(size int64) error { return truncate(u.file, u.path, size) }

// Sync implements [vfs.RandomUpload].
func (u *replacement) Sync() error { return syncFile(u.file, u.path) }

// Size implements [vfs.RandomUpload].
func (u *replacement) Size() (int64, error) { return sizeOf(u.file, u.path) }

// WriteAt implements [vfs.RandomUpload].
func (u *inPlace) WriteAt(b []byte, off int64) (int, error) {
	if u.appends {
		return u.Write(b)
	}
	if u.file == nil {
		return 0, opError("write", u.path, fs.ErrClosed)
	}
	n, err := u.file.WriteAt(b, off)
	return n, opError("write", u.path, err)
}

// ReadAt implements [vfs.RandomUpload].
func (u *inPlace) ReadAt(b []byte, off int64) (int, error) {
	return readAt(u.file, u.path, u.readable, b, off)
}

// Truncate implements [vfs.RandomUpload].
func (u *inPlace) Truncate(size int64) error { return truncate(u.file, u.path, size) }

// Sync implements [vfs.RandomUpload].
func (u *inPlace) Sync() error { return syncFile(u.file, u.path) }

// Size implements [vfs.RandomUpload].
func (u *inPlace) Size() (int64, error) { return sizeOf(u.file, u.path) }

func readAt(file *os.File, p vfs.Path, readable bool, b []byte, off int64) (int, error) {
	switch {
	case file == nil:
		return 0, opError("read", p, fs.ErrClosed)
	case !readable:
		return 0, opError("read", p, fs.ErrPermission)
	}
	n, err := file.ReadAt(b, off)
	return n, (&File{path: p}).fault("read", err)
}

func truncate(file *os.File, p vfs.Path, size int64) error {
	if file == nil {
		return opError("truncate", p, fs.ErrClosed)
	}
	return opError("truncate", p, file.Truncate(size))
}

func syncFile(file *os.File, p vfs.Path) error {
	if file == nil {
		return opError("sync", p, fs.ErrClosed)
	}
	return opError("sync", p, file.Sync())
}

func sizeOf(file *os.File, p vfs.Path) (int64, error) {
	if file == nil {
		return 0, opError("stat", p, fs.ErrClosed)
	}
	fi, err := file.Stat()
	if err != nil {
		return 0, opError("stat", p, err)
	}
	return fi.Size(), nil
}
