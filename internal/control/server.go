package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Handler answers a request. What it returns is sent as JSON; nil is an empty answer. An
// [Error] is told with its status, any other error as a failure of the server.
type Handler func(r *http.Request) (any, error)

// Server is the socket of a state folder.
type Server struct {
	listener *net.UnixListener
	lock     *os.File
	mux      *http.ServeMux
	http     http.Server
}

// maxRequest is the most octets that a request may have.
const maxRequest = 1 << 20

// Listen takes a state folder, which it makes if there is none, and opens its socket: one
// that a dead server has left is replaced. A *TakenError says that a living one has it.
func Listen(dir string) (*Server, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := take(dir)
	if err != nil {
		return nil, err
	}
	l, err := listen(dir)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	s := &Server{listener: l, lock: lock, mux: http.NewServeMux()}
	s.http = http.Server{
		Handler:           http.MaxBytesHandler(s.mux, maxRequest),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Minute,
	}
	return s, nil
}

// take locks a state folder, and leaves a note of who has.
func take(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	taken, err := lock(f)
	if taken {
		err = &TakenError{Dir: dir, PID: readPID(f)}
	}
	if err == nil {
		err = errors.Join(f.Truncate(0), writePID(f))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func readPID(f *os.File) int {
	b := make([]byte, 20)
	n, _ := f.ReadAt(b, 0) // as far as it goes
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b[:n])))
	return pid
}

func writePID(f *os.File) error {
	_, err := fmt.Fprintln(f, os.Getpid())
	return err
}

// listen opens the socket; who calls has the lock.
func listen(dir string) (*net.UnixListener, error) {
	name := socket(dir)
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	const most = 103 // of a name, in the system that takes least
	if len(name) > most {
		return nil, fmt.Errorf("the name of the socket %s is longer than %d octets", name, most)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: name, Net: "unix"})
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(name, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Handle adds a handler, before Serve. The pattern is one of [http.ServeMux], such as
// "POST /reload".
func (s *Server) Handle(pattern string, h Handler) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		answer, err := h(r)
		w.Header().Set("Content-Type", "application/json")
		if err != nil {
			status := http.StatusInternalServerError
			if told := new(Error); errors.As(err, &told) {
				status = told.Status
			}
			w.WriteHeader(status)
			answer = failure{err.Error()}
		}
		if answer != nil {
			_ = json.NewEncoder(w).Encode(answer) // who has gone is not told
		}
	})
}

// Decode reads what a request has sent into v, and refuses what v has no place for.
func Decode(r *http.Request, v any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return Wrong("not a request: %v", err)
	}
	return nil
}

// Serve answers until Close; then it returns [http.ErrServerClosed].
func (s *Server) Serve() error { return s.http.Serve(s.listener) }

// Close ends the requests that there are, removes the socket and frees the state folder.
func (s *Server) Close() error {
	err := s.http.Close()
	if l := s.listener.Close(); !errors.Is(l, net.ErrClosed) {
		err = errors.Join(err, l)
	}
	if l := s.lock.Close(); !errors.Is(l, fs.ErrClosed) {
		err = errors.Join(err, l)
	}
	return err
}
