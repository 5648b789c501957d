package ftpclient

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"

	"dray/ftp"
)

// Client is a control connection and what is known of the server behind it. Its methods
// may be called by one goroutine at a time; Close by any.
type Client struct {
	dialer  Dialer
	waits   *waits
	tls     *tls.Config   // nil if plain
	key     Pin           // of the server on the control connection
	conn    *line         // the control connection
	control net.Conn      // conn, or TLS over it
	reader  *bufio.Reader // of control
	dead    error         // why conn is not to be used any more
	buffer  []byte        // for transfers, nil before the first
	resumed bool          // by the last data connection
	noops   noops         // sent while a transfer runs

	kind        string            // the last accepted TYPE, "" before the first
	features    map[string]string // from FEAT: upper-case name to parameters; nil before log-in
	refusedEPSV bool              // or its ports cannot be reached
	refusedPASV bool              // or its ports cannot be reached
	refusedMLSD bool
}

// begin starts a call whose main command is cmd; one that is no single line is refused
// before anything is sent for it. Until end, the end of ctx interrupts all waits.
func (c *Client) begin(ctx context.Context, cmd ftp.Command) (end func(), err error) {
	if _, err := cmd.Append(nil); err != nil {
		return nil, &OpError{Op: cmd.Verb, Fault: ErrCommand, Err: err}
	}
	if c.dead != nil {
		return nil, &OpError{Op: cmd.Verb, Fault: ErrClosed, Err: c.dead}
	}
	if ctx.Err() != nil {
		return nil, broken(ctx, cmd.Verb, ErrTimeout, ctx.Err())
	}
	stop := context.AfterFunc(ctx, c.waits.interrupt)
	return func() {
		if !stop() {
			c.kill(context.Cause(ctx))
		}
	}, nil
}

// kill closes the control connection for good.
func (c *Client) kill(why error) {
	if c.dead == nil {
		c.dead = why
		c.conn.Close()
	}
}

// Close cuts the connection without a farewell. A call that is running fails. It may be
// called more than once.
func (c *Client) Close() error {
	c.waits.interrupt()
	return c.conn.Close()
}

// Quit ends the session and closes the connection in any case.
func (c *Client) Quit(ctx context.Context) error {
	_, err := c.Cmd(ctx, "QUIT", "")
	if err == nil && (&dataConn{c.control, c.conn}).closeWrite() == nil {
		c.waits.end(c.conn)
	}
	c.kill(errors.New("after QUIT"))
	return err
}

// Noop asks the server for a sign of life.
func (c *Client) Noop(ctx context.Context) error {
	_, err := c.Cmd(ctx, "NOOP", "")
	return err
}

// Cmd sends any command that needs no data connection and returns its last reply. With
// a reply of 400 or above the error is an [OpError] with an [ftp.Error] in it, and the
// reply is returned as well. An argument with a line end or NUL in it is
// [ftp.ErrArgument], and nothing is sent.
func (c *Client) Cmd(ctx context.Context, verb, arg string) (ftp.Reply, error) {
	cmd := ftp.Command{Verb: verb, Arg: arg}
	end, err := c.begin(ctx, cmd)
	if err != nil {
		return ftp.Reply{}, err
	}
	defer end()
	return c.command(ctx, cmd)
}

// command sends a command and waits for success, or for a reply of 300 which asks for
// another command.
func (c *Client) command(ctx context.Context, cmd ftp.Command) (ftp.Reply, error) {
	if err := c.send(ctx, cmd); err != nil {
		return ftp.Reply{}, err
	}
	reply, err := c.answer(ctx, cmd.Verb)
	if err != nil {
		return ftp.Reply{}, err
	}
	if kind := reply.Code.Kind(); kind != ftp.Completion && kind != ftp.Intermediate {
		return reply, refused(cmd, reply)
	}
	return reply, nil
}

// send writes a command. Whatever is no single line is not sent at all.
func (c *Client) send(ctx context.Context, cmd ftp.Command) error {
	b, err := cmd.Append(nil)
	if err != nil {
		return &OpError{Op: cmd.Verb, Fault: ErrCommand, Err: err}
	}
	if c.dialer.Sent != nil {
		c.dialer.Sent(cmd)
	}
	if _, err := c.control.Write(b); err != nil {
		// The server may have said 421 before it hung up.
		if reply, readErr := c.read(); readErr == nil {
			c.kill(err)
			return refused(cmd, reply)
		}
		c.kill(err)
		return broken(ctx, cmd.Verb, ErrReceive, err)
	}
	return nil
}

// answer reads the last reply to a command; those of 100 before it are passed over.
func (c *Client) answer(ctx context.Context, op string) (ftp.Reply, error) {
	for {
		reply, err := c.next(ctx, op)
		if err != nil || reply.Code.Kind() != ftp.Preliminary {
			return reply, err
		}
	}
}

// next reads one reply. If none comes, or if it is 421, the connection is of no further use.
func (c *Client) next(ctx context.Context, op string) (ftp.Reply, error) {
	reply, err := c.read()
	if err != nil {
		err = broken(ctx, op, ErrReceive, err)
		c.kill(err)
		return ftp.Reply{}, err
	}
	if reply.Code == ftp.CodeUnavailable {
		c.kill(&ftp.Error{Reply: reply})
	}
	return reply, nil
}

func (c *Client) read() (ftp.Reply, error) {
	reply, err := ftp.ReadReply(c.reader)
	if err == nil && c.dialer.Received != nil {
		c.dialer.Received(reply)
	}
	return reply, err
}
