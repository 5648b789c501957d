package ftpserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"

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
	local := c.local.Addr()
	if local.Is4() != o.target.Addr().Unmap().Is4() {
		local = netip.Addr{} // the proxy came over the other family
	}
	c.data = &active{
		local:  local,
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
	w, err := c.listenData()
	if err != nil {
		c.log().Error("no passive port", "error", err)
		return reply(ftp.CodeNoData, "No port is free, try again later")
	}
	c.data = w
	port := w.addr().Port()
	if o.extended {
		return reply(ftp.CodeExtPassive, "Entering Extended Passive Mode "+ftp.FormatEPSV(port))
	}
	ip, err := c.advertised()
	if err != nil {
		c.dropData()
		c.log().Error("no address to tell for PASV", "error", err)
		return reply(ftp.CodeNoData, "No address for PASV; use EPSV")
	}
	text := ftp.FormatHostPort(netip.AddrPortFrom(ip, port))
	return reply(ftp.CodePassive, "Entering Passive Mode ("+text+").")
}

// active connects to the client.
type active struct {
	local  netip.Addr // zero: any
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
