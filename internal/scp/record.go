package scp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// Kind tells records apart; it is the first octet of one.
type Kind byte

// The kinds of record.
const (
	File   Kind = 'C' // a file, whose content follows
	Folder Kind = 'D' // a folder; what it holds follows
	End    Kind = 'E' // of the folder
	Times  Kind = 'T' // of the file or folder that follows
)

// Record is a line of the protocol.
type Record struct {
	Kind     Kind
	Mode     fs.FileMode // of File and Folder: permissions
	Size     int64       // of File, in octets
	Name     string      // of File and Folder: one element of a path
	Modified time.Time   // of Times, in whole seconds
	Accessed time.Time
}

// ErrRecord is a record that cannot be, or must not: a name that leads elsewhere.
var ErrRecord = errors.New("scp: bad record")

// RemoteError is what the other side has to complain about. Its text is the other
// side's: escape it before it is shown.
type RemoteError struct {
	Text  string
	Fatal bool // it has given up
}

func (e *RemoteError) Error() string { return fmt.Sprintf("the other side says %q", e.Text) }

const maxLine = 8 << 10

// readLine reads up to a line feed, which it leaves out.
func readLine(r *bufio.Reader) (string, error) {
	var line []byte
	for {
		c, err := r.ReadByte()
		switch {
		case err == io.EOF:
			return "", io.ErrUnexpectedEOF
		case err != nil:
			return "", err
		case c == '\n':
			return string(line), nil
		case len(line) == maxLine:
			return "", ErrRecord
		}
		line = append(line, c)
	}
}

// ReadRecord reads a record. At the end of the stream it returns io.EOF, and what the
// other side complains about as a [*RemoteError].
func ReadRecord(r *bufio.Reader) (Record, error) {
	c, err := r.ReadByte()
	if err != nil {
		return Record{}, err
	}
	line, err := readLine(r)
	switch {
	case err != nil:
		return Record{}, err
	case c == 1 || c == 2:
		return Record{}, &RemoteError{Text: line, Fatal: c == 2}
	}
	return parseRecord(Kind(c), line)
}

func parseRecord(kind Kind, line string) (Record, error) {
	r := Record{Kind: kind}
	switch kind {
	case End:
		if line != "" {
			return Record{}, ErrRecord
		}
		return r, nil
	case Times:
		var n [4]int64
		words := strings.Split(line, " ")
		if len(words) != len(n) {
			return Record{}, ErrRecord
		}
		for i, w := range words {
			var err error
			if n[i], err = strconv.ParseInt(w, 10, 64); err != nil || n[i] < 0 {
				return Record{}, ErrRecord
			}
		}
		r.Modified, r.Accessed = time.Unix(n[0], 0), time.Unix(n[2], 0)
		return r, nil
	case File, Folder:
		mode, rest, ok1 := strings.Cut(line, " ")
		size, name, ok2 := strings.Cut(rest, " ")
		perm, err1 := strconv.ParseUint(mode, 8, 32)
		n, err2 := strconv.ParseInt(size, 10, 64)
		if !ok1 || !ok2 || err1 != nil || perm > 0o7777 || err2 != nil || n < 0 || !isElement(name) {
			return Record{}, ErrRecord
		}
		r.Mode, r.Size, r.Name = fs.FileMode(perm)&fs.ModePerm, n, name
		return r, nil
	}
	return Record{}, ErrRecord
}

// isElement reports whether a name is one element of a path and nothing more.
func isElement(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsFunc(name, func(r rune) bool {
		return r == '/' || r < 0x20 || r == 0x7f
	})
}

// Append appends the record as it stands on the wire.
func (r Record) Append(b []byte) []byte {
	switch r.Kind {
	case End:
		return append(b, "E\n"...)
	case Times:
		return fmt.Appendf(b, "T%d 0 %d 0\n", max(0, r.Modified.Unix()), max(0, r.Accessed.Unix()))
	}
	return fmt.Appendf(b, "%c%04o %d %s\n", r.Kind, r.Mode.Perm(), r.Size, r.Name)
}
