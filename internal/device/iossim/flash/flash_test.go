package flash

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"runtime"
	"strings"
	"testing"
	"time"
)

func names(s *FS) string {
	var all []string
	for _, f := range s.Files() {
		all = append(all, f.Name)
	}
	return strings.Join(all, " ")
}

func listed(t *testing.T, s *FS, all bool) []File {
	t.Helper()
	files, err := s.List("", all)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func put(t *testing.T, s *FS, name string, size int) {
	t.Helper()
	if err := s.Put(name, Text(strings.Repeat("x", size)), time.Time{}); err != nil {
		t.Fatal(err)
	}
}

func TestAnUploadIsThereWhenItIsWhole(t *testing.T) {
	s := New(Disk, 1<<20)
	put(t, s, "a", 10)
	u, err := s.Create("/a")
	if err != nil {
		t.Fatal(err)
	}
	want := bytes.Repeat([]byte("0123456789"), 20000)
	for piece := range bytes.Lines(bytes.ReplaceAll(want, []byte("9"), []byte("\n"))) {
		if _, err := u.Write(bytes.ReplaceAll(piece, []byte("\n"), []byte("9"))); err != nil {
			t.Fatal(err)
		}
	}
	if f, _ := s.Open("a"); f.Content.Size() != 10 {
		t.Error("the old file has gone before the new one is whole")
	}
	if err := u.Commit(time.Time{}); err != nil {
		t.Fatal(err)
	}
	f, err := s.Open("a")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(f.Reader()); err != nil || !bytes.Equal(got, want) {
		t.Errorf("read %d octets, %v; want those that were written", len(got), err)
	}
	if got := s.Free(); got != 1<<20-200000 {
		t.Errorf("%d octets are free", got)
	}
}

func TestSpaceRunsOut(t *testing.T) {
	s := New(Disk, 100)
	put(t, s, "old", 60)
	for _, c := range []struct {
		name string
		size int
		fits bool
	}{{"new", 40, true}, {"new", 41, false}, {"old", 100, true}, {"old", 101, false}} {
		u, err := s.Create(c.name)
		if err != nil {
			t.Fatal(err)
		}
		_, err = u.Write(make([]byte, c.size))
		if (err == nil) != c.fits || err != nil && !errors.Is(err, ErrFull) {
			t.Errorf("%d octets for %s: %v", c.size, c.name, err)
		}
		u.Abort()
		if names(s) != "old" || s.Free() != 40 {
			t.Errorf("after an abort there are %q, %d octets free", names(s), s.Free())
		}
	}
}

func TestClassAKeepsSpaceUntilSqueeze(t *testing.T) {
	s := New(ClassA, 100)
	put(t, s, "a", 60)
	if err := s.Remove("a"); err != nil {
		t.Fatal(err)
	}
	if names(s) != "" || len(listed(t, s, true)) != 1 || s.Free() != 40 {
		t.Errorf("after the deletion: %q, %d octets free", names(s), s.Free())
	}
	if err := s.Squeeze(); err != nil || s.Free() != 100 {
		t.Errorf("after squeeze: %v, %d octets free", err, s.Free())
	}
	if err := New(Disk, 1).Squeeze(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("squeeze of a disk: %v", err)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	s := New(Disk, 100)
	if _, err := s.Open("x"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := s.Remove("x"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	for _, name := range []string{"", "/", "a/", "a\nb", strings.Repeat("n", 300)} {
		if _, err := s.Create(name); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
	put(t, s, "a", 1)
	s.Erase()
	if names(s) != "" || s.Free() != 100 {
		t.Error("something is left after erase")
	}
}

// TestEqualFilesShareTheirMemory writes the same MiB to 100 devices.
func TestEqualFilesShareTheirMemory(t *testing.T) {
	const size, devices = 1 << 20, 100
	octets := make([]byte, size)
	for i := range octets {
		octets[i] = byte(i >> 12)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var all []*FS
	for range devices {
		s := New(Disk, size)
		u, err := s.Create("image")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := u.Write(octets); err != nil {
			t.Fatal(err)
		}
		if err := u.Commit(time.Time{}); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 3*size {
		t.Errorf("%d devices take %d octets for one file of %d", devices, grown, size)
	}
	runtime.KeepAlive(all)
}

func TestDirectories(t *testing.T) {
	s := New(Disk, 100)
	if err := s.Put("d/a", Text("x"), time.Time{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file in a directory that is not there: %v", err)
	}
	for _, dir := range []string{"d", "/d/e/"} {
		if err := s.Mkdir(dir, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	put(t, s, "a", 1)
	put(t, s, "d/a", 2)
	put(t, s, "/d/e/../e//a", 3)
	for _, c := range []struct {
		what string
		err  error
		want error
	}{
		{"mkdir d", s.Mkdir("d", time.Time{}), fs.ErrExist},
		{"mkdir x/y", s.Mkdir("x/y", time.Time{}), fs.ErrNotExist},
		{"mkdir a/b", s.Mkdir("a/b", time.Time{}), ErrNotDir},
		{"rmdir d", s.Rmdir("d"), ErrNotEmpty},
		{"rmdir a", s.Rmdir("a"), ErrNotDir},
		{"rmdir /", s.Rmdir("/"), ErrNotEmpty},
		{"remove d", s.Remove("d"), ErrDir},
		{"put d", s.Put("d", Text(""), time.Time{}), ErrDir},
		{"rename d d/f", s.Rename("d", "d/f"), fs.ErrInvalid},
		{"rename a d", s.Rename("a", "d"), fs.ErrExist},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v; want %v", c.what, c.err, c.want)
		}
	}
	if _, err := s.Open("d"); !errors.Is(err, ErrDir) {
		t.Errorf("a directory is opened: %v", err)
	}
	if err := s.Rename("d", "f"); err != nil {
		t.Fatal(err)
	}
	if got := names(s); got != "a f/a f/e/a" {
		t.Errorf("there is %s", got)
	}
	if err := errors.Join(s.RemoveAll("f"), s.RemoveAll("a")); err != nil || len(listed(t, s, true)) != 0 || s.Free() != 100 {
		t.Errorf("%v, %d octets are free", err, s.Free())
	}
}
