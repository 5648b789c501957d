package tftp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"dray/tftp/netascii"
)

// Client fetches and stores files. The zero value is ready; it asks for large blocks and
// takes what it is given. A Client may be used by several goroutines. It must not be
// copied after its first use.
type Client struct {
	// BlockSize is the blksize to ask for, in octets. 0 means 1428, which fits into an
	// Ethernet frame also through a tunnel; 512 or less than 8 asks for none.
	BlockSize int

	// WindowSize is the windowsize to ask for, in blocks. 0 means 16; 1 asks for none. Get
	// asks for no more than the host's receive buffer holds.
	WindowSize int

	// Timeout is the retransmission interval to ask for, in whole seconds to 255 s. 0
	// asks for none, and each side measures its own.
	Timeout time.Duration

	// NoOptions sends bare requests of RFC 1350.
	NoOptions bool

	// AnyHost takes the answer of a server with several addresses from any of them.
	AnyHost bool

	// Progress is told how many octets have been moved, and of how many in all, which is
	// negative when not known. It is called from the goroutine of the transfer.
	Progress func(octets, total int64)

	dial     func(server netip.AddrPort, size int) (port, error) // nil: UDP
	noJitter bool                                                // so that a transcript comes out the same
	rollover Rollover                                            // to ask for; for tests, no server needs it

	buffers sync.Pool

	mu  sync.Mutex
	ctx context.Context // of what still dallies; nil before the first
	end context.CancelFunc
	wg  sync.WaitGroup
}

// The defaults of a Client.
const (
	DefaultClientBlockSize  = 1428
	DefaultClientWindowSize = 16
)

// Get writes the file that u names to w. A transfer that fails midway has written its
// beginning. The error is an [*Error] when the server sent one, ErrTimeout when it fell
// silent, ErrGone when nobody is there. When it returns, the client goes on for some
// seconds to repeat the last ACK, should the server have missed it; Close ends that.
func (c *Client) Get(ctx context.Context, u URL, w io.Writer) (Transfer, error) {
	return c.run(ctx, u, func(ctx context.Context, x *exchange, asked Options, t *Transfer) (func(context.Context), error) {
		return c.get(ctx, x, u, asked, w, t)
	})
}

// Put stores what r has, until its end, in the file that u names. size is its length in
// octets, negative when it is not known. The errors are those of Get.
func (c *Client) Put(ctx context.Context, u URL, r io.Reader, size int64) (Transfer, error) {
	return c.run(ctx, u, func(ctx context.Context, x *exchange, asked Options, t *Transfer) (func(context.Context), error) {
		return nil, c.put(ctx, x, u, asked, r, size, t)
	})
}

// Close ends what goes on after Get has returned, now and for later calls of Get.
func (c *Client) Close() error {
	c.mu.Lock()
	c.init()
	c.end()
	c.mu.Unlock()
	c.wg.Wait()
	return nil
}

// init makes the state that the zero value lacks. The caller holds the lock.
func (c *Client) init() {
	if c.ctx == nil {
		c.ctx, c.end = context.WithCancel(context.Background())
		c.buffers.New = newTrainBuffer
	}
}

// attempt is one request and its transfer. It may leave something to do afterwards.
type attempt func(ctx context.Context, x *exchange, asked Options, t *Transfer) (linger func(context.Context), err error)

// run makes a transfer, with options first and without them if those may be why the
// server does not answer or does not like the request.
func (c *Client) run(ctx context.Context, u URL, try attempt) (Transfer, error) {
	begun := time.Now()
	if err := checkName(u.Name); err != nil {
		return Transfer{}, fmt.Errorf("tftp: %w", err)
	}
	servers, err := resolve(ctx, u)
	if err != nil {
		return Transfer{}, err
	}
	var t Transfer
	for _, server := range servers {
		var taken bool
		t, taken, err = c.transfer(ctx, server, try)
		if taken || !errors.Is(err, ErrGone) {
			break // else the next address may be the one that is served
		}
	}
	t.Duration, t.Err = time.Since(begun), err
	return t, err
}

// transfer makes a transfer with one address of the server. taken tells that the server
// has taken the request.
func (c *Client) transfer(ctx context.Context, server netip.AddrPort, try attempt) (t Transfer, taken bool, err error) {
	asked := c.options()
	x := &exchange{peer: netip.AddrPortFrom(server.Addr(), 0), server: server, anyHost: c.AnyHost}
	t, err = c.once(ctx, x, asked, try)
	if err == nil || x.begun || asked == (Options{}) || ctx.Err() != nil || !blamesOptions(err, x.remote) {
		return t, x.begun, err
	}
	x = &exchange{peer: netip.AddrPortFrom(server.Addr(), 0), server: server, anyHost: c.AnyHost}
	t, err = c.once(ctx, x, Options{}, try)
	return t, x.begun, err
}

// once makes one attempt, over a port of its own.
func (c *Client) once(ctx context.Context, x *exchange, asked Options, try attempt) (t Transfer, err error) {
	c.mu.Lock()
	c.init()
	c.mu.Unlock()
	open := c.dial
	if open == nil {
		open = dialUDP
	}
	if x.port, err = open(x.server, room(asked)); err != nil {
		return t, err
	}
	stop := x.wakeAtEnd(ctx)
	linger, err := try(ctx, x, asked, &t)
	stop()
	reason := err
	if err != nil && ctx.Err() != nil {
		reason = &Error{CodeUndefined, "aborted by the client"}
	}
	x.farewell(reason)
	if err != nil || linger == nil {
		x.port.close()
	} else {
		c.linger(x, linger)
	}
	return t, err
}

func dialUDP(server netip.AddrPort, size int) (port, error) {
	return openUDP(netip.Addr{}, server.Addr(), Ports{}, size)
}

// linger does what is left to do in the background, until Close.
func (c *Client) linger(x *exchange, f func(context.Context)) {
	c.wg.Go(func() {
		defer x.port.close()
		defer context.AfterFunc(c.ctx, x.port.wake)()
		f(c.ctx)
	})
}

// resolve finds the server's addresses, in the order that the host prefers.
func resolve(ctx context.Context, u URL) (servers []netip.AddrPort, err error) {
	port := u.Port
	if port == 0 {
		port = DefaultPort
	}
	if a, err := netip.ParseAddr(u.Host); err == nil { // the resolver would lose its zone
		return []netip.AddrPort{netip.AddrPortFrom(a.Unmap(), uint16(port))}, nil
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Host)
	if err != nil {
		return nil, err
	}
	for _, a := range addrs {
		servers = append(servers, netip.AddrPortFrom(a.Unmap(), uint16(port)))
	}
	return servers, nil
}

// blamesOptions reports whether a bare request may fare better: the server said so, or
// does not understand, or keeps silent about what it does not know.
func blamesOptions(err error, said bool) bool {
	var e *Error
	if said && errors.As(err, &e) {
		return e.Code == CodeOptions || e.Code == CodeIllegal || e.Code == CodeUndefined
	}
	return errors.Is(err, ErrTimeout)
}

// options returns what to ask for.
func (c *Client) options() Options {
	if c.NoOptions {
		return Options{}
	}
	o := Options{
		BlockSize:  min(orDefault(c.BlockSize, DefaultClientBlockSize), MaxBlockSize),
		HasSize:    true,
		Timeout:    min(c.Timeout, 255*time.Second).Truncate(time.Second),
		WindowSize: min(orDefault(c.WindowSize, DefaultClientWindowSize), maxWindowSize),
		Rollover:   c.rollover,
	}
	if o.BlockSize == DefaultBlockSize || o.BlockSize < MinBlockSize {
		o.BlockSize = 0
	}
	if o.WindowSize == 1 {
		o.WindowSize = 0
	}
	return o
}

// requests returns how often to send a request: rarely, when there is another one to try.
func requests(asked Options) int {
	if asked != (Options{}) {
		return maxRequests / 2
	}
	return maxRequests
}

// get fetches a file.
func (c *Client) get(ctx context.Context, x *exchange, u URL, asked Options, w io.Writer, t *Transfer) (func(context.Context), error) {
	if u.Mode == NetASCII {
		asked.HasSize = false // it would be that of the text on its way
	}
	if p, ok := x.port.(*udpPort); ok {
		asked.WindowSize = p.window(asked)
	}
	total := int64(-1)
	count := &countingWriter{w: w}
	file := bufio.NewWriterSize(count, 64<<10)
	job := receiving{
		exchange: x, machine: newReceiver(-1, time.Now()), file: file, finish: file.Flush,
		opening: RRQ{u.Name, u.Mode, asked}.Append(nil), first: -1,
	}
	if u.Mode == NetASCII {
		text := netascii.NewDecoder(file)
		job.file = text
		job.finish = func() error { return errors.Join(text.Close(), file.Flush()) }
	}
	job.machine.limit = requests(asked)
	job.machine.rtt.jitter = jitter(c.noJitter)
	job.opened = func(granted Options) error {
		if granted.HasSize {
			total = granted.Size
		}
		t.Negotiated = granted
		return asked.accepts(granted)
	}
	job.report = c.report(&total)
	err := job.run(ctx)
	if err != nil {
		_ = file.Flush() // what there is of it; err is the reason that counts
	}
	x.begun = job.machine.want > 0
	t.Bytes, t.Resent = count.n, job.machine.resent
	return job.dally, err
}

// put stores a file.
func (c *Client) put(ctx context.Context, x *exchange, u URL, asked Options, r io.Reader, size int64, t *Transfer) error {
	asked.HasSize = asked.HasSize && size >= 0 && u.Mode == Octet
	if asked.HasSize {
		asked.Size = size
	}
	job := sending{
		exchange: x, machine: newSender(0, time.Now()), buffers: &c.buffers,
		opening: WRQ{u.Name, u.Mode, asked}.Append(nil),
	}
	job.machine.limit = requests(asked)
	job.machine.rtt.jitter = jitter(c.noJitter)
	var text *countingReader
	job.opened = func(granted Options) error {
		job.file, text = newSource(onlyReader{r}, size, u.Mode, granted.blockSize())
		t.Negotiated = granted
		return asked.accepts(granted)
	}
	job.report = c.report(&size)
	err := job.run(ctx)
	x.begun = job.opened == nil
	t.Bytes, t.Resent = job.octets, job.machine.resent
	if text != nil {
		t.Bytes = text.n
	}
	return err
}

// onlyReader hides that a reader may be read by offset: it may stand in the middle.
type onlyReader struct{ io.Reader }

// report returns what tells the progress of a transfer of *total octets, or nil.
func (c *Client) report(total *int64) func(int64) {
	if c.Progress == nil {
		return nil
	}
	return func(octets int64) { c.Progress(octets, *total) }
}
