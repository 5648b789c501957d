package ftpserver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"dray/ftp"
)

// memory is a backend of one small tree in memory. Names that begin with "bad-" fail in
// the way that the rest of the name says. User "alice" has the password "secret".
type memory struct {
	mu        sync.Mutex
	files     map[string][]byte // directories are nil
	times     map[string]time.Time
	modes     map[string]fs.FileMode
	free      int64
	transfers []Transfer
	faults    []error
	closed    int
}

func newMemory() *memory {
	return &memory{free: 1 << 30, times: map[string]time.Time{}, modes: map[string]fs.FileMode{}, files: map[string][]byte{
		"/": nil, "/empty": nil, "/dir": nil, "/dir/sub dir": nil,
		"/dir/a.txt": []byte("alpha"), "/dir/b.txt": []byte("beta"), "/dir/.hidden": []byte("h"),
		"/hello.txt": []byte("hello, world\n"), "/zero": {}, "/[odd]*": []byte("odd"),
	}}
}

func (m *memory) NewSession(context.Context, *Conn) (Session, error) { return memorySession{m}, nil }

type memorySession struct{ m *memory }

func (s memorySession) Login(_ context.Context, user, password string) (FS, error) {
	switch {
	case user == "broken":
		return nil, errors.New("the password file is gone")
	case user != "alice" || password != "secret":
		return nil, ErrLogin
	}
	return s.m, nil
}

func (s memorySession) Close() error {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.m.closed++
	return nil
}

func (s memorySession) Transferred(t Transfer) {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.m.transfers = append(s.m.transfers, t)
}

func (s memorySession) Fault(err error) {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.m.faults = append(s.m.faults, err)
}

// failures are the ways in which names that begin with "bad-" fail.
var failures = map[string]error{
	"/bad-permission": fs.ErrPermission, "/bad-busy": ErrBusy, "/bad-space": ErrNoSpace, "/bad-quota": ErrQuota,
	"/bad-name": ErrBadName, "/bad-fifo": ErrNotRegular, "/bad-disk": errors.New("/dev/sda1 is on fire"),
	"/bad-unable": errors.ErrUnsupported,
}

func (m *memory) find(name string) ([]byte, error) {
	if name == "/bad-panic" {
		panic("told to")
	}
	if err := failures[name]; err != nil {
		return nil, err
	}
	data, ok := m.files[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return data, nil
}

func (m *memory) entry(name string) ftp.Entry {
	data := m.files[name]
	e := ftp.Entry{
		Name: path.Base(name), Type: ftp.TypeFile, Size: int64(len(data)), HasMode: true, Mode: 0o644,
		ModTime: time.Date(2020, 2, 29, 12, 34, 56, 0, time.UTC), Owner: "alice", Group: "users", Links: 1,
	}
	if data == nil {
		e.Type, e.Mode, e.Size = ftp.TypeDir, 0o755, -1
	}
	if t, ok := m.times[name]; ok {
		e.ModTime = t
	}
	if mode, ok := m.modes[name]; ok {
		e.Mode = mode
	}
	return e
}

func (m *memory) SetTimes(_ context.Context, name string, _, modified time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err := m.find(name)
	if err == nil && !modified.IsZero() {
		m.times[name] = modified
	}
	return err
}

func (m *memory) SetMode(_ context.Context, name string, mode fs.FileMode) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err := m.find(name)
	if err == nil {
		m.modes[name] = mode
	}
	return err
}

func (m *memory) Stat(_ context.Context, name string) (ftp.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if name == "/bad-endless" {
		return ftp.Entry{Name: "bad-endless", Type: ftp.TypeFile, Size: -1}, nil
	}
	if _, err := m.find(name); err != nil {
		return ftp.Entry{}, err
	}
	return m.entry(name), nil
}

func (m *memory) List(_ context.Context, dir string) iter.Seq2[ftp.Entry, error] {
	m.mu.Lock()
	defer m.mu.Unlock()
	var entries []ftp.Entry
	for _, name := range slices.Sorted(maps.Keys(m.files)) {
		if name != "/" && path.Dir(name) == dir {
			entries = append(entries, m.entry(name))
		}
	}
	return func(yield func(ftp.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (m *memory) Open(_ context.Context, name string, offset int64) (io.ReadCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if name == "/bad-endless" {
		return io.NopCloser(endless{}), nil
	}
	data, err := m.find(name)
	switch {
	case err != nil:
		return nil, err
	case data == nil:
		return nil, ErrIsDir
	case offset > int64(len(data)):
		return nil, ErrOffset
	}
	return io.NopCloser(bytes.NewReader(data[offset:])), nil
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

func (m *memory) Create(_ context.Context, name string, o CreateOptions) (Upload, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u := &memoryUpload{m: m, name: name}
	old, err := m.find(name)
	switch {
	case errors.Is(err, ErrNoSpace), errors.Is(err, ErrQuota), err != nil && name == "/bad-disk":
		u.failure = err // when the bytes come
		return u, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case err == nil && old == nil:
		return nil, ErrIsDir
	case err == nil && o.New:
		return nil, fs.ErrExist
	case o.Append:
		u.data = slices.Clone(old)
	case o.Resume && o.Offset > int64(len(old)):
		return nil, ErrOffset
	case o.Resume:
		u.data = slices.Clone(old[:o.Offset])
	}
	if _, err := m.find(path.Dir(name)); err != nil {
		return nil, err
	}
	return u, nil
}

type memoryUpload struct {
	m       *memory
	name    string
	data    []byte
	failure error
}

func (u *memoryUpload) Write(b []byte) (int, error) {
	if u.failure != nil {
		return 0, u.failure
	}
	u.data = append(u.data, b...)
	return len(b), nil
}

func (u *memoryUpload) Commit() error {
	u.m.mu.Lock()
	defer u.m.mu.Unlock()
	u.m.files[u.name] = append([]byte{}, u.data...)
	return nil
}

func (u *memoryUpload) Abort() error { return nil }

func (m *memory) Mkdir(_ context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch _, err := m.find(name); {
	case err == nil:
		return fs.ErrExist
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	m.files[name] = nil
	return nil
}

func (m *memory) Remove(_ context.Context, name string, dir bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, err := m.find(name)
	switch {
	case err != nil:
		return err
	case !dir && data == nil:
		return ErrIsDir
	case dir && data != nil:
		return ErrNotDir
	}
	for other := range m.files {
		if dir && strings.HasPrefix(other, name+"/") {
			return ErrNotEmpty
		}
	}
	delete(m.files, name)
	return nil
}

func (m *memory) Rename(_ context.Context, from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, err := m.find(from)
	if err != nil {
		return err
	}
	if old, ok := m.files[to]; ok && old == nil {
		return fs.ErrExist
	}
	delete(m.files, from)
	m.files[to] = data
	return nil
}

func (m *memory) FreeSpace(_ context.Context, dir string) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, err := m.find(dir)
	if err == nil && data != nil {
		err = ErrNotDir
	}
	return m.free, err
}
