// Package scpd is a simulated device's own scp server, for "scp -O" and the like: it takes
// files to the flash and gives them, one at a time. It speaks the older protocol only.
package scpd

import (
	"errors"
	"io"
	"io/fs"
	"iter"
	"path"
	"strings"
	"time"

	"dray/internal/device/iossim/flash"
	"dray/internal/device/iossim/place"
	"dray/internal/scp"
)

// Is reports whether a command that somebody has given by SSH is one of scp.
func Is(command string) bool { return strings.HasPrefix(command, "scp ") }

// Files are the files of a device as scp sees them: "flash:x", or "x" on the flash that is
// usual, and "running-config" to be read.
type Files struct {
	System  place.System
	Now     func() time.Time
	Running func() string // the text of the running-config
}

// Refuse tells a client that it may not.
func Refuse(w io.Writer) { complain(w, "Privilege denied.") }

func complain(w io.Writer, text string) { _, _ = io.WriteString(w, "\x01"+text+"\n") } // nobody may be there

// Serve does what a command says.
func Serve(rw io.ReadWriter, command string, f Files) {
	c, err := scp.ParseCommand(command)
	if err != nil || c.Recursive {
		complain(rw, "Administratively disabled.")
		return
	}
	stream := scp.NewStream(rw)
	if c.Sink {
		_ = stream.Take(c, f) // the other side was told
	} else {
		_ = stream.Give(c, f) // the same
	}
}

func (f Files) place(name string) (place.Place, error) {
	p, err := f.System.Find(name)
	if err == nil && p.FS == nil {
		err = fs.ErrInvalid
	}
	p.Path = strings.TrimSuffix(p.Path, "/")
	return p, err
}

// Phrase is what a device says of an error.
func (f Files) Phrase(err error) string { return place.Why(err) }

// IsDir reports whether files can be put into a place.
func (f Files) IsDir(name string) bool {
	p, err := f.place(name)
	if err != nil {
		return false
	}
	file, err := p.FS.Stat(p.Path)
	return p.Path == "" || err == nil && file.Dir
}

// Create begins a file.
func (f Files) Create(name string, size int64, _ scp.Attributes) (scp.Upload, error) {
	p, err := f.place(name)
	if err != nil {
		return nil, err
	}
	if size > p.FS.Free() {
		if old, err := p.FS.Open(p.Path); err != nil || size > p.FS.Free()+old.Content.Size() {
			return nil, flash.ErrFull
		}
	}
	u, err := p.FS.Create(p.Path)
	if err != nil {
		return nil, err
	}
	return upload{u, f.Now}, nil
}

// upload is a file that comes.
type upload struct {
	*flash.Upload
	now func() time.Time
}

func (u upload) Commit() error { return u.Upload.Commit(u.now()) }

func (u upload) Abort() error {
	u.Upload.Abort()
	return nil
}

// Mkdir refuses: devices take files only.
func (f Files) Mkdir(string, scp.Attributes) error { return fs.ErrPermission }

// Leave has nothing to do.
func (f Files) Leave(string, scp.Attributes) error { return nil }

// open finds a file, or a configuration.
func (f Files) open(name string) (string, flash.Content, error) {
	p, err := f.System.Find(name)
	switch {
	case err != nil:
		return "", nil, err
	case p.Scheme == "running-config":
		return p.Scheme, flash.Text(f.Running()), nil
	case p.FS == nil:
		return "", nil, fs.ErrInvalid
	}
	file, err := p.FS.Open(p.Path)
	return path.Base(p.Path), file.Content, err
}

// Stat describes a file.
func (f Files) Stat(name string) (scp.Info, error) {
	last, content, err := f.open(name)
	if err != nil {
		return scp.Info{}, err
	}
	return scp.Info{Name: last, Mode: 0o600, Size: content.Size(), Modified: f.Now()}, nil
}

// Open opens it.
func (f Files) Open(name string) (io.ReadCloser, error) {
	_, content, err := f.open(name)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(io.NewSectionReader(content, 0, content.Size())), nil
}

// List gives no directories.
func (f Files) List(string) iter.Seq2[scp.Info, error] {
	return func(yield func(scp.Info, error) bool) { yield(scp.Info{}, errors.ErrUnsupported) }
}
