package ftpserver

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"dray/ftp"
	"dray/ftp/ftpserver/tlsbind"
)

// Binding says how data connections have to belong to their control connection.
type Binding uint8

// The bindings. Clients of TLS 1.2 that know session identifiers alone, such as curl, and
// Python's ftplib cannot comply.
const (
	BindingLog     Binding = iota // those that do not are noted in their [Transfer]
	BindingOff                    // nobody cares
	BindingRequire                // those that do not are refused, 522
)

var (
	errNotBound    = errors.New("data connection is not of the TLS session of its control connection")
	errNoHandshake = errors.New("TLS handshake of the data connection failed")
)

// startTLS is the operation of AUTH.
type startTLS struct{ protect bool }

func (o startTLS) do(c *Conn) ftp.Reply {
	if c.lines.buffered() {
		// Commands that came before the handshake would be taken for protected ones
		// (CVE-2011-0411).
		c.log().Warn("clear text after AUTH: closing")
		c.end(reply(ftp.CodeUnavailable, "Nothing may follow AUTH before TLS"))
		return ftp.Reply{}
	}
	c.answer(reply(ftp.CodeAuthOK, "Begin TLS"))
	if c.closing {
		return ftp.Reply{}
	}
	c.fs = nil
	c.dropData()
	c.state.forget()
	if err := c.secure(); err != nil {
		c.noTLS(err)
		c.closing = true
		return ftp.Reply{}
	}
	c.state.protected = o.protect
	return ftp.Reply{}
}

// secure shakes hands and goes on with a new reader, so that nothing that was read before
// is taken for protected. The reader is not reading meanwhile.
func (c *Conn) secure() error {
	timeout := orDefault(c.srv.LoginTimeout, time.Minute)
	c.raw.SetDeadline(time.Now().Add(timeout))
	session := c.srv.binder.Session()
	heard := &hearing{Conn: c.raw}
	conn := session.Control(heard)
	if err := conn.HandshakeContext(c.ctx); err != nil {
		return handshakeError{err, heard.alert(), heard.n > 0}
	}
	c.raw.SetDeadline(time.Time{})
	c.tls, c.nc = session, conn
	c.lines = lineReader{src: conn, begun: true}
	c.state.secure = true
	return nil
}

// noTLS notes that the control connection has no TLS, and why.
func (c *Conn) noTLS(err error) {
	about := []any{"reason", err}
	var failed handshakeError
	if c.srv.TrustHint != "" && errors.As(err, &failed) && (failed.untrusted() || failed.hungUp() && failed.heard) {
		about = append(about, "hint", c.srv.TrustHint)
	}
	c.log().Warn("TLS handshake failed: closing", about...)
}

// handshakeError is a handshake that failed, said so that a person sees whose fault it is.
type handshakeError struct {
	error
	alert tls.AlertError // that the client has sent in clear; 0 is none
	heard bool           // something came from the client
}

func (e handshakeError) Unwrap() error { return e.error }

func (e handshakeError) Error() string {
	var foreign tls.RecordHeaderError
	switch {
	case e.untrusted() && e.alert != 0:
		return "the client does not trust the certificate: " + e.alert.Error()
	case e.untrusted():
		return "the client does not trust the certificate: " + e.error.Error()
	case e.alert != 0:
		return "the client refused: " + e.alert.Error()
	case errors.As(e.error, &foreign):
		return "the client speaks no TLS here"
	case e.hungUp() && e.heard:
		return "the client hung up in the middle of it, as one does that does not trust the certificate"
	case e.hungUp():
		return "the client hung up without a word"
	case errors.Is(e.error, os.ErrDeadlineExceeded):
		return "the client took too long"
	}
	short, _, _ := strings.Cut(e.error.Error(), "; client offered: ") // a list of numbers
	return short
}

func (e handshakeError) hungUp() bool {
	return errors.Is(e.error, io.EOF) || errors.Is(e.error, syscall.ECONNRESET)
}

// untrusted reports whether the client has refused our certificate by an alert about it
// (RFC 8446, section 6.2). Its type is hidden in crypto/tls, its text is not.
func (e handshakeError) untrusted() bool {
	switch e.alert {
	case 42, 43, 44, 45, 46, 48: // bad, unsupported, revoked, expired, unknown; authority unknown
		return true
	}
	var alert *net.OpError
	return errors.As(e.error, &alert) && alert.Op == "remote error" && strings.Contains(alert.Err.Error(), "certificate")
}

// hearing keeps the end of what a client says in the handshake. OpenSSL sends its alert
// about our certificate in clear where TLS 1.3 wants it encrypted, so that crypto/tls
// knows it for a bad record only.
type hearing struct {
	net.Conn
	n    int64
	last [7]byte
}

func (h *hearing) Read(b []byte) (int, error) {
	n, err := h.Conn.Read(b)
	h.n += int64(n)
	if n >= len(h.last) {
		copy(h.last[:], b[n-len(h.last):n])
	} else {
		copy(h.last[:], h.last[n:])
		copy(h.last[len(h.last)-n:], b[:n])
	}
	return n, err
}

// alert is what the client said last if that was an alert in clear that ends the
// connection: a record of type 21 with two octets (RFC 8446, sections 5.1 and 6).
func (h *hearing) alert() tls.AlertError {
	if h.last[0] == 21 && h.last[1] == 3 && h.last[3] == 0 && h.last[4] == 2 && h.last[5] == 2 {
		return tls.AlertError(h.last[6])
	}
	return 0
}

// TLS returns what is known of the TLS of the control connection, nil if it has none.
func (c *Conn) TLS() *tls.ConnectionState {
	conn, ok := c.nc.(*tls.Conn)
	if !ok {
		return nil
	}
	state := conn.ConnectionState()
	return &state
}

// tlsText describes the TLS of the control connection.
func (c *Conn) tlsText() string {
	state := c.TLS()
	switch {
	case state == nil:
		return "none"
	case c.state.protected:
		return tls.VersionName(state.Version) + ", data protected"
	}
	return tls.VersionName(state.Version) + ", data in clear"
}

// protect puts TLS on the data connection if it is to be, after 150: some clients begin
// only then. It refuses a connection that is not bound if that is required.
func (j *job) protect(timeout time.Duration) error {
	if j.tls == nil {
		return nil
	}
	j.gather = &gather{Conn: j.tcp}
	conn := j.tls.Data(j.gather)
	j.conn = conn
	conn.SetDeadline(time.Now().Add(timeout))
	if err := conn.HandshakeContext(j.ctx); err != nil {
		return fmt.Errorf("%w: %w", errNoHandshake, handshakeError{error: err})
	}
	j.records = buffers.Get().(*[bufferRoom]byte)
	j.gather.buf = j.records[:0]
	verdict := conn.Verdict()
	if verdict == tlsbind.Own || j.srv.Binding == BindingOff {
		return nil
	}
	j.note = explain(verdict, tls.VersionName(conn.ConnectionState().Version))
	if j.srv.Binding == BindingRequire {
		return errNotBound
	}
	return nil
}

// explain says in words what a verdict means to somebody who reads the log.
func explain(v tlsbind.Verdict, version string) string {
	if v == tlsbind.Foreign {
		return "the data connection brought the " + version + " session of another control connection"
	}
	return "the data connection resumed no " + version + " session: the client cannot, or somebody else came"
}

// explainReset says what an upload that was reset may suffer from: in TLS 1.3 the server
// speaks last in the handshake, and a client that never reads that resets what it closes.
func (j *job) explainReset(err error) {
	conn, ok := j.conn.(*tlsbind.Data)
	if ok && errors.Is(err, syscall.ECONNRESET) && !j.srv.NoDataTickets && conn.ConnectionState().Version == tls.VersionTLS13 {
		j.note = "the client reset the connection, as one does that closes it without reading its session ticket: " +
			"give none on data connections, or let the client use TLS 1.2"
	}
}

// checkEnd tells an upload over TLS that ended from one that was cut off on the way.
func (j *job) checkEnd() error {
	conn, ok := j.conn.(*tlsbind.Data)
	if !ok || !conn.Truncated() {
		return nil
	}
	if j.srv.RequireTLSEnd {
		return fmt.Errorf("%w: it ended without close_notify", errDataLost)
	}
	j.note = "TLS ended without close_notify: the upload may have been cut off"
	return nil
}
