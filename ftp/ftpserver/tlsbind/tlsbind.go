// Package tlsbind protects the connections of an FTP session with TLS (RFC 4217) and
// tells whether a data connection belongs to its control connection.
//
// FTP itself cannot tell: whoever reaches a passive port first gets the file. Here every
// session ticket (RFC 5077; RFC 8446, section 4.6.1) carries a nonce of the control
// connection for which it was made. A data connection that resumes such a ticket has
// proved that it comes from the client that holds the TLS session of that control
// connection, and not just any earlier one.
//
// It also tells a data connection that ended from one that was cut.
//
// It decides nothing: whether a connection that is not bound, or was cut, is refused or
// only noted is the caller's choice. It never resumes a foreign ticket on a data
// connection, and it never changes the caller's configuration.
package tlsbind

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"net"
	"slices"
	"sync/atomic"
)

// markPrefix tells our mark from what others may put into a ticket.
const markPrefix = "ftp tlsbind 1\x00"

// preSharedKey is the extension by which a client of TLS 1.3 brings tickets (RFC 8446,
// section 4.2.11).
const preSharedKey = 41

// Binder makes the sessions of one server. Its methods may be called by several
// goroutines at once.
type Binder struct {
	// NoDataTickets makes data connections of TLS 1.3 give no tickets of their own. A
	// client that uploads and closes without having read its ticket turns that close into
	// a reset, which destroys what the server has not read yet. On the other hand some
	// clients, OpenSSL's among them, use each ticket once and need a new one from every
	// connection; so false, the zero value, is the better choice for most. It is not to
	// be changed after the first Session.
	NoDataTickets bool

	base *tls.Config
	keys *tls.Config // seals and opens all tickets
}

// New returns a Binder whose connections are configured by base, which must not be nil and
// is copied. Without NextProtos the protocol is "ftp", so that a connection meant for
// another protocol fails. WrapSession and UnwrapSession of base are not used. With
// SessionTicketsDisabled nothing can be bound, and every verdict is [None].
func New(base *tls.Config) *Binder {
	return &Binder{base: base.Clone(), keys: base.Clone()}
}

// SetTicketKeys replaces the keys that seal the tickets; there must be at least one. The
// first seals, all of them open. Without keys the tickets are good for this Binder
// alone, and it rotates keys of its own. Sharing keys among servers lets control
// connections resume on any of them; data connections stay bound to their session.
func (b *Binder) SetTicketKeys(keys [][32]byte) { b.keys.SetSessionTicketKeys(keys) }

// choose returns the configuration for a client that has said hello.
func (b *Binder) choose(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	if b.base.GetConfigForClient != nil {
		if c, err := b.base.GetConfigForClient(hello); c != nil || err != nil {
			return c, err
		}
	}
	return b.base, nil
}

// Session is a control connection and its data connections. All of them show the same
// certificate, even if another one has taken its place since: clients compare.
type Session struct {
	binder      *Binder
	mark        []byte
	certificate atomic.Pointer[tls.Certificate] // from the first GetCertificate
}

// Session begins a session.
func (b *Binder) Session() *Session {
	var nonce [16]byte
	rand.Read(nonce[:])
	return &Session{binder: b, mark: append([]byte(markPrefix), nonce[:]...)}
}

// Control protects the control connection, as the server. It may resume a ticket of any
// session; those it gives are of this one.
func (s *Session) Control(conn net.Conn) *tls.Conn {
	return s.server(conn, func(c *tls.Config, _ *tls.ClientHelloInfo) {
		c.UnwrapSession = s.binder.keys.DecryptTicket
	})
}

// server protects a connection; configure completes the configuration, which is of this
// connection only.
func (s *Session) server(conn net.Conn, configure func(*tls.Config, *tls.ClientHelloInfo)) *tls.Conn {
	outer := s.binder.base.Clone()
	outer.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		chosen, err := s.binder.choose(hello)
		if err != nil {
			return nil, err
		}
		c := chosen.Clone()
		if c.NextProtos == nil {
			c.NextProtos = []string{"ftp"}
		}
		if get := c.GetCertificate; get != nil {
			c.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
				return s.show(hello, get)
			}
		}
		c.WrapSession = s.wrap
		configure(c, hello)
		return c, nil
	}
	return tls.Server(conn, outer)
}

// show returns the certificate of the session.
func (s *Session) show(hello *tls.ClientHelloInfo, get func(*tls.ClientHelloInfo) (*tls.Certificate, error)) (*tls.Certificate, error) {
	if c := s.certificate.Load(); c != nil {
		return c, nil
	}
	c, err := get(hello)
	if err == nil {
		s.certificate.Store(c)
	}
	return c, err
}

// wrap makes a ticket of this session.
func (s *Session) wrap(state tls.ConnectionState, t *tls.SessionState) ([]byte, error) {
	t.Extra = append(t.Extra, s.mark)
	return s.binder.keys.EncryptTicket(state, t)
}

// marked reports whether t was made by wrap.
func (s *Session) marked(t *tls.SessionState) bool {
	return slices.ContainsFunc(t.Extra, func(e []byte) bool { return bytes.Equal(e, s.mark) })
}
