package tlsbind

import (
	"crypto/tls"
	"io"
	"net"
	"slices"
	"sync/atomic"
)

// Verdict says what a data connection has to do with its control connection.
type Verdict uint8

// The verdicts.
const (
	None    Verdict = iota // the client brought no ticket: its own connection or not, nobody knows
	Foreign                // it brought a ticket, but did not resume the control connection's session
	Own                    // it resumed the session of its control connection
)

// String says the verdict in a word.
func (v Verdict) String() string {
	switch v {
	case None:
		return "none"
	case Foreign:
		return "foreign"
	case Own:
		return "own"
	}
	return "unknown"
}

// Data is a data connection.
type Data struct {
	*tls.Conn
	session *Session
	line    *line
	brought bool // a ticket
}

// Data protects a data connection, as the server, whoever opened it (RFC 4217, section 7).
func (s *Session) Data(conn net.Conn) *Data {
	d := &Data{session: s, line: &line{Conn: conn}}
	d.Conn = s.server(d.line, d.configure)
	return d
}

// configure sees to it that only tickets of this session are resumed, and with
// NoDataTickets that none is given.
func (d *Data) configure(c *tls.Config, hello *tls.ClientHelloInfo) {
	quiet := d.session.binder.NoDataTickets &&
		slices.Contains(hello.SupportedVersions, tls.VersionTLS13) &&
		(c.MaxVersion == 0 || c.MaxVersion >= tls.VersionTLS13)
	if quiet && !slices.Contains(hello.Extensions, preSharedKey) {
		c.SessionTicketsDisabled = true
	}
	c.UnwrapSession = func(ticket []byte, state tls.ConnectionState) (*tls.SessionState, error) {
		if quiet {
			c.SessionTicketsDisabled = true // which is asked again when it comes to giving
		}
		return d.unwrap(ticket, state)
	}
}

// unwrap opens a ticket of this session. To return nil means a full handshake.
func (d *Data) unwrap(ticket []byte, state tls.ConnectionState) (*tls.SessionState, error) {
	if len(ticket) == 0 {
		return nil, nil // TLS 1.2 calls without a ticket too
	}
	d.brought = true
	t, err := d.session.binder.keys.DecryptTicket(ticket, state)
	if err != nil || t == nil || !d.session.marked(t) {
		return nil, err
	}
	return t, nil
}

// Verdict returns what the handshake has shown. Before its end, and if it failed, it is
// not [Own].
func (d *Data) Verdict() Verdict {
	state := d.ConnectionState() // waits for a handshake that runs
	switch {
	case state.HandshakeComplete && state.DidResume: // only what unwrap let pass
		return Own
	case d.brought:
		return Foreign
	default:
		return None
	}
}

// Truncated reports, when Read has returned [io.EOF], that the TCP connection ended
// without the close_notify that ends TLS (RFC 8446, section 6.1). What was received then
// may be the beginning of a file only: whoever can inject a FIN can end it anywhere. Many
// clients never send close_notify.
func (d *Data) Truncated() bool { return d.line.ended.Load() }

// line is the connection below TLS, which stops to read it at a close_notify.
type line struct {
	net.Conn
	ended atomic.Bool // io.EOF was read
}

func (l *line) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if err != io.EOF {
		return n, err
	}
	if n > 0 {
		return n, nil // these octets may be the close_notify; the end comes again
	}
	l.ended.Store(true)
	return 0, io.EOF
}
