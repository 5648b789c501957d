//go:build unix

package osfs_test

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"dray/internal/vfs"
	"dray/internal/vfs/osfs"
	"dray/internal/vfs/vfstest"
)

const secret = "the secret beside the served folder"

// served lays out a folder to serve, with links of every kind in it, beside a folder that
// it must not reach.
//
//	private/secret
//	served/sub/file
//	served/in -> sub/file, indir -> sub, up -> sub/../sub/file
//	served/out, outdir, absolute, absolute-in, dangling, loop   (links that lead nowhere good)
//	served/fifo, socket
func served(t *testing.T) (fsys *osfs.FS, dir string) {
	t.Helper()
	base := t.TempDir()
	dir = filepath.Join(base, "served")
	for _, d := range []string{dir, filepath.Join(dir, "sub"), filepath.Join(base, "private")} {
		ok(t, os.Mkdir(d, 0o755))
	}
	ok(t, os.WriteFile(filepath.Join(base, "private", "secret"), []byte(secret), 0o644))
	ok(t, os.Chmod(filepath.Join(base, "private", "secret"), 0o644)) // whatever the umask
	ok(t, os.WriteFile(filepath.Join(dir, "sub", "file"), []byte("content"), 0o644))
	for name, target := range map[string]string{
		"in":          "sub/file",
		"indir":       "sub",
		"up":          "sub/../sub/file",
		"out":         "../private/secret",
		"outdir":      "../private",
		"absolute":    filepath.Join(base, "private", "secret"),
		"absolute-in": filepath.Join(dir, "sub", "file"),
		"dangling":    "nowhere",
		"loop":        "loop",
	} {
		ok(t, os.Symlink(target, filepath.Join(dir, name)))
	}
	ok(t, syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o666))
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "socket"), Net: "unix"})
	ok(t, err)
	t.Cleanup(func() { l.Close() })
	return open(t, dir), dir
}

func TestLinksWithinAreServed(t *testing.T) {
	fsys, _ := served(t)
	for _, name := range []string{"/in", "/up", "/indir/file"} {
		if got := vfstest.Read(t, fsys, name); got != "content" {
			t.Errorf("%s holds %q", name, got)
		}
		if i, err := fsys.Stat(t.Context(), vfstest.Path(t, name)); err != nil || !i.Mode.IsRegular() || i.Size != 7 {
			t.Errorf("%s is %+v, %v", name, i, err)
		}
	}
}

func TestWhatIsNoFileWithinIsRefused(t *testing.T) {
	fsys, dir := served(t)
	for _, c := range []struct {
		name   string
		reason error
	}{
		{"/out", fs.ErrPermission},
		{"/absolute", fs.ErrPermission},
		{"/absolute-in", fs.ErrPermission},
		{"/outdir", fs.ErrPermission},
		{"/outdir/secret", fs.ErrPermission},
		{"/outdir/new", fs.ErrPermission},
		{"/loop", fs.ErrPermission},
		{"/fifo", vfs.ErrNotRegular},
		{"/socket", vfs.ErrNotRegular},
	} {
		p := vfstest.Path(t, c.name)
		check := func(op string, err error) {
			t.Helper()
			var opErr *vfs.OpError
			if !errors.Is(err, c.reason) || !errors.As(err, &opErr) {
				t.Errorf("%s %s: %v; want %v", op, c.name, err, c.reason)
			} else if strings.Contains(err.Error(), filepath.Dir(dir)) {
				t.Errorf("%s %s names a path of the host: %v", op, c.name, err)
			}
		}
		_, err := fsys.Stat(t.Context(), p)
		if c.name != "/outdir/new" {
			check("stat", err)
			_, err = fsys.Open(t.Context(), p)
			check("open", err)
			check("rename from", fsys.Rename(t.Context(), p, vfstest.Path(t, "/moved"), vfs.RenameOptions{}))
			check("remove", fsys.Remove(t.Context(), p))
			check("removedir", fsys.RemoveDir(t.Context(), p))
			check("settimes", fsys.SetTimes(t.Context(), p, time.Unix(1, 0), time.Unix(1, 0)))
			check("setmode", fsys.SetMode(t.Context(), p, 0o600))
		}
		check("rename to", fsys.Rename(t.Context(), vfstest.Path(t, "/sub/file"), p, vfs.RenameOptions{}))
		for _, o := range []vfs.CreateOptions{{}, {Exclusive: true}, {InPlace: true}, {InPlace: true, Offset: 3}, {InPlace: true, Offset: vfs.OffsetEnd}} {
			_, err = fsys.Create(t.Context(), p, o)
			check("create", err)
		}
		for _, err := range fsys.List(t.Context(), p) {
			if c.reason != vfs.ErrNotRegular {
				check("list", err)
			}
		}
	}
	untouched(t, dir)
}

// untouched wants the file outside to be as it was made.
func untouched(t *testing.T, dir string) {
	t.Helper()
	name := filepath.Join(dir, "../private/secret")
	if got, err := os.ReadFile(name); err != nil || string(got) != secret {
		t.Errorf("the file outside holds %q, %v", got, err)
	}
	fi, err := os.Stat(name)
	ok(t, err)
	if fi.Mode() != 0o644 || time.Since(fi.ModTime()) > time.Hour {
		t.Errorf("the file outside has mode %v and is of %v", fi.Mode(), fi.ModTime())
	}
}

func TestAttributesAreThoseOfTheTarget(t *testing.T) {
	fsys, dir := served(t)
	then := time.Unix(1_000_000_000, 0)
	ok(t, fsys.SetTimes(t.Context(), vfstest.Path(t, "/in"), time.Time{}, then))
	ok(t, fsys.SetMode(t.Context(), vfstest.Path(t, "/in"), 0o600))
	fi, err := os.Lstat(filepath.Join(dir, "sub", "file"))
	ok(t, err)
	if fi.Mode() != 0o600 || !fi.ModTime().Equal(then) {
		t.Errorf("the target has mode %v and is of %v", fi.Mode(), fi.ModTime())
	}
}

func TestListShowsWhatStatAdmits(t *testing.T) {
	fsys, dir := served(t)
	ok(t, os.WriteFile(filepath.Join(dir, "line\nbreak"), nil, 0o644))
	ok(t, os.WriteFile(filepath.Join(dir, ".profile"), nil, 0o644))
	if got, want := names(t, fsys, "/"), []string{".profile", "in", "indir", "sub", "up"}; !slices.Equal(got, want) {
		t.Errorf("listed %q; want %q", got, want)
	}
}

func TestRemoveTakesTheLinkAndNotItsTarget(t *testing.T) {
	fsys, _ := served(t)
	for _, name := range []string{"/in", "/indir"} {
		ok(t, fsys.Remove(t.Context(), vfstest.Path(t, name)))
		if _, err := fsys.Stat(t.Context(), vfstest.Path(t, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := vfstest.Read(t, fsys, "/sub/file"); got != "content" {
		t.Errorf("the target holds %q", got)
	}
}

func TestUploadReplacesTheLinkAndNotItsTarget(t *testing.T) {
	fsys, _ := served(t)
	vfstest.Put(t, fsys, "/in", "new")
	if in, file := vfstest.Read(t, fsys, "/in"), vfstest.Read(t, fsys, "/sub/file"); in != "new" || file != "content" {
		t.Errorf("the name holds %q and the old target %q", in, file)
	}
}

func TestRenameMovesALinkAsALink(t *testing.T) {
	fsys, dir := served(t)
	ok(t, fsys.Rename(t.Context(), vfstest.Path(t, "/in"), vfstest.Path(t, "/in2"), vfs.RenameOptions{}))
	ok(t, fsys.Rename(t.Context(), vfstest.Path(t, "/up"), vfstest.Path(t, "/up2"), vfs.RenameOptions{Exclusive: true}))
	for _, name := range []string{"in2", "up2"} {
		if _, err := os.Readlink(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	err := fsys.Rename(t.Context(), vfstest.Path(t, "/in2"), vfstest.Path(t, "/sub/file"), vfs.RenameOptions{})
	if !errors.Is(err, fs.ErrExist) || vfstest.Read(t, fsys, "/sub/file") != "content" {
		t.Errorf("a link moved onto its own target: %v", err)
	}
}

func TestALongNameIsABadName(t *testing.T) {
	fsys, _ := served(t)
	p := vfstest.Path(t, "/"+strings.Repeat("a", 300))
	_, stat := fsys.Stat(t.Context(), p)
	_, create := fsys.Create(t.Context(), p, vfs.CreateOptions{})
	for _, err := range []error{stat, create, fsys.Mkdir(t.Context(), p)} {
		if !errors.Is(err, vfs.ErrBadName) {
			t.Error(err)
		}
	}
}

// TestSwappedLink swaps a file for a link to the outside, and back, while others read and
// write it and set its attributes: what comes out is never the secret, and the secret
// stays what it is.
func TestSwappedLink(t *testing.T) {
	fsys, dir := served(t)
	name := filepath.Join(dir, "victim")
	ok(t, os.WriteFile(name, []byte("harmless"), 0o644))
	p := vfstest.Path(t, "/victim")

	stop := make(chan struct{})
	var swapper sync.WaitGroup
	swapper.Go(func() {
		link, file := name+".link", name+".file"
		for {
			select {
			case <-stop:
				return
			default:
			}
			if err := errors.Join(
				os.Symlink("../private/secret", link), os.Rename(link, name),
				os.WriteFile(file, []byte("harmless"), 0o644), os.Rename(file, name)); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 500 {
		if f, err := fsys.Open(t.Context(), p); err == nil {
			b, err := io.ReadAll(f)
			f.Close()
			if err != nil || strings.Contains(string(b), secret) {
				t.Errorf("read %q, %v", b, err)
			}
		}
		if u, err := fsys.Create(t.Context(), p, vfs.CreateOptions{InPlace: true, Offset: vfs.OffsetEnd}); err == nil {
			_, err := u.Write([]byte("!"))
			ok(t, errors.Join(err, u.Commit()))
		}
		for _, err := range []error{
			fsys.SetTimes(t.Context(), p, time.Unix(1, 0), time.Unix(1, 0)),
			fsys.SetMode(t.Context(), p, 0o666),
		} {
			if err != nil && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, fs.ErrNotExist) {
				t.Error(err)
			}
		}
	}
	close(stop)
	swapper.Wait()
	untouched(t, dir)
}
