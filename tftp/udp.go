package tftp

import (
	"errors"
	"net"
	"net/netip"
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
	seats *seats
}

func newUDPNetwork(conn *net.UDPConn, ports Ports, seats *seats) *udpNetwork {
	n := &udpNetwork{conn: conn, ports: ports, seats: seats}
	if a := conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(); !a.IsUnspecified() {
		n.local = a
	}
	listenControl(conn)
	return n
}

func (n *udpNetwork) readers() []func() (datagram, error) {
	return []func() (datagram, error){func() (datagram, error) {
		return readDatagram(n.conn, n.local, n.buf[:], n.oob[:])
	}}
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
	p, err := openUDP(d.local, d.remote.Addr(), n.ports, size)
	if err != nil {
		return nil, err
	}
	p.line.join(n.seats)
	return p, nil
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
			reportRefusals(conn)
			p := &udpPort{size: size + 1} // one more octet than there may be
			if size >= maxDatagram {
				p.holds = growReadBuffer(conn)
			}
			if err := p.line.open(conn, size >= maxDatagram); err != nil {
				conn.Close()
				return nil, err
			}
			return p, nil
		}
		if ports.First == 0 || tries <= 0 || !errors.Is(err, syscall.EADDRINUSE) {
			return nil, err
		}
	}
}

// windowBuffer is the receive buffer to ask for where windows arrive, in octets.
const windowBuffer = 4 << 20

// growReadBuffer makes the receive buffer of a socket as large as the host allows, up to
// windowBuffer, and returns its size, 0 if that is not known.
func growReadBuffer(conn *net.UDPConn) int {
	for n := windowBuffer; n >= 64<<10 && conn.SetReadBuffer(n) != nil; n /= 2 {
		// some hosts refuse what is too much, others give what they can
	}
	return readBuffer(conn)
}

// udpPort is a UDP socket of its own.
type udpPort struct {
	line  line
	size  int // of buf, once something has come
	buf   []byte
	holds int // octets of the receive buffer, with what the host adds to each datagram; 0 is not known

	rest    []byte           // of a train that has been read
	cut     int              // the size of its datagrams
	from    netip.AddrPort   // their sender
	refused []netip.AddrPort // ports that are closed, as ICMP messages have told
}

// window returns how many blocks the receive buffer holds, of those that are to be asked for.
// One that overflows loses the end of every window, and a timer has to run out each time.
func (p *udpPort) window(o Options) int {
	if p.holds == 0 {
		return o.WindowSize
	}
	block := o.blockSize()
	return min(o.WindowSize, max(p.holds/(block+block/8+1024), 1))
}

func (p *udpPort) arm(deadline time.Time) { p.line.arm(deadline) }

func (p *udpPort) wake() { p.line.wake() }

func (p *udpPort) receive() ([]byte, netip.AddrPort, error) {
	if len(p.rest) > 0 {
		return p.uncouple(), p.from, nil
	}
	for {
		if last := len(p.refused) - 1; last >= 0 {
			from := p.refused[last]
			p.refused = p.refused[:last]
			return nil, from, ErrGone
		}
		err := p.line.read(p)
		switch {
		case err == nil:
			return p.uncouple(), p.from, nil
		case isNetworkReport(err):
			p.refused = p.line.refusals()
		default:
			return nil, netip.AddrPort{}, err
		}
	}
}

// room returns the buffer. There is none for a peer that has not answered.
func (p *udpPort) room() []byte {
	if p.buf == nil {
		p.buf = make([]byte, p.size)
	}
	return p.buf
}

// uncouple takes the first datagram off what has been read.
func (p *udpPort) uncouple() []byte {
	n := min(p.cut, len(p.rest))
	b := p.rest[:n]
	p.rest = p.rest[n:]
	return b
}

func (p *udpPort) send(b []byte, size int, to netip.AddrPort) error {
	err := p.line.send(b, size, to)
	if isNetworkReport(err) { // it is about an earlier packet, and this one was not sent
		p.refused = append(p.refused, p.line.refusals()...)
		err = p.line.send(b, size, to)
	}
	return passing(err)
}

func (p *udpPort) close() error { return p.line.close() }

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
