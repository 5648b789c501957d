package vfstest

import (
	"context"
	"fmt"
	"io/fs"
	"slices"

	"dray/internal/vfs"
)

var nameTests = []test{
	{"the root is a folder", func(t *tree) {
		if i := t.stat("/"); i.Name != "/" || !i.IsDir() || i.Size != 0 {
			t.Fatalf("the root is %+v", i)
		}
	}},
	{"a folder is described", func(t *tree) {
		t.mkdir("/d")
		if i := t.stat("/d"); i.Name != "d" || !i.IsDir() || i.Size != 0 || i.ModTime.IsZero() {
			t.Fatalf("the folder is %+v", i)
		}
	}},
	{"a file is described", func(t *tree) {
		t.put("/f", "hello")
		if i := t.stat("/f"); i.Name != "f" || !i.Mode.IsRegular() || i.Size != 5 || i.ModTime.IsZero() {
			t.Fatalf("the file is %+v", i)
		}
	}},
	{"what is missing is missing to every method", func(t *tree) {
		t.missing("/x")
		t.refused(t.listError(t.Context(), "/x"), fs.ErrNotExist)
		_, err := t.Open(t.Context(), t.path("/x"))
		t.refused(err, fs.ErrNotExist)
		t.refused(t.Remove(t.Context(), t.path("/x")), fs.ErrNotExist)
		t.refused(t.RemoveDir(t.Context(), t.path("/x")), fs.ErrNotExist)
		t.refused(t.rename("/x", "/y", vfs.RenameOptions{}), fs.ErrNotExist)
	}},
	{"below nothing there is nothing", func(t *tree) {
		t.missing("/x/y")
		_, err := t.Create(t.Context(), t.path("/x/y"), vfs.CreateOptions{})
		t.refused(err, fs.ErrNotExist)
		t.refused(t.Mkdir(t.Context(), t.path("/x/y")), fs.ErrNotExist)
		t.lists("/")
	}},
	{"below a file there is no folder", func(t *tree) {
		t.put("/f", "")
		_, err := t.Stat(t.Context(), t.path("/f/y"))
		t.refused(err, vfs.ErrNotDir)
		_, err = t.Create(t.Context(), t.path("/f/y"), vfs.CreateOptions{})
		t.refused(err, vfs.ErrNotDir)
		t.refused(t.Mkdir(t.Context(), t.path("/f/y")), vfs.ErrNotDir)
		t.lists("/", "f")
	}},
	{"names are taken as they are", func(t *tree) {
		names := []string{"%2e%2e", "...", ".profile", " lead", "a b", "größe", "~", "-rf", "*?[x]"}
		for _, name := range names {
			t.put("/"+name, name)
		}
		for _, name := range names {
			t.holds("/"+name, name)
		}
		slices.Sort(names)
		t.lists("/", names...)
	}},
	{"mkdir wants a free name", func(t *tree) {
		t.mkdir("/d")
		t.put("/f", "keep")
		for _, name := range []string{"/", "/d", "/f"} {
			t.refused(t.Mkdir(t.Context(), t.path(name)), fs.ErrExist)
		}
		t.holds("/f", "keep")
	}},
	{"remove removes a file", func(t *tree) {
		t.put("/f", "x")
		t.ok(t.Remove(t.Context(), t.path("/f")))
		t.missing("/f")
		t.lists("/")
	}},
	{"remove refuses a folder", func(t *tree) {
		t.mkdir("/d")
		t.refused(t.Remove(t.Context(), t.path("/d")), vfs.ErrIsDir)
		t.refused(t.Remove(t.Context(), t.path("/")), vfs.ErrIsDir)
		t.lists("/", "d")
	}},
	{"remove dir removes an empty folder", func(t *tree) {
		t.mkdir("/d")
		t.ok(t.RemoveDir(t.Context(), t.path("/d")))
		t.missing("/d")
	}},
	{"remove dir refuses a file, the root and a folder that holds anything", func(t *tree) {
		t.put("/f", "x")
		t.mkdir("/d")
		t.put("/d/f", "x")
		t.refused(t.RemoveDir(t.Context(), t.path("/f")), vfs.ErrNotDir)
		t.refused(t.RemoveDir(t.Context(), t.path("/")), fs.ErrPermission)
		t.refused(t.RemoveDir(t.Context(), t.path("/d")), vfs.ErrNotEmpty)
		t.holds("/d/f", "x")
		t.holds("/f", "x")
	}},
}

var listTests = []test{
	{"an empty folder yields nothing", func(t *tree) {
		t.mkdir("/d")
		t.lists("/d")
	}},
	{"a listing describes as stat does", func(t *tree) {
		t.put("/f", "hello")
		t.mkdir("/d")
		for i, err := range t.List(t.Context(), t.path("/")) {
			t.ok(err)
			if want := t.stat("/" + i.Name); i.Size != want.Size || i.IsDir() != want.IsDir() || !i.ModTime.Equal(want.ModTime) {
				t.Fatalf("listed %+v; stat says %+v", i, want)
			}
		}
		t.lists("/", "d", "f")
	}},
	{"a listing yields every entry once", func(t *tree) {
		var want []string
		for n := range 700 {
			name := fmt.Sprintf("f%03d", n)
			want = append(want, name)
			t.mkdir("/" + name)
		}
		t.lists("/", want...)
	}},
	{"a listing can be left", func(t *tree) {
		t.put("/a", "")
		t.put("/b", "")
		seen := 0
		for range t.List(t.Context(), t.path("/")) {
			seen++
			break
		}
		if seen != 1 {
			t.Fatalf("saw %d entries before the break", seen)
		}
	}},
	{"a listing can be had again", func(t *tree) {
		t.put("/a", "")
		list := t.List(t.Context(), t.path("/"))
		for range 2 {
			seen := 0
			for _, err := range list {
				t.ok(err)
				seen++
			}
			if seen != 1 {
				t.Fatalf("saw %d entries", seen)
			}
		}
	}},
	{"a file is no folder", func(t *tree) {
		t.put("/f", "")
		t.refused(t.listError(t.Context(), "/f"), vfs.ErrNotDir)
	}},
	{"a context that has ended ends the listing", func(t *tree) {
		t.put("/f", "")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		t.refused(t.listError(ctx, "/"), context.Canceled)
	}},
}
