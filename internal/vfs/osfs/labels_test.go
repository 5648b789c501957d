//go:build unix

package osfs_test

import (
	"io"
	"testing"

	"dray/internal/vfs"
	"dray/internal/vfs/osfs"
	"dray/internal/vfs/vfstest"
)

// TestLabels: a label that an upload is given is there with the file, goes with it, and
// leaves its times.
func TestLabels(t *testing.T) {
	fsys, err := osfs.Open(t.TempDir())
	ok(t, err)
	defer fsys.Close()
	has := func(name, want string) {
		t.Helper()
		f, err := fsys.Open(t.Context(), vfstest.Path(t, name))
		ok(t, err)
		defer f.Close()
		if got, err := f.(vfs.Labelled).Label("test"); got != want || err != nil {
			t.Errorf("%s is labelled %q, %v; want %q", name, got, err, want)
		}
	}
	u, err := fsys.Create(t.Context(), vfstest.Path(t, "/f"), vfs.CreateOptions{})
	ok(t, err)
	_, err = io.WriteString(u, "content")
	ok(t, err)
	labelled := u.(vfs.Labelled)
	before, err := labelled.Info()
	ok(t, err)
	ok(t, labelled.SetLabel("test", "first"))
	ok(t, u.Commit())
	has("/f", "first")
	after, err := fsys.Stat(t.Context(), vfstest.Path(t, "/f"))
	ok(t, err)
	if before != after {
		t.Errorf("the file is %+v; the upload was %+v", after, before)
	}
	ok(t, fsys.Rename(t.Context(), vfstest.Path(t, "/f"), vfstest.Path(t, "/g"), vfs.RenameOptions{}))
	has("/g", "first")

	u, err = fsys.Create(t.Context(), vfstest.Path(t, "/g"), vfs.CreateOptions{InPlace: true, Keep: true})
	ok(t, err)
	if got, err := u.(vfs.Labelled).Label("test"); got != "first" || err != nil {
		t.Errorf("changed in place it is labelled %q, %v", got, err)
	}
	ok(t, u.(vfs.Labelled).SetLabel("test", ""))
	ok(t, u.(vfs.Labelled).SetLabel("test", ""))
	ok(t, u.Commit())
	has("/g", "")
	u, err = fsys.Create(t.Context(), vfstest.Path(t, "/g"), vfs.CreateOptions{})
	ok(t, err)
	ok(t, u.Commit())
	has("/g", "")
	if _, err := u.(vfs.Labelled).Label("test"); err == nil {
		t.Error("an upload that has ended has a label")
	}
}
