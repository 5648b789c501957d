package interop

import (
	"errors"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// endpoint is where a server listens, and who may log in there.
type endpoint struct {
	protocol       string // the scheme of its URLs
	host, port     string
	user, password string    // "" for a guest
	base           string    // path of the folder, with "/" at its end; "" where log-in leads into it
	hostKey        string    // fingerprint of the SSH server's key
	identity       string    // file with the user's SSH key
	ca             string    // file with the certificate to trust; "" for a server without TLS
	events         *eventLog // what the server logged; nil for other people's servers
	settled        func()    // returns when an upload is in its file; nil: when the client ends
}

// url names a file there, with the user if there is one.
func (e endpoint) url(name string) string {
	u := url.URL{Scheme: e.protocol, Host: net.JoinHostPort(e.host, e.port), Path: "/" + e.base + name}
	if e.user != "" {
		u.User = url.UserPassword(e.user, e.password)
	}
	return u.String()
}

// as is the same server by another scheme.
func (e endpoint) as(protocol string) endpoint {
	e.protocol = protocol
	return e
}

// client is a program that moves one file at a time.
type client struct {
	name     string
	program  string // as on the PATH
	protocol string
	get      func(e endpoint, remote, local string) *exec.Cmd
	put      func(e endpoint, local, remote string) *exec.Cmd // nil: it cannot
	list     func(e endpoint, dir string) *exec.Cmd           // nil: it cannot
	missing  int                                              // exit code for a file that is not there
	noEmpty  bool                                             // it cannot get an empty file, from any server
	rereads  bool                                             // it may ask for the same bytes twice
	slow     bool                                             // the longest file takes it very long, or 131,073 round trips
}

// server is a program that serves a folder. Unless it is readOnly, it lets the user of its
// endpoint write to the folder incoming.
type server struct {
	name     string
	protocol string
	readOnly bool
	noScp    bool // it speaks SFTP, not the older scp
	brief    bool // spare it the longest file of slow clients, which another server gets
	start    func(t *testing.T, root string) endpoint
}

// exchange has c fetch and store files of every size at s, and compares their content.
func exchange(t *testing.T, c client, s server) {
	peer(t, c.program)
	root := furnish(t)
	e := s.start(t, root)
	local := folder(t)

	for _, f := range files {
		if f.size == 0 && c.noEmpty || tooLong(f, c, s) {
			continue
		}
		done := t.Run("get "+f.name, func(t *testing.T) {
			got := filepath.Join(local, f.name)
			run(t, c.get(e, f.name, got))
			f.compare(t, got)
			sent := f.size
			if c.rereads {
				sent = anyBytes
			}
			e.events.expect(t, transferred("read", "/"+f.name, sent))
		})
		if !done {
			return // the rest would take long and say the same
		}
	}
	for _, f := range files {
		if c.put == nil || s.readOnly || tooLong(f, c, s) {
			break
		}
		t.Run("put "+f.name, func(t *testing.T) {
			name := "incoming/" + f.name
			run(t, c.put(e, f.path(), name))
			if e.settled != nil {
				e.settled()
			}
			f.compare(t, filepath.Join(root, name))
			e.events.expect(t, transferred("write", "/"+name, f.size))
		})
	}
	if c.list != nil {
		t.Run("list", func(t *testing.T) {
			out := run(t, c.list(e, "sub"))
			for _, name := range []string{"inner.txt", "folder"} {
				if !strings.Contains(out, name) {
					t.Errorf("the listing lacks %s:\n%s", name, out)
				}
			}
		})
	}
	t.Run("missing", func(t *testing.T) {
		got := filepath.Join(local, "missing")
		out, code := runAny(t, c.get(e, "no-such-file", got))
		if code != c.missing {
			t.Errorf("exit code %d, want %d:\n%s", code, c.missing, out)
		}
		if info, err := os.Stat(got); err == nil && info.Size() > 0 {
			t.Errorf("%d bytes came from a file that does not exist", info.Size())
		}
	})
}

func tooLong(f file, c client, s server) bool {
	return c.slow && s.brief && f.size > 65535*512
}

// furnish returns a folder to serve: files of every size, a folder with something in it,
// and incoming, which anyone may write to.
func furnish(t *testing.T) string {
	t.Helper()
	root := folder(t)
	for _, f := range files {
		f.linkInto(t, root)
	}
	incoming := filepath.Join(root, "incoming")
	err := errors.Join(
		os.MkdirAll(filepath.Join(root, "sub", "folder"), 0o755),
		os.WriteFile(filepath.Join(root, "sub", "inner.txt"), []byte("inner\n"), 0o644),
		os.Mkdir(incoming, 0o777),
		os.Chmod(incoming, 0o777),
	)
	if err != nil {
		t.Fatal(err)
	}
	return root
}
