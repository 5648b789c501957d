package scp

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"iter"
	"path"
	"time"
)

// Info describes a file or a folder that is given.
type Info struct {
	Name     string // last element of its path
	Dir      bool
	Mode     fs.FileMode
	Size     int64
	Modified time.Time
}

// Source has the files that are given. Its paths have "/" between elements.
type Source interface {
	Stat(p string) (Info, error)
	Open(p string) (io.ReadCloser, error)
	List(p string) iter.Seq2[Info, error]
	Phrase(err error) string // what the other side is told of an error
}

// Stream is a connection to the other side.
type Stream struct {
	in      *bufio.Reader
	out     io.Writer
	Buffer  []byte // through which content goes; nil is one of 32 KiB
	refused error  // the first thing that went wrong while the rest went on
}

// NewStream speaks over rw.
func NewStream(rw io.ReadWriter) *Stream { return &Stream{in: bufio.NewReader(rw), out: rw} }

// note keeps the first error of those that do not end the work.
func (s *Stream) note(err error) {
	if s.refused == nil {
		s.refused = err
	}
}

// ack reads the answer to a record. Who is warned goes on: skip says so.
func (s *Stream) ack() (skip bool, err error) {
	c, err := s.in.ReadByte()
	switch {
	case err == io.EOF:
		return false, io.ErrUnexpectedEOF
	case err != nil:
		return false, err
	case c == 0:
		return false, nil
	case c != 1 && c != 2:
		return false, ErrRecord
	}
	line, err := readLine(s.in)
	if err != nil {
		return false, err
	}
	remote := &RemoteError{Text: line, Fatal: c == 2}
	if remote.Fatal {
		return false, remote
	}
	s.note(remote)
	return true, nil
}

func (s *Stream) send(b []byte) error {
	_, err := s.out.Write(b)
	return err
}

// complain tells the other side what is wrong, and that the rest goes on.
func (s *Stream) complain(phrase string) error { return s.send([]byte("\x01scp: " + phrase + "\n")) }

// Give sends what the command asks for. What cannot be read is told to the other side and
// left out; the first such error is returned at the end.
func (s *Stream) Give(c Command, src Source) error {
	skip, err := s.ack() // the sink begins
	switch {
	case err != nil:
		return err
	case skip:
		return s.refused
	}
	for _, p := range c.Paths {
		i, err := src.Stat(p)
		if err == nil {
			err = s.give(c, src, p, i)
		} else {
			err = s.skip(src, p, err)
		}
		if err != nil {
			return err
		}
	}
	return s.refused
}

// skip tells why p is left out.
func (s *Stream) skip(src Source, p string, err error) error {
	s.note(err)
	return s.complain(p + ": " + src.Phrase(err))
}

var errFolder = errors.New("scp: a folder, and -r was not said")

func (s *Stream) give(c Command, src Source, p string, i Info) error {
	if i.Dir && !c.Recursive {
		s.note(errFolder)
		return s.complain(p + ": not a regular file")
	}
	if !isElement(i.Name) && !(i.Dir && i.Name == "/") {
		return s.skip(src, p, ErrRecord)
	}
	if i.Dir {
		return s.giveFolder(c, src, p, i)
	}
	f, err := src.Open(p)
	if err != nil {
		return s.skip(src, p, err)
	}
	defer f.Close()
	if skip, err := s.head(c, Record{Kind: File, Mode: i.Mode, Size: i.Size, Name: i.Name}, i); skip || err != nil {
		return err
	}
	return s.content(src, p, f, i.Size)
}

// head sends the records that announce something.
func (s *Stream) head(c Command, r Record, i Info) (skip bool, err error) {
	if c.Preserve {
		if err := s.send(Record{Kind: Times, Modified: i.Modified, Accessed: i.Modified}.Append(nil)); err != nil {
			return false, err
		}
		if skip, err := s.ack(); skip || err != nil {
			return skip, err
		}
	}
	if err := s.send(r.Append(nil)); err != nil {
		return false, err
	}
	return s.ack()
}

// content sends as many octets as were promised, whatever becomes of the file meanwhile.
func (s *Stream) content(src Source, p string, f io.Reader, size int64) error {
	n, err := io.CopyBuffer(onlyWriter{s.out}, onlyReader{io.LimitReader(f, size)}, s.buffer())
	if n < size {
		if err == nil {
			err = io.ErrUnexpectedEOF
		}
		zeros := s.buffer()
		clear(zeros)
		for left := size - n; left > 0; {
			w, broken := s.out.Write(zeros[:min(left, int64(len(zeros)))])
			if broken != nil {
				return errors.Join(err, broken)
			}
			left -= int64(w)
		}
		if err := s.skip(src, p, err); err != nil {
			return err
		}
	} else if err := s.send([]byte{0}); err != nil {
		return err
	}
	_, err = s.ack()
	return err
}

func (s *Stream) buffer() []byte {
	if s.Buffer == nil {
		s.Buffer = make([]byte, 32<<10)
	}
	return s.Buffer
}

// onlyReader and onlyWriter keep io.CopyBuffer to the buffer.
type onlyReader struct{ io.Reader }
type onlyWriter struct{ io.Writer }

func (s *Stream) giveFolder(c Command, src Source, p string, i Info) error {
	name := i.Name
	if name == "/" {
		name = "root" // which has no name of its own
	}
	if skip, err := s.head(c, Record{Kind: Folder, Mode: i.Mode, Name: name}, i); skip || err != nil {
		return err
	}
	for child, err := range src.List(p) {
		at := path.Join(p, child.Name)
		if err == nil {
			err = s.give(c, src, at, child)
		} else {
			err = s.skip(src, p, err)
		}
		if err != nil {
			return err
		}
	}
	if err := s.send([]byte("E\n")); err != nil {
		return err
	}
	_, err := s.ack()
	return err
}
