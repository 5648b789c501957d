package ftpserver

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/netip"
	"time"
)

// listener is a dataSource that waits for the client to connect.
type listener interface {
	dataSource
	addr() netip.AddrPort
}

// listenData opens a port, or shares one if there is a range of them.
func (c *Conn) listenData() (listener, error) {
	if c.srv.PassivePorts == (PortRange{}) && c.srv.DataOrigin == nil {
		return listenAlone(c.local.Addr(), c.remote.Addr(), c.log)
	}
	ctx, cancel := context.WithTimeout(c.ctx, orDefault(c.srv.DataTimeout, portWait))
	defer cancel()
	return c.srv.ports.reserve(ctx, c.srv.PassivePorts, c.local.Addr(), c.remote.Addr(), c.log)
}

// portWait is how long a client waits for a port of the range if nothing else is set: less
// than clients wait for a reply.
const portWait = 10 * time.Second

// advertised is the IPv4 address that PASV tells.
func (c *Conn) advertised() (netip.Addr, error) {
	ip := c.srv.PassiveAddress
	if c.srv.PassiveAddressFor != nil {
		found, err := c.srv.PassiveAddressFor(c.ctx, c)
		if err != nil {
			return netip.Addr{}, err
		}
		if found.IsValid() {
			ip = found
		}
	}
	if !ip.IsValid() {
		ip = c.reached.Addr()
	}
	if ip = ip.Unmap(); !ip.Is4() {
		return netip.Addr{}, fmt.Errorf("%v is no IPv4 address", ip)
	}
	return ip, nil
}

// shuffled yields the ports of the range, from one on that cannot be told beforehand.
func (r PortRange) shuffled() iter.Seq[uint16] {
	return func(yield func(uint16) bool) {
		var random [8]byte
		rand.Read(random[:])
		count := uint64(r.Last-r.First) + 1
		start := binary.NativeEndian.Uint64(random[:]) % count
		for i := range count {
			if !yield(r.First + uint16((start+i)%count)) {
				return
			}
		}
	}
}

// listenTCP listens without what a data connection does not need: it is looked after by
// deadlines.
func listenTCP(at netip.AddrPort) (*net.TCPListener, error) {
	network := "tcp6"
	if at.Addr().Is4() {
		network = "tcp4"
	}
	var config net.ListenConfig
	config.KeepAlive = -1
	config.SetMultipathTCP(false)
	l, err := config.Listen(context.Background(), network, at.String())
	if err != nil {
		return nil, err
	}
	return l.(*net.TCPListener), nil
}

// alone waits for the client on a port of its own.
type alone struct {
	l    *net.TCPListener
	peer netip.Addr
	log  func() *slog.Logger
}

// maxGuesses is how many ports are tried before the system is asked for one. It takes a
// hundred times longer to find one when many connections linger.
const maxGuesses = 16

func listenAlone(ip, peer netip.Addr, log func() *slog.Logger) (*alone, error) {
	dynamic := PortRange{49152, 65535} // nobody has registered them (RFC 6335, section 6)
	guesses := 0
	for port := range dynamic.shuffled() {
		l, err := listenTCP(netip.AddrPortFrom(ip, port))
		if err == nil {
			return &alone{l, peer, log}, nil
		}
		if guesses++; guesses == maxGuesses {
			break
		}
	}
	l, err := listenTCP(netip.AddrPortFrom(ip, 0))
	if err != nil {
		return nil, err
	}
	return &alone{l, peer, log}, nil
}

func (a *alone) addr() netip.AddrPort { return addrPort(a.l.Addr()) }

func (a *alone) close() { a.l.Close() }

// maxStrays is how many connections of strangers a port bears.
const maxStrays = 8

// open takes the first connection that comes from the client. Those of others, who may
// want to steal the data (RFC 2577, section 3), are closed, and it goes on.
func (a *alone) open(ctx context.Context) (*net.TCPConn, error) {
	defer a.l.Close()
	stop := context.AfterFunc(ctx, func() { a.l.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	for range maxStrays + 1 {
		conn, err := a.l.AcceptTCP()
		if err != nil {
			return nil, fmt.Errorf("%w: nobody came to port %d", errNoData, a.addr().Port())
		}
		from := addrPort(conn.RemoteAddr())
		if from.Addr() == a.peer {
			return conn, nil
		}
		conn.Close()
		a.log().Warn("data connection from another host: closed", "from", from)
	}
	return nil, fmt.Errorf("%w: too many came from other hosts", errNoData)
}
