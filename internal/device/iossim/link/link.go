// Package link is how a simulated device moves files: by dray's own TFTP and FTP clients
// and by scp, to and from whatever server a command names. It shows the marks of a
// transfer as it really goes, and it can be a bad link on request.
package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"dray/ftp/ftpclient"
	"dray/internal/device/iossim/flash"
	"dray/internal/device/iossim/place"
	"dray/tftp"
)

// Link is the network of one device. The zero value is a good one. Set the fields before
// the first use; then it may be used by several goroutines.
type Link struct {
	// TFTPPort is where TFTP servers are asked; 0 means 69. Commands cannot name a port.
	TFTPPort int

	// Timeout is how long a server may be silent; 0 means 20 s.
	Timeout time.Duration

	// Serve is where the files are served that tftp-server names. The zero value serves
	// on a free port of 127.0.0.1.
	Serve netip.AddrPort

	Faults Faults
}

// Faults are what may be wrong with a link. The zero value is nothing.
type Faults struct {
	Rate     int64   // octets a second; 0 is as fast as it goes
	Loss     float64 // of the packets of TFTP, from 0 to 1
	CutAfter int64   // after so many octets of a file nothing comes any more; 0 is never
	Corrupt  int64   // the octet of each file that is received wrong, from 1; 0 is none
}

func (l *Link) timeout() time.Duration {
	if l.Timeout <= 0 {
		return 20 * time.Second
	}
	return l.Timeout
}

// Fetch is that of [place.Transfers].
func (l *Link) Fetch(ctx context.Context, r place.Remote, w io.Writer, mark func(place.Mark)) error {
	if at := l.Faults.Corrupt; at > 0 {
		w = &corrupter{w: w, left: at}
	}
	switch r.Scheme {
	case "tftp":
		return l.tftp(ctx, r, mark, func(ctx context.Context, c *tftp.Client, u tftp.URL) error {
			_, err := c.Get(ctx, u, w)
			return err
		})
	case "ftp":
		return l.ftp(ctx, r, func(c *ftpclient.Client, path string) error {
			_, err := c.Retrieve(ctx, path, 0, l.paced(ctx, w, mark))
			return err
		})
	case "scp":
		return l.scpFetch(ctx, r, l.paced(ctx, w, mark))
	}
	return place.ErrUnsupported
}

// Store is that of [place.Transfers].
func (l *Link) Store(ctx context.Context, r place.Remote, src io.Reader, size int64, mark func(place.Mark)) error {
	switch r.Scheme {
	case "tftp":
		return l.tftp(ctx, r, mark, func(ctx context.Context, c *tftp.Client, u tftp.URL) error {
			_, err := c.Put(ctx, u, src, size)
			return err
		})
	case "ftp":
		return l.ftp(ctx, r, func(c *ftpclient.Client, path string) error {
			_, err := c.Store(ctx, path, 0, io.TeeReader(src, l.paced(ctx, io.Discard, mark)))
			return err
		})
	case "scp":
		return l.scpStore(ctx, r, io.TeeReader(src, l.paced(ctx, io.Discard, mark)), size)
	}
	return place.ErrUnsupported
}

// meaning turns an error into one that a device has a name for.
func meaning(err error) error {
	var dns *net.DNSError
	var netErr net.Error
	name := error(nil)
	switch {
	case err == nil, errors.Is(err, flash.ErrFull):
		return err
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &dns):
		name = place.ErrHost
	case errors.Is(err, ftpclient.ErrLogin):
		name = place.ErrLogin
	case errors.Is(err, ftpclient.ErrNotFound):
		name = fs.ErrNotExist
	case errors.Is(err, ftpclient.ErrDenied), errors.Is(err, ftpclient.ErrStore), errors.Is(err, ftpclient.ErrRetrieve):
		name = fs.ErrPermission
	case errors.Is(err, tftp.ErrTimeout), errors.Is(err, tftp.ErrGone), errors.Is(err, ftpclient.ErrTimeout):
		name = place.ErrTimeout
	case isRefused(err):
		name = place.ErrRefused
	case errors.As(err, &netErr) && netErr.Timeout():
		name = place.ErrTimeout
	default:
		return err
	}
	return fmt.Errorf("%w (%w)", name, err)
}

// tftp makes a transfer over a relay, which sees the packets.
func (l *Link) tftp(ctx context.Context, r place.Remote, mark func(place.Mark), move func(context.Context, *tftp.Client, tftp.URL) error) error {
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", r.Host)
	if err != nil {
		return meaning(err)
	}
	port := l.TFTPPort
	if port == 0 {
		port = tftp.DefaultPort
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	relay, err := newRelay(l, netip.AddrPortFrom(addrs[0].Unmap(), uint16(port)), r.Source, mark, func() { cancel(place.ErrTimeout) })
	if err != nil {
		return fmt.Errorf("link: %w", err)
	}
	defer relay.close()
	block := r.BlockSize
	if block == 0 {
		block = tftp.DefaultBlockSize
	}
	c := &tftp.Client{BlockSize: block, WindowSize: 1}
	err = move(ctx, c, tftp.URL{Host: relay.addr().Addr().String(), Port: int(relay.addr().Port()), Name: r.Path})
	_ = c.Close()
	if errors.Is(context.Cause(ctx), place.ErrTimeout) && err != nil {
		return place.ErrTimeout
	}
	return meaning(err)
}

// ftp logs in, and moves a file.
func (l *Link) ftp(ctx context.Context, r place.Remote, move func(c *ftpclient.Client, path string) error) error {
	port := r.Port
	if port == 0 {
		port = 21
	}
	d := ftpclient.Dialer{Timeout: l.timeout(), Mode: ftpclient.Passive, DialContext: l.dial(r.Source)}
	if r.Active {
		d.Mode = ftpclient.Active
	}
	c, err := d.Dial(ctx, net.JoinHostPort(r.Host, strconv.Itoa(port)))
	if err != nil {
		return meaning(err)
	}
	defer c.Close()
	if err := c.Login(ctx, r.User, r.Password); err != nil {
		return meaning(err)
	}
	if err := move(c, r.Path); err != nil {
		return meaning(err)
	}
	_ = c.Quit(ctx) // the file is whole, whatever the server says to that
	return nil
}

// dial opens TCP connections, from the address of an interface if the host has it.
func (l *Link) dial(source netip.Addr) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: l.timeout()}
	if source.IsLoopback() {
		d.LocalAddr = &net.TCPAddr{IP: source.AsSlice()}
	}
	return d.DialContext
}

// Ping is that of [place.Pinger]. It asks for the port of echo: a host that refuses the
// connection answers as well as one that takes it, and no program needs a right for that.
func (l *Link) Ping(ctx context.Context, host string) error {
	conn, err := l.dial(netip.Addr{})(ctx, "tcp", net.JoinHostPort(host, "7"))
	if err == nil {
		return conn.Close()
	}
	if isRefused(err) {
		return nil
	}
	return meaning(err)
}

// ServeTFTP is that of [place.Transfers].
func (l *Link) ServeTFTP(ctx context.Context, open func(name string) (flash.Content, bool)) error {
	at := l.Serve
	if !at.IsValid() {
		at = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0)
	}
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return fmt.Errorf("link: %w", err)
	}
	s := &tftp.Server{Handler: files(open)}
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer stop()
	if err := s.Serve(conn); !errors.Is(err, tftp.ErrServerClosed) {
		return err
	}
	return s.Close()
}

// files is a device's flash as a server sees it.
type files func(name string) (flash.Content, bool)

// ReadFile opens a file that may be served.
func (f files) ReadFile(_ context.Context, r *tftp.Request) (io.ReadCloser, int64, error) {
	c, ok := f(strings.TrimLeft(r.Name, "/"))
	if !ok {
		return nil, 0, fs.ErrNotExist
	}
	return section{io.NewSectionReader(c, 0, c.Size())}, c.Size(), nil
}

type section struct{ *io.SectionReader }

func (section) Close() error { return nil }

// WriteFile refuses: a device serves its flash to be read.
func (files) WriteFile(context.Context, *tftp.Request) (tftp.Upload, error) {
	return nil, fs.ErrPermission
}
