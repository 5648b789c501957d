package ftpserver

import (
	"context"
	"errors"
	"strings"

	"dray/ftp"
)

// span is a part of a file.
type span struct {
	offset int64 // of the first octet
	length int64 // in octets; 0 means up to the end
}

// errRange is a RANG that begins beyond the end.
var errRange = errors.New("ftpserver: range beyond the end")

// within is nil if the span has an octet in the file. What cannot be known is left to
// Open.
func (o span) within(ctx context.Context, fs FS, name string) error {
	e, err := fs.Stat(ctx, name)
	if err == nil && e.Type == ftp.TypeFile && e.Size >= 0 && o.offset >= e.Size {
		err = errRange
	}
	return err
}

// limit is how many octets the span has at most.
func (o span) limit() int64 {
	if o.length == 0 {
		return 1<<63 - 1
	}
	return o.length
}

// rang takes the first and the last octet that the next RETR or HASH is about
// (draft-bryan-ftp-range, section 3). It and REST exclude each other; "RANG 1 0" takes it
// back.
func rang(s *session, arg string) (op, ftp.Reply) {
	words := strings.Fields(arg)
	if len(words) != 2 {
		words = []string{"", ""}
	}
	first, err1 := parseSize(words[0])
	last, err2 := parseSize(words[1])
	switch {
	case err1 != nil || err2 != nil || first > last && (first != 1 || last != 0):
		return nil, reply(ftp.CodeBadArgument, "RANG takes the first and the last octet")
	case first > last:
		s.part = span{}
		return nil, reply(ftp.CodePending, "The next transfer is of the whole file")
	}
	s.part = span{offset: first, length: max(last-first, last-first+1)} // no overflow
	return nil, reply(ftp.CodePending, "The next RETR or HASH is of this range")
}

// upload makes a command that stores a file. A range would not say what becomes of the
// rest of the file, so that there is none for it.
func (s *session) upload(t transfer) (op, ftp.Reply) {
	if s.part.length > 0 {
		return nil, reply(ftp.CodeBadSequence, "RANG is for RETR and HASH")
	}
	return t, ftp.Reply{}
}
