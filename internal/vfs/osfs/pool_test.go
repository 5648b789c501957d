package osfs_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"dray/internal/vfs"
	"dray/internal/vfs/osfs"
	"dray/internal/vfs/vfstest"
)

// TestPoolOpensAFolderOnce, also when it is named in another way.
func TestPoolOpensAFolderOnce(t *testing.T) {
	dir := t.TempDir()
	pool := new(osfs.Pool)
	a, err := pool.Open(dir)
	ok(t, err)
	b, err := pool.Open(filepath.Join(dir, "x", ".."))
	ok(t, err)
	if a != b || len(pool.All()) != 1 {
		t.Errorf("it was opened twice")
	}
	if _, err := pool.Open(filepath.Join(dir, "later")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
	ok(t, os.Mkdir(filepath.Join(dir, "later"), 0o755))
	if _, err := pool.Open(filepath.Join(dir, "later")); err != nil {
		t.Errorf("a folder that has come: %v", err)
	}
	ok(t, pool.Close())
	if _, err := pool.Open(dir); err == nil {
		t.Error("a pool that is closed opens a folder")
	}
}

// TestPartsAreOpenWhileSomebodyHasThem, and confined.
func TestPartsAreOpenWhileSomebodyHasThem(t *testing.T) {
	dir := t.TempDir()
	ok(t, os.WriteFile(filepath.Join(dir, "secret"), nil, 0o644))
	pool := new(osfs.Pool)
	defer pool.Close()
	home := vfstest.Path(t, "/home/ann")
	if _, err := pool.Part(t.Context(), dir, home, false); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a home that nobody made: %v", err)
	}
	first, end := context.WithCancel(t.Context())
	second, end2 := context.WithCancel(t.Context())
	a, err := pool.Part(first, dir, home, true)
	ok(t, err)
	b, err := pool.Part(second, dir, home, true)
	ok(t, err)
	if a != b {
		t.Error("it was opened twice")
	}
	real, err := filepath.EvalSymlinks(dir)
	ok(t, err)
	if got, want := a.Dir(), filepath.Join(real, "home", "ann"); got != want {
		t.Errorf("the home is %s; want %s", got, want)
	}
	end()
	ok(t, os.Symlink("../../secret", filepath.Join(dir, "home", "ann", "out")))
	if _, err := b.Stat(t.Context(), vfstest.Path(t, "/out")); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a link leads out of a home: %v", err)
	}
	end2()
	// When both have gone it is closed, which its next use shows: there is nothing to wait for
	// but that.
	for {
		if _, err := b.Stat(context.Background(), vfs.Path{}); errors.Is(err, fs.ErrClosed) {
			break
		}
	}
	c, err := pool.Part(t.Context(), dir, home, false)
	ok(t, err)
	if _, err := c.Stat(t.Context(), vfs.Path{}); err != nil {
		t.Errorf("a home that is opened again: %v", err)
	}
}
