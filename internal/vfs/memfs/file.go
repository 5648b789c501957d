package memfs

import (
	"context"
	"io"
	"io/fs"
	"sync/atomic"

	"dray/internal/vfs"
)

// Open implements [vfs.FS].
func (f *FS) Open(_ context.Context, p vfs.Path) (vfs.File, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	n, err := f.lookup(p)
	switch {
	case err != nil:
		return nil, opError("open", p, err)
	case n.isDir():
		return nil, opError("open", p, vfs.ErrIsDir)
	}
	file := &file{fs: f, node: n, path: p}
	file.SectionReader = io.NewSectionReader(content{file}, 0, 1<<63-1)
	return file, nil
}

// file reads a node, also when the tree no longer leads to it.
type file struct {
	*io.SectionReader
	fs     *FS
	node   *node
	path   vfs.Path
	closed atomic.Bool
}

// Seek implements [io.Seeker]: the end is where it is now.
func (f *file) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekEnd {
		info, err := f.Info()
		if err != nil {
			return 0, err
		}
		offset, whence = info.Size+offset, io.SeekStart
	}
	n, err := f.SectionReader.Seek(offset, whence)
	return n, opError("seek", f.path, err)
}

// Close implements [io.Closer].
func (f *file) Close() error {
	if f.closed.Swap(true) {
		return opError("close", f.path, fs.ErrClosed)
	}
	return nil
}

// Info implements [vfs.File].
func (f *file) Info() (vfs.Info, error) {
	if f.closed.Load() {
		return vfs.Info{}, opError("stat", f.path, fs.ErrClosed)
	}
	f.fs.mu.RLock()
	defer f.fs.mu.RUnlock()
	return f.node.info(f.path.Base()), nil
}

// content is the ReaderAt below the SectionReader of a file.
type content struct{ *file }

func (c content) ReadAt(b []byte, off int64) (int, error) {
	if c.closed.Load() {
		return 0, opError("read", c.path, fs.ErrClosed)
	}
	c.fs.mu.RLock()
	defer c.fs.mu.RUnlock()
	if off >= int64(len(c.node.data)) {
		return 0, io.EOF
	}
	n := copy(b, c.node.data[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}
