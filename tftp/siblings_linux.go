package tftp

import (
	"context"
	"net"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxLanes bounds the sockets of a shared port, and the memory of their buffers.
const maxLanes = 8

// siblings returns more sockets on the port of conn, so that there is one for each
// processor (SO_REUSEPORT). There are fewer, or none, where the host does not allow it: for
// a port below 1024 once the privilege is gone, say. conn was bound without the option, so
// that a port which another program holds is still refused.
func siblings(conn *net.UDPConn) (more []*net.UDPConn) {
	share := func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) }
	var network string
	err := control(conn, func(fd int) error {
		domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
		if err != nil {
			return err
		}
		network = "udp4"
		if domain == unix.AF_INET6 {
			only, err := unix.GetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY)
			if err != nil {
				return err
			}
			network = "udp"
			if only != 0 {
				network = "udp6"
			}
		}
		return share(fd)
	})
	if err != nil {
		return nil
	}
	var shared net.ListenConfig
	shared.Control = func(_, _ string, raw syscall.RawConn) error {
		var inner error
		if err := raw.Control(func(fd uintptr) { inner = share(int(fd)) }); err != nil {
			return err
		}
		return inner
	}
	for range min(runtime.GOMAXPROCS(0), maxLanes) - 1 {
		c, err := shared.ListenPacket(context.Background(), network, conn.LocalAddr().String())
		if err != nil {
			break
		}
		sibling := c.(*net.UDPConn)
		_ = sibling.SetReadBuffer(listenBuffer) // the host gives what it allows
		more = append(more, sibling)
	}
	return more
}
