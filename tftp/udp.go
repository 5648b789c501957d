package tftp

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// maxRequest is longer than any request that is understood: RFC 2347 allows 512 octets,
// and some clients send more.
const maxRequest = 2048

// udpNetwork listens on a UDP socket, and opens another one for each transfer.
type udpNetwork struct {
	conn  *net.UDPConn
	local netip.Addr // of conn, if it is bound to one
	buf   [maxRequest]byte
	oob   [64]byte
	ports Ports
}

func newUDPNetwork(conn *net.UDPConn, ports Ports) *udpNetwork {
	n := &udpNetwork{conn: conn, ports: ports}
	if a := conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(); !a.IsUnspecified() {
		n.local = a
	}
	listenControl(conn)
	return n
}

func (n *udpNetwork) next() (datagram, error) {
	return readDatagram(n.conn, n.local, n.buf[:], n.oob[:])
}

// readDatagram reads a datagram and the address that was asked.
func readDatagram(conn *net.UDPConn, bound netip.Addr, b, oob []byte) (datagram, error) {
	size, oobSize, _, from, err := conn.ReadMsgUDPAddrPort(b, oob)
	if err != nil {
		return datagram{}, err
	}
	d := datagram{content: b[:size], remote: unmap(from), local: bound}
	if local, index := parseControl(oob[:oobSize]); local.IsValid() {
		d.local, d.index = local, index
	}
	if d.local.IsLinkLocalUnicast() && d.local.Is6() {
		d.local = d.local.WithZone(d.remote.Addr().Zone())
	}
	return d, nil
}

func (n *udpNetwork) answer(b []byte, d datagram) error {
	_, _, err := n.conn.WriteMsgUDPAddrPort(b, sourceControl(nil, d.local, d.index), d.remote)
	return err
}

func (n *udpNetwork) open(d datagram, size int) (port, error) {
	return openUDP(d.local, d.remote.Addr(), n.ports, size)
}

func (n *udpNetwork) mtu(d datagram) int { return routeMTU(d.local, d.remote) }
func (n *udpNetwork) shared() bool       { return false }
func (n *udpNetwork) close() error       { return n.conn.Close() }

// Ports is a range of UDP ports. The zero value leaves the choice to the host.
type Ports struct {
	First, Last uint16 // inclusive
}

// openUDP opens a port on the address local, or on any, to talk to remote.
func openUDP(local, remote netip.Addr, ports Ports, size int) (*udpPort, error) {
	network := "udp4"
	if remote.Is6() {
		network = "udp6"
	}
	var at net.UDPAddr
	if local.IsValid() && local.Is4() == remote.Is4() {
		at.IP, at.Zone = local.AsSlice(), local.Zone()
	}
	for tries := int(ports.Last) - int(ports.First); ; tries-- {
		if ports.First > 0 {
			at.Port = int(ports.First) + tries
		}
		conn, err := net.ListenUDP(network, &at)
		if err == nil {
			p := &udpPort{conn: conn, size: size + 1} // one more octet than there may be
			reportRefusals(conn)
			if size >= maxDatagram {
				p.trains = receiveTrains(conn)
			}
			return p, nil
		}
		if ports.First == 0 || tries <= 0 || !errors.Is(err, syscall.EADDRINUSE) {
			return nil, err
		}
	}
}

// udpPort is a UDP socket of its own.
type udpPort struct {
	conn  *net.UDPConn
	size  int // of buf, once something has come
	buf   []byte
	until time.Time // the deadline that is set, zero if that is over
	woken atomic.Bool
	batch batch

	trains  bool           // the host may hand over several datagrams as one
	rest    []byte         // of such a train
	cut     int            // the size of its datagrams
	from    netip.AddrPort // their sender
	oob     [64]byte
	refused []netip.AddrPort // ports that are closed, as ICMP messages have told
}

// arm sets a new deadline only when the one that is set comes too late, or has passed:
// in a transfer that gets on, timers never run out.
func (p *udpPort) arm(deadline time.Time) {
	if p.until.IsZero() || deadline.Before(p.until) {
		_ = p.conn.SetReadDeadline(deadline) // fails on a closed socket, as receive will
		p.until = deadline
		if p.woken.Load() {
			p.wake() // it may have come before
		}
	}
}

func (p *udpPort) wake() {
	p.woken.Store(true)
	_ = p.conn.SetReadDeadline(time.Unix(1, 0))
}

func (p *udpPort) receive() ([]byte, netip.AddrPort, error) {
	if len(p.rest) > 0 {
		return p.uncouple(), p.from, nil
	}
	if p.buf == nil && len(p.refused) == 0 { // no memory for a peer that may never answer
		switch err := await(p.conn); {
		case isNetworkReport(err):
			p.refused = refusals(p.conn)
		case err != nil:
			return nil, netip.AddrPort{}, p.failed(err)
		}
		p.buf = make([]byte, p.size)
	}
	for {
		if last := len(p.refused) - 1; last >= 0 {
			from := p.refused[last]
			p.refused = p.refused[:last]
			return nil, from, ErrGone
		}
		err := p.read()
		switch {
		case err == nil:
			return p.uncouple(), p.from, nil
		case isNetworkReport(err):
			p.refused = refusals(p.conn)
		default:
			return nil, netip.AddrPort{}, p.failed(err)
		}
	}
}

// read reads a datagram, or a train of them.
func (p *udpPort) read() (err error) {
	var n, control int
	if p.trains {
		n, control, _, p.from, err = p.conn.ReadMsgUDPAddrPort(p.buf, p.oob[:])
	} else {
		n, p.from, err = p.conn.ReadFromUDPAddrPort(p.buf)
	}
	if err != nil {
		return err
	}
	p.rest, p.cut, p.from = p.buf[:n], n, unmap(p.from)
	if size := trainControl(p.oob[:control]); size > 0 {
		p.cut = size
	}
	return nil
}

// uncouple takes the first datagram off what has been read.
func (p *udpPort) uncouple() []byte {
	n := min(p.cut, len(p.rest))
	b := p.rest[:n]
	p.rest = p.rest[n:]
	return b
}

// failed notes that the deadline that was set is over.
func (p *udpPort) failed(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		p.until = time.Time{}
		p.woken.Store(false)
	}
	return err
}

func (p *udpPort) send(b []byte, size int, to netip.AddrPort) error {
	err := p.batch.send(p.conn, b, size, to, nil)
	if isNetworkReport(err) { // it is about an earlier packet, and this one was not sent
		p.refused = append(p.refused, refusals(p.conn)...)
		err = p.batch.send(p.conn, b, size, to, nil)
	}
	return passing(err)
}

func (p *udpPort) close() error { return p.conn.Close() }

// passing forgets an error of sending that is as good as a lost packet: the timers see to
// it.
func passing(err error) error {
	if err == nil || isNetworkReport(err) || errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EPERM) {
		return nil
	}
	return err
}

// isNetworkReport reports whether a socket returned what an ICMP message or a route says.
func isNetworkReport(err error) bool {
	if err == nil {
		return false
	}
	for _, e := range [...]error{syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN,
		syscall.ENETDOWN, syscall.EMSGSIZE, syscall.ECONNRESET, syscall.EPROTO, syscall.EOPNOTSUPP, syscall.EACCES} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
