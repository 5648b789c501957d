package tftpd_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"dray/internal/event"
	"dray/internal/identity"
	"dray/internal/policy"
	"dray/internal/tftpd"
	"dray/internal/tree"
	"dray/internal/vfs"
	"dray/internal/vfs/memfs"
	"dray/internal/vfs/vfstest"
	"dray/tftp"
)

// layout is what the tests are about.
func layout(t *testing.T) *memfs.FS {
	t.Helper()
	files := memfs.New()
	for _, dir := range []string{"/sub", "/.git"} {
		ok(t, files.Mkdir(t.Context(), vfstest.Path(t, dir)))
	}
	for _, name := range []string{"/f", "/sub/in.txt", "/.profile", "/.git/config", `/odd\name`} {
		u, err := files.Create(t.Context(), vfstest.Path(t, name), vfs.CreateOptions{})
		ok(t, err)
		_, err = io.WriteString(u, name)
		ok(t, errors.Join(err, u.Commit()))
	}
	return files
}

func TestRead(t *testing.T) {
	h := &tftpd.Handler{Trees: &tree.Trees{Files: layout(t), Rules: policy.ReadOnly}}
	for _, c := range []struct{ name, want string }{
		{"f", "/f"},
		{"/f", "/f"},
		{"//sub//in.txt", "/sub/in.txt"},
		{"sub/../f", "/f"},
		{`sub\in.txt`, "/sub/in.txt"},
		{`\sub\in.txt`, "/sub/in.txt"},
		{`\\f`, "/f"},
	} {
		rd, size, err := h.ReadFile(t.Context(), &tftp.Request{Name: c.name})
		if err != nil {
			t.Errorf("%q: %v", c.name, err)
			continue
		}
		if _, ok := rd.(io.ReaderAt); !ok {
			t.Errorf("%q: %T is no io.ReaderAt", c.name, rd)
		}
		b, err := io.ReadAll(rd)
		if ok(t, errors.Join(err, rd.Close())); string(b) != c.want || size != int64(len(c.want)) {
			t.Errorf("%q holds %q, size %d; want %q", c.name, b, size, c.want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	h := &tftpd.Handler{Trees: &tree.Trees{Files: layout(t), Rules: policy.ReadOnly}}
	for _, c := range []struct {
		name   string
		reason error
	}{
		{"missing", fs.ErrNotExist},
		{"../secret", fs.ErrNotExist},
		{"%2e%2e/f", fs.ErrNotExist},
		{"f/below", fs.ErrNotExist},
		{`C:\f`, fs.ErrNotExist},
		{"tftp://host/f", fs.ErrNotExist},
		{".profile", fs.ErrNotExist},
		{".git/config", fs.ErrNotExist},
		{`.git\config`, fs.ErrNotExist},
		{"..", fs.ErrPermission},
		{".", fs.ErrPermission},
		{"", fs.ErrPermission},
		{"sub", fs.ErrPermission},
		{`..\f`, fs.ErrPermission},
		{`sub\..\..\f`, fs.ErrPermission},
		{"f\x1b[2J", fs.ErrPermission},
	} {
		rd, _, err := h.ReadFile(t.Context(), &tftp.Request{Name: c.name})
		if rd != nil || !errors.Is(err, c.reason) {
			t.Errorf("%q: %v; want %v", c.name, err, c.reason)
		}
	}
}

func TestDotFilesCanBeServed(t *testing.T) {
	h := &tftpd.Handler{Trees: &tree.Trees{Files: layout(t), Rules: policy.ReadWrite}, DotFiles: true}
	for _, name := range []string{".profile", ".git/config"} {
		rd, _, err := h.ReadFile(t.Context(), &tftp.Request{Name: name})
		ok(t, err)
		ok(t, rd.Close())
		u, err := h.WriteFile(t.Context(), &tftp.Request{Name: name, Write: true})
		ok(t, err)
		ok(t, u.Abort())
	}
}

func TestWrite(t *testing.T) {
	for _, c := range []struct {
		name   string
		rights policy.Rights
		reason error
	}{
		{"new", policy.ReadWrite, nil},
		{"f", policy.ReadWrite, nil},
		{"sub/new", policy.ReadWrite, nil},
		{"new", policy.ReadWrite.Without(policy.Overwrite), nil},
		{"f", policy.ReadWrite.Without(policy.Overwrite), fs.ErrExist},
		{"new", policy.ReadWrite.Without(policy.Create), fs.ErrNotExist},
		{"f", policy.ReadWrite.Without(policy.Create), nil},
		{"new", policy.ReadOnly, fs.ErrPermission},
		{"f", policy.ReadOnly, fs.ErrPermission},
		{"missing/new", policy.ReadWrite, fs.ErrNotExist},
		{"f/new", policy.ReadWrite, fs.ErrNotExist},
		{"sub", policy.ReadWrite, fs.ErrPermission},
		{"", policy.ReadWrite, fs.ErrPermission},
		{".profile", policy.ReadWrite, fs.ErrPermission},
		{".new", policy.ReadWrite, fs.ErrPermission},
		{".git/new", policy.ReadWrite, fs.ErrPermission},
		{`..\new`, policy.ReadWrite, fs.ErrPermission},
	} {
		files := layout(t)
		h := &tftpd.Handler{Trees: &tree.Trees{Files: files, Rules: c.rights}}
		u, err := h.WriteFile(t.Context(), &tftp.Request{Name: c.name, Write: true})
		if !errors.Is(err, c.reason) || (err == nil) != (c.reason == nil) {
			t.Errorf("%q with %b: %v; want %v", c.name, c.rights, err, c.reason)
		}
		if err != nil {
			continue
		}
		_, err = io.WriteString(u, "uploaded")
		ok(t, errors.Join(err, u.Commit()))
		i, err := files.Stat(t.Context(), vfstest.Path(t, c.name))
		if err != nil || i.Size != 8 {
			t.Errorf("%q: %+v, %v", c.name, i, err)
		}
	}
}

// TestWriteKeepsBackslashes: only for reads do they stand for slashes, so that an upload
// makes the very name that was asked for.
func TestWriteKeepsBackslashes(t *testing.T) {
	files := layout(t)
	h := &tftpd.Handler{Trees: &tree.Trees{Files: files, Rules: policy.ReadWrite}}
	u, err := h.WriteFile(t.Context(), &tftp.Request{Name: `sub\new`, Write: true})
	ok(t, err)
	ok(t, u.Commit())
	if _, err := files.Stat(t.Context(), vfstest.Path(t, `/sub\new`)); err != nil {
		t.Error(err)
	}
}

// TestOneUploadToAName: the second is refused while the first is under way, whatever
// that comes to.
func TestOneUploadToAName(t *testing.T) {
	h := &tftpd.Handler{Trees: &tree.Trees{Files: layout(t), Rules: policy.ReadWrite}}
	write := func(name string) (tftp.Upload, error) {
		return h.WriteFile(t.Context(), &tftp.Request{Name: name, Write: true})
	}
	for _, end := range []func(tftp.Upload) error{tftp.Upload.Commit, tftp.Upload.Abort} {
		u, err := write("new")
		ok(t, err)
		var busy *tftp.Error
		if _, err := write("/sub/../new"); !errors.As(err, &busy) || busy.Code != tftp.CodeUndefined {
			t.Errorf("a name that is being written: %v", err)
		}
		other, err := write("other")
		ok(t, err)
		ok(t, other.Abort())
		ok(t, end(u))
	}
	if _, err := write("missing/new"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := write("missing/new"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a refused upload blocks its name: %v", err)
	}
}

func TestFullStore(t *testing.T) {
	files := layout(t)
	h := &tftpd.Handler{Trees: &tree.Trees{Files: files, Rules: policy.ReadWrite}}
	files.Capacity = 1
	u, err := h.WriteFile(t.Context(), &tftp.Request{Name: "f", Write: true})
	ok(t, err)
	if _, err := io.WriteString(u, "does not fit"); !errors.Is(err, tftp.ErrNoSpace) {
		t.Errorf("a full store is %v", err)
	}
	ok(t, u.Abort())
	if i, err := files.Stat(t.Context(), vfstest.Path(t, "/f")); err != nil || i.Size != 2 {
		t.Errorf("the old file is %+v, %v", i, err)
	}
}

// broken is an FS that fails for one reason.
type broken struct {
	vfs.FS
	reason error
}

func (b broken) Open(context.Context, vfs.Path) (vfs.File, error) {
	return nil, &vfs.OpError{Op: "open", Path: "/f", Err: b.reason}
}

// TestErrors: every reason of a store has its code, or none.
func TestErrors(t *testing.T) {
	other := errors.New("input/output error")
	for _, c := range []struct{ reason, want error }{
		{fs.ErrNotExist, fs.ErrNotExist},
		{vfs.ErrNotDir, fs.ErrNotExist},
		{fs.ErrPermission, fs.ErrPermission},
		{vfs.ErrIsDir, fs.ErrPermission},
		{vfs.ErrNotRegular, fs.ErrPermission},
		{vfs.ErrBadName, fs.ErrPermission},
		{fs.ErrExist, fs.ErrExist},
		{vfs.ErrNoSpace, tftp.ErrNoSpace},
		{vfs.ErrQuota, tftp.ErrNoSpace},
		{other, other},
	} {
		h := &tftpd.Handler{Trees: &tree.Trees{Files: broken{memfs.New(), c.reason}, Rules: policy.ReadOnly}}
		_, _, err := h.ReadFile(t.Context(), &tftp.Request{Name: "f"})
		if !errors.Is(err, c.want) || !errors.Is(err, c.reason) || err.Error() != `open "/f": `+c.reason.Error() {
			t.Errorf("%v became %v", c.reason, err)
		}
	}
}

// anybody is a Decider that wants to be asked about guests.
type anybody struct{ t *testing.T }

func (a anybody) For(s identity.Subject) policy.Grant {
	if !reflect.DeepEqual(s, identity.Subject{Name: "anonymous", Anonymous: true, Protocol: "tftp", Remote: netip.MustParseAddr("192.0.2.1")}) {
		a.t.Errorf("asked about %+v", s)
	}
	return policy.ReadWrite
}

func TestEveryPeerIsAGuest(t *testing.T) {
	h := &tftpd.Handler{Trees: &tree.Trees{Files: layout(t), Rules: anybody{t}}}
	rd, _, err := h.ReadFile(t.Context(), &tftp.Request{Name: "f", Remote: netip.MustParseAddrPort("[::ffff:192.0.2.1]:2070")})
	ok(t, err)
	ok(t, rd.Close())
}

func TestAHandlerWithoutATreeServesNobody(t *testing.T) {
	h := new(tftpd.Handler)
	_, _, read := h.ReadFile(t.Context(), &tftp.Request{Name: "f"})
	_, write := h.WriteFile(t.Context(), &tftp.Request{Name: "f", Write: true})
	if read == nil || write == nil {
		t.Errorf("served: %v, %v", read, write)
	}
}

// sink keeps the last event.
type sink struct{ last event.Transfer }

func (s *sink) Emit(e event.Event) { s.last = e.(event.Transfer) }

func TestEvents(t *testing.T) {
	remote := netip.MustParseAddrPort("192.0.2.7:2070")
	failed := errors.New("the peer went silent")
	for _, c := range []struct {
		r    tftp.Request
		t    tftp.Transfer
		want event.Transfer
	}{
		{
			tftp.Request{Name: "ios.bin", Remote: remote},
			tftp.Transfer{Bytes: 1 << 20, Duration: time.Second, Negotiated: tftp.Options{BlockSize: 1428}},
			event.Transfer{Op: event.Read, Path: "/ios.bin", Bytes: 1 << 20, Duration: time.Second, Detail: "octet, blksize=1428"},
		},
		{
			tftp.Request{Name: "config", Write: true, Mode: tftp.NetASCII, Remote: remote},
			tftp.Transfer{Bytes: 7, Resent: 2, Note: "final ACK missing", Err: failed},
			event.Transfer{Op: event.Write, Path: "/config", Bytes: 7, Text: true, Resent: 2, Detail: "netascii, 2 packets resent, final ACK missing", Err: failed},
		},
	} {
		var s sink
		c.want.Session = event.Session{Protocol: "tftp", Remote: remote, User: "anonymous"}
		(&tftpd.Handler{Events: &s}).Transferred(&c.r, c.t)
		if s.last != c.want {
			t.Errorf("got %+v; want %+v", s.last, c.want)
		}
		(&tftpd.Handler{}).Transferred(&c.r, c.t) // nobody listens
	}
}

// TestTheWholePathIsInTheLog: what a peer sends is told as sent, not as understood.
func TestTheWholePathIsInTheLog(t *testing.T) {
	var s sink
	(&tftpd.Handler{Events: &s}).Transferred(&tftp.Request{Name: `..\..\etc`}, tftp.Transfer{})
	if !strings.Contains(s.last.Path, `..\..\etc`) {
		t.Errorf("told %q", s.last.Path)
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
