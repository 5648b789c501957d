package ftpserver

import (
	"context"
	"net"
	"net/netip"
)

// Proxied is a control connection that came through a proxy. Where a listener gives such
// connections to Serve, RemoteAddr is the address of the client and LocalAddr one of this
// machine, where passive ports are opened. Its data connections come through the proxy
// too: see DataOrigin of [Server].
type Proxied interface {
	net.Conn

	// Reached returns the address that the client came to, which PASV tells if nothing
	// else is set. Zero means that it is not known.
	Reached() netip.AddrPort
}

// reached is where the client of a connection came to.
func reached(nc net.Conn) netip.AddrPort {
	if p, ok := nc.(Proxied); ok {
		if at := p.Reached(); at.IsValid() {
			return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
		}
	}
	return addrPort(nc.LocalAddr())
}

// maxAsked is how many connections to a port may be asked at once where they come from.
const maxAsked = 64

// ask finds out where a connection comes from, apart from the others, and hands it over.
func (p *ports) ask(ctx context.Context, port *sharedPort, conn *net.TCPConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.origin == nil {
		p.hand(port, conn, addrPort(conn.RemoteAddr()))
		return
	}
	if port.asked == maxAsked {
		conn.Close()
		port.note("too many data connections do not say where they come from: closed", "from", addrPort(conn.RemoteAddr()))
		return
	}
	port.asked++
	p.wg.Go(func() {
		from, err := p.origin(ctx, conn)
		p.mu.Lock()
		defer p.mu.Unlock()
		port.asked--
		if err != nil {
			conn.Close()
			port.note("data connection does not say where it comes from: closed", "from", addrPort(conn.RemoteAddr()), "error", err)
			return
		}
		p.hand(port, conn, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()))
	})
}
