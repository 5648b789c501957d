package memfs_test

import (
	"errors"
	"io"
	"testing"

	"dray/internal/vfs"
	"dray/internal/vfs/memfs"
	"dray/internal/vfs/vfstest"
)

func TestContract(t *testing.T) {
	vfstest.Run(t, func(*testing.T) vfs.FS { return memfs.New() })
}

func TestCapacity(t *testing.T) {
	fs := memfs.New()
	fs.Capacity = 10
	free := func(want int64) {
		t.Helper()
		if got, err := fs.FreeSpace(t.Context(), vfs.Path{}); got != want || err != nil {
			t.Fatalf("%d bytes free, %v; want %d", got, err, want)
		}
	}
	p, err := vfs.ParsePath("/f")
	if err != nil {
		t.Fatal(err)
	}
	put := func(content string) error {
		u, err := fs.Create(t.Context(), p, vfs.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer u.Abort()
		if _, err := io.WriteString(u, content); err != nil {
			return err
		}
		return u.Commit()
	}

	free(10)
	if err := put("012345"); err != nil {
		t.Fatal(err)
	}
	free(4)
	if err := put("01234"); !errors.Is(err, vfs.ErrNoSpace) {
		t.Fatalf("old and new together take 11 bytes, got %v", err)
	}
	free(4)
	if err := put("0123"); err != nil {
		t.Fatal(err)
	}
	free(6)
	u, err := fs.Create(t.Context(), p, vfs.CreateOptions{InPlace: true, Offset: 1})
	if err != nil {
		t.Fatal(err)
	}
	free(9)
	if n, err := io.WriteString(u, "0123456789"); n != 9 || !errors.Is(err, vfs.ErrNoSpace) {
		t.Fatalf("wrote %d bytes into 9, %v", n, err)
	}
	free(0)
	if err := fs.Remove(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	free(10)
	if _, err := io.WriteString(u, "to a file without a name"); err != nil {
		t.Fatal(err)
	}
	free(10)
}
