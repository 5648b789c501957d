package ftpserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"dray/ftp"
	"dray/ftp/ftpserver/tlsbind"
)

// Conn is a control connection. One goroutine owns it: it takes commands and the ends of
// transfers from the same select, so that nothing in it needs a lock.
type Conn struct {
	srv      *Server
	raw      net.Conn         // the connection itself
	nc       net.Conn         // raw, or TLS over it
	tls      *tlsbind.Session // nil without TLS
	implicit bool             // TLS from the first octet on
	log      *slog.Logger
	remote   netip.AddrPort
	local    netip.AddrPort
	ctx      context.Context
	cancel   context.CancelFunc
	wg       sync.WaitGroup // the reader and the running transfer

	state   session
	backend Session
	fs      FS         // nil before log-in
	data    dataSource // from PASV, EPSV, PORT or EPRT, for the next transfer; or nil
	running *job       // the running transfer, or nil

	lines   lineReader    // owned by the reader from want to input
	want    chan struct{} // asks the reader for one line
	input   chan input    // its answer
	asked   bool          // want was sent and input has not come
	hold    bool          // AUTH is in the queue: what follows it is not to be read yet
	queue   []ftp.Command // commands that wait for the transfer to end
	waiting int           // how much room they take
	long    int           // lines that were too long
	begun   time.Time     // of the connection
	closing bool          // nothing more is read
}

// input is what the reader has found.
type input struct {
	line   []byte // good until the next ask
	answer []byte // to be sent as it is
	err    error
}

const (
	maxWaiting   = 32 << 10 // octets of commands that may wait for a transfer, hours of NOOP
	maxUnknown   = 10       // lines without a command before log-in
	maxRefused   = 3        // log-ins
	maxLongLines = 2
)

// What connections are told when they are closed.
var (
	replyTooMany   = reply(ftp.CodeTooMany, "Too many connections, try again later")
	replyShutdown  = reply(ftp.CodeShutdown, "The server is shutting down")
	replyIdle      = reply(ftp.CodeIdle, "Nothing came for too long")
	replyNoService = reply(ftp.CodeUnavailable, "No service for you now")
	replyFault     = reply(ftp.CodeUnavailable, "Internal error")
	replyNonsense  = reply(ftp.CodeUnavailable, "This is an FTP server")
)

func newConn(s *Server, nc net.Conn, implicit bool) *Conn {
	c := &Conn{srv: s, raw: nc, nc: nc, implicit: implicit, begun: time.Now()}
	c.remote, c.local = addrPort(nc.RemoteAddr()), addrPort(nc.LocalAddr())
	c.log = s.Log.With("remote", c.remote)
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.state = newSession(c.remote.Addr())
	c.state.hasTLS, c.state.requireTLS = s.binder != nil, s.RequireTLS
	c.lines.src = nc
	c.want = make(chan struct{}, 1)
	c.input = make(chan input, 1)
	return c
}

// addrPort returns the zero value for what is not TCP.
func addrPort(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		ap := t.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}

// RemoteAddr returns where the client is. It is zero if the connection is not TCP.
func (c *Conn) RemoteAddr() netip.AddrPort { return c.remote }

// LocalAddr returns the address that the client reached.
func (c *Conn) LocalAddr() netip.AddrPort { return c.local }

// serve is the goroutine of the connection.
func (c *Conn) serve() {
	defer c.srv.dismiss(c)
	defer c.containPanic() // of what is deferred below
	defer c.closeBackend()
	defer c.stop()
	defer c.containPanic()
	context.AfterFunc(c.ctx, func() { c.raw.Close() })
	c.wg.Add(1)
	go c.read()
	if tcp, ok := c.raw.(*net.TCPConn); ok {
		if err := control(tcp, inlineUrgent); err != nil {
			c.log.Error("urgent data will not be seen", "error", err)
		}
	}
	if c.implicit {
		if err := c.secure(); err != nil {
			c.log.Warn("no TLS on a port that is for TLS: closing", "error", err)
			return
		}
		c.state.protected = true
	}
	backend, err := c.srv.Backend.NewSession(c.ctx, c)
	if err != nil {
		c.log.Warn("no session for this connection", "error", err)
		c.end(replyNoService)
		return
	}
	c.backend = backend
	c.loop()
}

// stop ends what the connection has started.
func (c *Conn) stop() {
	c.dropData()
	c.nc.Close() // says goodbye in TLS
	c.cancel()
	close(c.want)
	c.wg.Wait()
}

func (c *Conn) closeBackend() {
	if c.backend == nil {
		return
	}
	if err := c.backend.Close(); err != nil {
		c.log.Error("closing the session failed", "error", err)
	}
}

func control(c syscall.Conn, set func(syscall.RawConn) error) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	return set(raw)
}

// containPanic keeps a panic within the session.
func (c *Conn) containPanic() {
	if v := recover(); v != nil {
		c.fault(fmt.Errorf("panic: %v\n%s", v, debug.Stack()))
	}
}

func (c *Conn) fault(err error) {
	c.log.Error("session ended by a fault", "error", err)
	if o, ok := c.backend.(FaultObserver); ok {
		o.Fault(err)
	}
	c.end(replyFault)
}

// loop greets, and then serves until the connection is done with.
func (c *Conn) loop() {
	banner := c.srv.Banner
	if banner == "" {
		banner = "FTP server ready"
	}
	c.write(reply(ftp.CodeReady, banner))
	timer := time.NewTimer(c.patience())
	defer timer.Stop()
	drain, done := c.srv.drain, c.ctx.Done()
	for {
		c.advance()
		if c.closing && c.running == nil {
			return
		}
		select {
		case in := <-c.input:
			c.asked = false
			c.take(in)
			timer.Reset(c.patience())
		case r := <-c.running.said():
			c.write(r)
		case out := <-c.running.ended():
			c.finish(out)
			timer.Reset(c.patience())
		case <-timer.C:
			if c.running == nil {
				c.end(replyIdle)
			}
		case <-drain:
			drain = nil // advance sees to it
		case <-done:
			done = nil
			c.closing = true
			c.running.abort()
		}
	}
}

// patience is how long the next command may take. Before log-in all of them together
// have the time of a log-in.
func (c *Conn) patience() time.Duration {
	if c.state.loggedIn {
		return orDefault(c.srv.IdleTimeout, 15*time.Minute)
	}
	return orDefault(c.srv.LoginTimeout, time.Minute) - time.Since(c.begun)
}

// advance ends a connection of a server that closes, runs commands that have waited, and asks for the next line if there is room.
func (c *Conn) advance() {
	if c.running == nil && c.srv.isClosing() {
		c.end(replyShutdown)
	}
	for c.running == nil && !c.closing && len(c.queue) > 0 {
		next := c.queue[0]
		c.queue = c.queue[1:]
		c.waiting -= room(next)
		c.hold = c.hold && next.Verb != "AUTH"
		c.execute(next)
	}
	if !c.asked && !c.hold && !c.closing && c.waiting < maxWaiting {
		c.asked = true
		c.want <- struct{}{}
	}
}

// read is the goroutine that reads lines, one each time it is asked.
func (c *Conn) read() {
	defer c.wg.Done()
	for range c.want {
		line, answer, err := c.lines.next()
		c.input <- input{line, answer, err}
	}
}

// take handles what the reader has found.
func (c *Conn) take(in input) {
	switch {
	case errors.Is(in.err, errLongLine):
		if c.long++; c.long >= maxLongLines {
			c.log.Warn("lines over the limit: closing", "octets", MaxLine)
			c.running.abort()
			c.end(reply(ftp.CodeUnavailable, "Lines are too long"))
			return
		}
		c.write(reply(ftp.CodeTooLong, "The line is too long"))
	case errors.Is(in.err, errTLSHello):
		c.log.Warn("TLS without AUTH on the control connection: closing")
		c.closing = true
	case in.err != nil: // as good as ABOR and QUIT (RFC 959, section 4.1.1)
		c.closing = true
		c.running.abort()
	case len(in.answer) > 0:
		c.send(in.answer)
	default:
		c.takeLine(in.line)
	}
}

func (c *Conn) takeLine(line []byte) {
	command, err := ftp.ParseCommand(line)
	switch {
	case errors.Is(err, ftp.ErrBlank):
	case foreign(line, command) != "":
		c.log.Warn("not an FTP client: closing", "speaks", foreign(line, command))
		c.running.abort()
		c.end(replyNonsense)
	case err != nil:
		c.write(c.state.malformed(err))
		c.checkUnknown()
	case c.running == nil:
		c.execute(command)
	case command.Verb == "STAT" && command.Arg == "":
		c.execute(command)
	case command.Verb == "ABOR":
		c.running.abort()
		c.enqueue(command)
	default:
		c.enqueue(command)
	}
}

func (c *Conn) enqueue(command ftp.Command) {
	c.queue = append(c.queue, command)
	c.waiting += room(command)
	c.hold = c.hold || command.Verb == "AUTH"
}

// room is about how much memory a waiting command takes.
func room(c ftp.Command) int { return 32 + len(c.Verb) + len(c.Arg) }

// foreign names the protocol that a line belongs to if it is clearly not FTP: a browser
// can be made to send such things here, and must not get an answer (ALPACA).
func foreign(line []byte, c ftp.Command) string {
	switch c.Verb {
	case "GET", "POST", "HEAD", "PUT", "OPTIONS", "CONNECT", "DELETE", "PATCH", "TRACE":
		return "HTTP"
	}
	if bytes.HasPrefix(line, []byte("SSH-")) {
		return "SSH"
	}
	return ""
}

// execute runs a command to its reply, or to the start of its transfer.
func (c *Conn) execute(command ftp.Command) {
	o, r := c.state.command(command)
	if o != nil {
		r = o.do(c)
	}
	if r.Code != 0 {
		c.write(r)
	}
	c.checkUnknown()
}

func (c *Conn) checkUnknown() {
	if !c.state.loggedIn && c.state.unknown > maxUnknown {
		c.log.Warn("too many lines that are no command: closing")
		c.end(replyNonsense)
	}
}

// write sends a reply. A connection that takes none is closed.
func (c *Conn) write(r ftp.Reply) { c.send(r.Append(nil)) }

func (c *Conn) send(b []byte) {
	c.nc.SetWriteDeadline(time.Now().Add(orDefault(c.srv.StallTimeout, 5*time.Minute)))
	if _, err := c.nc.Write(b); err != nil {
		c.closing = true
		c.running.abort()
	}
}

// end sends a last reply.
func (c *Conn) end(r ftp.Reply) {
	if !c.closing {
		c.write(r)
		c.closing = true
	}
}

// start begins a transfer.
func (c *Conn) start(t transfer) {
	var data dataSource
	if !t.dataless {
		data, c.data = c.data, nil
	}
	j := newJob(c, t, data)
	c.running = j
	c.wg.Add(1)
	go func() {
		defer c.wg.Done()
		j.run()
	}()
}

// finish takes the end of the running transfer.
func (c *Conn) finish(out outcome) {
	c.running.cancel()
	c.running = nil
	if out.fault != nil {
		c.fault(out.fault)
		return
	}
	c.write(out.reply)
	if o, ok := c.backend.(TransferObserver); ok {
		o.Transferred(out.Transfer)
	}
}

func (c *Conn) dropData() {
	if c.data != nil {
		c.data.close()
		c.data = nil
	}
}
