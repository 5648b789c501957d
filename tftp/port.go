package tftp

import (
	"net/netip"
	"time"
)

// datagram is one packet to the listening port.
type datagram struct {
	content []byte         // good until the next one is read
	remote  netip.AddrPort // the client's TID
	local   netip.Addr     // the address that was asked; not valid where the host does not tell
	index   int            // of the interface that it came by, 0 for not known
	lane    *lane          // by which it came, in single-port mode
}

// network is what a server listens on: a UDP socket.
type network interface {
	// readers returns what reads the listening port: each returns the next datagram that
	// belongs to no transfer, and is called by one goroutine.
	readers() []func() (datagram, error)

	// answer sends b to the sender of d, from the listening port.
	answer(b []byte, d datagram) error

	// open returns a port for the transfer that d asks for. It receives datagrams of up
	// to size octets; maxDatagram is for many that come together.
	open(d datagram, size int) (port, error)

	// mtu returns the largest IP packet that goes to the sender of d in one piece, in
	// octets; 0 if that is not known.
	mtu(d datagram) int

	// shared reports whether the ports end with the network.
	shared() bool

	// close ends the readers. It may be called more than once, and by any goroutine.
	close() error
}

// port is this side's end of one transfer, its TID (RFC 1350 §4). One goroutine uses it;
// wake may be called by any.
type port interface {
	// arm sets the time at which receive gives up.
	arm(deadline time.Time)

	// receive returns a datagram, good until the next call. It fails with
	// os.ErrDeadlineExceeded, perhaps too early, with ErrGone where the host reports that
	// the port from is closed, and with net.ErrClosed.
	receive() (b []byte, from netip.AddrPort, err error)

	// send sends b, cut into datagrams of size octets; the last may be shorter.
	send(b []byte, size int, to netip.AddrPort) error

	// wake makes receive give up once: now, or when it is called next.
	wake()

	close() error
}
