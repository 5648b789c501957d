package interop

import (
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// file is content to transfer: the same random bytes in every run.
type file struct {
	name string
	size int64
	sum  [sha256.Size]byte
	dir  string
}

// files holds nothing, one byte, the edges of TFTP's blocks, and what takes a while. It is
// filled once, before the tests start.
var files []file

var sizes = []int64{0, 1, 512, 1024, 65_536, 64 << 20}

// makeFiles writes files of every size into dir.
func makeFiles(dir string) error {
	random := rand.NewChaCha8([32]byte([]byte("the same bytes in every test run")))
	for _, size := range sizes {
		f := file{name: fmt.Sprintf("%d.bin", size), size: size, dir: dir}
		out, err := os.Create(f.path())
		if err != nil {
			return err
		}
		sum := sha256.New()
		if _, err := io.CopyN(io.MultiWriter(out, sum), random, size); err != nil {
			return err
		}
		if err := out.Close(); err != nil {
			return err
		}
		f.sum = [sha256.Size]byte(sum.Sum(nil))
		files = append(files, f)
	}
	return nil
}

func (f file) path() string { return filepath.Join(f.dir, f.name) }

// linkInto makes the file appear in dir.
func (f file) linkInto(t *testing.T, dir string) {
	t.Helper()
	if err := os.Link(f.path(), filepath.Join(dir, f.name)); err != nil {
		t.Fatal(err)
	}
}

// compare fails unless the file at path has the same content, and removes it.
func (f file) compare(t *testing.T, path string) {
	t.Helper()
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	sum := sha256.New()
	size, err := io.Copy(sum, in)
	if err != nil {
		t.Fatal(err)
	}
	if size != f.size || [sha256.Size]byte(sum.Sum(nil)) != f.sum {
		t.Errorf("%s: %d bytes, sha256 %x; want %d bytes, %x", path, size, sum.Sum(nil), f.size, f.sum)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// folder returns a new folder that servers can read which drop to another user.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "interop-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
