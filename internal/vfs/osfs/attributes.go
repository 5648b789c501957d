package osfs

import (
	"context"
	"io/fs"
	"time"

	"dray/internal/vfs"
)

// SetTimes implements [vfs.TimeSetter].
func (f *FS) SetTimes(_ context.Context, p vfs.Path, accessed, modified time.Time) error {
	err := f.settable(p)
	if err == nil {
		err = f.root.Chtimes(p.Rel(), accessed, modified)
	}
	return opError("settimes", p, err)
}

// SetMode implements [vfs.ModeSetter]. On Windows a mode without 0200 makes a file one to
// read only, and all else of it means nothing.
func (f *FS) SetMode(_ context.Context, p vfs.Path, mode fs.FileMode) error {
	err := f.settable(p)
	if err == nil {
		err = f.root.Chmod(p.Rel(), mode.Perm())
	}
	return opError("setmode", p, err)
}

func (f *FS) settable(p vfs.Path) error {
	if p.IsRoot() {
		return fs.ErrPermission
	}
	_, err := f.stat(p)
	return err
}
