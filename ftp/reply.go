package ftp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Bounds of what [ReadReply] takes, in octets.
const (
	MaxReplyLine = 8 << 10 // one line with its end
	MaxReply     = 1 << 20 // all lines of one reply
)

// Reply is the answer to a command (RFC 959, section 4.2). A reply of several lines is a
// block: its first and last lines carry the code, those between are verbatim, and by RFC
// 2389 and RFC 3659 they begin with a space.
type Reply struct {
	Code  Code
	Lines []string // without code and line end; none is the same as one empty line
}

// ErrReply is a reply that is not one: no code, too long, or cut off within its block.
var ErrReply = errors.New("ftp: malformed reply")

// Append appends r as it goes over the wire. Control characters become "?" and a line
// within a block that begins with a digit is moved right by a space, so that nothing a
// peer chose can end a line or pass for a reply.
func (r Reply) Append(b []byte) []byte {
	last := len(r.Lines) - 1
	if last < 1 {
		return appendLine(b, r.Code, ' ', r.Text())
	}
	b = appendLine(b, r.Code, '-', r.Lines[0])
	for _, line := range r.Lines[1:last] {
		if line != "" && '0' <= line[0] && line[0] <= '9' {
			b = append(b, ' ')
		}
		b = append(appendPrintable(b, line), '\r', '\n')
	}
	return appendLine(b, r.Code, ' ', r.Lines[last])
}

func appendLine(b []byte, code Code, sep byte, text string) []byte {
	b = append(strconv.AppendInt(b, int64(code), 10), sep)
	return append(appendPrintable(b, text), '\r', '\n')
}

func appendPrintable(b []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if c < 0x20 || c == 0x7f {
			c = '?'
		}
		b = append(b, c)
	}
	return b
}

// Text returns the first line, "" if there is none.
func (r Reply) Text() string {
	if len(r.Lines) == 0 {
		return ""
	}
	return r.Lines[0]
}

// String returns r on one line, such as "550 No such file".
func (r Reply) String() string {
	return fmt.Sprintf("%03d %s", r.Code, strings.Join(r.Lines, " / "))
}

// ReadReply reads one reply. Lines may end with a bare LF. A line within a block may
// repeat "code-", as some servers do; that is taken off. The error is ErrReply, or that
// of r, where io.EOF means that r ended before the reply began.
func ReadReply(r *bufio.Reader) (Reply, error) {
	line, err := readLine(r)
	if err != nil {
		return Reply{}, err
	}
	code, sep, text, ok := splitReply(line)
	if !ok {
		return Reply{}, fmt.Errorf("%w: %.40q", ErrReply, line)
	}
	reply := Reply{Code: code, Lines: []string{text}}
	size := len(line)
	for sep == '-' {
		line, err := readLine(r)
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return Reply{}, err
		}
		if size += len(line) + 2; size > MaxReply {
			return Reply{}, fmt.Errorf("%w: over %d octets", ErrReply, MaxReply)
		}
		if c, s, text, ok := splitReply(line); ok && c == code {
			sep, line = s, text
		}
		reply.Lines = append(reply.Lines, line)
	}
	return reply, nil
}

// splitReply takes a line that begins with a code apart. The separator is ' ' or '-'; a
// code alone counts as one with an empty text.
func splitReply(line string) (code Code, sep byte, text string, ok bool) {
	if len(line) < 3 {
		return 0, 0, "", false
	}
	for _, c := range []byte(line[:3]) {
		if c < '0' || c > '9' {
			return 0, 0, "", false
		}
		code = code*10 + Code(c-'0')
	}
	if code < 100 || code > 699 {
		return 0, 0, "", false
	}
	if len(line) == 3 {
		return code, ' ', "", true
	}
	if line[3] != ' ' && line[3] != '-' {
		return 0, 0, "", false
	}
	return code, line[3], line[4:], true
}

// readLine reads a line of at most MaxReplyLine octets and takes its end off.
func readLine(r *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > MaxReplyLine {
			return "", fmt.Errorf("%w: a line over %d octets", ErrReply, MaxReplyLine)
		}
		line = append(line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(line) > 0:
			return "", io.ErrUnexpectedEOF
		case err != nil:
			return "", err
		}
		line = line[:len(line)-1]
		if n := len(line); n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		}
		return string(line), nil
	}
}

// Error is a reply that says that a command failed. Clients return it; find it with
// [errors.As].
type Error struct {
	Command string // the verb that failed; "" for the greeting
	Reply   Reply
}

func (e *Error) Error() string {
	if e.Command == "" {
		return "ftp: " + e.Reply.String()
	}
	return "ftp: " + e.Command + ": " + e.Reply.String()
}
