package memfs

import (
	"io"
	"io/fs"

	"dray/internal/vfs"
)

var _ vfs.RandomUpload = (*upload)(nil)

// WriteAt implements [vfs.RandomUpload].
func (u *upload) WriteAt(b []byte, off int64) (int, error) {
	if u.options.InPlace && u.options.Offset == vfs.OffsetEnd {
		return u.Write(b)
	}
	u.fs.mu.Lock()
	defer u.fs.mu.Unlock()
	switch {
	case u.node == nil:
		return 0, opError("write", u.path, fs.ErrClosed)
	case off < 0:
		return 0, opError("write", u.path, vfs.ErrOffset)
	}
	n, err := u.fs.write(u.node, off, b)
	return n, opError("write", u.path, err)
}

// ReadAt implements [vfs.RandomUpload].
func (u *upload) ReadAt(b []byte, off int64) (int, error) {
	u.fs.mu.RLock()
	defer u.fs.mu.RUnlock()
	switch {
	case u.node == nil:
		return 0, opError("read", u.path, fs.ErrClosed)
	case !u.options.Readable:
		return 0, opError("read", u.path, fs.ErrPermission)
	case off < 0:
		return 0, opError("read", u.path, vfs.ErrOffset)
	case off >= int64(len(u.node.data)):
		return 0, io.EOF
	}
	n := copy(b, u.node.data[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// Truncate implements [vfs.RandomUpload].
func (u *upload) Truncate(size int64) error {
	u.fs.mu.Lock()
	defer u.fs.mu.Unlock()
	n := u.node
	switch {
	case n == nil:
		return opError("truncate", u.path, fs.ErrClosed)
	case size < 0:
		return opError("truncate", u.path, vfs.ErrOffset)
	case size > int64(len(n.data)):
		_, err := u.fs.write(n, size, nil)
		return opError("truncate", u.path, err)
	}
	if n.counted {
		u.fs.used -= int64(len(n.data)) - size
	}
	n.data = n.data[:size]
	n.modTime = u.fs.Now().UTC()
	return nil
}

// Sync implements [vfs.RandomUpload]. What is in memory survives nothing.
func (u *upload) Sync() error {
	u.fs.mu.RLock()
	defer u.fs.mu.RUnlock()
	if u.node == nil {
		return opError("sync", u.path, fs.ErrClosed)
	}
	return nil
}

// Size implements [vfs.RandomUpload].
func (u *upload) Size() (int64, error) {
	u.fs.mu.RLock()
	defer u.fs.mu.RUnlock()
	if u.node == nil {
		return 0, opError("stat", u.path, fs.ErrClosed)
	}
	return int64(len(u.node.data)), nil
}
