package osfs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"runtime/debug"
	"sync"

	"dray/internal/vfs"
)

// batch is how many entries are read at once: twice as many are all the memory that a
// listing takes.
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
	var ahead sync.WaitGroup
	defer ahead.Wait() // before the folder is closed
	current, next := new(page), new(page)
	current.read(ctx, f, dir, p)
	for {
		if current.err == nil {
			ahead.Go(func() { next.readAhead(ctx, f, dir, p) })
		}
		for _, i := range current.infos {
			if !yield(i, nil) {
				return nil
			}
		}
		if errors.Is(current.err, io.EOF) {
			return nil
		}
		if current.err != nil {
			return current.err
		}
		ahead.Wait()
		if next.panic != nil {
			panic(next.panic)
		}
		current, next = next, current
	}
}

// page is a part of a listing. While one is told the next one is read: that takes the
// system as long as all the rest of a listing together, and a disk longer.
type page struct {
	infos []vfs.Info
	err   error // io.EOF after the last one
	panic error // of readAhead, which whoever lists is to have
}

// readAhead is read in a goroutine of its own.
func (g *page) readAhead(ctx context.Context, f *FS, dir *os.File, p vfs.Path) {
	defer func() {
		if v := recover(); v != nil {
			g.panic = fmt.Errorf("%v\n%s", v, debug.Stack())
		}
	}()
	g.read(ctx, f, dir, p)
}

func (g *page) read(ctx context.Context, f *FS, dir *os.File, p vfs.Path) {
	g.infos = g.infos[:0]
	if g.err = ctx.Err(); g.err != nil {
		return
	}
	entries, err := readDir(dir)
	g.err = err
	for _, e := range entries {
		if i, err := f.entry(dir, p, e); err == nil {
			g.infos = append(g.infos, i)
		}
	}
}
