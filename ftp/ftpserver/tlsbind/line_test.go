package tlsbind

import (
	"io"
	"net"
	"strings"
	"testing"
)

// atOnce is a connection that brings its last octets and its end together, as [io.Reader]
// allows.
type atOnce struct {
	net.Conn
	*strings.Reader
}

func (c atOnce) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if err == nil && c.Reader.Len() == 0 {
		err = io.EOF
	}
	return n, err
}

// Octets that come together with the end may be the close_notify, so that the end has not
// been seen before they are read.
func TestLineEndsAfterItsOctets(t *testing.T) {
	l := &line{Conn: atOnce{Reader: strings.NewReader("last")}}
	var p [8]byte
	if n, err := l.Read(p[:]); n != 4 || err != nil || l.ended.Load() {
		t.Errorf("first: %d, %v, ended %v", n, err, l.ended.Load())
	}
	if n, err := l.Read(p[:]); n != 0 || err != io.EOF || !l.ended.Load() {
		t.Errorf("second: %d, %v, ended %v", n, err, l.ended.Load())
	}
}
