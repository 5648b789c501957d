package sftpd

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"dray/internal/event"
	"dray/internal/identity"
	"dray/internal/policy"
	"dray/internal/sftp"
	"dray/internal/tree"
	"dray/internal/vfs"
	"dray/internal/vfs/memfs"
	"dray/internal/vfs/vfstest"
)

// wireClient speaks packets.
type wireClient struct {
	t  *testing.T
	rw io.ReadWriter
	id uint32

	end func() error
}

type channel struct {
	io.Reader
	io.Writer
}

// speak begins a session by hand.
func (h *house) speak(t *testing.T) *wireClient {
	t.Helper()
	return speakOver(t, h.connect())
}

func speakOver(t *testing.T, conn *ssh.Client) *wireClient {
	t.Helper()
	s, err := conn.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	in, err1 := s.StdinPipe()
	out, err2 := s.StdoutPipe()
	if err := errors.Join(err1, err2, s.RequestSubsystem("sftp")); err != nil {
		t.Fatal(err)
	}
	c := &wireClient{t: t, rw: channel{out, in}, end: s.Close}
	c.send([]byte{0, 0, 0, 5, byte(sftp.Init), 0, 0, 0, 3})
	if f := c.receive(); sftp.Type(f.Byte()) != sftp.Ver || f.Uint32() != 3 {
		t.Fatal("no version 3")
	}
	return c
}

func (c *wireClient) send(b []byte) {
	c.t.Helper()
	if _, err := c.rw.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

func (c *wireClient) receive() *sftp.Fields {
	c.t.Helper()
	var head [4]byte
	if _, err := io.ReadFull(c.rw, head[:]); err != nil {
		c.t.Fatal(err)
	}
	b := make([]byte, binary.BigEndian.Uint32(head[:]))
	if _, err := io.ReadFull(c.rw, b); err != nil {
		c.t.Fatal(err)
	}
	return sftp.NewFields(b)
}

// ask sends a request and returns the type of its reply and what follows the ID.
func (c *wireClient) ask(r sftp.Request) (sftp.Type, *sftp.Fields) {
	c.t.Helper()
	c.id++
	r.ID = c.id
	c.send(r.Append(nil))
	f := c.receive()
	kind := sftp.Type(f.Byte())
	if id := f.Uint32(); id != c.id {
		c.t.Fatalf("the reply is to %d; want %d", id, c.id)
	}
	return kind, f
}

// status wants a status, and returns it in words.
func (c *wireClient) status(r sftp.Request) string {
	c.t.Helper()
	kind, f := c.ask(r)
	if kind != sftp.StatusOf {
		return fmt.Sprint("packet ", kind)
	}
	return fmt.Sprint(f.Uint32(), " ", f.String())
}

// open wants a handle.
func (c *wireClient) open(name string, flags sftp.Flags) string {
	c.t.Helper()
	kind, f := c.ask(sftp.Request{Type: sftp.Open, Path: name, Flags: flags})
	if kind != sftp.Handle {
		c.t.Fatalf("OPEN of %s got packet %d: %d %s", name, kind, f.Uint32(), f.String())
	}
	return f.String()
}

const create = sftp.FlagWrite | sftp.FlagCreate | sftp.FlagTruncate

// TestRefusals: what is refused, with its code and its words.
func TestRefusals(t *testing.T) {
	files := memfs.New()
	vfstest.Put(t, files, "/f", "content")
	vfstest.Put(t, files, "/g", "content")
	if err := files.Mkdir(t.Context(), vfstest.Path(t, "/d")); err != nil {
		t.Fatal(err)
	}
	c := open(t, files, nil).speak(t)
	f := c.open("/f", sftp.FlagRead)
	w := c.open("/new", create)
	for _, x := range []struct {
		want string
		r    sftp.Request
	}{
		{"2 no such file", sftp.Request{Type: sftp.Stat, Path: "/x"}},
		{"2 no such file", sftp.Request{Type: sftp.Open, Path: "/x", Flags: sftp.FlagRead}},
		{"2 no such file", sftp.Request{Type: sftp.Open, Path: "/x", Flags: sftp.FlagWrite}},
		{"2 no such file", sftp.Request{Type: sftp.Open, Path: "/x", Flags: sftp.FlagWrite | sftp.FlagTruncate}},
		{"2 no such file", sftp.Request{Type: sftp.Open, Path: "/x", Flags: sftp.FlagWrite | sftp.FlagAppend}},
		{"4 file exists", sftp.Request{Type: sftp.Open, Path: "/f", Flags: create | sftp.FlagExclusive}},
		{"5 invalid parameter", sftp.Request{Type: sftp.Open, Path: "/x", Flags: sftp.FlagRead | sftp.FlagCreate}},
		{"5 invalid parameter", sftp.Request{Type: sftp.Open, Path: "/f", Flags: sftp.FlagRead | sftp.FlagTruncate}},
		{"5 invalid parameter", sftp.Request{Type: sftp.Open, Path: "/f"}},
		{"4 is a directory", sftp.Request{Type: sftp.Open, Path: "/d", Flags: sftp.FlagRead}},
		{"5 name not allowed", sftp.Request{Type: sftp.Open, Path: "/a\x00b", Flags: sftp.FlagRead}},
		{"5 name not allowed", sftp.Request{Type: sftp.Stat, Path: `..\f`}},
		{"4 no such handle", sftp.Request{Type: sftp.Read, Handle: "none", Length: 1}},
		{"4 no such handle", sftp.Request{Type: sftp.Write, Handle: f, Data: []byte("x")}},
		{"4 no such handle", sftp.Request{Type: sftp.ReadDir, Handle: f}},
		{"4 no such handle", sftp.Request{Type: sftp.Close, Handle: ""}},
		{"4 no such handle", sftp.Request{Type: sftp.FStat, Handle: "none"}},
		{"3 permission denied", sftp.Request{Type: sftp.Read, Handle: w, Length: 1}},
		{"1 end of file", sftp.Request{Type: sftp.Read, Handle: f, Offset: 7, Length: 1}},
		{"1 end of file", sftp.Request{Type: sftp.Read, Handle: f, Offset: 1 << 63, Length: 1}},
		{"5 invalid parameter", sftp.Request{Type: sftp.Write, Handle: w, Offset: 1<<63 - 1, Data: []byte("x")}},
		{"2 not a directory", sftp.Request{Type: sftp.OpenDir, Path: "/f"}},
		{"4 file exists", sftp.Request{Type: sftp.Mkdir, Path: "/d"}},
		{"2 not a directory", sftp.Request{Type: sftp.Rmdir, Path: "/f"}},
		{"4 is a directory", sftp.Request{Type: sftp.Remove, Path: "/d"}},
		{"4 file exists", sftp.Request{Type: sftp.Rename, Path: "/f", Target: "/g"}},
		{"5 invalid parameter", sftp.Request{Type: sftp.ReadLink, Path: "/f"}},
		{"8 there are no links here", sftp.Request{Type: sftp.Symlink, Path: "/f", Target: "/l"}},
		{"8 there are no links here", sftp.Request{Type: sftp.Extended, Extension: sftp.ExtHardlink, Path: "/f", Target: "/l"}},
		{"8 not supported", sftp.Request{Type: sftp.Extended, Extension: "x@y"}},
		{"8 not supported", sftp.Request{Type: 21}},
		{"3 permission denied", sftp.Request{Type: sftp.SetStat, Path: "/f", Attrs: sftp.Attrs{Flags: sftp.AttrOwner}}},
		{"3 only one's own folder is told", sftp.Request{Type: sftp.Extended, Extension: sftp.ExtExpandPath, Path: "~bob/x"}},
		{"8 no such digest", sftp.Request{Type: sftp.Extended, Extension: sftp.ExtCheckName, Path: "/f", Algorithms: "rot13"}},
		{"5 invalid parameter", sftp.Request{Type: sftp.Extended, Extension: sftp.ExtCheckName, Path: "/f", Algorithms: "md5", BlockSize: 1}},
		{"5 invalid parameter", sftp.Request{Type: sftp.Extended, Extension: sftp.ExtCopyData, Handle: w, WriteHandle: w}},
		{"4 no such handle", sftp.Request{Type: sftp.Extended, Extension: sftp.ExtCopyData, Handle: f, WriteHandle: f}},
		{"0 ", sftp.Request{Type: sftp.Close, Handle: f}},
		{"4 no such handle", sftp.Request{Type: sftp.Close, Handle: f}},
	} {
		if got := c.status(x.r); got != x.want {
			t.Errorf("%+v: %s; want %s", x.r, got, x.want)
		}
	}
}

// TestExtensions: those that answer with more than a status.
func TestExtensions(t *testing.T) {
	files := memfs.New()
	files.Capacity = 1 << 20
	vfstest.Put(t, files, "/f", strings.Repeat("a", 256)+"tail")
	c := open(t, files, nil).speak(t)
	numbers := func(f *sftp.Fields, n int) (all []uint64) {
		for range n {
			all = append(all, f.Uint64())
		}
		if f.Err != nil || len(f.Rest()) > 0 {
			t.Errorf("%v, %d octets left", f.Err, len(f.Rest()))
		}
		return all
	}
	if _, f := c.ask(sftp.Request{Type: sftp.Extended, Extension: sftp.ExtLimits}); fmt.Sprint(numbers(f, 4)) != "[262144 261120 261120 1024]" {
		t.Error("limits")
	}
	free := uint64(1<<20-260) / 4096
	for _, name := range []string{"/", "/f"} {
		_, f := c.ask(sftp.Request{Type: sftp.Extended, Extension: sftp.ExtStatVFS, Path: name})
		if n := numbers(f, 11); n[0] != 4096 || n[2] != free || n[3] != free || n[4] != free {
			t.Errorf("statvfs of %s: %v", name, n)
		}
	}
	for in, want := range map[string]string{"~": "/", "~/x": "/x", "~amy/y": "/y", "../z": "/z"} {
		kind, f := c.ask(sftp.Request{Type: sftp.Extended, Extension: sftp.ExtExpandPath, Path: in})
		if n, name := f.Uint32(), f.String(); kind != sftp.Name || n != 1 || name != want {
			t.Errorf("%s expands to %s", in, name)
		}
	}
	ids := []byte{0, 0, 0, 1, 0, 0, 0, 2}
	if _, f := c.ask(sftp.Request{Type: sftp.Extended, Extension: sftp.ExtUsersGroups, UIDs: ids, GIDs: ids[:4]}); len(f.Bytes()) != 8 || len(f.Bytes()) != 4 {
		t.Error("users and groups: not as many names as numbers")
	}
	a, b := sha256.Sum256([]byte(strings.Repeat("a", 256))), sha256.Sum256([]byte("tail"))
	whole := sha256.Sum256([]byte(strings.Repeat("a", 256) + "tail"))
	h := c.open("/f", sftp.FlagRead)
	for _, x := range []struct {
		r    sftp.Request
		want []byte
	}{
		{sftp.Request{Extension: sftp.ExtCheckName, Path: "/f"}, whole[:]},
		{sftp.Request{Extension: sftp.ExtCheckHandle, Handle: h, BlockSize: 256}, append(a[:], b[:]...)},
		{sftp.Request{Extension: sftp.ExtCheckFile, Handle: h, Offset: 256}, b[:]},
		{sftp.Request{Extension: sftp.ExtCheckFile, Handle: h, Length: 256, BlockSize: 256}, a[:]},
	} {
		x.r.Type, x.r.Algorithms = sftp.Extended, "rot13,sha256"
		if _, f := c.ask(x.r); f.String() != "check-file" || f.String() != "sha256" || !bytes.Equal(f.Rest(), x.want) {
			t.Errorf("%+v", x.r)
		}
	}
}

// knowing is a store that knows a digest of everything. It is no real one.
type knowing struct{ vfs.FS }

func (knowing) Digest(_ context.Context, p vfs.Path, algorithm string) ([]byte, error) {
	return []byte("known " + algorithm), nil
}

// TestDigestsThatAreKnown are told without reading, if they are of the whole file, and of
// that which is open.
func TestDigestsThatAreKnown(t *testing.T) {
	files := memfs.New()
	vfstest.Put(t, files, "/f", "content")
	c := open(t, knowing{files}, nil).speak(t)
	h := c.open("/f", sftp.FlagRead)
	ask := func(r sftp.Request) string {
		r.Type, r.Algorithms = sftp.Extended, "sha256"
		_, f := c.ask(r)
		_, _ = f.String(), f.String() // check-file, and the algorithm
		return string(f.Rest())
	}
	name := sftp.Request{Extension: sftp.ExtCheckName, Path: "/f"}
	handle := sftp.Request{Extension: sftp.ExtCheckHandle, Handle: h}
	part := sftp.Request{Extension: sftp.ExtCheckHandle, Handle: h, Offset: 1}
	for about, x := range map[string]struct {
		r     sftp.Request
		known bool
	}{"by name": {name, true}, "by handle": {handle, true}, "of a part": {part, false}} {
		if got := ask(x.r); (got == "known sha256") != x.known {
			t.Errorf("%s: %q", about, got)
		}
	}
	vfstest.Put(t, files, "/f", "another")
	if got := ask(handle); got == "known sha256" {
		t.Error("what is open is told to be what has its name now")
	}
}

// TestCopyData copies within the server, to the end or a part.
func TestCopyData(t *testing.T) {
	files := memfs.New()
	vfstest.Put(t, files, "/f", "0123456789")
	c := open(t, files, nil).speak(t)
	from, to := c.open("/f", sftp.FlagRead), c.open("/g", create)
	for _, r := range []sftp.Request{
		{Handle: from, Offset: 8, WriteHandle: to},
		{Handle: from, Offset: 0, Length: 3, WriteHandle: to, WriteOffset: 2},
	} {
		r.Type, r.Extension = sftp.Extended, sftp.ExtCopyData
		if got := c.status(r); got != "0 " {
			t.Error(got)
		}
	}
	if got := c.status(sftp.Request{Type: sftp.Close, Handle: to}); got != "0 " || content(t, files, "/g") != "89012" {
		t.Errorf("%s, %q", got, content(t, files, "/g"))
	}
}

// TestAnUploadIsSeenByWhoMakesIt: clients look at what they have just opened; all others
// see it when it is closed. What a connection that breaks leaves is never seen.
func TestAnUploadIsSeenByWhoMakesIt(t *testing.T) {
	files := memfs.New()
	h := open(t, files, nil)
	mine, other := h.client(), h.client()
	f, err := mine.Create("/f")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("x"), 9); err != nil {
		t.Fatal(err)
	}
	if err := mine.Chmod("/f", 0o600); err != nil {
		t.Error(err)
	}
	if i, err := mine.Stat("/f"); err != nil || i.Size() != 10 || i.Mode() != 0o600 {
		t.Errorf("%v, %v", i, err)
	}
	if _, err := other.Stat("/f"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("another sees it: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if i, err := other.Stat("/f"); err != nil || i.Size() != 10 || i.Mode() != 0o600 {
		t.Errorf("%v, %v", i, err)
	}
	if _, err := mine.Create("/g"); err != nil {
		t.Fatal(err)
	}
	mine.Close()
	<-h.told.cut
	if _, err := other.Stat("/g"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was cut off is there: %v", err)
	}
}

// TestANameThatIsRemovedWhileItIsUploaded is gone, and stays so when the handle is closed:
// rclone gives up like this.
func TestANameThatIsRemovedWhileItIsUploaded(t *testing.T) {
	files := memfs.New()
	vfstest.Put(t, files, "/old", "old")
	if err := files.Mkdir(t.Context(), vfstest.Path(t, "/d")); err != nil {
		t.Fatal(err)
	}
	c := open(t, files, nil).speak(t)
	for _, name := range []string{"/d/new", "/old"} {
		w := c.open(name, create)
		for _, x := range []struct {
			want string
			r    sftp.Request
		}{
			{"0 ", sftp.Request{Type: sftp.Write, Handle: w, Data: []byte("half")}},
			{"0 ", sftp.Request{Type: sftp.Remove, Path: name}},
			{"2 no such file", sftp.Request{Type: sftp.Stat, Path: name}},
			{"4 failure", sftp.Request{Type: sftp.Write, Handle: w, Data: []byte("more")}},
			{"0 ", sftp.Request{Type: sftp.Close, Handle: w}},
			{"2 no such file", sftp.Request{Type: sftp.Stat, Path: name}},
		} {
			if got := c.status(x.r); got != x.want {
				t.Errorf("%s: %s; want %s", name, got, x.want)
			}
		}
	}
	if got := c.status(sftp.Request{Type: sftp.Rmdir, Path: "/d"}); got != "0 " {
		t.Error(got)
	}
}

// TestAWriteThatFailsSpoilsTheUpload: it does not take its name, whatever came after.
func TestAWriteThatFailsSpoilsTheUpload(t *testing.T) {
	files := memfs.New()
	vfstest.Put(t, files, "/f", "old")
	files.Capacity = 10
	c := open(t, files, nil).speak(t)
	w := c.open("/f", create)
	for _, x := range []struct {
		want string
		r    sftp.Request
	}{
		{"4 no space left", sftp.Request{Type: sftp.Write, Handle: w, Data: make([]byte, 20)}},
		{"0 ", sftp.Request{Type: sftp.Write, Handle: w, Data: []byte("x")}},
		{"4 no space left", sftp.Request{Type: sftp.Close, Handle: w}},
	} {
		if got := c.status(x.r); got != x.want {
			t.Errorf("%s; want %s", got, x.want)
		}
	}
	if got := content(t, files, "/f"); got != "old" {
		t.Errorf("the file holds %q", got)
	}
}

// TestRights: each operation with only one right missing. What needs a right fails
// without it and changes nothing; all others work.
func TestRights(t *testing.T) {
	all := []policy.Op{
		policy.Stat, policy.List, policy.Read, policy.Create, policy.Overwrite,
		policy.Delete, policy.Rename, policy.Mkdir, policy.SetStat,
	}
	var rules policy.Rights // the server is asked one thing at a time
	files := memfs.New()
	conn := open(t, files, func(s *Server) { s.Trees = &tree.Trees{Files: files, Rules: asNow{policy.ReadWrite, &rules}} }).connect()
	for _, x := range rights() {
		for _, missing := range all {
			for _, name := range []string{"/old", "/other", "/new"} {
				_ = files.Remove(t.Context(), vfstest.Path(t, name)) // if it is there
			}
			_ = files.RemoveDir(t.Context(), vfstest.Path(t, "/new"))
			_ = files.Mkdir(t.Context(), vfstest.Path(t, "/empty"))
			vfstest.Put(t, files, "/old", "old")
			vfstest.Put(t, files, "/other", "other")
			rules = policy.ReadWrite.Without(missing)
			err := x.do(t, conn)
			if needs := slices.Contains(x.needs, missing); (err != nil) != needs {
				t.Errorf("%s without %v: %v", x.name, missing, err)
			}
		}
	}
}

// asNow decides by what the rights are at the moment.
type asNow struct {
	policy.Grant
	rights *policy.Rights
}

func (a asNow) For(identity.Subject) policy.Grant { return a }
func (a asNow) At(p vfs.Path) policy.Rights       { return *a.rights }

// right is something a client does, and the rights that it takes.
type right struct {
	name  string
	needs []policy.Op
	do    func(t *testing.T, conn *ssh.Client) error
}

// asks is a right that takes one request.
func asks(name string, r sftp.Request, needs ...policy.Op) right {
	return right{name, needs, func(t *testing.T, conn *ssh.Client) error {
		c := speakOver(t, conn)
		defer c.end()
		kind, f := c.ask(r)
		switch code := f.Uint32(); {
		case kind == sftp.StatusOf && code != 0:
			return fmt.Errorf("%d %s", code, f.String())
		case kind == sftp.Handle: // an upload counts when it is closed
			if got := c.status(sftp.Request{Type: sftp.Close, Handle: string([]byte{0, 0, 0, 1})}); got != "0 " {
				return errors.New(got)
			}
		}
		return nil
	}}
}

// runs is a right that takes a command.
func runs(name, command, input string, needs ...policy.Op) right {
	return right{name, needs, func(_ *testing.T, conn *ssh.Client) error {
		s, err := conn.NewSession()
		if err != nil {
			return err
		}
		s.Stdin = strings.NewReader(input)
		return s.Run(command)
	}}
}

func rights() []right {
	mode := sftp.Attrs{Flags: sftp.AttrMode, Mode: 0o600}
	times := sftp.Attrs{Flags: sftp.AttrTimes}
	size := sftp.Attrs{Flags: sftp.AttrSize, Size: 1}
	ext := func(name string, r sftp.Request) sftp.Request {
		r.Type, r.Extension = sftp.Extended, name
		return r
	}
	return []right{
		asks("STAT", sftp.Request{Type: sftp.Stat, Path: "/old"}, policy.Stat),
		asks("LSTAT", sftp.Request{Type: sftp.LStat, Path: "/old"}, policy.Stat),
		asks("statvfs", ext(sftp.ExtStatVFS, sftp.Request{Path: "/"}), policy.Stat),
		asks("OPENDIR", sftp.Request{Type: sftp.OpenDir, Path: "/empty"}, policy.List),
		asks("OPEN to read", sftp.Request{Type: sftp.Open, Path: "/old", Flags: sftp.FlagRead}, policy.Read),
		asks("check-file", ext(sftp.ExtCheckName, sftp.Request{Path: "/old", Algorithms: "md5"}), policy.Read),
		asks("OPEN of what is new", sftp.Request{Type: sftp.Open, Path: "/new", Flags: create}, policy.Create),
		asks("OPEN of what may not be there", sftp.Request{Type: sftp.Open, Path: "/new", Flags: create | sftp.FlagExclusive}, policy.Create),
		asks("OPEN to append to what is new", sftp.Request{Type: sftp.Open, Path: "/new", Flags: create&^sftp.FlagTruncate | sftp.FlagAppend}, policy.Create),
		asks("OPEN to replace", sftp.Request{Type: sftp.Open, Path: "/old", Flags: create}, policy.Overwrite),
		asks("OPEN to change", sftp.Request{Type: sftp.Open, Path: "/old", Flags: sftp.FlagWrite}, policy.Overwrite, policy.Stat),
		asks("OPEN to append", sftp.Request{Type: sftp.Open, Path: "/old", Flags: sftp.FlagWrite | sftp.FlagAppend | sftp.FlagCreate}, policy.Overwrite),
		asks("OPEN to read and change", sftp.Request{Type: sftp.Open, Path: "/old", Flags: sftp.FlagRead | sftp.FlagWrite},
			policy.Overwrite, policy.Read, policy.Stat),
		asks("SETSTAT of the size", sftp.Request{Type: sftp.SetStat, Path: "/old", Attrs: size}, policy.Overwrite, policy.Stat),
		asks("SETSTAT of the mode", sftp.Request{Type: sftp.SetStat, Path: "/old", Attrs: mode}, policy.SetStat),
		asks("SETSTAT of the times", sftp.Request{Type: sftp.SetStat, Path: "/old", Attrs: times}, policy.SetStat),
		asks("lsetstat of the mode", ext(sftp.ExtLSetStat, sftp.Request{Path: "/old", Attrs: mode}), policy.SetStat),
		asks("REMOVE", sftp.Request{Type: sftp.Remove, Path: "/old"}, policy.Delete),
		asks("RMDIR", sftp.Request{Type: sftp.Rmdir, Path: "/empty"}, policy.Delete),
		asks("MKDIR", sftp.Request{Type: sftp.Mkdir, Path: "/new"}, policy.Mkdir),
		asks("RENAME", sftp.Request{Type: sftp.Rename, Path: "/old", Target: "/new"}, policy.Rename, policy.Create),
		asks("posix-rename onto a file", ext(sftp.ExtPosixRename, sftp.Request{Path: "/old", Target: "/other"}), policy.Rename, policy.Overwrite),
		asks("REALPATH", sftp.Request{Type: sftp.RealPath, Path: "/old"}),
		runs("scp of a file", "scp -f /old", "\x00\x00\x00", policy.Stat, policy.Read),
		runs("scp of a folder", "scp -rf /empty", "\x00\x00\x00", policy.Stat, policy.List),
		runs("scp to what is new", "scp -t /new", "C0644 1 x\nx\x00", policy.Create),
		runs("scp onto a file", "scp -t /old", "C0644 1 x\nx\x00", policy.Overwrite),
		runs("scp of a new folder", "scp -rt /new", "D0755 0 x\nE\n", policy.Mkdir),
		runs("scp with times", "scp -pt /old", "T1 0 1 0\nC0600 1 x\nx\x00", policy.Overwrite, policy.SetStat),
	}
}

// TestLenientAttributes: who may write is told yes, and nothing is changed.
func TestLenientAttributes(t *testing.T) {
	files := memfs.New()
	vfstest.Put(t, files, "/f", "content")
	before, _ := files.Stat(t.Context(), vfstest.Path(t, "/f"))
	c := open(t, files, func(s *Server) {
		s.LenientAttributes = true
		s.Trees = &tree.Trees{Files: files, Rules: policy.ReadWrite.Without(policy.SetStat)}
	}).speak(t)
	attrs := sftp.Attrs{Flags: sftp.AttrMode | sftp.AttrTimes | sftp.AttrOwner, Mode: 0o600}
	if got := c.status(sftp.Request{Type: sftp.SetStat, Path: "/f", Attrs: attrs}); got != "0 " {
		t.Error(got)
	}
	if after, err := files.Stat(t.Context(), vfstest.Path(t, "/f")); err != nil || after != before {
		t.Errorf("%+v became %+v, %v", before, after, err)
	}
}

// TestLenientAttributesReload: who connects later is served as the new settings have it, by
// the older scp too.
func TestLenientAttributesReload(t *testing.T) {
	h := open(t, memfs.New(), func(s *Server) {
		s.Trees = &tree.Trees{Files: memfs.New(), Rules: policy.ReadWrite.Without(policy.SetStat)}
	})
	terms := h.Terms
	for _, lenient := range []bool{false, true, false} {
		terms.LenientAttributes = lenient
		h.Reload(terms)
		for _, c := range []right{
			runs("a file", "scp -pt /f", "T1 0 1 0\nC0600 1 x\nx\x00"),
			runs("a folder", "scp -prt /d", "T1 0 1 0\nD0700 0 x\nT1 0 1 0\nC0600 1 x\nx\x00E\n"),
		} {
			if err := c.do(t, h.connect()); (err == nil) != lenient {
				t.Errorf("%s, lenient %v: %v", c.name, lenient, err)
			}
		}
	}
}

// TestNonsense ends the session, and the server lives on.
func TestNonsense(t *testing.T) {
	h := open(t, memfs.New(), nil)
	for _, b := range [][]byte{
		{0xff, 0xff, 0xff, 0xff, 5}, {0, 0, 0, 0}, {0, 0, 0, 4, 1, 2, 3, 4}, {0, 4, 0, 1, 5},
	} {
		c := h.speak(t)
		c.send(b)
		if n, err := c.rw.Read(make([]byte, 1)); n > 0 || err != io.EOF {
			t.Errorf("% x: %d octets, %v", b, n, err)
		}
	}
	if _, err := h.client().Getwd(); err != nil {
		t.Error(err)
	}
	c := h.speak(t)
	if got := c.status(sftp.Request{Type: sftp.Extended, Extension: strings.Repeat("x", sftp.MaxPacket/2)}); got != "8 not supported" {
		t.Error(got)
	}
}

// TestHandlesAreCounted: so many and no more, and a closed one makes room.
func TestHandlesAreCounted(t *testing.T) {
	files := memfs.New()
	vfstest.Put(t, files, "/f", "")
	c := open(t, files, nil).speak(t)
	var last string
	for range maxHandles {
		last = c.open("/f", sftp.FlagRead)
	}
	want := "4 too many open files"
	if got := c.status(sftp.Request{Type: sftp.Open, Path: "/f", Flags: sftp.FlagRead}); got != want {
		t.Error(got)
	}
	if got := c.status(sftp.Request{Type: sftp.OpenDir, Path: "/"}); got != want {
		t.Error(got)
	}
	if got := c.status(sftp.Request{Type: sftp.Close, Handle: last}); got != "0 " {
		t.Error(got)
	}
	c.open("/f", sftp.FlagRead)
}

// TestEvents: what a session does is told, with who and how much.
func TestEvents(t *testing.T) {
	files := memfs.New()
	vfstest.Put(t, files, "/f", "content")
	h := open(t, files, nil)
	conn := h.connect()
	c := speakOver(t, conn)
	f, w := c.open("/f", sftp.FlagRead), c.open("/new", create)
	c.ask(sftp.Request{Type: sftp.Read, Handle: f, Length: 4})
	c.ask(sftp.Request{Type: sftp.Write, Handle: w, Data: []byte("abc")})
	for _, r := range []sftp.Request{
		{Type: sftp.Close, Handle: f}, {Type: sftp.Close, Handle: w},
		{Type: sftp.Rename, Path: "new", Target: "/g"}, {Type: sftp.Remove, Path: "/x"},
	} {
		c.ask(r)
	}
	login := h.told.await(t, func(e event.Event) bool { return e.Kind() == event.KindLogin }, 0)
	who := login.Whose()
	if who.Protocol != "sftp" || who.User != "amy" || who.ID == "" || !who.Remote.IsValid() {
		t.Errorf("who: %+v", who)
	}
	nobody := who
	nobody.User = ""
	for _, want := range []event.Event{
		event.Begin{Session: nobody},
		event.Login{Session: who, Detail: "by password"},
		event.Transfer{Session: who, Op: event.Read, Path: "/f", Bytes: 4},
		event.Transfer{Session: who, Op: event.Write, Path: "/new", Bytes: 3},
		event.Change{Session: who, Op: event.Rename, Path: "new", To: "/g"},
	} {
		h.told.await(t, func(e event.Event) bool {
			if t, ok := e.(event.Transfer); ok {
				t.Duration = 0
				e = t
			}
			return e == want
		}, 0)
	}
	h.told.await(t, func(e event.Event) bool {
		c, ok := e.(event.Change)
		return ok && c.Op == event.Delete && c.Path == "/x" && c.Err != nil
	}, 0)
	conn.Close()
	h.told.await(t, func(e event.Event) bool {
		end, ok := e.(event.End)
		return ok && end.Session == who && end.Duration > 0
	}, 0)
}

// TestLongListings come in pieces that every client takes.
func TestLongListings(t *testing.T) {
	files := memfs.New()
	const many = 1000
	for n := range many {
		vfstest.Put(t, files, fmt.Sprintf("/%s%d", strings.Repeat("n", 200), n), "")
	}
	c := open(t, files, nil).speak(t)
	_, f := c.ask(sftp.Request{Type: sftp.OpenDir, Path: "/"})
	dir, seen := f.String(), uint32(0)
	for {
		kind, f := c.ask(sftp.Request{Type: sftp.ReadDir, Handle: dir})
		if kind == sftp.StatusOf {
			break
		}
		if size := len(f.Rest()); size > 64<<10 {
			t.Errorf("a reply of %d octets", size)
		}
		n := f.Uint32()
		if n > maxNames {
			t.Errorf("%d names at once", n)
		}
		seen += n
	}
	if seen != many {
		t.Errorf("%d names; want %d", seen, many)
	}
}

// content reads a file.
func content(t *testing.T, files vfs.FS, name string) string {
	t.Helper()
	f, err := files.Open(t.Context(), vfstest.Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
