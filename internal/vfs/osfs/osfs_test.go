package osfs_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"dray/internal/vfs"
	"dray/internal/vfs/osfs"
	"dray/internal/vfs/vfstest"
)

// TestContract leaves out the syncing, which takes most of the time; the other tests have it.
func TestContract(t *testing.T) {
	vfstest.Run(t, func(t *testing.T) vfs.FS {
		fsys := open(t, t.TempDir())
		fsys.NoSync = true
		return fsys
	})
}

func TestOpenRefusesWhatIsNoFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	ok(t, os.WriteFile(file, nil, 0o644))
	for _, dir := range []string{file, file + ".missing"} {
		if fsys, err := osfs.Open(dir); err == nil {
			fsys.Close()
			t.Errorf("opened %s", dir)
		}
	}
}

// TestReservedNames: nobody can see, open, make or move to a name that is dray's own.
func TestReservedNames(t *testing.T) {
	dir := t.TempDir()
	fsys := open(t, dir)
	ok(t, os.WriteFile(filepath.Join(dir, ".dray-X"), []byte("half"), 0o644))
	ok(t, os.WriteFile(filepath.Join(dir, "dray.yaml"), []byte("users: [a:b]"), 0o600))
	vfstest.Put(t, fsys, "/file", "whole")
	if got := names(t, fsys, "/"); !slices.Equal(got, []string{"file"}) {
		t.Errorf("listed %q", got)
	}
	for _, name := range []string{"/.dray-X", "/.DRAY-x", "/.dray-", "/.dray-d/file", "/dray.yaml", "/Dray.YAML", "/d/dray.yaml"} {
		p := vfstest.Path(t, name)
		_, stat := fsys.Stat(t.Context(), p)
		_, open := fsys.Open(t.Context(), p)
		for op, err := range map[string]error{
			"stat":   stat,
			"open":   open,
			"remove": fsys.Remove(t.Context(), p),
			"rename": fsys.Rename(t.Context(), p, vfstest.Path(t, "/y"), vfs.RenameOptions{}),
		} {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s %s: %v", op, name, err)
			}
		}
		_, create := fsys.Create(t.Context(), p, vfs.CreateOptions{})
		_, inPlace := fsys.Create(t.Context(), p, vfs.CreateOptions{InPlace: true})
		for op, err := range map[string]error{
			"create":    create,
			"in place":  inPlace,
			"mkdir":     fsys.Mkdir(t.Context(), p),
			"rename to": fsys.Rename(t.Context(), vfstest.Path(t, "/file"), p, vfs.RenameOptions{}),
		} {
			if !errors.Is(err, vfs.ErrBadName) {
				t.Errorf("%s %s: %v", op, name, err)
			}
		}
	}
}

func TestSweepRemovesWhatACrashLeft(t *testing.T) {
	dir := t.TempDir()
	fsys := open(t, dir)
	ok(t, os.MkdirAll(filepath.Join(dir, "a", "b"), 0o755))
	start := time.Now()
	for _, name := range []string{".dray-OLD", "a/b/.dray-OLD", "a/b/kept", "a/.dray-NEW", "dray.yaml"} {
		ok(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
		ok(t, os.Chtimes(filepath.Join(dir, name), start, start.Add(-time.Hour)))
	}
	ok(t, os.Chtimes(filepath.Join(dir, "a/.dray-NEW"), start, start))

	n, err := fsys.Sweep(t.Context(), start.Add(-time.Minute))
	if n != 2 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	for name, want := range map[string]bool{".dray-OLD": false, "a/b/.dray-OLD": false, "a/b/kept": true, "a/.dray-NEW": true, "dray.yaml": true} {
		if _, err := os.Lstat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAnUploadIsATemporaryFileBesideItsName is what the reserved names are for.
func TestAnUploadIsATemporaryFileBesideItsName(t *testing.T) {
	dir := t.TempDir()
	fsys := open(t, dir)
	ok(t, os.Mkdir(filepath.Join(dir, "d"), 0o755))
	count := func(want int) {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(dir, "d", ".dray-*"))
		if len(found) != want || err != nil {
			t.Errorf("found %q, %v; want %d", found, err, want)
		}
	}
	for _, end := range []func(vfs.Upload) error{vfs.Upload.Commit, vfs.Upload.Abort} {
		u, err := fsys.Create(t.Context(), vfstest.Path(t, "/d/f"), vfs.CreateOptions{})
		ok(t, err)
		count(1)
		ok(t, end(u))
		count(0)
	}
}

func TestPermissions(t *testing.T) {
	if os.PathSeparator == '\\' {
		t.Skip("no permission bits on Windows")
	}
	dir := t.TempDir()
	fsys := open(t, dir)
	name := filepath.Join(dir, "f")
	mode := func() fs.FileMode {
		t.Helper()
		fi, err := os.Stat(name)
		ok(t, err)
		return fi.Mode().Perm()
	}
	vfstest.Put(t, fsys, "/f", "new")
	if mode()&^0o644 != 0 || mode()&0o400 == 0 {
		t.Errorf("a new file has %v", mode())
	}
	for _, perm := range []fs.FileMode{0o600, 0o666, 0o775} {
		ok(t, os.Chmod(name, perm))
		vfstest.Put(t, fsys, "/f", "newer")
		if mode() != perm {
			t.Errorf("a file with %v has %v once it is overwritten", perm, mode())
		}
	}
}

// TestFileSuitsSendfile: the net package takes the fast path for these methods, and a
// peer can neither write through the file nor learn the host's name for it.
func TestFileSuitsSendfile(t *testing.T) {
	fsys := open(t, t.TempDir())
	vfstest.Put(t, fsys, "/f", "content")
	f, err := fsys.Open(t.Context(), vfstest.Path(t, "/f"))
	ok(t, err)
	defer f.Close()
	if _, ok := f.(interface {
		fs.File
		io.Seeker
		io.ReaderAt
		syscall.Conn
	}); !ok {
		t.Errorf("%T has not got the methods that sendfile needs", f)
	}
	if _, ok := f.(io.Writer); ok {
		t.Errorf("%T can be written to", f)
	}
	if _, ok := f.(interface{ Name() string }); ok {
		t.Errorf("%T gives away its name", f)
	}
}

func TestFreeSpace(t *testing.T) {
	fsys, reports := vfs.FS(open(t, t.TempDir())).(vfs.SpaceReporter)
	if !reports {
		t.Skip("not known on this system")
	}
	if n, err := fsys.FreeSpace(t.Context(), vfstest.Path(t, "/")); n <= 0 || err != nil {
		t.Errorf("%d bytes free, %v", n, err)
	}
	if _, err := fsys.FreeSpace(t.Context(), vfstest.Path(t, "/x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of a missing folder: %v", err)
	}
}

func open(t *testing.T, dir string) *osfs.FS {
	t.Helper()
	fsys, err := osfs.Open(dir)
	ok(t, err)
	t.Cleanup(func() { fsys.Close() })
	return fsys
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, fsys vfs.FS, dir string) []string {
	t.Helper()
	var all []string
	for i, err := range fsys.List(t.Context(), vfstest.Path(t, dir)) {
		ok(t, err)
		all = append(all, i.Name)
	}
	slices.Sort(all)
	return all
}
