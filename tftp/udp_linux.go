package tftp

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// control calls f with the descriptor of a socket.
func control(conn syscall.Conn, f func(fd int) error) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	err = raw.Control(func(fd uintptr) { inner = f(int(fd)) })
	return errors.Join(err, inner)
}

// listenControl asks for the address to which each datagram was sent. A host that cannot
// tell chooses the source of the answers by itself.
func listenControl(conn *net.UDPConn) {
	_ = control(conn, func(fd int) error {
		return errors.Join(
			unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1),
			unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, 1))
	})
}

// readBuffer returns the size of a receive buffer.
func readBuffer(conn *net.UDPConn) (n int) {
	_ = control(conn, func(fd int) (err error) { // fails on a closed socket only
		n, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
		return err
	})
	return n
}

// parseControl finds the address that was asked, and the interface.
func parseControl(oob []byte) (netip.Addr, int) {
	for len(oob) > 0 {
		h, data, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			break
		}
		oob = rest
		switch {
		case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
			info := (*unix.Inet4Pktinfo)(unsafe.Pointer(&data[0]))
			return netip.AddrFrom4(info.Addr), int(info.Ifindex)
		case h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
			info := (*unix.Inet6Pktinfo)(unsafe.Pointer(&data[0]))
			return netip.AddrFrom16(info.Addr).Unmap(), int(info.Ifindex)
		}
	}
	return netip.Addr{}, 0
}

// sourceControl says from which address to answer.
func sourceControl(b []byte, local netip.Addr, index int) []byte {
	switch {
	case !local.IsValid() || local.IsMulticast():
		return b
	case local.Is4():
		return appendControl(b, unix.IPPROTO_IP, unix.IP_PKTINFO, unix.Inet4Pktinfo{Spec_dst: local.As4()})
	case !local.IsLinkLocalUnicast():
		index = 0
	}
	return appendControl(b, unix.IPPROTO_IPV6, unix.IPV6_PKTINFO, unix.Inet6Pktinfo{Addr: local.As16(), Ifindex: uint32(index)})
}

func appendControl[T any](b []byte, level, kind int32, value T) []byte {
	size := int(unsafe.Sizeof(value))
	start := len(b)
	b = append(b, make([]byte, unix.CmsgSpace(size))...)
	h := (*unix.Cmsghdr)(unsafe.Pointer(&b[start]))
	h.Level, h.Type = level, kind
	h.SetLen(unix.CmsgLen(size))
	copy(b[start+unix.CmsgLen(0):], unsafe.Slice((*byte)(unsafe.Pointer(&value)), size))
	return b
}

// routeMTU returns the largest packet for the route to a peer. Connecting a UDP socket
// sends nothing.
func routeMTU(local netip.Addr, remote netip.AddrPort) int {
	family, level, option := unix.AF_INET, unix.IPPROTO_IP, unix.IP_MTU
	if remote.Addr().Is6() {
		family, level, option = unix.AF_INET6, unix.IPPROTO_IPV6, unix.IPV6_MTU
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer unix.Close(fd)
	if local.IsValid() && local.Is4() == remote.Addr().Is4() {
		err = unix.Bind(fd, sockaddr(netip.AddrPortFrom(local, 0)))
	}
	if err == nil {
		err = unix.Connect(fd, sockaddr(remote))
	}
	if err != nil {
		return 0
	}
	mtu, err := unix.GetsockoptInt(fd, level, option)
	if err != nil {
		return 0
	}
	return mtu
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16(), ZoneId: scope(a.Addr().Zone())}
}

// reportRefusals makes the socket tell when a peer's port is closed.
func reportRefusals(conn *net.UDPConn) {
	_ = control(conn, func(fd int) error {
		if conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Is4() {
			return unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_RECVERR, 1)
		}
		return unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1)
	})
}

// refusals empties the error queue of a socket, and returns the ports that are closed.
func refusals(conn syscall.Conn) (peers []netip.AddrPort) {
	_ = control(conn, func(fd int) error {
		var b, oob [256]byte
		for {
			_, n, _, from, err := unix.Recvmsg(fd, b[:], oob[:], unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
			if err != nil {
				return err // the queue is empty
			}
			if !refuses(oob[:n]) {
				continue
			}
			switch a := from.(type) {
			case *unix.SockaddrInet4:
				peers = append(peers, netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)))
			case *unix.SockaddrInet6:
				peers = append(peers, unmap(netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port))))
			}
		}
	})
	return peers
}

// refuses reports whether an extended error says ECONNREFUSED.
func refuses(oob []byte) bool {
	for len(oob) > 0 {
		h, data, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			return false
		}
		oob = rest
		if (h.Type == unix.IP_RECVERR || h.Type == unix.IPV6_RECVERR) && len(data) >= 4 &&
			unix.Errno(binary.NativeEndian.Uint32(data)) == unix.ECONNREFUSED {
			return true
		}
	}
	return false
}

// receiveTrains has the kernel hand over several datagrams of one sender as one (UDP_GRO).
func receiveTrains(conn *net.UDPConn) bool {
	return control(conn, func(fd int) error {
		return unix.SetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_GRO, 1)
	}) == nil
}

// trainControl finds the size of the datagrams of a train; 0 for a single one.
func trainControl(oob []byte) int {
	for len(oob) > 0 {
		h, data, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			break
		}
		oob = rest
		if h.Level == unix.IPPROTO_UDP && h.Type == unix.UDP_GRO && len(data) >= 4 {
			return int(binary.NativeEndian.Uint32(data))
		}
	}
	return 0
}
