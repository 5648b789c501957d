// Package osfs is a [vfs.FS] over a folder of the host. It stands on [os.Root], so that
// neither "..", nor a symbolic link, nor a folder swapped for one in mid-operation leads
// out of it. It opens regular files only, and never blocks on a FIFO or a device.
//
// An upload is a temporary file in the folder of its name until it is committed. Names
// that begin with ".dray-" are kept for these, and "dray.yaml" for settings: nobody sees,
// opens or makes one. All other dot-files are served like any file. [FS.Sweep] removes what a crash left.
//
// Whether a name is a file, a folder or a link is looked at before it is removed or
// moved. Who swaps it in between on the host can make Remove take an empty folder and
// RemoveDir a file, but never anything out of the tree.
package osfs

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"dray/internal/vfs"
)

// FS is a folder of the host. Use [Open] to make one.
type FS struct {
	// NoSync leaves out the fsync(2) of an upload before it takes its name. The zero
	// value syncs, so that after a crash of the host the old or the new file is whole.
	// Set it before the first use.
	NoSync bool

	root *os.Root
	dir  string
}

// Open opens the folder dir of the host.
func Open(dir string) (*FS, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	return &FS{root: root, dir: dir}, nil
}

// Dir returns the path of the folder on the host, absolute and without symbolic links, as
// it was when it was opened.
func (f *FS) Dir() string { return f.dir }

// Sub opens the folder p as a tree of its own, out of which nothing leads either. With
// make it is made if it is missing, and what leads to it.
func (f *FS) Sub(p vfs.Path, make bool) (*FS, error) {
	root, err := f.sub(p, make)
	if err != nil {
		return nil, opError("open", p, err)
	}
	dir := filepath.Join(f.dir, filepath.FromSlash(p.Rel()))
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	return &FS{NoSync: f.NoSync, root: root, dir: dir}, nil
}

func (f *FS) sub(p vfs.Path, make bool) (*os.Root, error) {
	if reserved(p) {
		return nil, vfs.ErrBadName
	}
	root, err := f.root.OpenRoot(p.Rel())
	if make && errors.Is(err, fs.ErrNotExist) {
		if err := f.root.MkdirAll(p.Rel(), 0o755); err != nil {
			return nil, err
		}
		root, err = f.root.OpenRoot(p.Rel())
	}
	return root, err
}

// Close releases the folder. Files and uploads that are open stay usable.
func (f *FS) Close() error { return f.root.Close() }

// Stat implements [vfs.FS].
func (f *FS) Stat(_ context.Context, p vfs.Path) (vfs.Info, error) {
	fi, err := f.stat(p)
	if err != nil {
		return vfs.Info{}, opError("stat", p, err)
	}
	return info(p.Base(), fi), nil
}

// Mkdir implements [vfs.FS]. The folder gets the permissions 0755 less the umask.
func (f *FS) Mkdir(_ context.Context, p vfs.Path) error {
	return opError("mkdir", p, f.mkdir(p))
}

// Remove implements [vfs.FS].
func (f *FS) Remove(_ context.Context, p vfs.Path) error {
	return opError("remove", p, f.remove(p, false))
}

// RemoveDir implements [vfs.FS].
func (f *FS) RemoveDir(_ context.Context, p vfs.Path) error {
	return opError("removedir", p, f.remove(p, true))
}

// Rename implements [vfs.FS].
func (f *FS) Rename(_ context.Context, from, to vfs.Path, o vfs.RenameOptions) error {
	return opError("rename", from, f.rename(from, to, o))
}

// stat follows links, and admits regular files and folders only.
func (f *FS) stat(p vfs.Path) (fs.FileInfo, error) {
	if reserved(p) {
		return nil, fs.ErrNotExist
	}
	fi, err := f.root.Stat(p.Rel())
	if err != nil {
		return nil, err
	}
	if !fi.IsDir() && !fi.Mode().IsRegular() {
		return nil, vfs.ErrNotRegular
	}
	return fi, nil
}

func (f *FS) mkdir(p vfs.Path) error {
	switch {
	case p.IsRoot():
		return fs.ErrExist
	case reserved(p):
		return vfs.ErrBadName
	}
	return f.root.Mkdir(p.Rel(), 0o755)
}

func (f *FS) remove(p vfs.Path, dir bool) error {
	if _, err := f.stat(p); err != nil {
		return err
	}
	fi, err := f.root.Lstat(p.Rel())
	switch {
	case err != nil:
		return err
	case fi.IsDir() && !dir:
		return vfs.ErrIsDir
	case !fi.IsDir() && dir:
		return vfs.ErrNotDir
	case p.IsRoot():
		return fs.ErrPermission
	}
	err = f.root.Remove(p.Rel())
	if dir && isNotEmpty(err) {
		return vfs.ErrNotEmpty
	}
	return err
}

func (f *FS) rename(from, to vfs.Path, o vfs.RenameOptions) error {
	src, err := f.stat(from)
	switch {
	case err != nil:
		return err
	case from.IsRoot():
		return fs.ErrPermission
	case from == to && !o.Exclusive:
		return nil
	case reserved(to):
		return vfs.ErrBadName
	case from != to && to.Within(from):
		return vfs.ErrBadName
	}
	dst, err := f.stat(to)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case o.Exclusive || src.IsDir() || dst.IsDir() || os.SameFile(src, dst):
		return fs.ErrExist
	}
	// A link to a folder is moved as the link that it is.
	if fi, err := f.root.Lstat(from.Rel()); o.Exclusive && err == nil && !fi.IsDir() {
		return moveNew(f.root, from.Rel(), to.Rel())
	}
	return f.root.Rename(from.Rel(), to.Rel())
}

// moveNew moves a file to a name that must be free, without a moment in which somebody
// else could take it.
func moveNew(root *os.Root, from, to string) error {
	err := root.Link(from, to)
	switch {
	case err == nil:
		return root.Remove(from)
	case errors.Is(err, fs.ErrExist), errors.Is(err, fs.ErrNotExist):
		return err
	}
	return claim(root, from, to)
}

// claim is moveNew where there are no hard links: it makes an empty file, which fails if
// there is one, and moves the real one over it.
func claim(root *os.Root, from, to string) error {
	f, err := root.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(f.Close(), root.Rename(from, to))
	if err != nil {
		return errors.Join(err, root.Remove(to))
	}
	return nil
}
