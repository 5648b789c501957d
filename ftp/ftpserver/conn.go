package ftpserver

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"dray/ftp"
	"dray/ftp/ftpserver/tlsbind"
)

// Conn is a control connection. One goroutine owns it, so that nothing in it needs a lock.
type Conn struct {
	srv      *Server
	raw      net.Conn         // the connection itself
	nc       net.Conn         // raw, or TLS over it
	tls      *tlsbind.Session // nil without TLS
	implicit bool             // TLS from the first octet on
	remote   netip.AddrPort
	local    netip.AddrPort // of this machine
	reached  netip.AddrPort // the same, or of the proxy before it
	ctx      context.Context
	cancel   context.CancelFunc
	wg       sync.WaitGroup // the running transfer, and who reads commands meanwhile

	state   session
	backend Session
	fs      FS         // nil before log-in
	data    dataSource // from PASV, EPSV, PORT or EPRT, for the next transfer; or nil
	running *job       // the running transfer, or nil

	lines   lineReader    //
	hold    bool          // AUTH is in the queue: what follows it is not to be read yet
	queue   []ftp.Command // commands that wait for the transfer to end
	waiting int           // how much room they take
	long    int           // lines that were too long
	begun   time.Time     // of the connection
	closing bool          // nothing more is read
	parting bool          // the client was told so, and may still say something

	pass    Pass                // from Server.Admit
	current atomic.Pointer[job] // running, for other goroutines
	moved   atomic.Int64        // octets of the transfers before it

	lingering atomic.Int32 // data connections that wait for the client to close them too
}

const (
	maxWaiting   = 32 << 10 // octets of commands that may wait for a transfer, hours of NOOP
	maxUnknown   = 10       // lines without a command before log-in
	maxRefused   = 3        // log-ins
	maxLongLines = 2
)

// What connections are told when they are closed.
var (
	replyShutdown  = reply(ftp.CodeShutdown, "The server is shutting down")
	replySlow      = reply(ftp.CodeIdle, "The log-in took too long")
	replyIdle      = reply(ftp.CodeIdle, "Nothing came for too long")
	replyNoService = reply(ftp.CodeUnavailable, "No service for you now")
	replyFault     = reply(ftp.CodeUnavailable, "Internal error")
	replyNonsense  = reply(ftp.CodeUnavailable, "This is an FTP server")
)

func newConn(s *Server, nc net.Conn, implicit bool) *Conn {
	c := &Conn{srv: s, raw: nc, nc: nc, implicit: implicit, pass: open{}, begun: time.Now()}
	c.remote, c.local, c.reached = addrPort(nc.RemoteAddr()), addrPort(nc.LocalAddr()), reached(nc)
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.state = newSession(c.remote.Addr())
	c.state.hasTLS, c.state.requireTLS = s.binder != nil, s.RequireTLS
	c.lines.src = nc
	return c
}

// addrPort returns the zero value for what is not TCP.
func addrPort(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		ap := t.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}

// log returns where notes on this connection go. It is made when it is needed: idle
// connections are many, and say little.
func (c *Conn) log() *slog.Logger { return c.srv.Log.With("remote", c.remote) }

// RemoteAddr returns where the client is. It is zero if the connection is not TCP.
func (c *Conn) RemoteAddr() netip.AddrPort { return c.remote }

// LocalAddr returns the address that the client reached.
func (c *Conn) LocalAddr() netip.AddrPort { return c.reached }

// serve is the goroutine of the connection.
func (c *Conn) serve() {
	defer c.srv.dismiss(c)
	defer c.pass.Leave()
	defer c.containPanic() // of what is deferred below
	defer c.closeBackend()
	defer c.stop()
	defer c.containPanic()
	if tcp, ok := c.raw.(syscall.Conn); ok {
		if err := control(tcp, inlineUrgent); err != nil {
			c.log().Error("urgent data will not be seen", "error", err)
		}
	}
	if c.implicit {
		if err := c.secure(); err != nil {
			c.noTLS(err)
			return
		}
		c.state.protected = true
	}
	backend, err := c.srv.Backend.NewSession(c.ctx, c)
	if err != nil {
		c.log().Warn("no session for this connection", "error", err)
		c.end(replyNoService)
		return
	}
	c.backend = backend
	c.loop()
}

// stop ends what the connection has started.
func (c *Conn) stop() {
	c.dropData()
	c.running.abort()
	if c.srv.isClosing() {
		c.cancel()
	} else if c.parting {
		c.part()
	}
	c.nc.Close() // says goodbye in TLS
	c.wg.Wait()
	c.cancel()
}

// part lets the client hear the last reply: a connection that is closed while something
// lies unread is reset, and that may overtake the reply.
func (c *Conn) part() {
	raw, ok := c.raw.(interface{ CloseWrite() error })
	if !ok {
		return
	}
	if secured, ok := c.nc.(*tls.Conn); ok {
		secured.CloseWrite()
	}
	if raw.CloseWrite() == nil {
		awaitEnd(c.raw)
	}
}

// interrupt wakes a connection that waits for a command. It may be called by any goroutine.
func (c *Conn) interrupt() { c.raw.SetReadDeadline(time.Unix(1, 0)) }

func (c *Conn) closeBackend() {
	if c.backend == nil {
		return
	}
	if err := c.backend.Close(); err != nil {
		c.log().Error("closing the session failed", "error", err)
	}
}

func control(c syscall.Conn, set func(syscall.RawConn) error) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	return set(raw)
}

// containPanic keeps a panic within the session.
func (c *Conn) containPanic() {
	if v := recover(); v != nil {
		c.fault(fmt.Errorf("panic: %v\n%s", v, debug.Stack()))
	}
}

func (c *Conn) fault(err error) {
	c.log().Error("session ended by a fault", "error", err)
	if o, ok := c.backend.(FaultObserver); ok {
		o.Fault(err)
	}
	c.end(replyFault)
}

func (c *Conn) dropData() {
	if c.data != nil {
		c.data.close()
		c.data = nil
	}
}
