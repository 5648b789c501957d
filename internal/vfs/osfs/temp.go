package osfs

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"dray/internal/vfs"
)

// reservedPrefix begins the names that are dray's own; whatever the case, since some
// hosts do not tell the two apart.
const reservedPrefix = ".dray-"

func tempName() string { return reservedPrefix + rand.Text() }

func temporary(name string) bool {
	return len(name) >= len(reservedPrefix) && strings.EqualFold(name[:len(reservedPrefix)], reservedPrefix)
}

// settings is the file that dray serve takes unasked from the folder where it is started.
// Who may upload must not be able to put one there for the next start.
const settings = "dray.yaml"

func reservedName(name string) bool { return temporary(name) || strings.EqualFold(name, settings) }

func reserved(p vfs.Path) bool {
	for elem := range strings.SplitSeq(p.Rel(), "/") {
		if reservedName(elem) {
			return true
		}
	}
	return false
}

// Sweep removes the temporary files in the whole tree that were last written before
// the given time, and says how many: the uploads that a crash cut off. An upload that is
// alive and swept fails at Commit. Sweep goes on after an error and returns all of them.
func (f *FS) Sweep(ctx context.Context, before time.Time) (int, error) {
	return f.sweep(ctx, vfs.Path{}, before)
}

func (f *FS) sweep(ctx context.Context, p vfs.Path, before time.Time) (swept int, err error) {
	dir, _, err := f.open(p, os.O_RDONLY)
	if err != nil {
		return 0, opError("sweep", p, err)
	}
	defer dir.Close()
	var errs []error
	for {
		if err := ctx.Err(); err != nil {
			return swept, errors.Join(append(errs, opError("sweep", p, err))...)
		}
		entries, err := dir.ReadDir(batch)
		for _, e := range entries {
			n, err := f.sweepEntry(ctx, p, e, before)
			swept += n
			errs = append(errs, err)
		}
		if errors.Is(err, io.EOF) {
			return swept, errors.Join(errs...)
		}
		if err != nil {
			return swept, errors.Join(append(errs, opError("sweep", p, err))...)
		}
	}
}

func (f *FS) sweepEntry(ctx context.Context, dir vfs.Path, e os.DirEntry, before time.Time) (int, error) {
	p, err := dir.Join(e.Name())
	if err != nil || p.Dir() != dir {
		return 0, nil // no name that dray gave
	}
	if e.IsDir() {
		if reserved(p) {
			return 0, nil
		}
		return f.sweep(ctx, p, before)
	}
	if !e.Type().IsRegular() || !temporary(e.Name()) {
		return 0, nil
	}
	fi, err := e.Info()
	if err != nil || !fi.ModTime().Before(before) {
		return 0, opError("sweep", p, err)
	}
	if err := f.root.Remove(p.Rel()); err != nil {
		return 0, opError("sweep", p, err)
	}
	return 1, nil
}
