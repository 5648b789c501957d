package scp

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"time"
)

// Attributes go with a file or folder that is taken. A zero time is not said; the mode
// is a wish unless Preserve.
type Attributes struct {
	Mode               fs.FileMode
	Preserve           bool // times and permissions are to be as they are there
	Modified, Accessed time.Time
}

// Upload is a file that is being taken: there after Commit, never before.
type Upload interface {
	io.Writer
	Commit() error
	Abort() error
}

// Sink takes files. Its paths have "/" between elements.
type Sink interface {
	IsDir(p string) bool
	Create(p string, size int64, a Attributes) (Upload, error)
	Mkdir(p string, a Attributes) error // a folder that is there already is no error
	Leave(p string, a Attributes) error // the folder has all it will have
	Phrase(err error) string            // what the other side is told of an error
}

var errNoFolder = errors.New("scp: not a folder")

// Take receives what the other side sends to the path of the command. What cannot be
// written is told to the other side and left out; the first such error is returned at
// the end.
func (s *Stream) Take(c Command, dst Sink) error {
	p := c.Paths[0]
	if c.Folder && !dst.IsDir(p) {
		return errors.Join(errNoFolder, s.complain(p+": not a directory"))
	}
	if err := s.send([]byte{0}); err != nil {
		return err
	}
	return s.take(c, dst, p, 0)
}

const maxDepth = 200 // of folders in each other

// take receives records until the end of a folder, or of all.
func (s *Stream) take(c Command, dst Sink, p string, depth int) error {
	a := Attributes{Preserve: c.Preserve}
	for {
		r, err := ReadRecord(s.in)
		var remote *RemoteError
		switch {
		case err == io.EOF && depth == 0:
			return s.refused
		case err == io.EOF:
			return io.ErrUnexpectedEOF
		case errors.As(err, &remote) && !remote.Fatal:
			s.note(err)
			continue
		case errors.Is(err, ErrRecord):
			return errors.Join(err, s.send([]byte("\x02scp: bad record\n")))
		case err != nil:
			return err
		}
		switch r.Kind {
		case Times:
			a.Modified, a.Accessed = r.Modified, r.Accessed
			err = s.send([]byte{0})
		case End:
			if depth == 0 {
				return errors.Join(ErrRecord, s.send([]byte("\x02scp: bad record\n")))
			}
			return s.send([]byte{0})
		case File:
			a.Mode = r.Mode
			err = s.takeFile(dst, target(dst, p, r.Name), r.Size, a)
			a = Attributes{Preserve: c.Preserve}
		case Folder:
			a.Mode = r.Mode
			err = s.takeFolder(c, dst, target(dst, p, r.Name), a, depth)
			a = Attributes{Preserve: c.Preserve}
		}
		if err != nil {
			return err
		}
	}
}

// target is where something goes that is sent to p: into a folder, under its own name.
func target(dst Sink, p, name string) string {
	if dst.IsDir(p) {
		return path.Join(p, name)
	}
	return p
}

func (s *Stream) takeFolder(c Command, dst Sink, p string, a Attributes, depth int) error {
	if !c.Recursive || depth == maxDepth {
		return errors.Join(ErrRecord, s.send([]byte("\x02scp: bad record\n")))
	}
	if err := dst.Mkdir(p, a); err != nil {
		s.note(err)
		return s.send([]byte("\x02scp: " + p + ": " + dst.Phrase(err) + "\n"))
	}
	if err := s.send([]byte{0}); err != nil {
		return err
	}
	if err := s.take(c, dst, p, depth+1); err != nil {
		return err
	}
	if err := dst.Leave(p, a); err != nil {
		s.note(err) // the End has been answered
	}
	return nil
}

// takeFile receives a file. If it cannot be made, its content is not asked for.
func (s *Stream) takeFile(dst Sink, p string, size int64, a Attributes) error {
	u, err := dst.Create(p, size, a)
	if err != nil {
		s.note(err)
		return s.complain(p + ": " + dst.Phrase(err))
	}
	defer u.Abort()
	if err := s.send([]byte{0}); err != nil {
		return err
	}
	w := &swallow{w: u}
	n, err := io.CopyBuffer(w, onlyReader{io.LimitReader(s.in, size)}, s.buffer())
	switch {
	case err != nil:
		return err
	case n < size:
		return io.ErrUnexpectedEOF
	}
	skip, err := s.ack() // the sender has been able to read all of it
	closed := errors.Is(err, io.ErrUnexpectedEOF)
	switch {
	case closed && w.err == nil: // as libssh2 ends; all octets that were promised are there
		if err := u.Commit(); err != nil {
			s.note(err)
		}
		return nil
	case err != nil:
		return err
	case w.err == nil && !skip:
		w.err = u.Commit()
	}
	if w.err != nil {
		s.note(w.err)
		return s.complain(p + ": " + dst.Phrase(w.err))
	}
	return s.send([]byte{0})
}

// swallow writes until that fails, and takes the rest for nothing: the sender goes on.
type swallow struct {
	w   io.Writer
	err error
}

func (w *swallow) Write(b []byte) (int, error) {
	if w.err == nil {
		_, w.err = w.w.Write(b)
	}
	return len(b), nil
}
