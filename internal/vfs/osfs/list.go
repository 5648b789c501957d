package osfs

import (
	"context"
	"errors"
	"io"
	"iter"
	"os"

	"dray/internal/vfs"
)

// batch is how many entries are read at once: all the memory a listing takes.
const batch = 256

// List implements [vfs.FS]. Names that no peer could ask for, such as one with a line
// break, are left out.
func (f *FS) List(ctx context.Context, p vfs.Path) iter.Seq2[vfs.Info, error] {
	return func(yield func(vfs.Info, error) bool) {
		if err := f.list(ctx, p, yield); err != nil {
			yield(vfs.Info{}, opError("list", p, err))
		}
	}
}

// list returns nil when yield wants no more.
func (f *FS) list(ctx context.Context, p vfs.Path, yield func(vfs.Info, error) bool) error {
	dir, fi, err := f.open(p, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer dir.Close()
	if !fi.IsDir() {
		return vfs.ErrNotDir
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		entries, err := readDir(dir)
		for _, e := range entries {
			if i, err := f.entry(dir, p, e); err == nil && !yield(i, nil) {
				return nil
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
