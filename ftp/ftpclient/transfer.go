package ftpclient

import (
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"time"

	"dray/ftp"
)

// Retrieve writes the file at path to w, from offset on in octets, and returns how many
// octets it wrote, also with an error. When w fails, the error is ErrWrite and wraps that
// of w, and the client can be used further.
//
// A download over TLS that somebody on the way has cut off is ErrPartial. Since some
// servers end TLS as badly as that themselves, the size decides.
func (c *Client) Retrieve(ctx context.Context, path string, offset int64, w io.Writer) (int64, error) {
	var n int64
	var cutOff bool
	err := c.transfer(ctx, transfer{
		cmd: ftp.Command{Verb: "RETR", Arg: path}, kind: "I", offset: offset, broke: ErrPartial,
		move: func(conn *dataConn) (err error) {
			if n, err = c.receive(w, conn); err != nil {
				return err
			}
			cutOff = conn.cutOff()
			return conn.Close() // ProFTPD waits for that with its last reply
		},
	})
	if err == nil && cutOff {
		if size, err := c.Size(ctx, path); err != nil || size != offset+n {
			return n, &OpError{Op: "RETR", Path: path, Fault: ErrPartial, Err: errCutOff}
		}
	}
	return n, err
}

var errCutOff = errors.New("the data connection ended without the end of TLS")

// Store sends what r has until its end to the file at path, and returns how many octets
// it sent, also with an error. With an offset above 0 the server keeps what it has
// before that many octets (REST); otherwise it replaces the file. When r fails, the error
// is ErrRead and wraps that of r, the server sees a broken connection, and the client can
// be used further. If r is an [os.File], the octets do not pass through this process.
func (c *Client) Store(ctx context.Context, path string, offset int64, r io.Reader) (int64, error) {
	return c.upload(ctx, ftp.Command{Verb: "STOR", Arg: path}, offset, r)
}

// Append sends what r has to the end of the file at path, which it makes if it is
// missing. All else is as with [Client.Store].
func (c *Client) Append(ctx context.Context, path string, r io.Reader) (int64, error) {
	return c.upload(ctx, ftp.Command{Verb: "APPE", Arg: path}, 0, r)
}

func (c *Client) upload(ctx context.Context, cmd ftp.Command, offset int64, r io.Reader) (int64, error) {
	var n int64
	err := c.transfer(ctx, transfer{
		cmd: cmd, kind: "I", offset: offset, broke: ErrSend,
		move: func(conn *dataConn) (err error) {
			conn.linger(true)
			if n, err = c.transmit(conn, r); err != nil {
				return err
			}
			return conn.closeWrite()
		},
	})
	return n, err
}

// transfer is a command that uses a data connection.
type transfer struct {
	cmd    ftp.Command
	kind   string // of TYPE, "" if it does not matter
	offset int64  // in octets
	broke  Fault  // what it means when the data connection fails

	// move uses the data connection. A localError is the caller's own, anything else
	// that of the connection.
	move func(conn *dataConn) error
}

// localError is a failure on this side of the connection.
type localError struct {
	fault Fault // ErrRead, ErrWrite, or 0 if the caller simply wants no more
	err   error
}

func (e *localError) Error() string { return e.err.Error() }

func isLocal(err error) bool {
	var local *localError
	return errors.As(err, &local)
}

// transfer runs a transfer from TYPE to its last reply.
func (c *Client) transfer(ctx context.Context, t transfer) error {
	end, err := c.begin(ctx, t.cmd)
	if err != nil {
		return err
	}
	defer end()
	if err := c.setType(ctx, t.kind); err != nil {
		return err
	}
	ch, err := c.openChannel(ctx)
	if err != nil {
		return err
	}
	defer ch.close()
	if t.offset > 0 {
		rest := ftp.Command{Verb: "REST", Arg: strconv.FormatInt(t.offset, 10)}
		if _, err := c.command(ctx, rest); err != nil {
			return err
		}
	}
	if err := c.send(ctx, t.cmd); err != nil {
		return err
	}
	opening, err := c.next(ctx, t.cmd.Verb)
	if err != nil {
		return err
	}
	switch opening.Code.Kind() {
	case ftp.Preliminary, ftp.Completion: // some servers say 226 alone
	default:
		err := refused(t.cmd, opening)
		if opening.Code == ftp.CodeNoData && ch.listener != nil {
			err.Fault = ErrActive
		}
		return err
	}
	return c.run(ctx, t, ch, opening)
}

// run moves the data and reads the last reply, unless opening was that already.
func (c *Client) run(ctx context.Context, t transfer, ch *channel, opening ftp.Reply) error {
	c.noops = noops{last: time.Now()}
	conn, broke, err := c.await(ch)
	if err == nil {
		broke, err = t.broke, t.move(conn)
	}
	if err != nil {
		if conn != nil {
			conn.linger(true)
		}
		ch.close()
		if ctx.Err() != nil || conn != nil && errors.Is(err, os.ErrDeadlineExceeded) {
			err = broken(ctx, t.cmd.Verb, broke, err)
			c.kill(err)
			return err
		}
	}
	reply := opening
	if opening.Code.Kind() == ftp.Preliminary {
		var lost error
		if reply, lost = c.lastReply(ctx, t.cmd.Verb, err); lost != nil && !isLocal(err) {
			return lost
		}
	}
	if err == nil {
		conn.linger(false)
		if conn.Conn != conn.line {
			c.waits.end(conn.line)
		}
	}
	return t.outcome(err, broke, reply)
}

// afterReset is how long a server may take to say that a transfer is over which this side
// has given up. Pure-FTPd says nothing at all if it was with TLS.
const afterReset = 5 * time.Second

// lastReply reads the reply to the end of a transfer, be it clean or moveErr, and those
// to the NOOPs that were sent meanwhile.
func (c *Client) lastReply(ctx context.Context, verb string, moveErr error) (ftp.Reply, error) {
	if isLocal(moveErr) {
		defer c.waits.limit(c.waits.limit(min(afterReset, c.waits.timeout)))
	}
	last := c.answer
	if moveErr != nil {
		last = c.next // Pure-FTPd says 150 once more when a download is reset, and that is all
	}
	reply, err := last(ctx, verb)
	for ; err == nil && reply.Code == ftp.CodeOK && c.noops.pending > 0; c.noops.pending-- {
		reply, err = last(ctx, verb)
	}
	for ; err == nil && c.noops.pending > 0 && c.dead == nil; c.noops.pending-- {
		_, err = c.answer(ctx, "NOOP")
	}
	return reply, err
}

// await returns the data connection ready for use, or what it means that there is none.
func (c *Client) await(ch *channel) (*dataConn, Fault, error) {
	line, err := c.arrival(ch)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, ErrActiveWait, err
	case err != nil:
		return nil, ErrActive, err
	}
	conn := &dataConn{Conn: line, line: line}
	if c.tls == nil {
		return conn, 0, nil
	}
	fault, err := c.secure(conn)
	return conn, fault, err
}

// outcome judges a transfer by what became of its data and by its last reply. A local
// error outweighs the reply, which only confirms it.
func (t transfer) outcome(moveErr error, broke Fault, reply ftp.Reply) error {
	var local *localError
	failed := reply.Code.Kind() != ftp.Completion
	switch {
	case errors.As(moveErr, &local) && local.fault == 0:
		return nil
	case local != nil:
		return &OpError{Op: t.cmd.Verb, Path: t.cmd.Arg, Fault: local.fault, Err: local.err}
	case failed && moveErr == nil && reply.Code != ftp.CodeDataLost:
		return refused(t.cmd, reply)
	case failed:
		fault := replyFault(t.cmd.Verb, reply)
		if fault != ErrNoSpace && fault != ErrUnavailable {
			fault = broke
		}
		cause := error(&ftp.Error{Command: t.cmd.Verb, Reply: reply})
		if moveErr != nil {
			cause = errors.Join(cause, moveErr)
		}
		return &OpError{Op: t.cmd.Verb, Path: t.cmd.Arg, Fault: fault, Err: cause}
	case moveErr != nil:
		return &OpError{Op: t.cmd.Verb, Path: t.cmd.Arg, Fault: broke, Err: moveErr}
	default:
		return nil
	}
}

// setType sends TYPE unless the server is there already.
func (c *Client) setType(ctx context.Context, kind string) error {
	if kind == "" || kind == c.kind {
		return nil
	}
	if _, err := c.command(ctx, ftp.Command{Verb: "TYPE", Arg: kind}); err != nil {
		return err
	}
	c.kind = kind
	return nil
}
