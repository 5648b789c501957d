package ftpserver

import (
	"bytes"
	"errors"
	"os"
	"runtime/debug"
	"time"

	"dray/ftp"
)

// input is what was read from a control connection.
type input struct {
	line   []byte // good until the next read
	answer []byte // to be sent as it is
	err    error
}

// loop greets, and then serves until the connection is done with. It reads commands
// itself while no transfer runs.
func (c *Conn) loop() {
	banner := c.srv.Banner
	if banner == "" {
		banner = "FTP server ready"
	}
	c.answer(reply(ftp.CodeReady, banner))
	for !c.closing {
		switch {
		case c.srv.isClosing():
			c.end(replyShutdown)
		case len(c.queue) > 0:
			c.execute(c.dequeue())
		default:
			c.listen()
		}
		for c.running != nil {
			c.attend(c.running)
		}
	}
}

// listen waits for one line. Server.stop interrupts it, and is not missed: it sets the
// deadline after it has begun to close, and here it is the other way about.
func (c *Conn) listen() {
	c.raw.SetReadDeadline(time.Now().Add(c.patience()))
	if c.srv.isClosing() {
		return
	}
	switch in := c.readLine(); {
	case !errors.Is(in.err, os.ErrDeadlineExceeded):
		c.take(in)
	case c.srv.isClosing():
	case c.state.loggedIn:
		c.end(replyIdle)
	default:
		c.end(replySlow)
	}
}

func (c *Conn) readLine() input {
	line, answer, err := c.lines.next()
	return input{line, answer, err}
}

// readMeanwhile is readLine in a goroutine of its own, which hands a panic on.
func (c *Conn) readMeanwhile() (in input) {
	defer func() {
		if v := recover(); v != nil {
			in = input{err: &panicError{v, debug.Stack()}}
		}
	}()
	return c.readLine()
}

// patience is how long the next command may take. Before log-in all of them together
// have the time of a log-in.
func (c *Conn) patience() time.Duration {
	if c.state.loggedIn {
		return orDefault(c.srv.IdleTimeout, 15*time.Minute)
	}
	return orDefault(c.srv.LoginTimeout, time.Minute) - time.Since(c.begun)
}

// readDelay is how long a transfer runs before commands are read meanwhile: most small
// files have arrived by then, and it is not worth while.
const readDelay = 10 * time.Millisecond

// attend serves the connection while a transfer runs. Each command is read by a goroutine
// of its own; it and the end of the transfer arrive in the same select.
func (c *Conn) attend(j *job) {
	got := make(chan input, 1)
	asked, late, done := false, time.NewTimer(readDelay), c.ctx.Done()
	defer late.Stop()
	c.raw.SetReadDeadline(time.Time{})
	ask := func() {
		asked = !c.hold && !c.closing && c.waiting < maxWaiting
		if asked {
			c.wg.Go(func() { got <- c.readMeanwhile() })
		}
	}
	for c.running != nil {
		select {
		case <-late.C:
			ask()
		case in := <-got:
			c.take(in)
			ask()
		case out := <-j.out:
			c.finish(out)
		case <-done:
			done = nil
			c.closing = true
			j.cancel()
		}
	}
	if asked {
		c.interrupt()
		if in := <-got; !c.closing {
			c.take(in)
		}
	}
}

// take handles what was read.
func (c *Conn) take(in input) {
	var fault *panicError
	switch {
	case errors.As(in.err, &fault):
		c.running.abort()
		c.fault(fault)
	case errors.Is(in.err, os.ErrDeadlineExceeded): // an interrupt, which has come too late
		c.raw.SetReadDeadline(time.Time{})
	case errors.Is(in.err, errLongLine):
		if c.long++; c.long >= maxLongLines {
			c.log().Warn("lines over the limit: closing", "octets", MaxLine)
			c.running.abort()
			c.end(reply(ftp.CodeUnavailable, "Lines are too long"))
			return
		}
		c.answer(reply(ftp.CodeTooLong, "The line is too long"))
	case errors.Is(in.err, errTLSHello):
		c.log().Warn("TLS without AUTH on the control connection: closing")
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
		c.log().Warn("not an FTP client: closing", "speaks", foreign(line, command))
		c.running.abort()
		c.end(replyNonsense)
	case err != nil:
		c.answer(c.state.malformed(err))
		c.checkUnknown()
	case c.running == nil && len(c.queue) == 0, c.running != nil && c.atOnce(command):
		c.execute(command)
	default:
		if command.Verb == "ABOR" {
			c.running.abort() // and then its turn comes
		}
		c.enqueue(command)
	}
}

// atOnce reports whether a command is answered while a transfer runs. STAT of a path is,
// unless something waits that could change what the path means.
func (c *Conn) atOnce(command ftp.Command) bool {
	return command.Verb == "STAT" && (command.Arg == "" || len(c.queue) == 0)
}

func (c *Conn) enqueue(command ftp.Command) {
	c.queue = append(c.queue, command)
	c.waiting += room(command)
	c.hold = c.hold || command.Verb == "AUTH"
}

func (c *Conn) dequeue() ftp.Command {
	next := c.queue[0]
	c.queue = c.queue[1:]
	c.waiting -= room(next)
	c.hold = c.hold && next.Verb != "AUTH"
	return next
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
		c.answer(r)
	}
	c.checkUnknown()
}

func (c *Conn) checkUnknown() {
	if !c.state.loggedIn && c.state.unknown > maxUnknown {
		c.log().Warn("too many lines that are no command: closing")
		c.end(replyNonsense)
	}
}

// answer sends a reply. A connection that takes none is closed.
func (c *Conn) answer(r ftp.Reply) { c.send(r.Append(nil)) }

func (c *Conn) send(b []byte) {
	wait := c.stallTimeout()
	if !c.state.loggedIn { // who takes no reply gets no more time either
		wait = min(wait, max(c.patience(), time.Second))
	}
	if err := c.writeOut(b, wait); err != nil {
		c.closing = true
		c.running.abort()
	}
}

// write sends a reply from the goroutine of a transfer: replies are written whole.
func (c *Conn) write(r ftp.Reply) error { return c.writeOut(r.Append(nil), c.stallTimeout()) }

func (c *Conn) stallTimeout() time.Duration { return orDefault(c.srv.StallTimeout, 5*time.Minute) }

func (c *Conn) writeOut(b []byte, wait time.Duration) error {
	c.nc.SetWriteDeadline(time.Now().Add(wait))
	_, err := c.nc.Write(b)
	return err
}

// end sends a last reply.
func (c *Conn) end(r ftp.Reply) {
	if !c.closing {
		c.answer(r)
		c.parting = !c.closing
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
	c.current.Store(j)
	c.wg.Add(1)
	go func() {
		defer c.wg.Done()
		j.run()
	}()
}

// finish takes the end of the running transfer.
func (c *Conn) finish(out outcome) {
	c.running = nil
	c.moved.Add(out.Bytes)
	c.current.Store(nil)
	if out.fault != nil {
		c.fault(out.fault)
		return
	}
	c.answer(out.reply)
	if o, ok := c.backend.(TransferObserver); ok {
		o.Transferred(out.Transfer)
	}
}
