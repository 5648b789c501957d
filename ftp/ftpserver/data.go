package ftpserver

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"dray/ftp"
)

// dataSource is where the data connection of the next transfer comes from.
type dataSource interface {
	// open waits for the connection until ctx ends. Errors wrap errNoData, and their text
	// is fit for the peer.
	open(ctx context.Context) (*net.TCPConn, error)
	close()
}

var (
	errNoData   = errors.New("no data connection")
	errDataLost = errors.New("data connection lost")
)

// The operations that prepare a data connection, or take it back.
type (
	listenData  struct{ extended bool }
	connectData struct{ target netip.AddrPort }
	closeData   struct{}
)

// do answers ABOR when nothing runs any more.
func (closeData) do(c *Conn) ftp.Reply {
	c.dropData()
	return reply(ftp.CodeAborted, "Nothing is running")
}

func (o connectData) do(c *Conn) ftp.Reply {
	c.dropData()
	c.data = &active{
		local:  c.local.Addr(),
		target: netip.AddrPortFrom(o.target.Addr().WithZone(c.remote.Addr().Zone()), o.target.Port()),
		source: orDefault(c.srv.ActiveSourcePort, 20),
	}
	return reply(ftp.CodeOK, "Noted")
}

func (o listenData) do(c *Conn) ftp.Reply {
	c.dropData()
	if !c.local.IsValid() {
		return reply(ftp.CodeNoData, "No passive mode over this connection")
	}
	l, err := listenIn(c.srv.PassivePorts, c.local.Addr())
	if err != nil {
		c.log.Error("no passive port", "error", err)
		return reply(ftp.CodeNoData, "No port is free, try again later")
	}
	c.data = &passive{l: l, peer: c.remote.Addr(), log: c.log}
	port := addrPort(l.Addr()).Port()
	if o.extended {
		return reply(ftp.CodeExtPassive, "Entering Extended Passive Mode "+ftp.FormatEPSV(port))
	}
	ip := c.srv.PassiveAddress
	if !ip.IsValid() {
		ip = c.local.Addr()
	}
	text := ftp.FormatHostPort(netip.AddrPortFrom(ip, port))
	return reply(ftp.CodePassive, "Entering Passive Mode ("+text+").")
}

// listenIn listens on ip, on a port of the range that cannot be told beforehand.
func listenIn(ports PortRange, ip netip.Addr) (*net.TCPListener, error) {
	network := "tcp6"
	if ip.Is4() {
		network = "tcp4"
	}
	listen := func(port uint16) (*net.TCPListener, error) {
		return net.ListenTCP(network, net.TCPAddrFromAddrPort(netip.AddrPortFrom(ip, port)))
	}
	if ports == (PortRange{}) {
		return listen(0)
	}
	if ports.Last < ports.First {
		return nil, fmt.Errorf("ftpserver: empty range of passive ports %d-%d", ports.First, ports.Last)
	}
	var random [8]byte
	rand.Read(random[:])
	count := uint64(ports.Last-ports.First) + 1
	start := binary.NativeEndian.Uint64(random[:]) % count
	var err error
	for i := range count {
		var l *net.TCPListener
		if l, err = listen(ports.First + uint16((start+i)%count)); err == nil {
			return l, nil
		}
	}
	return nil, err
}

// passive waits for the client on a port of its own.
type passive struct {
	l    *net.TCPListener
	peer netip.Addr
	log  *slog.Logger
}

// maxStrays is how many connections of others a passive port bears.
const maxStrays = 8

// open takes the first connection that comes from the client. Those of others, who may
// try to steal the data (RFC 2577, section 3), are closed, and it goes on.
func (p *passive) open(ctx context.Context) (*net.TCPConn, error) {
	defer p.l.Close()
	stop := context.AfterFunc(ctx, func() { p.l.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	for range maxStrays + 1 {
		conn, err := p.l.AcceptTCP()
		if err != nil {
			return nil, fmt.Errorf("%w: nobody came to port %d", errNoData, addrPort(p.l.Addr()).Port())
		}
		from := addrPort(conn.RemoteAddr())
		if from.Addr() == p.peer {
			return conn, nil
		}
		conn.Close()
		p.log.Warn("data connection from another host: closed", "from", from)
	}
	return nil, fmt.Errorf("%w: too many came from other hosts", errNoData)
}

func (p *passive) close() { p.l.Close() }

// active connects to the client.
type active struct {
	local  netip.Addr
	target netip.AddrPort
	source int // port to leave from if it may; not positive means any
}

// open connects. When port 20 may not be used or is taken, any does.
func (a *active) open(ctx context.Context) (*net.TCPConn, error) {
	conn, err := a.dial(ctx, a.source)
	if a.source > 0 && sourceRefused(err) {
		conn, err = a.dial(ctx, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: cannot connect to %v: %s; behind NAT use passive mode", errNoData, a.target, cause(err))
	}
	return conn, nil
}

func (a *active) dial(ctx context.Context, source int) (*net.TCPConn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: a.local.AsSlice(), Zone: a.local.Zone(), Port: max(source, 0)}}
	if source > 0 {
		d.Control = func(_, _ string, c syscall.RawConn) error { return reuseAddress(c) }
	}
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(a.target.Addr().String(), strconv.Itoa(int(a.target.Port()))))
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

func (a *active) close() {}

func sourceRefused(err error) bool {
	return errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, syscall.EADDRNOTAVAIL)
}

// cause says why a connection did not come about, in words for the peer.
func cause(err error) string {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "unreachable"
	}
	return "failed"
}
