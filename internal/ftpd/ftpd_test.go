package ftpd_test

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"dray/ftp"
	"dray/ftp/ftpclient"
	"dray/ftp/ftpserver"
	"dray/internal/event"
	"dray/internal/ftpd"
	"dray/internal/identity"
	"dray/internal/identity/password"
	"dray/internal/policy"
	"dray/internal/policy/guard"
	"dray/internal/tree"
	"dray/internal/vfs"
	"dray/internal/vfs/memfs"
	"dray/internal/vfs/osfs"
	"dray/internal/vfs/vfstest"
)

// TestContractThroughFTP runs the suite of every FS against our client, our server, this
// package and a tree, one after the other.
func TestContractThroughFTP(t *testing.T) {
	for name, fresh := range map[string]func(*testing.T) vfs.FS{
		"memory": func(*testing.T) vfs.FS { return memfs.New() },
		"host":   func(t *testing.T) vfs.FS { return folder(t) },
	} {
		t.Run(name, func(t *testing.T) {
			vfstest.Suite{
				Open: func(t *testing.T) vfs.FS {
					return newRemote(t, serve(t, &ftpd.Backend{Trees: &tree.Trees{Files: fresh(t), Rules: policy.ReadWrite}, Users: identity.Guests{}}))
				},
				Is:          replied,
				NoExclusive: true,
				NoHandles:   true,
			}.Run(t)
		})
	}
}

// folder is an empty folder of the host.
func folder(t *testing.T) *osfs.FS {
	t.Helper()
	files, err := osfs.Open(t.TempDir())
	ok(t, err)
	files.NoSync = true // for speed
	t.Cleanup(func() { files.Close() })
	return files
}

// replied reports whether err is the reply that stands for a reason.
func replied(err, reason error) bool {
	var e *ftp.Error
	if !errors.As(err, &e) {
		return errors.Is(err, reason) // said without asking the server
	}
	switch reason {
	case vfs.ErrBadName:
		return e.Reply.Code == ftp.CodeBadName
	case vfs.ErrNotDir:
		return e.Reply.Code == ftp.CodeNotDir || e.Command == "MLSD" && e.Reply.Code == ftp.CodeBadArgument
	case fs.ErrNotExist, fs.ErrExist, fs.ErrPermission, vfs.ErrIsDir, vfs.ErrNotEmpty, vfs.ErrOffset:
		return e.Reply.Code == ftp.CodeNotFound
	}
	return false
}

// recorder is a Sink that keeps everything.
type recorder struct {
	mu     sync.Mutex
	events []event.Event
	ended  chan struct{} // unless nil, takes a value for each session that has ended
}

func (r *recorder) Emit(e event.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
	if e.Kind() == event.KindEnd && r.ended != nil {
		r.ended <- struct{}{}
	}
}

// lines tells the events without what differs from run to run.
func (r *recorder) lines() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, e := range r.events {
		who := e.Whose()
		words := []string{who.Protocol, who.ID, string(e.Kind()), who.User}
		for _, f := range event.Fields(e) {
			switch f.Key {
			case "op", "path", "to":
				words = append(words, f.Value.String())
			}
		}
		if e.Failure() != nil {
			words = append(words, "failed")
		}
		all = append(all, strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " "))
	}
	return all
}

func TestEvents(t *testing.T) {
	events := recorder{ended: make(chan struct{}, 1)}
	address := serve(t, &ftpd.Backend{
		Trees:  &tree.Trees{Files: memfs.New(), Rules: policy.ReadWrite.Without(policy.Delete)},
		Users:  users(),
		Events: &events,
	})
	ctx := t.Context()
	c, err := new(ftpclient.Dialer).Dial(ctx, address)
	ok(t, err)
	defer c.Close()
	if err := c.Login(ctx, "ann", "wrong"); err == nil {
		t.Error("logged in with a wrong password")
	}
	ok(t, c.Login(ctx, "ann", "secret"))
	_, err = c.Store(ctx, "/f", 0, strings.NewReader("content"))
	ok(t, err)
	_, err = c.Append(ctx, "/f", strings.NewReader("!"))
	ok(t, err)
	_, err = c.Retrieve(ctx, "/f", 0, io.Discard)
	ok(t, err)
	_, err = c.Cmd(ctx, "XMD5", "/f")
	ok(t, err)
	if _, err := c.Retrieve(ctx, "/missing", 0, io.Discard); err == nil {
		t.Error("got a file that is not there")
	}
	for _, verb := range []string{"SIZE", "MDTM", "MLST", "CWD", "RNFR", "STAT"} {
		if _, err := c.Cmd(ctx, verb, "/missing"); err == nil {
			t.Errorf("%s of a file that is not there", verb)
		}
	}
	for _, err := range c.List(ctx, "/") {
		ok(t, err)
	}
	ok(t, c.MakeDir(ctx, "/d"))
	ok(t, c.Rename(ctx, "/f", "/d/g"))
	ok(t, c.SetModTime(ctx, "/d/g", time.Unix(1e9, 0)))
	_, err = c.Cmd(ctx, "SITE", "CHMOD 600 /d/g")
	ok(t, err)
	if err := c.Remove(ctx, "/d/g"); err == nil {
		t.Error("removed without the right to")
	}
	if err := c.RemoveDir(ctx, "/d"); err == nil {
		t.Error("removed without the right to")
	}
	ok(t, c.Quit(ctx))
	<-events.ended

	want := []string{
		"ftp ftp1 begin",
		"ftp ftp1 login ann failed",
		"ftp ftp1 login ann",
		"ftp ftp1 transfer ann write /f",
		"ftp ftp1 transfer ann append /f",
		"ftp ftp1 transfer ann read /f",
		"ftp ftp1 transfer ann hash /f",
		"ftp ftp1 transfer ann read /missing failed",
		"ftp ftp1 lookup ann stat /missing failed",
		"ftp ftp1 lookup ann stat /missing failed",
		"ftp ftp1 lookup ann stat /missing failed",
		"ftp ftp1 lookup ann stat /missing failed",
		"ftp ftp1 lookup ann stat /missing failed",
		"ftp ftp1 lookup ann stat /missing failed",
		"ftp ftp1 transfer ann list /",
		"ftp ftp1 change ann mkdir /d",
		"ftp ftp1 change ann rename /f /d/g",
		"ftp ftp1 change ann settimes /d/g",
		"ftp ftp1 change ann setmode /d/g",
		"ftp ftp1 change ann delete /d/g failed",
		"ftp ftp1 change ann rmdir /d failed",
		"ftp ftp1 end ann",
	}
	if got := events.lines(); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, e := range events.events {
		x, ok := e.(event.Transfer)
		if !e.Whose().Remote.Addr().IsLoopback() || ok && (x.Duration <= 0 || x.Err == nil && x.Op != event.List && x.Bytes == 0) {
			t.Errorf("event %+v", e)
		}
	}
}

// TestReadOnly: without the rights, every change is refused with 550 and changes nothing.
func TestReadOnly(t *testing.T) {
	files := memfs.New()
	vfstest.Put(t, files, "/f", "content")
	ok(t, files.Mkdir(t.Context(), vfstest.Path(t, "/d")))
	address := serve(t, &ftpd.Backend{Trees: &tree.Trees{Files: files, Rules: policy.ReadOnly}, Users: identity.Guests{}})
	ctx := t.Context()
	c, err := new(ftpclient.Dialer).Dial(ctx, address)
	ok(t, err)
	defer c.Close()
	ok(t, c.Login(ctx, "ftp", "someone@"))
	_, store := c.Store(ctx, "/f", 0, strings.NewReader("x"))
	_, create := c.Store(ctx, "/new", 0, strings.NewReader("x"))
	_, resume := c.Store(ctx, "/f", 3, strings.NewReader("x"))
	_, appended := c.Append(ctx, "/f", strings.NewReader("x"))
	_, chmod := c.Cmd(ctx, "SITE", "CHMOD 600 /f")
	_, utime := c.Cmd(ctx, "SITE", "UTIME 200001020304 /f")
	_, mff := c.Cmd(ctx, "MFF", "Modify=20000102030405; /f")
	_, mdtm := c.Cmd(ctx, "MDTM", "20000102030405 /f")
	for name, err := range map[string]error{
		"MFMT": c.SetModTime(ctx, "/f", time.Unix(1e9, 0)), "MFF": mff, "MDTM": mdtm, "SITE CHMOD": chmod, "SITE UTIME": utime,
		"STOR": store, "STOR of a new file": create, "REST and STOR": resume, "APPE": appended,
		"DELE": c.Remove(ctx, "/f"), "RMD": c.RemoveDir(ctx, "/d"), "MKD": c.MakeDir(ctx, "/e"), "RNTO": c.Rename(ctx, "/f", "/g"),
	} {
		var e *ftp.Error
		if !errors.As(err, &e) || e.Reply.Code != ftp.CodeForbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
	var names []string
	for e, err := range c.List(ctx, "/") {
		ok(t, err)
		names = append(names, e.Name+" "+e.Perm)
	}
	if want := []string{"d el", "f r"}; !slices.Equal(names, want) {
		t.Errorf("listed %q; want %q", names, want)
	}
	var content strings.Builder
	if _, err := c.Retrieve(ctx, "/f", 0, &content); err != nil || content.String() != "content" {
		t.Errorf("the file holds %q, %v", &content, err)
	}
}

// TestDigestTakesTheRightToRead: who may not fetch a file cannot guess at its content.
func TestDigestTakesTheRightToRead(t *testing.T) {
	files := memfs.New()
	vfstest.Put(t, files, "/f", "content")
	address := serve(t, &ftpd.Backend{Trees: &tree.Trees{Files: files, Rules: policy.ReadWrite.Without(policy.Read)}, Users: identity.Guests{}})
	ctx := t.Context()
	c, err := new(ftpclient.Dialer).Dial(ctx, address)
	ok(t, err)
	defer c.Close()
	ok(t, c.Login(ctx, "ftp", "someone@"))
	for _, verb := range []string{"HASH", "MD5", "XCRC", "XMD5", "XSHA1", "XSHA256", "XSHA512"} {
		_, err := c.Cmd(ctx, verb, "/f")
		var e *ftp.Error
		if !errors.As(err, &e) || e.Reply.Code != ftp.CodeForbidden {
			t.Errorf("%s: %v", verb, err)
		}
	}
}

// TestLenientAttributes: who may write but not set attributes is told that they are set,
// and they are not; who may not write is refused.
func TestLenientAttributes(t *testing.T) {
	for _, c := range []struct {
		rights  policy.Rights
		lenient bool
		want    error
		event   string
	}{
		{policy.ReadWrite.Without(policy.SetStat), true, nil, ""},
		{policy.ReadWrite.Without(policy.SetStat, policy.Create), true, nil, ""},
		{policy.ReadWrite.Without(policy.SetStat), false, fs.ErrPermission, " failed"},
		{policy.ReadOnly, true, fs.ErrPermission, " failed"},
	} {
		var events recorder
		files := memfs.New()
		vfstest.Put(t, files, "/f", "content")
		before, err := files.Stat(t.Context(), vfstest.Path(t, "/f"))
		ok(t, err)
		fsys := session(t, &ftpd.Backend{Trees: &tree.Trees{Files: files, Rules: c.rights}, Users: identity.Guests{}, Events: &events, LenientAttributes: c.lenient})
		times := fsys.(ftpserver.TimeSetter).SetTimes(t.Context(), "/f", time.Time{}, time.Unix(1e9, 0))
		mode := fsys.(ftpserver.ModeSetter).SetMode(t.Context(), "/f", 0o600)
		if !errors.Is(times, c.want) || !errors.Is(mode, c.want) {
			t.Errorf("with %b, lenient %v: %v and %v; want %v", c.rights, c.lenient, times, mode, c.want)
		}
		if after, err := files.Stat(t.Context(), vfstest.Path(t, "/f")); err != nil || after != before {
			t.Errorf("the file became %+v, %v; it was %+v", after, err, before)
		}
		want := []string{"ftp ftp1 begin", "ftp ftp1 login anonymous", "ftp ftp1 change anonymous settimes /f" + c.event, "ftp ftp1 change anonymous setmode /f" + c.event}
		if got := events.lines(); !slices.Equal(got, want) {
			t.Errorf("told %q; want %q", got, want)
		}
	}
}

// TestLenientWithTheStore: what the store does not permit, such as the mode of somebody
// else's file, is pretended too; what is not there is an error.
func TestLenientWithTheStore(t *testing.T) {
	files := memfs.New() // whose root keeps its attributes
	for lenient, want := range map[bool]error{false: fs.ErrPermission, true: nil} {
		fsys := session(t, &ftpd.Backend{Trees: &tree.Trees{Files: files, Rules: policy.ReadWrite}, Users: identity.Guests{}, LenientAttributes: lenient})
		if err := fsys.(ftpserver.ModeSetter).SetMode(t.Context(), "/", 0o700); !errors.Is(err, want) {
			t.Errorf("lenient %v: %v; want %v", lenient, err, want)
		}
		if err := fsys.(ftpserver.ModeSetter).SetMode(t.Context(), "/none", 0o700); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("lenient %v: %v", lenient, err)
		}
	}
}

func TestPermFact(t *testing.T) {
	files := memfs.New()
	vfstest.Put(t, files, "/f", "")
	ok(t, files.Mkdir(t.Context(), vfstest.Path(t, "/d")))
	for _, c := range []struct {
		rights    policy.Rights
		file, dir string
	}{
		{policy.ReadOnly, "r", "el"},
		{policy.ReadWrite, "adfrw", "cdeflmp"},
		{policy.ReadWrite.Without(policy.Overwrite, policy.Delete), "fr", "ceflm"},
		{policy.ReadWrite.Without(policy.Read, policy.List, policy.Mkdir, policy.Create, policy.Rename), "adw", "dep"},
	} {
		fsys := session(t, &ftpd.Backend{Trees: &tree.Trees{Files: files, Rules: c.rights}, Users: identity.Guests{}})
		file, err := fsys.Stat(t.Context(), "/f")
		ok(t, err)
		dir, err := fsys.Stat(t.Context(), "/d")
		ok(t, err)
		if file.Perm != c.file || dir.Perm != c.dir {
			t.Errorf("with %b: %q and %q; want %q and %q", c.rights, file.Perm, dir.Perm, c.file, c.dir)
		}
	}
}

// broken is an FS whose every method fails for one reason.
type broken struct {
	vfs.FS
	reason error
}

func (b broken) Stat(context.Context, vfs.Path) (vfs.Info, error) {
	return vfs.Info{}, &vfs.OpError{Op: "stat", Path: "/f", Err: b.reason}
}

// TestErrors: the server knows each reason of a store as its own.
func TestErrors(t *testing.T) {
	other := errors.New("input/output error")
	for _, c := range []struct{ reason, want error }{
		{fs.ErrNotExist, fs.ErrNotExist},
		{fs.ErrExist, fs.ErrExist},
		{fs.ErrPermission, fs.ErrPermission},
		{vfs.ErrBadName, ftpserver.ErrBadName},
		{vfs.ErrIsDir, ftpserver.ErrIsDir},
		{vfs.ErrNotDir, ftpserver.ErrNotDir},
		{vfs.ErrNotEmpty, ftpserver.ErrNotEmpty},
		{vfs.ErrNotRegular, ftpserver.ErrNotRegular},
		{vfs.ErrNoSpace, ftpserver.ErrNoSpace},
		{vfs.ErrQuota, ftpserver.ErrQuota},
		{vfs.ErrBusy, ftpserver.ErrBusy},
		{vfs.ErrOffset, ftpserver.ErrOffset},
		{other, other},
	} {
		fsys := session(t, &ftpd.Backend{Trees: &tree.Trees{Files: broken{memfs.New(), c.reason}, Rules: policy.ReadWrite}, Users: identity.Guests{}})
		_, err := fsys.Stat(t.Context(), "/f")
		if !errors.Is(err, c.want) || !errors.Is(err, c.reason) || err.Error() != `stat "/f": `+c.reason.Error() {
			t.Errorf("%v became %v", c.reason, err)
		}
	}
}

// TestFullStore: what a write says is known to the server too, and the old file stays.
func TestFullStore(t *testing.T) {
	files := memfs.New()
	vfstest.Put(t, files, "/f", "old")
	files.Capacity = 5
	fsys := session(t, &ftpd.Backend{Trees: &tree.Trees{Files: files, Rules: policy.ReadWrite}, Users: identity.Guests{}})
	if n, err := fsys.(ftpserver.SpaceReporter).FreeSpace(t.Context(), "/"); n != 2 || err != nil {
		t.Errorf("%d bytes free, %v", n, err)
	}
	u, err := fsys.Create(t.Context(), "/f", ftpserver.CreateOptions{})
	ok(t, err)
	if _, err := io.WriteString(u, "newer"); !errors.Is(err, ftpserver.ErrNoSpace) {
		t.Errorf("a full store is %v", err)
	}
	ok(t, u.Abort())
	e, err := fsys.Stat(t.Context(), "/f")
	if ok(t, err); e.Size != 3 {
		t.Errorf("the file is %+v", e)
	}
}

// TestUniqueUploadIsExclusive is STOU: a name that is taken is not overwritten.
func TestUniqueUploadIsExclusive(t *testing.T) {
	files := memfs.New()
	vfstest.Put(t, files, "/f", "old")
	fsys := session(t, &ftpd.Backend{Trees: &tree.Trees{Files: files, Rules: policy.ReadWrite}, Users: identity.Guests{}})
	if _, err := fsys.Create(t.Context(), "/f", ftpserver.CreateOptions{New: true}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a name that is taken: %v", err)
	}
}

// TestDownloadKeepsTheFastPath: what the server gets to send can go by sendfile(2), also
// from an offset on.
func TestDownloadKeepsTheFastPath(t *testing.T) {
	files := folder(t)
	vfstest.Put(t, files, "/f", "0123456789")
	fsys := session(t, &ftpd.Backend{Trees: &tree.Trees{Files: files, Rules: policy.ReadOnly}, Users: identity.Guests{}})
	for offset, want := range map[int64]string{0: "0123456789", 4: "456789", 10: ""} {
		r, err := fsys.Open(t.Context(), "/f", offset)
		ok(t, err)
		if _, ok := r.(syscall.Conn); !ok {
			t.Errorf("%T is no syscall.Conn", r)
		}
		b, err := io.ReadAll(r)
		if ok(t, errors.Join(err, r.Close())); string(b) != want {
			t.Errorf("from %d on: %q", offset, b)
		}
	}
	if _, err := fsys.Open(t.Context(), "/f", 11); !errors.Is(err, ftpserver.ErrOffset) {
		t.Errorf("beyond the end: %v", err)
	}
}

func TestABackendWithoutItsPartsServesNobody(t *testing.T) {
	for _, b := range []*ftpd.Backend{
		{Users: identity.Guests{}},
		{Trees: &tree.Trees{Files: memfs.New(), Rules: policy.ReadOnly}},
	} {
		if _, err := b.NewSession(t.Context(), new(ftpserver.Conn)); err == nil {
			t.Errorf("%+v begins a session", b)
		}
	}
}

// unsure is an Authenticator that cannot find out.
type unsure struct{ err error }

func (u unsure) Authenticate(context.Context, identity.Credentials) (identity.Subject, error) {
	return identity.Subject{}, u.err
}

func TestLoginTellsARefusalFromAFailure(t *testing.T) {
	down := errors.New("the directory is down")
	for reason, want := range map[error]error{identity.ErrRefused: ftpserver.ErrLogin, down: down} {
		b := &ftpd.Backend{Trees: &tree.Trees{Files: memfs.New(), Rules: policy.ReadOnly}, Users: unsure{reason}}
		s, err := b.NewSession(t.Context(), new(ftpserver.Conn))
		ok(t, err)
		if fsys, err := s.Login(t.Context(), "ann", "x"); fsys != nil || !errors.Is(err, want) || want == down && errors.Is(err, ftpserver.ErrLogin) {
			t.Errorf("%v became %v", reason, err)
		}
		ok(t, s.Close())
	}
}

// withheld are Trees of which nobody gets any.
type withheld struct{ err error }

func (w withheld) Open(context.Context, identity.Subject) (guard.Tree, error) { return nil, w.err }

// TestALoginWithoutFilesIsNone: who cannot have files is told of as refused.
func TestALoginWithoutFilesIsNone(t *testing.T) {
	full := errors.New("the audit trail cannot be written")
	for name, users := range map[string]identity.Authenticator{"ann": users(), "anonymous": identity.Guests{}} {
		var events recorder
		b := &ftpd.Backend{Trees: withheld{full}, Users: users, Events: &events}
		s, err := b.NewSession(t.Context(), new(ftpserver.Conn))
		ok(t, err)
		if fsys, err := s.Login(t.Context(), name, "secret"); fsys != nil || !errors.Is(err, full) {
			t.Errorf("%s: %v", name, err)
		}
		ok(t, s.Close())
		if got, want := events.lines(), []string{"ftp ftp1 begin", "ftp ftp1 login " + name + " failed", "ftp ftp1 end"}; !slices.Equal(got, want) {
			t.Errorf("%q; want %q", got, want)
		}
	}
}

func TestACertificateProvesItsCommonName(t *testing.T) {
	b := &ftpd.Backend{
		Trees: &tree.Trees{Files: memfs.New(), Rules: policy.ReadOnly},
		Users: users(),
	}
	s, err := b.NewSession(t.Context(), &ftpserver.Conn{})
	ok(t, err)
	ann := &x509.Certificate{Subject: pkix.Name{CommonName: "ann"}}
	for user, admit := range map[string]bool{"ann": true, "bob": false} {
		_, err := s.(ftpserver.CertificateSession).LoginCertificate(t.Context(), user, ann)
		if admit != (err == nil) || err != nil && !errors.Is(err, ftpserver.ErrLogin) {
			t.Errorf("%s with the certificate of ann: %v", user, err)
		}
	}
}

func TestFaultIsAnEvent(t *testing.T) {
	var events recorder
	b := &ftpd.Backend{Trees: &tree.Trees{Files: memfs.New(), Rules: policy.ReadOnly}, Users: identity.Guests{}, Events: &events}
	s, err := b.NewSession(t.Context(), new(ftpserver.Conn))
	ok(t, err)
	s.(ftpserver.FaultObserver).Fault(errors.New("panic"))
	if got := events.lines(); !slices.Equal(got, []string{"ftp ftp1 begin", "ftp ftp1 fault failed"}) {
		t.Errorf("got %q", got)
	}
}

// session logs a guest in without a server.
func session(t *testing.T, b *ftpd.Backend) ftpserver.FS {
	t.Helper()
	s, err := b.NewSession(t.Context(), new(ftpserver.Conn))
	ok(t, err)
	fsys, err := s.Login(t.Context(), "anonymous", "")
	ok(t, err)
	return fsys
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.events)
}

// users are ann and bob.
func users() identity.Authenticator {
	secret := password.Digest("secret")
	return identity.NewUsers(identity.Accounts{"ann": {Name: "ann", Hash: secret}, "bob": {Name: "bob", Hash: secret}}, nil)
}
