//go:build !linux

package tftp

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// listenControl asks for the address to which each datagram was sent. A host that cannot
// tell chooses the source of the answers by itself.
func listenControl(conn *net.UDPConn) {
	_ = ipv4.NewPacketConn(conn).SetControlMessage(ipv4.FlagDst|ipv4.FlagInterface, true)
	_ = ipv6.NewPacketConn(conn).SetControlMessage(ipv6.FlagDst|ipv6.FlagInterface, true)
}

// parseControl finds the address that was asked, and the interface.
func parseControl(oob []byte) (netip.Addr, int) {
	var v4 ipv4.ControlMessage
	if v4.Parse(oob) == nil && v4.Dst != nil {
		a, _ := netip.AddrFromSlice(v4.Dst)
		return a.Unmap(), v4.IfIndex
	}
	var v6 ipv6.ControlMessage
	if v6.Parse(oob) == nil && v6.Dst != nil {
		a, _ := netip.AddrFromSlice(v6.Dst)
		return a.Unmap(), v6.IfIndex
	}
	return netip.Addr{}, 0
}

// sourceControl says from which address to answer.
func sourceControl(b []byte, local netip.Addr, index int) []byte {
	switch {
	case !local.IsValid() || local.IsMulticast():
		return b
	case local.Is4():
		return append(b, (&ipv4.ControlMessage{Src: local.AsSlice()}).Marshal()...)
	}
	return append(b, (&ipv6.ControlMessage{Src: local.AsSlice(), IfIndex: index}).Marshal()...)
}

// readBuffer is not known here.
func readBuffer(*net.UDPConn) int { return 0 }

// siblings returns no more sockets on a port: these hosts do not divide it fairly.
func siblings(*net.UDPConn) []*net.UDPConn { return nil }

// routeMTU is not known here.
func routeMTU(netip.Addr, netip.AddrPort) int { return 0 }

// reportRefusals does nothing: these hosts tell an unconnected socket nothing.
func reportRefusals(*net.UDPConn) {}

// refusals cannot tell who refused a datagram.
func refusals(*net.UDPConn) []netip.AddrPort { return nil }

// batch sends the datagrams of a train, one by one.
type batch struct{ conn *net.UDPConn }

func newBatch(conn *net.UDPConn) (*batch, error) { return &batch{conn}, nil }

func (t *batch) send(b []byte, size int, to netip.AddrPort, oob []byte) error {
	for len(b) > 0 {
		n := min(size, len(b))
		if _, _, err := t.conn.WriteMsgUDPAddrPort(b[:n], oob, to); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// seats are threads on which transfers may wait; there are none here.
type seats struct{}

func newSeats() *seats { return nil }

// line is the socket of a port. It belongs to one goroutine; wake may be called by any.
type line struct {
	conn  *net.UDPConn
	until time.Time // the deadline that is set, zero if that is over
	woken atomic.Bool
}

// open begins with a socket.
func (l *line) open(conn *net.UDPConn, _ bool) error {
	l.conn = conn
	return nil
}

func (l *line) join(*seats) {}

// arm sets a new deadline only when the one that is set comes too late, or has passed:
// in a transfer that gets on, timers never run out.
func (l *line) arm(deadline time.Time) {
	if l.until.IsZero() || deadline.Before(l.until) {
		_ = l.conn.SetReadDeadline(deadline) // fails on a closed socket, as read will
		l.until = deadline
		if l.woken.Load() {
			l.wake() // it may have come before
		}
	}
}

func (l *line) wake() {
	l.woken.Store(true)
	_ = l.conn.SetReadDeadline(time.Unix(1, 0))
}

// read reads a datagram.
func (l *line) read(p *udpPort) error {
	n, from, err := l.conn.ReadFromUDPAddrPort(p.room())
	if errors.Is(err, os.ErrDeadlineExceeded) {
		l.until = time.Time{}
		l.woken.Store(false)
	}
	if err != nil {
		return err
	}
	p.rest, p.cut, p.from = p.buf[:n], n, unmap(from)
	return nil
}

func (l *line) send(b []byte, size int, to netip.AddrPort) error {
	t := batch{l.conn}
	return t.send(b, size, to, nil)
}

func (l *line) refusals() []netip.AddrPort { return refusals(l.conn) }
func (l *line) close() error               { return l.conn.Close() }
