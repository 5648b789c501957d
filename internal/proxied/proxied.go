// Package proxied finds out who stands behind a load balancer: it reads the PROXY header,
// version 1 or 2, that balancers of certain networks send in front of a connection
// (https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt). A header of anybody else
// is not read: to the protocol behind, it is rubbish.
//
// Not one octet behind the header is taken, so that a connection stays the one of the
// kernel, and files still go from disk to network without a copy.
package proxied

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
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
}

// errNone says that a connection does not begin with a header.
var errNone = errors.New("it begins with no PROXY header")

const (
	maxText   = 107     // octets of a header of version 1, its end included
	maxBinary = 4 << 10 // octets of one of version 2 behind the first 16, where others have up to 64 KiB
)

// trusts reports whether a header of this address is read.
func (t *Trust) trusts(from netip.Addr) bool {
	return slices.ContainsFunc(t.Networks, func(n netip.Prefix) bool { return n.Contains(from) })
}

// Origin returns where a connection comes from: as TCP says, or as the header does that a
// balancer must send. It waits for that until ctx ends, or for Timeout.
func (t *Trust) Origin(ctx context.Context, c *net.TCPConn) (netip.AddrPort, error) {
	from := addrPort(c.RemoteAddr())
	if !t.trusts(from.Addr()) {
		return from, nil
	}
	stop := context.AfterFunc(ctx, func() { _ = c.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	origin, _, err := t.read(c, from)
	return origin, err
}

// read reads a header. With errNone come the octets that are none.
func (t *Trust) read(c net.Conn, from netip.AddrPort) (origin netip.AddrPort, head []byte, err error) {
	timeout := t.Timeout
	if timeout == 0 {
		timeout = 5 * time.Second
	}
	if err := c.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return from, nil, err
	}
	text, err := header(c)
	if err != nil {
		return from, text, err
	}
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		return from, nil, err
	}
	h, err := proxyproto.Read(bufio.NewReaderSize(bytes.NewReader(text), len(text)+1))
	if err != nil {
		return from, nil, err
	}
	if h.Command.IsLocal() || h.TransportProtocol == proxyproto.UNSPEC {
		return from, nil, nil // of the balancer itself, such as to see whether we live
	}
	a, ok := h.SourceAddr.(*net.TCPAddr)
	if !ok {
		return from, nil, fmt.Errorf("its PROXY header is not about TCP: %v", h.TransportProtocol)
	}
	return addrPort(a), nil, nil
}

// header reads the octets of a header, and none behind it.
func header(c io.Reader) (text []byte, err error) {
	more := func(n int) error {
		b := make([]byte, n)
		got, err := io.ReadFull(c, b)
		text = append(text, b[:got]...)
		return err
	}
	for _, start := range [...][]byte{proxyproto.SIGV1, proxyproto.SIGV2} {
		if !bytes.HasPrefix(start, text) {
			continue
		}
		for len(text) < len(start) && bytes.HasPrefix(start, text) {
			if err := more(1); err != nil {
				return text, err
			}
		}
	}
	switch {
	case bytes.Equal(text, proxyproto.SIGV1):
		for len(text) < maxText {
			if err := more(1); err != nil {
				return nil, err
			}
			if bytes.HasSuffix(text, []byte("\r\n")) {
				return text, nil
			}
		}
		return nil, errors.New("its PROXY header is too long")
	case bytes.Equal(text, proxyproto.SIGV2):
		if err := more(4); err != nil {
			return nil, err
		}
		size := int(binary.BigEndian.Uint16(text[14:]))
		if size > maxBinary {
			return nil, errors.New("its PROXY header is too long")
		}
		err := more(size)
		return text, err
	}
	return text, errNone
}

// Listen returns a listener whose connections come from where their headers say. Each header
// is waited for apart, so that a slow one holds up nobody.
func (t *Trust) Listen(l net.Listener) net.Listener {
	ctx, cancel := context.WithCancel(context.Background())
	p := &listener{Listener: l, trust: t, ctx: ctx, cancel: cancel, ready: make(chan net.Conn), failed: make(chan error)}
	p.working.Go(p.accept)
	return p
}

type listener struct {
	net.Listener
	trust   *Trust
	ctx     context.Context // until Close
	cancel  context.CancelFunc
	ready   chan net.Conn
	failed  chan error
	working sync.WaitGroup
}

// Accept implements [net.Listener].
func (p *listener) Accept() (net.Conn, error) {
	select {
	case c := <-p.ready:
		return c, nil
	case err := <-p.failed:
		return nil, err
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
		switch {
		case err == nil:
			p.working.Go(func() { p.hand(c) })
			continue
		case p.ctx.Err() != nil:
			return
		}
		select {
		case p.failed <- err:
		case <-p.ctx.Done():
			return
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
	}
}

// hand gives a connection to who accepts, when it is known whose it is.
func (p *listener) hand(c net.Conn) {
	from := addrPort(c.RemoteAddr())
	if p.trust.trusts(from.Addr()) {
		stop := context.AfterFunc(p.ctx, func() { _ = c.SetReadDeadline(time.Unix(1, 0)) })
		origin, head, err := p.trust.read(c, from)
		stop()
		if p.trust.Optional && (errors.Is(err, errNone) || isTimeout(err)) {
			err = c.SetReadDeadline(time.Time{})
		}
		if err != nil {
			if p.ctx.Err() == nil && !errors.Is(err, io.EOF) {
				p.trust.Log.Warn("connection of a proxy closed", "from", from, "error", err)
			}
			c.Close()
			return
		}
		c = &conn{Conn: c, head: head, from: net.TCPAddrFromAddrPort(origin)}
	}
	select {
	case p.ready <- c:
	case <-p.ctx.Done():
		c.Close()
	}
}

// isTimeout reports whether nothing came in time: servers of these protocols speak first,
// so that a client that sends no header sends nothing.
func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// conn is a connection with a header.
type conn struct {
	net.Conn
	head []byte // what was read and is no header
	from net.Addr
}

// RemoteAddr implements [net.Conn]: it is the client's.
func (c *conn) RemoteAddr() net.Addr { return c.from }

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

func addrPort(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		ap := t.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}
