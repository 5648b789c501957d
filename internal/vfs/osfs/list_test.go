package osfs_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"dray/internal/vfs"
	"dray/internal/vfs/osfs"
	"dray/internal/vfs/vfstest"
)

// TestListSaysWhatStatSays: in every field, and of nothing more than of type and
// permissions.
func TestListSaysWhatStatSays(t *testing.T) {
	dir := t.TempDir()
	fsys := open(t, dir)
	vfstest.Put(t, fsys, "/file", "some")
	vfstest.Put(t, fsys, "/linked", "more")
	ok(t, fsys.Mkdir(t.Context(), vfstest.Path(t, "/folder")))
	ok(t, os.Chmod(filepath.Join(dir, "folder"), 0o750|fs.ModeSticky))
	ok(t, os.Chmod(filepath.Join(dir, "file"), 0o640))
	ok(t, os.Link(filepath.Join(dir, "linked"), filepath.Join(dir, "hard link")))
	ok(t, os.Symlink("linked", filepath.Join(dir, "symbolic link")))
	n := 0
	for got, err := range fsys.List(t.Context(), vfs.Path{}) {
		ok(t, err)
		want, err := fsys.Stat(t.Context(), vfstest.Path(t, got.Name))
		ok(t, err)
		want.Link = got.Name == "symbolic link" // which a listing alone says
		if got != want || got.Mode&^(fs.ModeType|fs.ModePerm) != 0 {
			t.Errorf("listed %+v; Stat says %+v", got, want)
		}
		n++
	}
	if n != 5 {
		t.Errorf("%d entries", n)
	}
}

// mined is a context that panics when it is asked the second time, which is when a listing
// is read ahead.
type mined struct {
	context.Context
	asked atomic.Int32
}

func (m *mined) Err() error {
	if m.asked.Add(1) == 2 {
		panic("boom")
	}
	return nil
}

// TestPanicAhead: a panic in what is read ahead is one of who lists, who can recover.
func TestPanicAhead(t *testing.T) {
	fsys := open(t, t.TempDir())
	vfstest.Put(t, fsys, "/file", "some")
	defer func() {
		if got := fmt.Sprint(recover()); !strings.Contains(got, "boom") || !strings.Contains(got, "list_test.go") {
			t.Errorf("panic: %s", got)
		}
	}()
	for range fsys.List(&mined{Context: t.Context()}, vfs.Path{}) {
	}
	t.Error("the listing came to its end")
}

// TestListInPages: a listing is read ahead, and has every entry once, whatever number of them
// there is, and wherever it is left.
func TestListInPages(t *testing.T) {
	dir := t.TempDir()
	fsys := open(t, dir)
	made := 0
	for _, n := range []int{0, 1, 255, 256, 257, 511, 512, 513, 800} {
		for ; made < n; made++ {
			ok(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(made)), nil, 0o644))
		}
		all := names(t, fsys, "/")
		if len(slices.Compact(all)) != n {
			t.Errorf("%d names of %d", len(all), n)
		}
		left := 0
		for range fsys.List(t.Context(), vfs.Path{}) {
			if left++; left > n/2 {
				break
			}
		}
		if left != min(n, n/2+1) {
			t.Errorf("%d entries of %d before the break", left, n)
		}
	}
}

// BenchmarkList tells what an entry costs.
func BenchmarkList(b *testing.B) {
	const entries = 1000
	dir := b.TempDir()
	for i := range entries {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("router-%06d.cfg", i)), nil, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	files, err := osfs.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer files.Close()
	b.ReportAllocs()
	for n := 0; b.Loop(); n = 0 {
		for _, err := range files.List(b.Context(), vfs.Path{}) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != entries {
			b.Fatalf("%d entries", n)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*entries), "ns/entry")
}
