package vfstest

import (
	"errors"
	"io"
	"testing"

	"dray/internal/vfs"
)

// Path is a path that is none to doubt.
func Path(t testing.TB, name string) vfs.Path {
	t.Helper()
	p, err := vfs.ParsePath(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Put makes a file, or replaces it.
func Put(t testing.TB, fsys vfs.FS, name, content string) {
	t.Helper()
	u, err := fsys.Create(t.Context(), Path(t, name), vfs.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(u, content)
	if err := errors.Join(err, u.Commit()); err != nil {
		t.Fatal(err)
	}
}

// Read is what a file holds.
func Read(t testing.TB, fsys vfs.FS, name string) string {
	t.Helper()
	f, err := fsys.Open(t.Context(), Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return string(b)
}
