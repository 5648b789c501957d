package memfs

import (
	"context"
	"io/fs"

	"dray/internal/vfs"
)

// Create implements [vfs.FS].
func (f *FS) Create(_ context.Context, p vfs.Path, o vfs.CreateOptions) (vfs.Upload, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	u, err := f.create(p, o)
	if err != nil {
		return nil, opError("create", p, err)
	}
	return u, nil
}

func (f *FS) create(p vfs.Path, o vfs.CreateOptions) (*upload, error) {
	if p.IsRoot() {
		return nil, vfs.ErrIsDir
	}
	dir, err := f.folder(p)
	if err != nil {
		return nil, err
	}
	old := dir.entries[p.Base()]
	switch {
	case old != nil && old.isDir():
		return nil, vfs.ErrIsDir
	case old != nil && o.Exclusive:
		return nil, fs.ErrExist
	}
	u := &upload{fs: f, path: p, dir: dir, options: o}
	if !o.InPlace {
		u.node = f.newNode(false)
		dir.uploads++
		return u, nil
	}
	return u, f.inPlace(u, old)
}

// inPlace makes u change the file old, or a new one.
func (f *FS) inPlace(u *upload, old *node) error {
	var size int64
	if old != nil {
		size = int64(len(old.data))
	}
	offset := u.options.Offset
	switch {
	case offset < vfs.OffsetEnd || offset > size:
		return vfs.ErrOffset
	case old == nil:
		old = f.newNode(false)
		f.link(u.dir, u.path.Base(), old)
	case offset != vfs.OffsetEnd && !u.options.Keep:
		f.used -= size - offset
		old.data = old.data[:offset]
	}
	u.node, u.at = old, max(0, offset)
	return nil
}

// upload is a file being written. Not in place, its node is not linked until Commit.
type upload struct {
	fs      *FS
	path    vfs.Path
	dir     *node // the folder of path
	node    *node // nil once the upload has ended
	options vfs.CreateOptions
	at      int64 // where the next byte goes, unless it appends
}

func (u *upload) Write(b []byte) (int, error) {
	u.fs.mu.Lock()
	defer u.fs.mu.Unlock()
	if u.node == nil {
		return 0, opError("write", u.path, fs.ErrClosed)
	}
	if u.options.InPlace && u.options.Offset == vfs.OffsetEnd {
		u.at = int64(len(u.node.data))
	}
	n, err := u.fs.write(u.node, u.at, b)
	u.at += int64(n)
	return n, opError("write", u.path, err)
}

// maxFile is how far a file can be written, in bytes: all of it lies in memory.
const maxFile = 1 << 36

// write puts into n at the offset at as much of b as there is room for, and zeros in
// front of it where n ends before.
func (f *FS) write(n *node, at int64, b []byte) (int, error) {
	var err error
	end := int64(len(n.data))
	if at > maxFile-int64(len(b)) || at > end && at-end > f.room(n, end) {
		return 0, vfs.ErrNoSpace
	}
	if room := f.room(n, at); int64(len(b)) > room {
		b, err = b[:room], vfs.ErrNoSpace
	}
	grow := max(0, at+int64(len(b))-int64(len(n.data)))
	n.data = append(n.data, make([]byte, grow)...)
	copy(n.data[at:], b)
	n.modTime = f.Now().UTC()
	if n.counted {
		f.used += grow
	}
	return len(b), err
}

// room is how many bytes n can take from the offset at on.
func (f *FS) room(n *node, at int64) int64 {
	if f.Capacity == 0 || !n.counted {
		return 1<<63 - 1
	}
	return max(0, f.Capacity-f.used+int64(len(n.data))-at)
}

func (u *upload) Commit() error {
	u.fs.mu.Lock()
	defer u.fs.mu.Unlock()
	if u.node == nil {
		return opError("commit", u.path, fs.ErrClosed)
	}
	n := u.end()
	if u.options.InPlace {
		return nil
	}
	old := u.dir.entries[u.path.Base()]
	if old != nil && (old.isDir() || u.options.Exclusive) {
		u.fs.release(n)
		return opError("commit", u.path, fs.ErrExist)
	}
	if old != nil {
		n.mode = old.mode
	}
	u.fs.link(u.dir, u.path.Base(), n)
	return nil
}

func (u *upload) Abort() error {
	u.fs.mu.Lock()
	defer u.fs.mu.Unlock()
	if u.node == nil {
		return nil
	}
	if n := u.end(); !u.options.InPlace {
		u.fs.release(n)
	}
	return nil
}

// end lets the upload write no more.
func (u *upload) end() *node {
	n := u.node
	u.node = nil
	if !u.options.InPlace {
		u.dir.uploads--
	}
	return n
}
