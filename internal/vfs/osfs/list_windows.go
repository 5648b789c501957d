package osfs

import (
	"io/fs"
	"os"

	"dray/internal/vfs"
)

// readDir returns the next batch of a folder. On Windows it brings what Stat says along.
func readDir(dir *os.File) ([]fs.DirEntry, error) { return dir.ReadDir(batch) }

// entry describes what lies behind an entry of the folder p, or says why stat would
// refuse it.
func (f *FS) entry(_ *os.File, p vfs.Path, e fs.DirEntry) (vfs.Info, error) {
	child, err := p.Join(e.Name())
	if err != nil {
		return vfs.Info{}, err
	}
	var fi fs.FileInfo
	switch {
	case e.Type()&fs.ModeSymlink != 0 || reservedName(e.Name()):
		fi, err = f.stat(child)
	case e.IsDir() || e.Type().IsRegular():
		fi, err = e.Info()
	default:
		err = vfs.ErrNotRegular
	}
	if err != nil {
		return vfs.Info{}, err
	}
	i := info(e.Name(), fi)
	i.Link = e.Type()&fs.ModeSymlink != 0
	return i, nil
}
