//go:build !linux

package tftp

import (
	"net"
	"net/netip"

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

// routeMTU is not known here.
func routeMTU(netip.Addr, netip.AddrPort) int { return 0 }

// reportRefusals does nothing: these hosts tell an unconnected socket nothing.
func reportRefusals(*net.UDPConn) {}

// refusals cannot tell who refused a datagram.
func refusals(*net.UDPConn) []netip.AddrPort { return nil }

// receiveTrains cannot have several datagrams handed over as one.
func receiveTrains(*net.UDPConn) bool { return false }

// trainControl finds no size of the datagrams of a train.
func trainControl([]byte) int { return 0 }

// await would wait for something to read, and needs not.
func await(*net.UDPConn) error { return nil }

// batch sends the datagrams of a train, one by one.
type batch struct{}

func (*batch) send(conn *net.UDPConn, b []byte, size int, to netip.AddrPort, oob []byte) error {
	for len(b) > 0 {
		n := min(size, len(b))
		if _, _, err := conn.WriteMsgUDPAddrPort(b[:n], oob, to); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}
