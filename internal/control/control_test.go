package control

import (
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// serve runs a server of dir until the test ends.
func serve(t *testing.T, dir string, handlers map[string]Handler) *Server {
	t.Helper()
	s, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	for pattern, h := range handlers {
		s.Handle(pattern, h)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve() }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
	})
	return s
}

type word struct {
	Word string `json:"word"`
}

func TestAskAndAnswer(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	serve(t, dir, map[string]Handler{
		"POST /echo": func(r *http.Request) (any, error) {
			var in word
			err := Decode(r, &in)
			return word{in.Word + in.Word}, err
		},
		"POST /nothing":      func(*http.Request) (any, error) { return nil, nil },
		"GET /missing/{who}": func(r *http.Request) (any, error) { return nil, Missing("no %s", r.PathValue("who")) },
		"GET /broken":        func(*http.Request) (any, error) { return nil, fs.ErrClosed },
	})
	c := NewClient(dir)
	defer c.Close()
	for _, q := range []struct {
		method, path string
		in           any
		want, err    string
		status       int
	}{
		{"POST", "/echo", word{"a"}, "aa", "", 0},
		{"POST", "/echo", map[string]int{"else": 1}, "", `not a request: json: unknown field "else"`, 400},
		{"POST", "/nothing", nil, "", "the server's answer makes no sense: EOF", 0},
		{"GET", "/missing/ann", nil, "", "no ann", 404},
		{"GET", "/broken", nil, "", "file already closed", 500},
		{"GET", "/echo", nil, "", "the server said 405 Method Not Allowed", 405},
		{"POST", "/else", nil, "", "the server said 404 Not Found", 404},
	} {
		var out word
		err := c.Do(t.Context(), q.method, q.path, q.in, &out)
		text, status := "", 0
		if err != nil {
			text = err.Error()
		}
		if told := new(Error); errors.As(err, &told) {
			status = told.Status
		}
		if out.Word != q.want || text != q.err || status != q.status {
			t.Errorf("%s %s: %q, %q, status %d; want %q, %q, %d", q.method, q.path, out.Word, text, status, q.want, q.err, q.status)
		}
	}
	if err := c.Do(t.Context(), "POST", "/nothing", nil, nil); err != nil {
		t.Error(err)
	}
}

// TestOnlyTheOwner: neither folder nor socket is open to others.
func TestOnlyTheOwner(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no such modes")
	}
	dir := filepath.Join(t.TempDir(), "state")
	serve(t, dir, nil)
	for name, want := range map[string]fs.FileMode{dir: 0o700 | fs.ModeDir, socket(dir): 0o600 | fs.ModeSocket, filepath.Join(dir, lockName): 0o600} {
		if i, err := os.Lstat(name); err != nil || i.Mode() != want {
			t.Errorf("%s: %v, %v; want %v", name, i.Mode(), err, want)
		}
	}
}

// TestOneServer: a living server keeps its folder, a dead one does not.
func TestOneServer(t *testing.T) {
	dir := t.TempDir()
	first, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Listen(dir)
	if taken := new(TakenError); !errors.As(err, &taken) || taken.PID != os.Getpid() {
		t.Errorf("the second: %v", err)
	}
	if err := errors.Join(first.Close(), first.Close()); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(socket(dir)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}

	// A server that is killed leaves its socket.
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket(dir), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := NewClient(dir).Do(t.Context(), "GET", "/", nil, nil); !errors.Is(err, ErrNoServer) {
		t.Errorf("the dead server said %v", err)
	}
	serve(t, dir, map[string]Handler{"GET /": func(*http.Request) (any, error) { return nil, nil }})
	c := NewClient(dir)
	defer c.Close()
	if err := c.Do(t.Context(), "GET", "/", nil, nil); err != nil {
		t.Error(err)
	}
}

func TestNoServer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none"), file} {
		if err := NewClient(dir).Do(t.Context(), "GET", "/", nil, nil); !errors.Is(err, ErrNoServer) {
			t.Errorf("%s: %v", dir, err)
		}
		if dir == file {
			if _, err := Listen(dir); err == nil {
				t.Error("a file was taken for a folder")
			}
		}
	}
	long := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	if _, err := Listen(long); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("a long name: %v", err)
	}
}
