package osfs

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"dray/internal/vfs"
)

// TestFullDisk uploads to a disk of 1 MiB: the reason comes through, the old file stays
// whole, and the room is free again.
func TestFullDisk(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	fsys, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fsys.Close() })
	free := func() int64 {
		t.Helper()
		n, err := fsys.FreeSpace(t.Context(), vfs.Path{})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}

	if n := free(); n != 1<<20 {
		t.Errorf("%d bytes free of 1 MiB", n)
	}
	old := bytes.Repeat([]byte("old"), 100<<10)
	if err := os.WriteFile(filepath.Join(dir, "f"), old, 0o644); err != nil {
		t.Fatal(err)
	}
	before := free()
	p, err := vfs.ParsePath("/f")
	if err != nil {
		t.Fatal(err)
	}
	u, err := fsys.Create(t.Context(), p, vfs.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.Write(make([]byte, 1<<20)); !errors.Is(err, vfs.ErrNoSpace) {
		t.Errorf("a full disk is %v", err)
	}
	if err := u.Abort(); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "f")); err != nil || !bytes.Equal(got, old) {
		t.Errorf("the old file has %d bytes, %v", len(got), err)
	}
	if n := free(); n != before {
		t.Errorf("%d bytes free, %d before the upload", n, before)
	}
}

// TestDeviceIsRefused: /dev/null can be made where root runs the tests.
func TestDeviceIsRefused(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can make a device")
	}
	dir := t.TempDir()
	if err := syscall.Mknod(filepath.Join(dir, "null"), syscall.S_IFCHR|0o666, 1<<8|3); err != nil {
		t.Skip(err)
	}
	fsys, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer fsys.Close()
	p, err := vfs.ParsePath("/null")
	if err != nil {
		t.Fatal(err)
	}
	_, stat := fsys.Stat(t.Context(), p)
	_, open := fsys.Open(t.Context(), p)
	_, create := fsys.Create(t.Context(), p, vfs.CreateOptions{})
	for _, err := range []error{stat, open, create} {
		if !errors.Is(err, vfs.ErrNotRegular) {
			t.Errorf("a device is %v", err)
		}
	}
}

// TestOwnerIsKept: a file that root overwrites still belongs to who had it.
func TestOwnerIsKept(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	if err := errors.Join(os.WriteFile(name, nil, 0o600), os.Chown(name, 1234, 1235)); err != nil {
		t.Fatal(err)
	}
	fsys, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer fsys.Close()
	p, err := vfs.ParsePath("/f")
	if err != nil {
		t.Fatal(err)
	}
	u, err := fsys.Create(t.Context(), p, vfs.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Commit(); err != nil {
		t.Fatal(err)
	}
	i, err := fsys.Stat(t.Context(), p)
	if err != nil || i.Owner != "1234" || i.Group != "1235" || i.Mode.Perm() != 0o600 {
		t.Errorf("the file is %+v, %v", i, err)
	}
}

// TestCopyToATCPConnection sends a file, and a part of one, as a server does.
func TestCopyToATCPConnection(t *testing.T) {
	dir := t.TempDir()
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	if err := os.WriteFile(filepath.Join(dir, "f"), content, 0o644); err != nil {
		t.Fatal(err)
	}
	fsys, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer fsys.Close()
	p, err := vfs.ParsePath("/f")
	if err != nil {
		t.Fatal(err)
	}
	f, err := fsys.Open(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Seek(5, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	sent := make(chan error, 1)
	go func() {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err == nil {
			_, err = io.Copy(conn, f)
			err = errors.Join(err, conn.Close())
		}
		sent <- err
	}()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	got, err := io.ReadAll(conn)
	if err := errors.Join(err, <-sent); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, content[5:]) {
		t.Errorf("got %d bytes", len(got))
	}
}

// TestClaim is how an exclusive name is taken where there are no hard links.
func TestClaim(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, name := range []string{"a", "b"} {
		if err := root.WriteFile(name, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := claim(root, "a", "b"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a name that is taken: %v", err)
	}
	if err := claim(root, "a", "c"); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]string{"b": "b", "c": "a"} {
		if got, err := root.ReadFile(name); string(got) != want || err != nil {
			t.Errorf("%s holds %q, %v", name, got, err)
		}
	}
	if err := claim(root, "missing", "d"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := root.Lstat("d"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the claim is left: %v", err)
	}
}

// TestAccessTime: each of the two times can be set without the other.
func TestAccessTime(t *testing.T) {
	dir := t.TempDir()
	fsys, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fsys.Close() })
	name := filepath.Join(dir, "f")
	if err := os.WriteFile(name, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	p, err := vfs.ParsePath("/f")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ accessed, modified, wantAccessed, wantModified int64 }{
		{1000, 2000, 1000, 2000},
		{0, 3000, 1000, 3000},
		{4000, 0, 4000, 3000},
	} {
		if err := fsys.SetTimes(t.Context(), p, orZero(c.accessed), orZero(c.modified)); err != nil {
			t.Fatal(err)
		}
		var st syscall.Stat_t
		if err := syscall.Stat(name, &st); err != nil {
			t.Fatal(err)
		}
		if st.Atim.Sec != c.wantAccessed || st.Mtim.Sec != c.wantModified {
			t.Errorf("accessed %d, modified %d; want %d, %d", st.Atim.Sec, st.Mtim.Sec, c.wantAccessed, c.wantModified)
		}
	}
}

func orZero(seconds int64) (t time.Time) {
	if seconds != 0 {
		t = time.Unix(seconds, 0)
	}
	return t
}
