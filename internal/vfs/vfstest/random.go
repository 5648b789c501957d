package vfstest

import (
	"io"
	"io/fs"

	"dray/internal/vfs"
)

// random begins an upload that is written in any order.
func (t *tree) random(name string, o vfs.CreateOptions) vfs.RandomUpload {
	t.Helper()
	u, err := t.Create(t.Context(), t.path(name), o)
	t.ok(err)
	r, ok := u.(vfs.RandomUpload)
	if !ok {
		t.Fatalf("a %T is no RandomUpload", u)
	}
	return r
}

// writeAt writes all of content at the offset.
func (t *tree) writeAt(u vfs.RandomUpload, content string, off int64) {
	t.Helper()
	if n, err := u.WriteAt([]byte(content), off); n != len(content) || err != nil {
		t.Fatalf("wrote %d of %d bytes at %d: %v", n, len(content), off, err)
	}
}

// sized wants the upload to be of this size.
func (t *tree) sized(u vfs.RandomUpload, size int64) {
	t.Helper()
	if got, err := u.Size(); got != size || err != nil {
		t.Fatalf("the upload has %d bytes, %v; want %d", got, err, size)
	}
}

var randomTests = []test{
	{"an upload is written in any order, and seen at commit", func(t *tree) {
		u := t.random("/f", vfs.CreateOptions{})
		t.writeAt(u, "6789", 6)
		t.writeAt(u, "012", 0)
		t.sized(u, 10)
		t.missing("/f")
		t.ok(u.Commit())
		t.holds("/f", "012\x00\x00\x006789")
	}},
	{"a write goes on where the last one ended", func(t *tree) {
		u := t.random("/f", vfs.CreateOptions{})
		_, err := io.WriteString(u, "ab")
		t.ok(err)
		t.writeAt(u, "yz", 4)
		_, err = io.WriteString(u, "cd")
		t.ok(err)
		t.ok(u.Commit())
		t.holds("/f", "abcdyz")
	}},
	{"an upload is cut off and lengthened", func(t *tree) {
		u := t.random("/f", vfs.CreateOptions{})
		t.writeAt(u, "012345", 0)
		t.ok(u.Truncate(3))
		t.sized(u, 3)
		t.ok(u.Truncate(5))
		t.ok(u.Sync())
		t.ok(u.Commit())
		t.holds("/f", "012\x00\x00")
	}},
	{"a change in place that keeps cuts nothing off", func(t *tree) {
		t.put("/f", "0123456789")
		u := t.random("/f", vfs.CreateOptions{InPlace: true, Keep: true})
		t.holds("/f", "0123456789")
		t.writeAt(u, "ab", 4)
		t.holds("/f", "0123ab6789")
		t.writeAt(u, "z", 11)
		t.ok(u.Commit())
		t.holds("/f", "0123ab6789\x00z")
	}},
	{"a change in place that keeps makes a missing file", func(t *tree) {
		u := t.random("/f", vfs.CreateOptions{InPlace: true, Keep: true})
		t.writeAt(u, "ab", 0)
		t.ok(u.Commit())
		t.holds("/f", "ab")
	}},
	{"what appends does so at any offset", func(t *tree) {
		t.put("/f", "0123")
		u := t.random("/f", vfs.CreateOptions{InPlace: true, Offset: vfs.OffsetEnd})
		t.writeAt(u, "ab", 0)
		t.writeAt(u, "cd", 100)
		t.sized(u, 8)
		t.ok(u.Commit())
		t.holds("/f", "0123abcd")
	}},
	{"an upload that is readable is read", func(t *tree) {
		t.put("/g", "0123")
		for _, c := range []struct {
			name, want string
			o          vfs.CreateOptions
		}{
			{"/f", "xy", vfs.CreateOptions{Readable: true}},
			{"/g", "xy23", vfs.CreateOptions{Readable: true, InPlace: true, Keep: true}},
		} {
			u := t.random(c.name, c.o)
			t.writeAt(u, "xy", 0)
			b := make([]byte, 9)
			if n, err := u.ReadAt(b, 0); string(b[:n]) != c.want || err != io.EOF {
				t.Fatalf("%s: read %q, %v; want %q", c.name, b[:n], err, c.want)
			}
			if n, err := u.ReadAt(b, 100); n != 0 || err != io.EOF {
				t.Fatalf("%s: read %d bytes beyond the end, %v", c.name, n, err)
			}
			t.ok(u.Abort())
		}
	}},
	{"an upload that is not readable is not", func(t *tree) {
		u := t.random("/f", vfs.CreateOptions{})
		t.writeAt(u, "xy", 0)
		_, err := u.ReadAt(make([]byte, 1), 0)
		t.refused(err, fs.ErrPermission)
		t.ok(u.Abort())
	}},
	{"an upload that has ended is neither written nor read", func(t *tree) {
		for _, o := range []vfs.CreateOptions{{Readable: true}, {Readable: true, InPlace: true, Keep: true}} {
			u := t.random("/f", o)
			t.ok(u.Commit())
			_, err := u.WriteAt([]byte("late"), 0)
			t.refused(err, fs.ErrClosed)
			_, err = u.ReadAt(make([]byte, 1), 0)
			t.refused(err, fs.ErrClosed)
			t.refused(u.Truncate(0), fs.ErrClosed)
			t.refused(u.Sync(), fs.ErrClosed)
			_, err = u.Size()
			t.refused(err, fs.ErrClosed)
		}
	}},
}
