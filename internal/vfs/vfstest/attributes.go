package vfstest

import (
	"io/fs"
	"time"

	"dray/internal/vfs"
)

func (t *tree) setTime(name string, modified time.Time) error {
	t.Helper()
	return t.FS.(vfs.TimeSetter).SetTimes(t.Context(), t.path(name), time.Time{}, modified)
}

func (t *tree) setMode(name string, mode fs.FileMode) error {
	t.Helper()
	return t.FS.(vfs.ModeSetter).SetMode(t.Context(), t.path(name), mode)
}

// has wants these permissions and no other bits of mode at name.
func (t *tree) has(name string, perm fs.FileMode) {
	t.Helper()
	if i := t.stat(name); i.Mode&^fs.ModeDir != perm {
		t.Fatalf("%s has mode %v; want %v", name, i.Mode, perm)
	}
}

var attributeTests = []test{
	{"the time of a file and of a folder can be set", func(t *tree) {
		t.put("/f", "content")
		t.mkdir("/d")
		then := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
		for _, name := range []string{"/f", "/d"} {
			t.ok(t.setTime(name, then))
			if i := t.stat(name); !i.ModTime.Equal(then) || i.ModTime.Location() != time.UTC {
				t.Fatalf("%s is of %v; want %v", name, i.ModTime, then)
			}
		}
		t.holds("/f", "content")
	}},
	{"a zero time leaves the time as it is", func(t *tree) {
		t.put("/f", "")
		before := t.stat("/f").ModTime
		t.ok(t.setTime("/f", time.Time{}))
		if after := t.stat("/f").ModTime; !after.Equal(before) {
			t.Fatalf("the time became %v; it was %v", after, before)
		}
	}},
	{"what is written after is new again", func(t *tree) {
		t.put("/f", "")
		then := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
		t.ok(t.setTime("/f", then))
		t.put("/f", "")
		if i := t.stat("/f"); !i.ModTime.After(then) {
			t.Fatalf("the file is of %v", i.ModTime)
		}
	}},
	{"the permissions of a file and of a folder can be set", func(t *tree) {
		t.put("/f", "")
		t.mkdir("/d")
		for _, name := range []string{"/f", "/d"} {
			for _, perm := range []fs.FileMode{0o600, 0o751} {
				t.ok(t.setMode(name, perm))
				t.has(name, perm)
			}
		}
	}},
	{"no mode makes a file setuid, setgid or sticky", func(t *tree) {
		t.put("/f", "")
		t.ok(t.setMode("/f", 0o755|fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky))
		t.has("/f", 0o755)
	}},
	{"a file that is written anew keeps its permissions", func(t *tree) {
		t.put("/f", "old")
		t.ok(t.setMode("/f", 0o640))
		t.put("/f", "new")
		t.has("/f", 0o640)
		t.ok(t.create("/f", "!", vfs.CreateOptions{InPlace: true, Offset: vfs.OffsetEnd}).Commit())
		t.has("/f", 0o640)
	}},
	{"what is missing has no attributes to set", func(t *tree) {
		t.refused(t.setTime("/x", time.Unix(1, 0)), fs.ErrNotExist)
		t.refused(t.setMode("/x", 0o600), fs.ErrNotExist)
		t.lists("/")
	}},
	{"below a file there is nothing to set", func(t *tree) {
		t.put("/f", "")
		t.refused(t.setTime("/f/y", time.Unix(1, 0)), vfs.ErrNotDir)
		t.refused(t.setMode("/f/y", 0o600), vfs.ErrNotDir)
	}},
	{"the root keeps its attributes", func(t *tree) {
		before := t.stat("/")
		t.refused(t.setTime("/", time.Unix(1, 0)), fs.ErrPermission)
		t.refused(t.setMode("/", 0o700), fs.ErrPermission)
		if after := t.stat("/"); !after.ModTime.Equal(before.ModTime) || after.Mode != before.Mode {
			t.Fatalf("the root became %+v; it was %+v", after, before)
		}
	}},
}
