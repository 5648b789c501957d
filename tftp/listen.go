package tftp

import (
	"net"
	"net/netip"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// datagram is one packet on the listening port.
type datagram struct {
	content []byte
	remote  netip.AddrPort
	local   netip.Addr // the address that was asked; not valid where the host does not tell
}

// listener reads requests, and with them the address that was asked (RFC 1123 §4.2.3.5
// and good manners: a client takes no answer from another one).
type listener struct {
	read func(b []byte) (n int, local netip.Addr, index int, from net.Addr, err error)
	buf  []byte
}

// maxRequest is longer than any request that is understood: RFC 2347 allows 512 octets,
// and some clients send more.
const maxRequest = 2048

func newListener(conn *net.UDPConn) *listener {
	l := &listener{buf: make([]byte, maxRequest)}
	if addrPort(conn.LocalAddr()).Addr().Is4() {
		c := ipv4.NewPacketConn(conn)
		_ = c.SetControlMessage(ipv4.FlagDst|ipv4.FlagInterface, true) // without it, the host chooses
		l.read = func(b []byte) (int, netip.Addr, int, net.Addr, error) {
			n, cm, from, err := c.ReadFrom(b)
			if cm == nil {
				return n, netip.Addr{}, 0, from, err
			}
			return n, toAddr(cm.Dst), cm.IfIndex, from, err
		}
		return l
	}
	c := ipv6.NewPacketConn(conn)
	_ = c.SetControlMessage(ipv6.FlagDst|ipv6.FlagInterface, true)
	l.read = func(b []byte) (int, netip.Addr, int, net.Addr, error) {
		n, cm, from, err := c.ReadFrom(b)
		if cm == nil {
			return n, netip.Addr{}, 0, from, err
		}
		return n, toAddr(cm.Dst), cm.IfIndex, from, err
	}
	return l
}

// next reads the next datagram. Its content is good until the next call.
func (l *listener) next() (datagram, error) {
	n, local, index, from, err := l.read(l.buf)
	if err != nil {
		return datagram{}, err
	}
	d := datagram{content: l.buf[:n], remote: addrPort(from), local: local}
	if local.Is6() && local.IsLinkLocalUnicast() {
		d.local = local.WithZone(d.remote.Addr().Zone())
	}
	if isBroadcast(local, index) {
		d.content = nil // RFC 1123 §4.2.3.5: as if it had not come
	}
	return d, nil
}

// isBroadcast reports whether more hosts than this one were asked.
func isBroadcast(a netip.Addr, index int) bool {
	if a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return true
	}
	if !a.Is4() || a.IsLoopback() {
		return false
	}
	i, err := net.InterfaceByIndex(index)
	if err != nil {
		return false
	}
	addrs, err := i.Addrs()
	if err != nil {
		return false
	}
	for _, n := range addrs {
		prefix, err := netip.ParsePrefix(n.String())
		if err == nil && prefix.Addr().Is4() && prefix.Bits() < 31 && a == lastOf(prefix) {
			return true
		}
	}
	return false
}

// lastOf returns the highest address of an IPv4 network: its broadcast address.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().As4()
	for i := p.Bits(); i < 32; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return netip.AddrFrom4(b)
}

func toAddr(ip net.IP) netip.Addr {
	a, _ := netip.AddrFromSlice(ip)
	return a.Unmap()
}

func addrPort(a net.Addr) netip.AddrPort {
	u, ok := a.(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := u.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// openLocal opens a socket with a fresh port, the transfer's TID, on the address that was
// asked (RFC 1350 §4).
func openLocal(local netip.Addr, remote netip.Addr) (*net.UDPConn, error) {
	network := "udp4"
	if remote.Is6() {
		network = "udp6"
	}
	var at *net.UDPAddr
	if local.IsValid() {
		at = net.UDPAddrFromAddrPort(netip.AddrPortFrom(local, 0))
	}
	return net.ListenUDP(network, at)
}
