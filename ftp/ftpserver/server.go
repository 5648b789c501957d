package ftpserver

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"dray/ftp/ftpserver/tlsbind"
)

// Server serves FTP. Its fields are set before the first call of Serve and left alone
// after. Every goroutine that it starts has ended when Shutdown or Close returns nil.
type Server struct {
	// Backend gives each connection its session. It must not be nil.
	Backend Backend

	// Banner is the text of the greeting, one line. Zero means "FTP server ready".
	Banner string

	// Name and Version are what CSID tells of the server, to anyone. Zero means "dray" and
	// no version.
	Name    string
	Version string

	// Hosts are the names that HOST takes (RFC 7151), in any case, besides the address of
	// the server. Zero means any. [Conn.Host] tells a backend which it was.
	Hosts []string

	// PassivePorts are the ports that PASV and EPSV listen on. Zero means any.
	PassivePorts PortRange

	// PassiveAddress is the IPv4 address that PASV tells, for servers behind NAT. Zero
	// means the address that the client reached. It does not change where the server
	// listens.
	PassiveAddress netip.Addr

	// PassiveAddressFor chooses the address that PASV tells to one client, by where it comes
	// from or what it reached, or looks it up. Zero, or the zero address from it, means
	// PassiveAddress. An error refuses PASV with 425. It is called for each PASV, by the
	// goroutine of the connection.
	PassiveAddressFor func(ctx context.Context, c *Conn) (netip.Addr, error)

	// DataOrigin finds out where a passive data connection comes from, for servers behind a
	// proxy that says so at the begin of each connection: it reads that, nothing more, and
	// leaves no deadline. It has to be the address of the control connection. An error closes
	// the data connection alone; when ctx ends nobody waits for it any more. It is called by
	// several goroutines at once. Zero means what TCP says.
	DataOrigin func(ctx context.Context, c *net.TCPConn) (netip.AddrPort, error)

	// ActiveSourcePort is the port that active data connections leave from. Zero means
	// 20, as RFC 959 has it, when the process may, and any otherwise. Negative
	// means any.
	ActiveSourcePort int

	// LoginTimeout ends a connection that has not logged in so long after its begin.
	// Zero means 60 seconds.
	LoginTimeout time.Duration

	// LoginDelay passes before a refused log-in is answered. Zero means one second,
	// negative none.
	LoginDelay time.Duration

	// IdleTimeout ends a connection that sends no command for so long. A running
	// transfer is not idle. Zero means 15 minutes.
	IdleTimeout time.Duration

	// DataTimeout is how long a transfer waits for its data connection, and PASV and EPSV
	// for one of PassivePorts. Zero means 30 seconds for the one and 10 for the other.
	DataTimeout time.Duration

	// StallTimeout ends a transfer that moves nothing for so long, and a connection
	// that takes no reply. Zero means 5 minutes.
	StallTimeout time.Duration

	// MaxConns bounds the control connections; those above are told 421. Zero means 8192.
	MaxConns int

	// Admit decides about a connection before anything is said on it, TLS included: by its
	// address, or by how many there are. An error turns it away: 421 with the text of the
	// error, which is one line. It is called by the goroutine of Serve and must not wait.
	// Zero admits all.
	Admit func(c *Conn) (Pass, error)

	// Deflate makes MODE Z possible, in which data connections are packed. It takes about a
	// MiB and a core of the server for each transfer.
	Deflate bool

	// MaxInflate is the most octets that an upload in mode Z may unpack to. Zero means 1
	// GiB, negative no limit.
	MaxInflate int64

	// MaxHashes bounds the files that are read for HASH and its like at once; others wait.
	// Zero means 2.
	MaxHashes int

	// MaxHashSize is the most octets that are read for one HASH; more is refused. Zero
	// means 16 GiB, negative no limit.
	MaxHashSize int64

	// TLS makes AUTH TLS possible, and ServeTLS (RFC 4217). Zero means that there is no
	// TLS. Without NextProtos the protocol is "ftp". A client certificate that its
	// ClientAuth verifies may be a log-in, see CertificateSession. It is not changed.
	TLS *tls.Config

	// TrustHint is what to do about clients that do not trust the certificate, for the note in
	// Log about one that did not. Zero adds nothing.
	TrustHint string

	// RequireTLS refuses log-ins and data connections without TLS.
	RequireTLS bool

	// Binding says what becomes of a data connection that does not resume the TLS session
	// of its control connection, so that somebody else may stand behind it.
	Binding Binding

	// NoDataTickets makes TLS 1.3 data connections give no session tickets: it saves the
	// uploads of clients that close without reading, but clients that use a ticket only
	// once then resume on their first data connection alone.
	NoDataTickets bool

	// RequireTLSEnd takes an upload for cut off, 426, if TLS does not end with a
	// close_notify. Zero only notes it, since many clients never send one.
	RequireTLSEnd bool

	// Log takes notes on what peers do wrong and what fails. Zero means nowhere.
	Log *slog.Logger

	ports  ports
	bulk   bulk
	binder *tlsbind.Binder // nil without TLS

	mu        sync.Mutex
	begun     bool
	closing   bool          // Shutdown or Close was called
	drain     chan struct{} // closed with closing
	hashing   chan struct{} // holds one for each HASH that reads
	drained   chan struct{} // closed when nothing runs any more after that
	listeners map[net.Listener]struct{}
	conns     map[*Conn]struct{}
}

// PortRange is a range of ports, both ends included.
type PortRange struct{ First, Last uint16 }

// What Serve and ServeTLS return.
var (
	ErrServerClosed = errors.New("ftpserver: server closed") // after Shutdown or Close
	ErrNoTLS        = errors.New("ftpserver: TLS is not configured")
)

func orDefault[T int | int64 | time.Duration](v, zero T) T {
	if v == 0 {
		return zero
	}
	return v
}

// begin makes what the zero value lacks. s.mu is held.
func (s *Server) begin() {
	if s.begun {
		return
	}
	s.begun = true
	s.drain = make(chan struct{})
	s.drained = make(chan struct{})
	s.hashing = make(chan struct{}, max(1, orDefault(s.MaxHashes, 2)))
	s.listeners = make(map[net.Listener]struct{})
	s.conns = make(map[*Conn]struct{})
	s.ports.origin = s.DataOrigin
	if s.TLS != nil {
		config := s.TLS.Clone()
		config.DynamicRecordSizingDisabled = true // files are long
		s.binder = tlsbind.New(config)
		s.binder.NoDataTickets = s.NoDataTickets
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
}

func (s *Server) maxHashSize() int64 {
	switch {
	case s.MaxHashSize == 0:
		return 16 << 30
	case s.MaxHashSize < 0:
		return 1<<63 - 1
	}
	return s.MaxHashSize
}

// Serve takes control connections from l until Shutdown or Close, and returns
// ErrServerClosed then. It closes l. It may be called for several listeners.
func (s *Server) Serve(l net.Listener) error { return s.serve(l, false) }

// ServeTLS is Serve for connections that begin with TLS, FTPS of old on port 990. Their
// data connections are protected unless PROT C says otherwise. Without s.TLS it is
// ErrNoTLS.
func (s *Server) ServeTLS(l net.Listener) error {
	if s.TLS == nil {
		l.Close()
		return ErrNoTLS
	}
	return s.serve(l, true)
}

func (s *Server) serve(l net.Listener, implicit bool) error {
	if !s.enter(l) {
		l.Close()
		return ErrServerClosed
	}
	defer s.leave(l)
	defer l.Close()
	var delay time.Duration
	for {
		nc, err := l.Accept()
		switch {
		case err == nil:
			delay = 0
			s.take(nc, implicit)
		case s.isClosing():
			return ErrServerClosed
		case isPassing(err):
			delay = min(max(2*delay, 5*time.Millisecond), time.Second)
			s.Log.Error("accept failed, trying again", "error", err, "in", delay)
			select {
			case <-time.After(delay):
			case <-s.drain:
			}
		default:
			return err
		}
	}
}

// isPassing tells a shortage, such as of file descriptors, from the end of a listener.
func isPassing(err error) bool {
	var ne net.Error
	return !errors.Is(err, net.ErrClosed) && errors.As(err, &ne)
}

func (s *Server) enter(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin()
	if s.closing {
		return false
	}
	s.listeners[l] = struct{}{}
	return true
}

func (s *Server) leave(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
	s.checkDrained()
}

func (s *Server) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// take starts a connection, or turns it away.
func (s *Server) take(nc net.Conn, implicit bool) {
	c := newConn(s, nc, implicit)
	if s.Admit != nil {
		pass, err := s.Admit(c)
		if err != nil {
			c.turnAway(err.Error())
			return
		}
		c.pass = pass
	}
	if s.admit(c) {
		go c.serve()
		return
	}
	s.Log.Warn("too many connections: turned away", "remote", c.remote)
	c.turnAway("Too many connections, try again later")
	c.pass.Leave()
}

func (s *Server) admit(c *Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || len(s.conns) >= orDefault(s.MaxConns, 8192) {
		return false
	}
	s.conns[c] = struct{}{}
	return true
}

func (s *Server) dismiss(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	s.checkDrained()
}

// checkDrained is called with s.mu held whenever something has ended.
func (s *Server) checkDrained() {
	if s.closing && len(s.listeners) == 0 && len(s.conns) == 0 {
		select {
		case <-s.drained:
		default:
			close(s.drained)
		}
	}
}

// Shutdown closes the listeners, tells idle connections 421, and waits for running
// transfers and their connections to end. When ctx ends before that it returns the
// error of ctx, and Close can cut the rest.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stop()
	select {
	case <-s.drained:
		s.ports.wg.Wait()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close closes the listeners and cuts every connection. It returns nil when all have
// ended.
func (s *Server) Close() error {
	s.stop()
	s.mu.Lock()
	for c := range s.conns {
		c.Cut()
	}
	s.mu.Unlock()
	<-s.drained
	s.ports.wg.Wait()
	return nil
}

func (s *Server) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin()
	if !s.closing {
		s.closing = true
		close(s.drain)
		for l := range s.listeners {
			l.Close()
		}
		for c := range s.conns {
			c.interrupt()
		}
		s.checkDrained()
	}
}
