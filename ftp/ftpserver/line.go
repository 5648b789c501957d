package ftpserver

import (
	"bytes"
	"errors"
	"io"

	"dray/ftp"
)

// MaxLine is the longest command line that is taken, in octets with its end.
const MaxLine = 4096

var (
	errLongLine = errors.New("ftpserver: line too long")
	errTLSHello = errors.New("ftpserver: TLS without AUTH")
)

// lineReader cuts a control connection into lines. Its buffer is small until a line
// needs more.
type lineReader struct {
	src     io.Reader
	telnet  ftp.Telnet
	buf     []byte // what was read and filtered and is not a line yet
	unread  []byte // the part of buf that follows the line handed out last
	begun   bool   // something has been read
	skip    bool   // the rest of a line that was too long is on its way
	scanned int    // how much of unread has no line end
}

const lineBuffer = 256

// next returns the next line with its end, good until the following call, or only what
// a Telnet option has to be answered with. After errLongLine it can be called again.
func (r *lineReader) next() (line, answer []byte, err error) {
	for {
		if i := bytes.IndexByte(r.unread[r.scanned:], '\n'); i >= 0 {
			end := r.scanned + i + 1
			line, r.unread, r.scanned = r.unread[:end], r.unread[end:], 0
			if r.skip {
				r.skip = false
				continue
			}
			return line, nil, nil
		}
		if r.skip {
			r.unread = nil
		}
		r.scanned = len(r.unread)
		if r.scanned >= MaxLine {
			r.unread, r.scanned, r.skip = nil, 0, true
			return nil, nil, errLongLine
		}
		answer, err := r.fill()
		if err != nil || len(answer) > 0 {
			return nil, answer, err
		}
	}
}

// fill reads once.
func (r *lineReader) fill() (answer []byte, err error) {
	n := copy(r.buf, r.unread)
	if n == len(r.buf) {
		bigger := make([]byte, min(max(lineBuffer, 2*len(r.buf)), MaxLine))
		copy(bigger, r.buf)
		r.buf = bigger
	}
	got, err := r.src.Read(r.buf[n:])
	if !r.begun && got > 0 {
		r.begun = true
		if r.buf[0] == 0x16 { // a handshake record of TLS
			return nil, errTLSHello
		}
	}
	text, answer := r.telnet.Filter(r.buf[n : n+got])
	r.unread = r.buf[:n+len(text)]
	if got > 0 {
		err = nil // it comes again
	}
	return answer, err
}

// buffered reports whether something that was read has not been handed out.
func (r *lineReader) buffered() bool { return len(r.unread) > 0 }
