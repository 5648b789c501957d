package osfs

import (
	"context"
	"errors"
	"io"
	"io/fs"
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
		entries, err := dir.ReadDir(batch)
		for _, e := range entries {
			if fi, err := f.entry(p, e); err == nil && !yield(info(e.Name(), fi), nil) {
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

// entry describes what lies behind an entry of dir, or says why stat would refuse it.
func (f *FS) entry(dir vfs.Path, e fs.DirEntry) (fs.FileInfo, error) {
	p, err := dir.Join(e.Name())
	if err != nil {
		return nil, err
	}
	if e.Type()&fs.ModeSymlink != 0 || reserved(p) {
		return f.stat(p)
	}
	if !e.IsDir() && !e.Type().IsRegular() {
		return nil, vfs.ErrNotRegular
	}
	return e.Info()
}
