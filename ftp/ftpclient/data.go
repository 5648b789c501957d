package ftpclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"time"

	"dray/ftp"
)

// channel is a data connection that has been agreed upon. A passive one is open before
// the command that uses it is sent; an active one comes after.
type channel struct {
	waits    *waits
	conn     *line            // nil until it is there
	listener *net.TCPListener // nil if passive
	peer     netip.Addr       // who may come
}

// openChannel agrees with the server on a data connection, in the way the mode wants it
// or, for Auto, in the first way that works.
func (c *Client) openChannel(ctx context.Context) (*channel, error) {
	if c.dialer.Mode == Active {
		return c.active(ctx)
	}
	ch, err := c.passive(ctx)
	if err == nil || c.dialer.Mode == Passive || c.dead != nil || ctx.Err() != nil {
		return ch, err
	}
	ch, activeErr := c.active(ctx)
	if activeErr != nil {
		return nil, errors.Join(err, activeErr)
	}
	return ch, nil
}

// passive asks the server where to connect to: by EPSV, then by PASV. What did not work
// is not tried a second time.
func (c *Client) passive(ctx context.Context) (*channel, error) {
	var epsvErr error
	if !c.refusedEPSV {
		ch, err := c.passiveBy(ctx, "EPSV", ftp.ParseEPSV)
		if err == nil || c.dead != nil {
			return ch, err
		}
		c.refusedEPSV, epsvErr = true, err
	}
	if c.refusedPASV || addrPort(c.conn.RemoteAddr()).Addr().Is6() { // PASV cannot say IPv6
		if epsvErr == nil {
			epsvErr = &OpError{Op: "EPSV", Fault: ErrPassive, Err: errors.New("refused before")}
		}
		return nil, epsvErr
	}
	ch, err := c.passiveBy(ctx, "PASV", func(text string) (uint16, error) {
		address, err := ftp.ParsePASV(text)
		return address.Port(), err
	})
	if err != nil {
		c.refusedPASV = true
	}
	return ch, err
}

// passiveBy sends one of the two commands, takes the port from its reply and connects to
// it. The address is always the control connection's: another one is either wrong, as
// behind a NAT, or an attack on a third host.
func (c *Client) passiveBy(ctx context.Context, verb string, parse func(text string) (uint16, error)) (*channel, error) {
	cmd := ftp.Command{Verb: verb}
	reply, err := c.command(ctx, cmd)
	if err != nil {
		var refusal *ftp.Error
		if errors.As(err, &refusal) && c.dead == nil {
			return nil, &OpError{Op: verb, Fault: ErrPassive, Err: refusal}
		}
		return nil, err
	}
	port, err := parse(reply.Text())
	if err == nil && port == 0 {
		err = ftp.ErrHostPort
	}
	if err != nil {
		return nil, &OpError{Op: verb, Fault: ErrAddress, Err: &ftp.Error{Command: verb, Reply: reply}}
	}
	host, _, err := net.SplitHostPort(c.conn.RemoteAddr().String())
	if err != nil {
		return nil, &OpError{Op: verb, Fault: ErrAddress, Err: err}
	}
	conn, err := c.dial(ctx, net.JoinHostPort(host, strconv.Itoa(int(port))))
	if err != nil {
		return nil, broken(ctx, verb, ErrPassive, err)
	}
	return &channel{waits: c.waits, conn: conn}, nil
}

// active tells the server where to connect to: the control connection's own address.
func (c *Client) active(ctx context.Context) (*channel, error) {
	local, peer := addrPort(c.conn.LocalAddr()), addrPort(c.conn.RemoteAddr())
	if !local.IsValid() || !peer.IsValid() {
		return nil, &OpError{Op: "PORT", Fault: ErrPort, Err: fmt.Errorf("no TCP address: %v", c.conn.LocalAddr())}
	}
	listener, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(local.Addr(), 0)))
	if err != nil {
		return nil, &OpError{Op: "PORT", Fault: ErrPort, Err: err}
	}
	address := netip.AddrPortFrom(local.Addr(), addrPort(listener.Addr()).Port())
	cmd := ftp.Command{Verb: "PORT", Arg: ftp.FormatHostPort(address)}
	if address.Addr().Is6() {
		cmd = ftp.Command{Verb: "EPRT", Arg: ftp.FormatEPRT(address)}
	}
	if _, err := c.command(ctx, cmd); err != nil {
		listener.Close()
		var refusal *ftp.Error
		if errors.As(err, &refusal) && c.dead == nil {
			return nil, &OpError{Op: cmd.Verb, Path: cmd.Arg, Fault: ErrPort, Err: refusal}
		}
		return nil, err
	}
	c.waits.add(listener)
	return &channel{waits: c.waits, listener: listener, peer: peer.Addr()}, nil
}

// maxStrangers is how many connections from other hosts are turned away before active
// mode gives up.
const maxStrangers = 8

// afterReply is how long a data connection may be behind a reply that speaks of its end.
const afterReply = time.Second

var errServerGaveUp = errors.New("the server gave up")

// arrival returns the data connection; an active one it waits for. Meanwhile it listens on
// the control connection, since a server that cannot connect says so there.
func (c *Client) arrival(ch *channel) (*line, error) {
	if ch.conn != nil {
		return ch.conn, nil
	}
	c.waits.arm(ch.listener) // before it can be shortened
	heard := make(chan bool, 1)
	go func() {
		_, err := c.reader.Peek(1)
		stopped := errors.Is(err, os.ErrDeadlineExceeded)
		if !stopped {
			c.waits.shorten(ch.listener, afterReply)
		}
		heard <- !stopped
	}()
	conn, err := ch.accept()
	c.waits.stop(c.conn.Conn)
	gaveUp := <-heard
	c.waits.stop(nil)
	if gaveUp && errors.Is(err, os.ErrDeadlineExceeded) {
		err = errServerGaveUp
	}
	return conn, err
}

// accept waits for the server. Only the peer of the control connection is let in.
func (ch *channel) accept() (*line, error) {
	for range maxStrangers {
		conn, err := ch.listener.Accept()
		if err != nil {
			return nil, err
		}
		if addrPort(conn.RemoteAddr()).Addr() != ch.peer {
			conn.Close()
			continue
		}
		ch.waits.add(conn)
		ch.conn = &line{Conn: conn, waits: ch.waits}
		return ch.conn, nil
	}
	return nil, errors.New("only other hosts connected")
}

// close ends the data connection and frees its port.
func (ch *channel) close() {
	if ch.listener != nil {
		ch.waits.remove(ch.listener)
		ch.listener.Close()
	}
	if ch.conn != nil {
		ch.conn.Close()
	}
}

// dataConn is a data connection in use: line, or TLS over it.
type dataConn struct {
	net.Conn
	line *line
}

// plain returns the connection if what is written to it goes out as it is.
func (d *dataConn) plain() (*net.TCPConn, bool) {
	if d.Conn != d.line {
		return nil, false
	}
	tcp, ok := d.line.Conn.(*net.TCPConn)
	return tcp, ok
}

// cutOff reports whether TLS was ended by the end of what is below it, instead of by the
// peer: anybody on the way can do that.
func (d *dataConn) cutOff() bool { return d.Conn != d.line && d.line.ended }

// linger sets what happens to the data connection when it is closed, or this process
// dies: with reset the peer sees an error instead of the end of the file.
func (d *dataConn) linger(reset bool) {
	seconds := -1
	if reset {
		seconds = 0
	}
	if tcp, ok := d.line.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(seconds) // a connection that refuses it is broken, as the next write will find
	}
}

// closeWrite ends an upload cleanly. The connection stays open for the server to read all
// of it, and for what TLS says in return; it is closed after the last reply.
func (d *dataConn) closeWrite() error {
	if secured, ok := d.Conn.(*tls.Conn); ok {
		if err := secured.CloseWrite(); err != nil {
			return err
		}
	}
	if half, ok := d.line.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return d.line.Close()
}
