// Package flash is the file systems of simulated devices: files of real octets in a space
// that is as small as it says, with the ways of the classes of Cisco's flash memory.
// Contents are kept in blocks that all devices of a process share, so that five hundred
// devices with the same image hold it once.
package flash

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
	"unique"
)

// What else may be wrong besides the errors of io/fs.
var (
	ErrFull     = errors.New("flash: not enough space on device")
	ErrDir      = errors.New("flash: is a directory")
	ErrNotDir   = errors.New("flash: is not a directory")
	ErrNotEmpty = errors.New("flash: directory is not empty")
)

// Class says how a file system deletes.
type Class uint8

// The classes.
const (
	Disk   Class = iota // a deleted file is gone
	ClassA              // a deleted file takes its space until Squeeze
	ClassC              // a deleted file is gone; before a copy the device offers to erase all
)

// Content is the octets of a file, which nobody changes.
type Content interface {
	io.ReaderAt
	Size() int64 // in octets
}

// Text is a content that is a string.
type Text string

// Size returns the length in octets.
func (t Text) Size() int64 { return int64(len(t)) }

// ReadAt is that of [io.ReaderAt].
func (t Text) ReadAt(b []byte, at int64) (int, error) {
	return strings.NewReader(string(t)).ReadAt(b, at)
}

// File is one file of a file system, or a directory.
type File struct {
	Name    string // from the root, without slash at its start
	Time    time.Time
	Content Content
	Dir     bool
	Deleted bool // of ClassA, until Squeeze
	Index   int  // from 1, as dir shows it
}

// Base is the last part of the name.
func (f File) Base() string { return path.Base(f.Name) }

// Reader reads the file from its start.
func (f File) Reader() io.Reader { return io.NewSectionReader(f.Content, 0, f.Content.Size()) }

// FS is a file system. Make it with [New]. Its methods may be called by several
// goroutines.
type FS struct {
	class    Class
	capacity int64 // in octets

	mu      sync.Mutex
	files   []File
	index   int   // the last that was given
	pending int64 // octets of files that are being written
}

// New makes an empty file system of so many octets.
func New(class Class, capacity int64) *FS { return &FS{class: class, capacity: capacity} }

// Class returns the class.
func (s *FS) Class() Class { return s.class }

// Capacity returns the size of the file system, in octets.
func (s *FS) Capacity() int64 { return s.capacity }

// Free returns how many octets are left.
func (s *FS) Free() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.free()
}

func (s *FS) free() int64 {
	left := s.capacity - s.pending
	for _, f := range s.files {
		left -= f.Content.Size()
	}
	return left
}

// Clean returns a name as files are called: without slashes at its start.
func Clean(name string) string { return strings.TrimLeft(name, "/") }

// resolve returns a name without slashes around it, and without "." and "..".
func resolve(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

// Files returns all files, those in directories too, in the order in which they were
// written.
func (s *FS) Files() []File {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.files), func(f File) bool { return f.Deleted || f.Dir })
}

// List returns what is in a directory, "" for the root, in the order in which it was
// written. Deleted files of ClassA are among them if all is true. The error is an
// [fs.PathError] that is fs.ErrNotExist or ErrNotDir.
func (s *FS) List(dir string, all bool) ([]File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	dir = resolve(dir)
	if dir != "" {
		switch i := s.find(dir); {
		case i < 0:
			return nil, missing("open", dir)
		case !s.files[i].Dir:
			return nil, &fs.PathError{Op: "open", Path: dir, Err: ErrNotDir}
		}
	}
	var found []File
	for _, f := range s.files {
		if parent(f.Name) == dir && (all || !f.Deleted) {
			found = append(found, f)
		}
	}
	return found, nil
}

// parent is the directory that a name is in, "" for the root.
func parent(name string) string { return strings.TrimSuffix(path.Dir("/" + name)[1:], "/") }

// Stat returns a file or a directory; the root is none. The error is an [fs.PathError]
// that is fs.ErrNotExist.
func (s *FS) Stat(name string) (File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.find(name); i >= 0 {
		return s.files[i], nil
	}
	return File{}, missing("open", name)
}

// Open returns a file. The error is an [fs.PathError] that is fs.ErrNotExist or ErrDir.
func (s *FS) Open(name string) (File, error) {
	f, err := s.Stat(name)
	if err == nil && f.Dir {
		return File{}, &fs.PathError{Op: "open", Path: name, Err: ErrDir}
	}
	return f, err
}

func missing(op, name string) error {
	return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
}

func (s *FS) find(name string) int {
	name = resolve(name)
	return slices.IndexFunc(s.files, func(f File) bool { return f.Name == name && !f.Deleted })
}

// Put makes a file of a content at once, in the place of one of that name. The error is
// ErrFull or about the name.
func (s *FS) Put(name string, c Content, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.put(name, c, now)
}

func (s *FS) put(name string, c Content, now time.Time) error {
	if err := s.check(name); err != nil {
		return err
	}
	left := s.free()
	old := s.find(name)
	if old >= 0 && s.class != ClassA {
		left += s.files[old].Content.Size()
	}
	if c.Size() > left {
		return ErrFull
	}
	if old >= 0 {
		s.remove(old)
	}
	s.index++
	s.files = append(s.files, File{Name: resolve(name), Time: now, Content: c, Index: s.index})
	return nil
}

// check looks whether a file of a name can be made: its directory has to be there. The
// caller holds the lock.
func (s *FS) check(name string) error {
	fail := func(err error) error { return &fs.PathError{Op: "create", Path: name, Err: err} }
	clean := resolve(name)
	if clean == "" || len(clean) > 255 || strings.HasSuffix(name, "/") || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
		return fail(fs.ErrInvalid)
	}
	if i := s.find(clean); i >= 0 && s.files[i].Dir {
		return fail(ErrDir)
	}
	if dir := parent(clean); dir != "" {
		switch i := s.find(dir); {
		case i < 0:
			return fail(fs.ErrNotExist)
		case !s.files[i].Dir:
			return fail(ErrNotDir)
		}
	}
	return nil
}

// Mkdir makes a directory. The error is fs.ErrExist, or about the name.
func (s *FS) Mkdir(name string, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	name = strings.TrimSuffix(name, "/")
	if s.find(name) >= 0 {
		return &fs.PathError{Op: "mkdir", Path: name, Err: fs.ErrExist}
	}
	if err := s.check(name); err != nil {
		return err
	}
	s.index++
	s.files = append(s.files, File{Name: resolve(name), Time: now, Content: Text(""), Dir: true, Index: s.index})
	return nil
}

// Remove deletes a file. The error is an [fs.PathError] that is fs.ErrNotExist or ErrDir.
func (s *FS) Remove(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch i := s.find(name); {
	case i < 0:
		return missing("remove", name)
	case s.files[i].Dir:
		return &fs.PathError{Op: "remove", Path: name, Err: ErrDir}
	default:
		s.remove(i)
		return nil
	}
}

// Rmdir deletes a directory. The error is an [fs.PathError] that is fs.ErrNotExist,
// ErrNotDir or ErrNotEmpty.
func (s *FS) Rmdir(name string) error {
	inside, err := s.List(name, false)
	if err != nil {
		return err
	}
	if len(inside) > 0 || resolve(name) == "" {
		return &fs.PathError{Op: "rmdir", Path: name, Err: ErrNotEmpty}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.find(name); i >= 0 {
		s.files = slices.Delete(s.files, i, i+1)
	}
	return nil
}

// RemoveAll deletes a file, or a directory with all that is in it. The error is an
// [fs.PathError] that is fs.ErrNotExist.
func (s *FS) RemoveAll(name string) error {
	f, err := s.Stat(name)
	if err != nil {
		return err
	}
	if !f.Dir {
		return s.Remove(name)
	}
	inside, err := s.List(name, false)
	if err != nil {
		return err
	}
	for _, f := range inside {
		if err := s.RemoveAll(f.Name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return s.Rmdir(name)
}

// Rename gives a file or a directory another name. The error is fs.ErrExist, or as of
// Mkdir and Remove.
func (s *FS) Rename(from, to string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.find(from)
	old, name := resolve(from), resolve(to)
	switch {
	case i < 0:
		return missing("rename", from)
	case s.find(to) >= 0:
		return &fs.PathError{Op: "rename", Path: to, Err: fs.ErrExist}
	case strings.HasPrefix(name, old+"/"):
		return &fs.PathError{Op: "rename", Path: to, Err: fs.ErrInvalid}
	}
	if err := s.check(to); err != nil {
		return err
	}
	for n, f := range s.files {
		if below, ok := strings.CutPrefix(f.Name, old+"/"); ok {
			s.files[n].Name = name + "/" + below
		}
	}
	s.files[i].Name = name
	return nil
}

func (s *FS) remove(i int) {
	if s.class == ClassA {
		s.files[i].Deleted = true
		return
	}
	s.files = slices.Delete(s.files, i, i+1)
}

// Squeeze frees the space of the deleted files. It is errors.ErrUnsupported where a
// deleted file is gone anyway.
func (s *FS) Squeeze() error {
	if s.class != ClassA {
		return fmt.Errorf("flash: squeeze: %w", errors.ErrUnsupported)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files = slices.DeleteFunc(s.files, func(f File) bool { return f.Deleted })
	return nil
}

// Erase removes everything.
func (s *FS) Erase() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files = nil
}

// block is how much of a file is shared, in octets.
const block = 64 << 10

// blocks is the content of a file that was written.
type blocks struct {
	size int64
	all  []unique.Handle[string]
}

func (c *blocks) Size() int64 { return c.size }

func (c *blocks) ReadAt(b []byte, at int64) (n int, err error) {
	if at < 0 {
		return 0, errors.New("flash: negative offset")
	}
	for n < len(b) {
		if at >= c.size {
			return n, io.EOF
		}
		m := copy(b[n:], c.all[at/block].Value()[at%block:])
		n, at = n+m, at+int64(m)
	}
	return n, nil
}

// Upload is a file that is being written. It is there when Commit has returned, and the
// one that it replaces stays until then. Its methods are called by one goroutine.
type Upload struct {
	fs      *FS
	name    string
	content blocks
	rest    []byte // of the last block
	room    int64  // octets that an old file gives up
	done    bool
}

// Create begins a file, in the place of one of that name.
func (s *FS) Create(name string) (*Upload, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.check(name); err != nil {
		return nil, err
	}
	u := &Upload{fs: s, name: name}
	if i := s.find(name); i >= 0 && s.class != ClassA {
		u.room = s.files[i].Content.Size()
	}
	return u, nil
}

// Write takes the next octets. It is ErrFull, and takes none, if they do not fit.
func (u *Upload) Write(b []byte) (int, error) {
	u.fs.mu.Lock()
	fits := int64(len(b)) <= u.fs.free()+u.room && !u.done
	if fits {
		u.fs.pending += int64(len(b))
	}
	u.fs.mu.Unlock()
	if !fits {
		return 0, ErrFull
	}
	u.content.size += int64(len(b))
	for left := b; len(left) > 0; {
		n := min(block-len(u.rest), len(left))
		u.rest, left = append(u.rest, left[:n]...), left[n:]
		if len(u.rest) == block {
			u.flush()
		}
	}
	return len(b), nil
}

func (u *Upload) flush() {
	if len(u.rest) > 0 {
		u.content.all = append(u.content.all, unique.Make(string(u.rest)))
		u.rest = u.rest[:0]
	}
}

// Size returns how many octets have been written.
func (u *Upload) Size() int64 { return u.content.size }

// Commit makes the file visible.
func (u *Upload) Commit(now time.Time) error {
	u.fs.mu.Lock()
	defer u.fs.mu.Unlock()
	if u.done {
		return fs.ErrClosed
	}
	u.flush()
	u.end()
	return u.fs.put(u.name, &u.content, now)
}

// Abort forgets what was written. After Commit it does nothing.
func (u *Upload) Abort() {
	u.fs.mu.Lock()
	defer u.fs.mu.Unlock()
	if !u.done {
		u.end()
	}
}

func (u *Upload) end() {
	u.done = true
	u.rest = nil
	u.fs.pending -= u.content.size
}
