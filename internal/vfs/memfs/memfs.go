// Package memfs is a [vfs.FS] in memory, for tests and for trees that need not outlive
// the process. It knows files and folders, no links and no owners. Permissions are kept
// for who asks, and hold nobody back.
package memfs

import (
	"context"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"dray/internal/vfs"
)

// FS is a tree in memory. Use [New] to make one.
type FS struct {
	// Now dates what is made and written. New sets time.Now. Set it before the first use.
	Now func() time.Time

	// Capacity is how many bytes all content together may take, uploads under way
	// included. Zero means no limit. Set it before the first use.
	Capacity int64

	mu     sync.RWMutex // holds for the tree, and for the content of every node
	root   *node
	used   int64
	serial uint64
}

// node is a file, or a folder if it has a map of entries.
type node struct {
	serial  uint64
	entries map[string]*node
	uploads int // under way in this folder
	data    []byte
	mode    fs.FileMode // permissions
	modTime time.Time
	labels  map[string]string
	counted bool // its data counts as used: it is named, or an upload under way
}

// New returns an empty tree.
func New() *FS {
	f := &FS{Now: time.Now}
	f.root = f.newNode(true)
	return f
}

func (f *FS) newNode(dir bool) *node {
	f.serial++
	n := &node{serial: f.serial, mode: 0o644, modTime: f.Now().UTC(), counted: true}
	if dir {
		n.entries, n.mode = make(map[string]*node), 0o755
	}
	return n
}

func (n *node) isDir() bool { return n.entries != nil }

func (n *node) info(name string) vfs.Info {
	i := vfs.Info{
		Name:    name,
		Mode:    n.mode,
		Size:    int64(len(n.data)),
		ModTime: n.modTime,
		Unique:  strconv.FormatUint(n.serial, 16),
		Links:   1,
	}
	if n.isDir() {
		i.Mode |= fs.ModeDir
	}
	return i
}

// lookup finds the node at p.
func (f *FS) lookup(p vfs.Path) (*node, error) {
	n := f.root
	if p.IsRoot() {
		return n, nil
	}
	for name := range strings.SplitSeq(p.Rel(), "/") {
		if !n.isDir() {
			return nil, vfs.ErrNotDir
		}
		if n = n.entries[name]; n == nil {
			return nil, fs.ErrNotExist
		}
	}
	return n, nil
}

// folder finds the folder that holds p, or would.
func (f *FS) folder(p vfs.Path) (*node, error) {
	dir, err := f.lookup(p.Dir())
	if err == nil && !dir.isDir() {
		err = vfs.ErrNotDir
	}
	return dir, err
}

// link puts n into dir. A file that was there gives its room back.
func (f *FS) link(dir *node, name string, n *node) {
	f.unlink(dir, name)
	dir.entries[name] = n
	dir.modTime = f.Now().UTC()
}

func (f *FS) unlink(dir *node, name string) {
	old := dir.entries[name]
	if old == nil {
		return
	}
	delete(dir.entries, name)
	dir.modTime = f.Now().UTC()
	f.release(old)
}

// release stops counting what n holds: only open files and uploads in place lead to it.
func (f *FS) release(n *node) {
	f.used -= int64(len(n.data))
	n.counted = false
}

// Stat implements [vfs.FS].
func (f *FS) Stat(_ context.Context, p vfs.Path) (vfs.Info, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	n, err := f.lookup(p)
	if err != nil {
		return vfs.Info{}, opError("stat", p, err)
	}
	return n.info(p.Base()), nil
}

// List implements [vfs.FS]. The entries come sorted by name.
func (f *FS) List(ctx context.Context, p vfs.Path) iter.Seq2[vfs.Info, error] {
	return func(yield func(vfs.Info, error) bool) {
		entries, err := f.entries(p)
		if err != nil {
			yield(vfs.Info{}, opError("list", p, err))
			return
		}
		for _, e := range entries {
			if err := ctx.Err(); err != nil {
				yield(vfs.Info{}, opError("list", p, err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (f *FS) entries(p vfs.Path) ([]vfs.Info, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	n, err := f.lookup(p)
	if err != nil {
		return nil, err
	}
	if !n.isDir() {
		return nil, vfs.ErrNotDir
	}
	var all []vfs.Info
	for _, name := range slices.Sorted(maps.Keys(n.entries)) {
		all = append(all, n.entries[name].info(name))
	}
	return all, nil
}

// Mkdir implements [vfs.FS].
func (f *FS) Mkdir(_ context.Context, p vfs.Path) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	dir, err := f.folder(p)
	switch {
	case err != nil:
		return opError("mkdir", p, err)
	case p.IsRoot() || dir.entries[p.Base()] != nil:
		return opError("mkdir", p, fs.ErrExist)
	}
	f.link(dir, p.Base(), f.newNode(true))
	return nil
}

// Remove implements [vfs.FS].
func (f *FS) Remove(_ context.Context, p vfs.Path) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.lookup(p)
	switch {
	case err != nil:
		return opError("remove", p, err)
	case n.isDir():
		return opError("remove", p, vfs.ErrIsDir)
	}
	dir, _ := f.folder(p) // there, since p is
	f.unlink(dir, p.Base())
	return nil
}

// RemoveDir implements [vfs.FS].
func (f *FS) RemoveDir(_ context.Context, p vfs.Path) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.lookup(p)
	switch {
	case err != nil:
		return opError("removedir", p, err)
	case !n.isDir():
		return opError("removedir", p, vfs.ErrNotDir)
	case p.IsRoot():
		return opError("removedir", p, fs.ErrPermission)
	case len(n.entries) > 0 || n.uploads > 0:
		return opError("removedir", p, vfs.ErrNotEmpty)
	}
	dir, _ := f.folder(p) // there, since p is
	f.unlink(dir, p.Base())
	return nil
}

// Rename implements [vfs.FS].
func (f *FS) Rename(_ context.Context, from, to vfs.Path, o vfs.RenameOptions) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return opError("rename", from, f.rename(from, to, o))
}

func (f *FS) rename(from, to vfs.Path, o vfs.RenameOptions) error {
	src, err := f.lookup(from)
	switch {
	case err != nil:
		return err
	case from.IsRoot():
		return fs.ErrPermission
	case from == to && !o.Exclusive:
		return nil
	case from != to && to.Within(from):
		return vfs.ErrBadName
	case to.IsRoot():
		return fs.ErrExist
	}
	dir, err := f.folder(to)
	if err != nil {
		return err
	}
	if dst := dir.entries[to.Base()]; dst != nil && (o.Exclusive || src.isDir() || dst.isDir()) {
		return fs.ErrExist
	}
	old, _ := f.folder(from) // there, since from is
	delete(old.entries, from.Base())
	old.modTime = f.Now().UTC()
	f.link(dir, to.Base(), src)
	return nil
}

// FreeSpace implements [vfs.SpaceReporter]. Without a Capacity there is room for all
// that 63 bits can count.
func (f *FS) FreeSpace(_ context.Context, p vfs.Path) (int64, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	n, err := f.lookup(p)
	switch {
	case err != nil:
		return 0, opError("freespace", p, err)
	case !n.isDir():
		return 0, opError("freespace", p, vfs.ErrNotDir)
	case f.Capacity == 0:
		return 1<<63 - 1 - f.used, nil
	}
	return f.Capacity - f.used, nil
}

func opError(op string, p vfs.Path, err error) error {
	if err == nil {
		return nil
	}
	return &vfs.OpError{Op: op, Path: p.String(), Err: err}
}
