package tftp

import (
	"net"
	"net/netip"
)

// isLimitedBroadcast reports whether a is 255.255.255.255.
func isLimitedBroadcast(a netip.Addr) bool { return a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) }

// isBroadcast reports whether more hosts than this one were asked: a multicast, the
// limited broadcast, or that of a network of the interface.
func isBroadcast(a netip.Addr, index int) bool {
	if a.IsMulticast() || isLimitedBroadcast(a) || a == netip.AddrFrom4([4]byte{127, 255, 255, 255}) {
		return true
	}
	if !a.Is4() || a.IsLoopback() || index == 0 {
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
		if err == nil && isLastOf(a, prefix) {
			return true
		}
	}
	return false
}

// isLastOf reports whether a is the highest address of an IPv4 network, its broadcast
// address. A network of two addresses or one has none.
func isLastOf(a netip.Addr, network netip.Prefix) bool {
	if !network.Addr().Is4() || network.Bits() > 30 {
		return false
	}
	b := network.Addr().As4()
	for i := network.Bits(); i < 32; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return a == netip.AddrFrom4(b)
}
