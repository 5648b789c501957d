// Package vfstest is the suite that every [vfs.FS] passes: each sentence of its contract
// is a subtest. Links, devices and crashes are not in it; they are the host's, and the
// tests of package osfs.
package vfstest

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"testing"

	"dray/internal/vfs"
)

// Suite is the conformance suite for one FS.
type Suite struct {
	// Open returns an empty tree. What has to be undone, it leaves to t.Cleanup.
	Open func(t *testing.T) vfs.FS

	// Is says whether got stands for the reason want. Nil means errors.Is. An FS behind
	// a protocol that tells fewer reasons apart compares what the protocol says.
	Is func(got, want error) bool

	// NoExclusive leaves out what needs CreateOptions.Exclusive or RenameOptions.
	NoExclusive bool

	// NoAttributes leaves out what needs a TimeSetter and a ModeSetter.
	NoAttributes bool

	// NoHandles leaves out that an open file outlives its name and follows its content,
	// and that a write is done when it returns: an FS behind a protocol that moves whole
	// files has no handles.
	NoHandles bool
}

// Run runs the suite with its zero options.
func Run(t *testing.T, open func(t *testing.T) vfs.FS) {
	Suite{Open: open}.Run(t)
}

// Run runs every test of the suite as a subtest of t.
func (s Suite) Run(t *testing.T) {
	if s.Is == nil {
		s.Is = errors.Is
	}
	groups := []struct {
		name  string
		skip  bool
		tests []test
	}{
		{"names", false, nameTests},
		{"listing", false, listTests},
		{"reading", false, readTests},
		{"uploads", false, uploadTests},
		{"in place", false, inPlaceTests},
		{"renames", false, renameTests},
		{"at once", false, concurrencyTests},
		{"exclusive", s.NoExclusive, exclusiveTests},
		{"exclusive at once", s.NoExclusive, exclusiveRaces},
		{"attributes", s.NoAttributes, attributeTests},
		{"handles", s.NoHandles, handleTests},
		{"in any order", s.NoHandles, randomTests},
	}
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) {
			if g.skip {
				t.Skip("cannot be said to this FS")
			}
			for _, test := range g.tests {
				t.Run(test.name, func(t *testing.T) {
					test.run(&tree{T: t, FS: s.Open(t), is: s.Is})
				})
			}
		})
	}
}

// test is one sentence of the contract.
type test struct {
	name string
	run  func(t *tree)
}

// tree is the FS under test with the steps that tests are told in. A step that fails ends
// the test.
type tree struct {
	*testing.T
	vfs.FS
	is func(got, want error) bool
}

func (t *tree) path(name string) vfs.Path {
	t.Helper()
	p, err := vfs.ParsePath(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (t *tree) ok(err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused wants err to be an OpError for the reason.
func (t *tree) refused(err, reason error) {
	t.Helper()
	var op *vfs.OpError
	if !errors.As(err, &op) || !t.is(err, reason) {
		t.Fatalf("got error %v; want an OpError: %v", err, reason)
	}
}

// create begins an upload and writes content into it.
func (t *tree) create(name, content string, o vfs.CreateOptions) vfs.Upload {
	t.Helper()
	u, err := t.Create(t.Context(), t.path(name), o)
	t.ok(err)
	if n, err := io.WriteString(u, content); n != len(content) || err != nil {
		t.Fatalf("wrote %d of %d bytes to %s: %v", n, len(content), name, err)
	}
	return u
}

// put makes the file whole.
func (t *tree) put(name, content string) {
	t.Helper()
	t.ok(t.create(name, content, vfs.CreateOptions{}).Commit())
}

func (t *tree) mkdir(name string) {
	t.Helper()
	t.ok(t.Mkdir(t.Context(), t.path(name)))
}

func (t *tree) rename(from, to string, o vfs.RenameOptions) error {
	t.Helper()
	return t.Rename(t.Context(), t.path(from), t.path(to), o)
}

func (t *tree) stat(name string) vfs.Info {
	t.Helper()
	i, err := t.Stat(t.Context(), t.path(name))
	t.ok(err)
	return i
}

func (t *tree) missing(name string) {
	t.Helper()
	_, err := t.Stat(t.Context(), t.path(name))
	t.refused(err, fs.ErrNotExist)
}

func (t *tree) open(name string) vfs.File {
	t.Helper()
	f, err := t.Open(t.Context(), t.path(name))
	t.ok(err)
	t.Cleanup(func() { f.Close() })
	return f
}

func (t *tree) read(name string) string {
	t.Helper()
	f, err := t.Open(t.Context(), t.path(name))
	t.ok(err)
	b, err := io.ReadAll(f)
	t.ok(errors.Join(err, f.Close()))
	return string(b)
}

// holds wants the file to hold content, and Stat to agree.
func (t *tree) holds(name, content string) {
	t.Helper()
	if got := t.read(name); got != content {
		t.Fatalf("%s holds %.80q; want %.80q", name, got, content)
	}
	if i := t.stat(name); i.Size != int64(len(content)) || !i.Mode.IsRegular() {
		t.Fatalf("%s is %v with %d bytes; want a file with %d", name, i.Mode, i.Size, len(content))
	}
}

// names returns the sorted names in the folder.
func (t *tree) names(dir string) []string {
	t.Helper()
	all := []string{}
	for i, err := range t.List(t.Context(), t.path(dir)) {
		t.ok(err)
		all = append(all, i.Name)
	}
	slices.Sort(all)
	return all
}

// lists wants exactly these names in the folder.
func (t *tree) lists(dir string, names ...string) {
	t.Helper()
	if got := t.names(dir); !slices.Equal(got, append([]string{}, names...)) {
		t.Fatalf("%s holds %q; want %q", dir, got, names)
	}
}

// listError returns the error that ends the listing of dir, which must yield nothing else.
func (t *tree) listError(ctx context.Context, dir string) error {
	t.Helper()
	var last error
	for i, err := range t.List(ctx, t.path(dir)) {
		if err == nil {
			t.Fatalf("%s lists %q", dir, i.Name)
		}
		if last != nil {
			t.Fatalf("%s: two errors, %v and %v", dir, last, err)
		}
		last = err
	}
	return last
}
