package ftpclient

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"time"

	"dray/ftp"
)

// DefaultTimeout is the time-out of a [Dialer] that has none.
const DefaultTimeout = time.Minute

// Mode says who opens data connections.
type Mode uint8

// The modes.
const (
	Auto    Mode = iota // the client, by EPSV or PASV; the server if that does not work
	Passive             // the client alone
	Active              // the server alone, by PORT or EPRT
)

// Dialer opens control connections. The zero value is ready. A Dialer may be used by
// several goroutines if its functions may.
type Dialer struct {
	// Timeout bounds every single wait: for a connection, for a reply, for the next
	// octets of a transfer; a transfer as a whole may take any time. 0 is
	// DefaultTimeout.
	Timeout time.Duration

	// Mode says who opens data connections. The zero value tries all ways.
	Mode Mode

	// KeepAlive is how often NOOP is sent while a transfer runs, for servers and
	// firewalls that take a quiet control connection for a dead one. Most servers
	// answer it when the transfer has ended; one that answers at once has to say 200.
	// 0 sends none; TCP has its own keep-alive in any case.
	KeepAlive time.Duration

	// Security says how connections are protected. The zero value does not.
	Security Security

	// TLSConfig is for the control and all data connections; nil verifies the
	// certificate against the host's name and the system's roots. Without a ServerName
	// it is the host of the address; without NextProtos it is "ftp"; the session cache
	// is always the client's own. With InsecureSkipVerify anybody between here and the
	// server can read and change everything, unless there is a Pin.
	TLSConfig *tls.Config

	// Pin, unless it is zero, is what the server's key must be. It replaces the
	// verification of names, dates and issuers.
	Pin Pin

	// DialContext opens the connections to the server. nil is that of [net.Dialer].
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)

	// Progress is told now and then how many octets the running transfer of a file has
	// moved so far, from the goroutine that called for it. It may be nil.
	Progress func(octets int64)

	// Sent and Received are told of every command and every reply on the control
	// connection, in order. They may be nil. [ftp.Command.String] hides passwords.
	Sent     func(ftp.Command)
	Received func(ftp.Reply)
}

// Dial connects to "host:port" and waits for the greeting.
func (d *Dialer) Dial(ctx context.Context, address string) (*Client, error) {
	c := &Client{dialer: *d, waits: &waits{timeout: d.Timeout}}
	if c.waits.timeout <= 0 {
		c.waits.timeout = DefaultTimeout
	}
	if c.dialer.DialContext == nil {
		c.dialer.DialContext = new(net.Dialer).DialContext
	}
	conn, err := c.dial(ctx, address)
	if err != nil {
		return nil, broken(ctx, "dial", ErrConnect, err)
	}
	c.conn, c.control = conn, conn
	c.reader = bufio.NewReader(conn)
	if err := c.open(ctx, address); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// open comes to where a log-in is possible.
func (c *Client) open(ctx context.Context, address string) error {
	stop := context.AfterFunc(ctx, c.waits.interrupt)
	defer stop()
	if c.dialer.Security == Plain {
		return c.greeting(ctx)
	}
	var err error
	if c.tls, err = c.dialer.tlsConfig(address); err != nil {
		return &OpError{Op: "dial", Fault: ErrTLS, Err: err}
	}
	if c.dialer.Security == Implicit {
		if err := c.startTLS(ctx); err != nil {
			return err
		}
		return c.greeting(ctx)
	}
	if err := c.greeting(ctx); err != nil {
		return err
	}
	return c.authTLS(ctx)
}

// dial opens a connection within the time-out and puts its waits under control.
func (c *Client) dial(ctx context.Context, address string) (*line, error) {
	ctx, cancel := context.WithTimeout(ctx, c.waits.timeout)
	defer cancel()
	conn, err := c.dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	c.waits.add(conn)
	return &line{Conn: conn, waits: c.waits}, nil
}

// greeting reads the first reply; a server may ask for patience before it.
func (c *Client) greeting(ctx context.Context) error {
	reply, err := c.answer(ctx, "dial")
	if err != nil {
		return err
	}
	if reply.Code.Kind() != ftp.Completion {
		return &OpError{Op: "dial", Fault: replyFault("", reply), Err: &ftp.Error{Reply: reply}}
	}
	return nil
}

// addrPort returns the address of one end of a connection, without a mapping of IPv4.
// It is invalid if the end is no TCP address.
func addrPort(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := tcp.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
