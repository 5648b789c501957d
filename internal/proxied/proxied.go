// Package proxied finds out who stands behind a load balancer: it reads the PROXY header,
// version 1 or 2, that balancers of certain networks send in front of a connection
// (https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt). A header of anybody else
// is not read: to the protocol behind, it is rubbish.
//
// Not one octet behind the header is taken, so that a connection stays the one of the
// kernel, and files still go from disk to network without a copy. What version 2 has behind
// the addresses is not used.
package proxied

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/pires/go-proxyproto"
)

// Trust says whose headers are read.
type Trust struct {
	Networks []netip.Prefix // of the balancers
	Optional bool           // on control connections; the zero value closes one without a header
	Log      *slog.Logger   // told of connections that are closed
	Timeout  time.Duration  // for a header to come; 0 is five seconds
	MaxAsked int            // connections of a listener whose header is waited for at once; 0 is 256
}

// trusts reports whether a header of this address is read.
func (t *Trust) trusts(from netip.Addr) bool {
	from = from.WithZone("")
	return slices.ContainsFunc(t.Networks, func(n netip.Prefix) bool { return n.Contains(from) })
}

// Origin returns where a connection comes from: as TCP says, or as the header does that a
// balancer must send. It waits for that until ctx ends, or for Timeout.
func (t *Trust) Origin(ctx context.Context, c *net.TCPConn) (netip.AddrPort, error) {
	from := addrPort(c.RemoteAddr())
	if !t.trusts(from.Addr()) {
		return from, nil
	}
	h, _, err := t.await(ctx, c)
	if err != nil || h.Command.IsLocal() {
		return from, err
	}
	return source(h), nil
}

// await waits for a header. With errNone come the octets that are none.
func (t *Trust) await(ctx context.Context, c *net.TCPConn) (h *proxyproto.Header, head []byte, err error) {
	timeout := t.Timeout
	if timeout == 0 {
		timeout = 5 * time.Second
	}
	if err := c.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.SetReadDeadline(time.Unix(1, 0)) })
	h, head, err = read(c)
	stop()
	late := errors.Is(err, os.ErrDeadlineExceeded)
	switch {
	case late && errors.Is(err, errNone):
		err = lateError{timeout}
	case late:
		err = fmt.Errorf("%w: it was not whole within %v", errHeader, timeout)
	}
	if err != nil && !errors.Is(err, errNone) {
		return nil, nil, err
	}
	if lift := c.SetReadDeadline(time.Time{}); lift != nil {
		return nil, nil, lift
	}
	return h, head, err
}

// lateError is an errNone: the header did not come in time.
type lateError struct{ timeout time.Duration }

func (e lateError) Error() string {
	return fmt.Sprintf("no PROXY header within %v: is the proxy told to send one (send-proxy)?", e.timeout)
}

func (e lateError) Unwrap() error { return errNone }

// Listen returns a listener whose connections come from where their headers say. Each header
// is waited for apart, so that a slow one holds up nobody.
func (t *Trust) Listen(l net.Listener) net.Listener {
	most := t.MaxAsked
	if most == 0 {
		most = 256
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &listener{Listener: l, trust: t, ctx: ctx, cancel: cancel, ready: make(chan arrival), slots: make(chan struct{}, most)}
	p.working.Go(p.accept)
	return p
}

type listener struct {
	net.Listener
	trust   *Trust
	ctx     context.Context // until Close
	cancel  context.CancelFunc
	ready   chan arrival
	slots   chan struct{} // holds one for each header that is waited for
	working sync.WaitGroup
}

// arrival is a connection, or why there is none.
type arrival struct {
	conn net.Conn
	err  error
}

// Accept implements [net.Listener].
func (p *listener) Accept() (net.Conn, error) {
	select {
	case a := <-p.ready:
		return a.conn, a.err
	case <-p.ctx.Done():
		return nil, net.ErrClosed
	}
}

// Close closes the listener, and the connections that nobody has accepted.
func (p *listener) Close() error {
	p.cancel()
	err := p.Listener.Close()
	p.working.Wait()
	return err
}

func (p *listener) accept() {
	for {
		c, err := p.Listener.Accept()
		tcp, ok := c.(*net.TCPConn)
		if ok && p.trust.trusts(addrPort(tcp.RemoteAddr()).Addr()) {
			p.ask(tcp)
			continue
		}
		if !p.hand(c, err) || errors.Is(err, net.ErrClosed) {
			return
		}
	}
}

// hand waits until the connection is accepted. It is false if nobody will.
func (p *listener) hand(c net.Conn, err error) bool {
	select {
	case p.ready <- arrival{c, err}:
		return true
	case <-p.ctx.Done():
		if c != nil {
			c.Close()
		}
		return false
	}
}

// ask waits for the header of a connection, apart from the others.
func (p *listener) ask(c *net.TCPConn) {
	select {
	case p.slots <- struct{}{}:
	default:
		c.Close()
		p.note(c, errors.New("too many connections wait for their PROXY header"))
		return
	}
	p.working.Go(func() {
		known, err := p.know(c)
		<-p.slots
		if err != nil {
			c.Close()
			p.note(c, err)
			return
		}
		p.hand(known, nil)
	})
}

// know puts on a connection what its header says.
func (p *listener) know(c *net.TCPConn) (net.Conn, error) {
	h, head, err := p.trust.await(p.ctx, c)
	switch {
	case p.trust.Optional && errors.Is(err, errNone):
		return &conn{Conn: c, head: head, from: c.RemoteAddr()}, nil
	case err != nil:
		return nil, err
	case h.Command.IsLocal():
		return c, nil // of the balancer itself, such as to see whether we live
	}
	_, to, _ := h.TCPAddrs()
	return &conn{Conn: c, from: net.TCPAddrFromAddrPort(source(h)), reached: addrPort(to)}, nil
}

// note tells about a connection that is closed. Balancers that look whether we live connect
// and hang up.
func (p *listener) note(c *net.TCPConn, err error) {
	switch {
	case p.ctx.Err() != nil:
	case errors.Is(err, errSilent):
		p.trust.Log.Debug("a proxy came and said nothing", "from", addrPort(c.RemoteAddr()))
	default:
		p.trust.Log.Warn("connection of a proxy closed", "from", addrPort(c.RemoteAddr()), "error", err)
	}
}

// conn is a connection of a balancer.
type conn struct {
	net.Conn
	head    []byte // what was read and is no header
	from    net.Addr
	reached netip.AddrPort
}

// RemoteAddr implements [net.Conn]: it is the client's.
func (c *conn) RemoteAddr() net.Addr { return c.from }

// Reached returns the address that the client came to, zero if that is not known.
func (c *conn) Reached() netip.AddrPort { return c.reached }

// Read implements [net.Conn].
func (c *conn) Read(b []byte) (int, error) {
	if len(c.head) > 0 {
		n := copy(b, c.head)
		c.head = c.head[n:]
		return n, nil
	}
	return c.Conn.Read(b)
}

// CloseWrite ends what is sent.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// SyscallConn implements [syscall.Conn].
func (c *conn) SyscallConn() (syscall.RawConn, error) {
	if raw, ok := c.Conn.(syscall.Conn); ok {
		return raw.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}

// source is the client of a header that read has returned.
func source(h *proxyproto.Header) netip.AddrPort {
	from, _, _ := h.TCPAddrs()
	return addrPort(from)
}

// addrPort returns the zero value for what is not TCP.
func addrPort(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok || t == nil {
		return netip.AddrPort{}
	}
	ap := t.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
