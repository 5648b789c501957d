package vfstest

import (
	"io"
	"io/fs"

	"dray/internal/vfs"
)

var uploadTests = []test{
	{"nothing is seen before commit", func(t *tree) {
		u := t.create("/f", "new", vfs.CreateOptions{})
		t.missing("/f")
		t.lists("/")
		t.ok(u.Commit())
		t.holds("/f", "new")
		t.lists("/", "f")
	}},
	{"an empty upload makes an empty file", func(t *tree) {
		t.put("/f", "")
		t.holds("/f", "")
	}},
	{"the old file stays whole until commit", func(t *tree) {
		t.put("/f", "old content")
		u := t.create("/f", "new", vfs.CreateOptions{})
		t.holds("/f", "old content")
		t.lists("/", "f")
		t.ok(u.Commit())
		t.holds("/f", "new")
		t.lists("/", "f")
	}},
	{"abort leaves nothing", func(t *tree) {
		t.mkdir("/d")
		t.ok(t.create("/d/f", "new", vfs.CreateOptions{}).Abort())
		t.missing("/d/f")
		t.lists("/d")
		t.ok(t.RemoveDir(t.Context(), t.path("/d")))
	}},
	{"abort keeps the old file", func(t *tree) {
		t.put("/f", "old")
		t.ok(t.create("/f", "new", vfs.CreateOptions{}).Abort())
		t.holds("/f", "old")
		t.lists("/", "f")
	}},
	{"abort after commit does nothing", func(t *tree) {
		u := t.create("/f", "new", vfs.CreateOptions{})
		t.ok(u.Commit())
		t.ok(u.Abort())
		t.holds("/f", "new")
	}},
	{"an upload ends once", func(t *tree) {
		for _, o := range []vfs.CreateOptions{{}, {InPlace: true}} {
			committed := t.create("/f", "new", o)
			t.ok(committed.Commit())
			aborted := t.create("/f", "new", o)
			t.ok(aborted.Abort())
			for _, u := range []vfs.Upload{committed, aborted} {
				t.refused(u.Commit(), fs.ErrClosed)
				t.ok(u.Abort())
				_, err := u.Write([]byte("late"))
				t.refused(err, fs.ErrClosed)
			}
			t.holds("/f", "new")
		}
	}},
	{"a folder is not written to", func(t *tree) {
		t.mkdir("/d")
		for _, name := range []string{"/", "/d"} {
			for _, o := range []vfs.CreateOptions{{}, {InPlace: true}, {InPlace: true, Offset: vfs.OffsetEnd}} {
				_, err := t.Create(t.Context(), t.path(name), o)
				t.refused(err, vfs.ErrIsDir)
			}
		}
	}},
	{"the later commit wins", func(t *tree) {
		first := t.create("/f", "first", vfs.CreateOptions{})
		second := t.create("/f", "second", vfs.CreateOptions{})
		t.ok(second.Commit())
		t.holds("/f", "second")
		t.ok(first.Commit())
		t.holds("/f", "first")
		t.lists("/", "f")
	}},
	{"commit does not replace a folder", func(t *tree) {
		u := t.create("/f", "new", vfs.CreateOptions{})
		t.mkdir("/f")
		t.refused(u.Commit(), fs.ErrExist)
		t.lists("/", "f")
		t.lists("/f")
	}},
	{"a commit that fails leaves nothing", func(t *tree) {
		t.mkdir("/d")
		u := t.create("/d/f", "new", vfs.CreateOptions{})
		t.mkdir("/d/f")
		t.refused(u.Commit(), fs.ErrExist)
		t.ok(t.RemoveDir(t.Context(), t.path("/d/f")))
		t.ok(t.RemoveDir(t.Context(), t.path("/d")))
	}},
	{"a folder with an upload under way is not empty", func(t *tree) {
		t.mkdir("/d")
		u := t.create("/d/f", "new", vfs.CreateOptions{})
		t.refused(t.RemoveDir(t.Context(), t.path("/d")), vfs.ErrNotEmpty)
		t.ok(u.Commit())
		t.holds("/d/f", "new")
	}},
	{"an upload follows its folder", func(t *tree) {
		t.mkdir("/d")
		u := t.create("/d/f", "new", vfs.CreateOptions{})
		t.ok(t.rename("/d", "/e", vfs.RenameOptions{}))
		t.ok(u.Commit())
		t.holds("/e/f", "new")
		t.lists("/e", "f")
	}},
}

var inPlaceTests = []test{
	{"a change from an offset on cuts off what was behind it", func(t *tree) {
		t.put("/f", "0123456789")
		t.ok(t.create("/f", "ab", vfs.CreateOptions{InPlace: true, Offset: 4}).Commit())
		t.holds("/f", "0123ab")
	}},
	{"the end is an offset too", func(t *tree) {
		t.put("/f", "0123")
		t.ok(t.create("/f", "ab", vfs.CreateOptions{InPlace: true, Offset: 4}).Commit())
		t.holds("/f", "0123ab")
	}},
	{"beyond the end is refused and changes nothing", func(t *tree) {
		t.put("/f", "0123")
		for _, name := range []string{"/f", "/missing"} {
			_, err := t.Create(t.Context(), t.path(name), vfs.CreateOptions{InPlace: true, Offset: 5})
			t.refused(err, vfs.ErrOffset)
		}
		t.holds("/f", "0123")
		t.lists("/", "f")
	}},
	{"offset end appends", func(t *tree) {
		t.put("/f", "0123")
		t.ok(t.create("/f", "ab", vfs.CreateOptions{InPlace: true, Offset: vfs.OffsetEnd}).Commit())
		t.holds("/f", "0123ab")
	}},
	{"a missing file is made", func(t *tree) {
		t.ok(t.create("/f", "0123", vfs.CreateOptions{InPlace: true}).Commit())
		t.ok(t.create("/g", "ab", vfs.CreateOptions{InPlace: true, Offset: vfs.OffsetEnd}).Commit())
		t.holds("/f", "0123")
		t.holds("/g", "ab")
	}},
}

var renameTests = []test{
	{"a file moves", func(t *tree) {
		t.mkdir("/d")
		t.put("/f", "content")
		t.ok(t.rename("/f", "/d/g", vfs.RenameOptions{}))
		t.missing("/f")
		t.holds("/d/g", "content")
	}},
	{"a folder moves with all it holds", func(t *tree) {
		t.mkdir("/d")
		t.put("/d/f", "content")
		t.ok(t.rename("/d", "/e", vfs.RenameOptions{}))
		t.missing("/d")
		t.holds("/e/f", "content")
	}},
	{"a file takes the place of a file", func(t *tree) {
		t.put("/f", "new")
		t.put("/g", "old")
		t.ok(t.rename("/f", "/g", vfs.RenameOptions{}))
		t.holds("/g", "new")
		t.lists("/", "g")
	}},
	{"a folder is not replaced, and replaces nothing", func(t *tree) {
		t.mkdir("/d")
		t.mkdir("/e")
		t.put("/f", "content")
		for _, c := range [][2]string{{"/f", "/d"}, {"/e", "/d"}, {"/d", "/f"}, {"/f", "/"}} {
			t.refused(t.rename(c[0], c[1], vfs.RenameOptions{}), fs.ErrExist)
		}
		t.lists("/", "d", "e", "f")
		t.holds("/f", "content")
	}},
	{"a folder does not move into itself", func(t *tree) {
		t.mkdir("/d")
		t.refused(t.rename("/d", "/d/e", vfs.RenameOptions{}), vfs.ErrBadName)
		t.lists("/d")
	}},
	{"the root does not move", func(t *tree) {
		t.refused(t.rename("/", "/d", vfs.RenameOptions{}), fs.ErrPermission)
	}},
	{"onto itself there is nothing to do", func(t *tree) {
		t.put("/f", "content")
		t.ok(t.rename("/f", "/f", vfs.RenameOptions{}))
		t.holds("/f", "content")
	}},
	{"the target's folder must be there", func(t *tree) {
		t.put("/f", "content")
		t.put("/g", "")
		t.refused(t.rename("/f", "/x/f", vfs.RenameOptions{}), fs.ErrNotExist)
		t.refused(t.rename("/f", "/g/f", vfs.RenameOptions{}), vfs.ErrNotDir)
		t.holds("/f", "content")
	}},
}

var exclusiveTests = []test{
	{"an exclusive upload wants a free name at create", func(t *tree) {
		t.put("/f", "old")
		for _, o := range []vfs.CreateOptions{{Exclusive: true}, {Exclusive: true, InPlace: true}} {
			_, err := t.Create(t.Context(), t.path("/f"), o)
			t.refused(err, fs.ErrExist)
		}
		t.holds("/f", "old")
		t.lists("/", "f")
	}},
	{"an exclusive upload has no offset but 0", func(t *tree) {
		o := vfs.CreateOptions{Exclusive: true, InPlace: true, Offset: 1}
		_, err := t.Create(t.Context(), t.path("/f"), o)
		t.refused(err, vfs.ErrOffset)
		t.lists("/")
		t.put("/f", "old")
		_, err = t.Create(t.Context(), t.path("/f"), o)
		t.refused(err, fs.ErrExist)
		t.holds("/f", "old")
	}},
	{"an exclusive upload wants a free name at commit", func(t *tree) {
		u := t.create("/f", "second", vfs.CreateOptions{Exclusive: true})
		t.put("/f", "first")
		t.refused(u.Commit(), fs.ErrExist)
		t.holds("/f", "first")
		t.lists("/", "f")
	}},
	{"an exclusive upload takes a free name", func(t *tree) {
		t.ok(t.create("/f", "f", vfs.CreateOptions{Exclusive: true}).Commit())
		t.ok(t.create("/g", "g", vfs.CreateOptions{Exclusive: true, InPlace: true}).Commit())
		t.holds("/f", "f")
		t.holds("/g", "g")
		t.lists("/", "f", "g")
	}},
	{"an exclusive rename wants a free name", func(t *tree) {
		t.put("/f", "new")
		t.put("/g", "old")
		t.mkdir("/d")
		for _, to := range []string{"/f", "/g", "/d"} {
			t.refused(t.rename("/f", to, vfs.RenameOptions{Exclusive: true}), fs.ErrExist)
		}
		t.holds("/f", "new")
		t.holds("/g", "old")
	}},
	{"an exclusive rename takes a free name", func(t *tree) {
		t.put("/f", "new")
		t.mkdir("/d")
		t.ok(t.rename("/f", "/g", vfs.RenameOptions{Exclusive: true}))
		t.ok(t.rename("/d", "/e", vfs.RenameOptions{Exclusive: true}))
		t.holds("/g", "new")
		t.lists("/", "e", "g")
	}},
}

var readTests = []test{
	{"a folder is not read", func(t *tree) {
		t.mkdir("/d")
		for _, name := range []string{"/", "/d"} {
			_, err := t.Open(t.Context(), t.path(name))
			t.refused(err, vfs.ErrIsDir)
		}
	}},
	{"a file is read from where one wants", func(t *tree) {
		t.put("/f", "0123456789")
		f := t.open("/f")
		b := make([]byte, 4)
		if n, err := f.ReadAt(b, 3); n != 4 || err != nil || string(b) != "3456" {
			t.Fatalf("ReadAt gave %d, %v, %q", n, err, b)
		}
		if n, err := f.ReadAt(b, 8); n != 2 || err != io.EOF {
			t.Fatalf("ReadAt at the end gave %d, %v", n, err)
		}
		if n, err := f.Seek(-2, io.SeekEnd); n != 8 || err != nil {
			t.Fatalf("Seek gave %d, %v", n, err)
		}
		rest, err := io.ReadAll(f)
		if t.ok(err); string(rest) != "89" {
			t.Fatalf("read %q after Seek", rest)
		}
	}},
	{"an open file describes itself", func(t *tree) {
		t.put("/f", "hello")
		i, err := t.open("/f").Info()
		if t.ok(err); i.Name != "f" || i.Size != 5 || !i.Mode.IsRegular() {
			t.Fatalf("the file says %+v", i)
		}
	}},
}

var handleTests = []test{
	{"an open file outlives its name", func(t *tree) {
		t.put("/f", "old")
		f := t.open("/f")
		t.put("/f", "newer")
		t.ok(t.Remove(t.Context(), t.path("/f")))
		b, err := io.ReadAll(f)
		if t.ok(err); string(b) != "old" {
			t.Fatalf("read %q", b)
		}
		if i, err := f.Info(); err != nil || i.Size != 3 {
			t.Fatalf("the file says %+v, %v", i, err)
		}
	}},
	{"a change in place can be seen at once", func(t *tree) {
		t.put("/f", "0123")
		u := t.create("/f", "ab", vfs.CreateOptions{InPlace: true, Offset: vfs.OffsetEnd})
		t.holds("/f", "0123ab")
		t.ok(u.Commit())
	}},
	{"abort keeps what was written", func(t *tree) {
		t.put("/f", "0123")
		t.ok(t.create("/f", "ab", vfs.CreateOptions{InPlace: true, Offset: vfs.OffsetEnd}).Abort())
		t.holds("/f", "0123ab")
	}},
	{"unique tells files apart and follows them", func(t *tree) {
		t.put("/f", "")
		t.put("/g", "")
		unique := t.stat("/f").Unique
		if unique == "" {
			t.Skip("unknown to this FS")
		}
		if t.stat("/g").Unique == unique {
			t.Fatal("two files are one")
		}
		t.ok(t.rename("/f", "/h", vfs.RenameOptions{}))
		if t.stat("/h").Unique != unique {
			t.Fatal("a rename made another file of it")
		}
	}},
	{"a closed file is closed", func(t *tree) {
		t.put("/f", "0123")
		f := t.open("/f")
		t.ok(f.Close())
		_, err := f.Read(make([]byte, 1))
		t.refused(err, fs.ErrClosed)
		_, err = f.Info()
		t.refused(err, fs.ErrClosed)
		t.refused(f.Close(), fs.ErrClosed)
	}},
}
