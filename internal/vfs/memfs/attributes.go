package memfs

import (
	"context"
	"io/fs"
	"time"

	"dray/internal/vfs"
)

// SetTimes implements [vfs.TimeSetter]. When a file was read is not kept.
func (f *FS) SetTimes(_ context.Context, p vfs.Path, _, modified time.Time) error {
	return opError("settimes", p, f.set(p, func(n *node) {
		if !modified.IsZero() {
			n.modTime = modified.UTC()
		}
	}))
}

// SetMode implements [vfs.ModeSetter].
func (f *FS) SetMode(_ context.Context, p vfs.Path, mode fs.FileMode) error {
	return opError("setmode", p, f.set(p, func(n *node) { n.mode = mode.Perm() }))
}

func (f *FS) set(p vfs.Path, change func(n *node)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.lookup(p)
	switch {
	case err != nil:
		return err
	case p.IsRoot():
		return fs.ErrPermission
	}
	change(n)
	return nil
}
