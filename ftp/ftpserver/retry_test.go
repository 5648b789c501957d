package ftpserver

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"time"

	"dray/ftp/ftpclient"
)

// A download over connections that break again and again arrives whole, and nothing of it
// comes twice; in TLS only the record in which a connection broke.
func TestRetriesRepeatNothing(t *testing.T) {
	const breaks, record = 5, 17 << 10
	for security, most := range map[ftpclient.Security]int{ftpclient.Plain: 0, ftpclient.Explicit: (breaks + 2) * record} {
		s, m, config := secured(t)
		data := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
		m.files["/file"] = data
		addr := serve(t, s, "127.0.0.1:0")
		l := &lossy{control: addr, after: 200_000}
		r := ftpclient.Retry{
			Address: addr, User: "alice", Password: "secret", Retries: 1, Backoff: func(int) time.Duration { return 0 },
			Dialer: ftpclient.Dialer{Security: security, TLSConfig: config, DialContext: l.dial},
		}
		var got bytes.Buffer
		n, err := r.Download(t.Context(), "/file", 0, &got)
		if err != nil || n != int64(len(data)) || !bytes.Equal(got.Bytes(), data) {
			t.Errorf("security %d: %d octets, %v", security, n, err)
		}
		if over := l.received - len(data); over < 0 || over > most || l.broken != breaks {
			t.Errorf("security %d: %d octets more than the file came in %d connections that broke", security, over, l.broken)
		}
	}
}

// lossy dials data connections that break after some octets.
type lossy struct {
	control          string
	after            int
	received, broken int
}

func (l *lossy) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil || address == l.control {
		return conn, err
	}
	return &lossyConn{conn, l, l.after}, nil
}

type lossyConn struct {
	net.Conn
	of   *lossy
	left int
}

func (c *lossyConn) Read(b []byte) (int, error) {
	if c.left == 0 {
		c.of.broken++
		return 0, io.ErrUnexpectedEOF
	}
	n, err := c.Conn.Read(b[:min(len(b), c.left)])
	c.left -= n
	c.of.received += n
	return n, err
}
