package tftp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"dray/tftp/netascii"
)

// Client fetches and stores files. The zero value is ready; it asks for large blocks and
// takes what it is given. A Client may be used by several goroutines.
type Client struct {
	// BlockSize is the blksize to ask for, in octets. 0 means 1428, which fits into an
	// Ethernet frame also through a tunnel; 512 or less than 8 asks for none.
	BlockSize int

	// WindowSize is the windowsize to ask for, in blocks. 0 and 1 ask for none.
	WindowSize int

	// Timeout is the retransmission interval to ask for, in whole seconds to 255 s. 0
	// asks for none, and each side measures its own.
	Timeout time.Duration

	// NoOptions sends bare requests of RFC 1350.
	NoOptions bool

	// Progress is told how many octets have been moved, and of how many in all, which is
	// negative when not known. It is called from the goroutine of the transfer.
	Progress func(octets, total int64)
}

// DefaultClientBlockSize is the blksize that a Client asks for.
const DefaultClientBlockSize = 1428

// clientTries is how often a request is sent. The server asked for nothing, but a client
// knows whom it asked.
const clientTries = 6

// Get writes the file that u names to w. A transfer that fails midway has written its
// beginning. The error is an [*Error] when the server sent one, ErrTimeout when it fell
// silent, ErrGone when nobody is there.
func (c *Client) Get(ctx context.Context, u URL, w io.Writer) (Transfer, error) {
	return c.run(ctx, u, func(ctx context.Context, x *exchange, asked Options, t *Transfer) (bool, error) {
		return c.get(ctx, x, u, asked, w, t)
	})
}

// Put stores what r has, until its end, in the file that u names. size is its length in
// octets, negative when it is not known.
func (c *Client) Put(ctx context.Context, u URL, r io.Reader, size int64) (Transfer, error) {
	return c.run(ctx, u, func(ctx context.Context, x *exchange, asked Options, t *Transfer) (bool, error) {
		return c.put(ctx, x, u, asked, r, size, t)
	})
}

// attempt is one request and its transfer.
type attempt func(ctx context.Context, x *exchange, asked Options, t *Transfer) (remote bool, err error)

// run makes a transfer, with options first and without them if those may be why the
// server does not answer or does not like the request.
func (c *Client) run(ctx context.Context, u URL, try attempt) (Transfer, error) {
	begun := time.Now()
	if err := checkName(u.Name); err != nil {
		return Transfer{}, fmt.Errorf("tftp: %w", err)
	}
	peer, err := resolve(ctx, u)
	if err != nil {
		return Transfer{}, err
	}
	t, err := c.once(ctx, peer, c.options(), try)
	if err != nil && !c.NoOptions && t.Bytes == 0 && blamesOptions(err) && ctx.Err() == nil {
		t, err = c.once(ctx, peer, Options{}, try)
	}
	t.Duration, t.Err = time.Since(begun), err
	return t, err
}

func (c *Client) once(ctx context.Context, peer netip.AddrPort, asked Options, try attempt) (t Transfer, err error) {
	conn, err := openLocal(netip.Addr{}, peer.Addr())
	if err != nil {
		return t, err
	}
	x, stop := newExchange(ctx, conn, netip.AddrPortFrom(peer.Addr(), 0))
	defer stop()
	x.server = peer
	remote, err := try(ctx, x, asked, &t)
	if ctx.Err() != nil {
		x.farewell(&Error{CodeUndefined, "aborted by the client"}, remote)
	} else {
		x.farewell(err, remote)
	}
	return t, err
}

// resolve finds the server's address, IPv4 or IPv6 as the host prefers.
func resolve(ctx context.Context, u URL) (netip.AddrPort, error) {
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Host)
	if err != nil {
		return netip.AddrPort{}, err
	}
	port := u.Port
	if port == 0 {
		port = DefaultPort
	}
	return netip.AddrPortFrom(addrs[0].Unmap(), uint16(port)), nil
}

// blamesOptions reports whether a bare request may fare better: the server said so, or
// it does not understand, or it stays silent about what it does not know.
func blamesOptions(err error) bool {
	var said *Error
	if errors.As(err, &said) {
		return said.Code == CodeOptions || said.Code == CodeIllegal
	}
	return errors.Is(err, ErrTimeout)
}

func (c *Client) options() Options {
	if c.NoOptions {
		return Options{}
	}
	o := Options{BlockSize: orDefault(c.BlockSize, DefaultClientBlockSize), HasSize: true, Timeout: c.Timeout.Truncate(time.Second)}
	if o.BlockSize == DefaultBlockSize || o.BlockSize < MinBlockSize {
		o.BlockSize = 0
	}
	if c.WindowSize > 1 {
		o.WindowSize = c.WindowSize
	}
	return o
}

func (c *Client) report(total *int64) func(int64) {
	return func(octets int64) {
		if c.Progress != nil {
			c.Progress(octets, *total)
		}
	}
}

func (c *Client) get(ctx context.Context, x *exchange, u URL, asked Options, w io.Writer, t *Transfer) (bool, error) {
	if u.Mode == NetASCII {
		asked.HasSize = false // it would be that of the converted text
	}
	total := int64(-1)
	count := &countingWriter{w: w}
	job := receiving{
		exchange: x, machine: newReceiver(-1, time.Now()),
		file: count, finish: func() error { return nil },
		opening: RRQ{u.Name, u.Mode, asked}.Append(nil), first: -1,
		report: c.report(&total),
	}
	if u.Mode == NetASCII {
		text := netascii.NewDecoder(count)
		job.file, job.finish = text, text.Close
	}
	job.machine.limit = clientTries
	job.opened = func(granted Options) error {
		if err := asked.accepts(granted); err != nil {
			return err
		}
		if granted.HasSize {
			total = granted.Size
		}
		t.Negotiated = granted
		return nil
	}
	remote, err := job.run(ctx)
	t.Bytes, t.Resent = count.n, job.machine.resent
	return remote, err
}

func (c *Client) put(ctx context.Context, x *exchange, u URL, asked Options, r io.Reader, size int64, t *Transfer) (bool, error) {
	switch {
	case size < 0 || u.Mode == NetASCII:
		asked.HasSize = false
	case asked.HasSize:
		asked.Size = size
	}
	total := size
	if u.Mode == NetASCII {
		r, size = netascii.NewEncoder(r), -1
	}
	out := newOutgoing(r, size)
	job := sending{
		exchange: x, machine: newSender(0, time.Now()), file: out,
		opening: WRQ{u.Name, u.Mode, asked}.Append(nil),
		report:  c.report(&total),
	}
	job.machine.limit = clientTries
	job.opened = func(granted Options) error {
		if err := asked.accepts(granted); err != nil {
			return err
		}
		t.Negotiated = granted
		return nil
	}
	remote, err := job.run(ctx)
	t.Bytes, t.Resent = out.read, job.machine.resent
	return remote, err
}
