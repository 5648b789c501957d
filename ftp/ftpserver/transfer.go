package ftpserver

import (
	"cmp"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"dray/ftp"
	"dray/ftp/ftpserver/tlsbind"
)

// transfer is the operation of the commands that use the data connection.
type transfer struct {
	verb string
	name string // rooted and clean

	// done is the code of the last reply. Zero means CodeDone.
	done ftp.Code

	// dataless has the control connection alone: what PASV or PORT has prepared stays
	// for the next.
	dataless bool

	run interface {
		// move does the transfer: it opens the file, then calls j.connect, moves bytes,
		// and ends the file. It returns the text of the last reply.
		move(ctx context.Context, j *job) (string, error)
	}
}

func (t transfer) do(c *Conn) ftp.Reply {
	c.start(t)
	return ftp.Reply{}
}

// job is a running transfer. It has a goroutine of its own, and tells that of the
// connection when it has ended.
type job struct {
	transfer
	srv     *Server
	fs      FS
	source  dataSource
	ctx     context.Context
	cancel  context.CancelFunc
	begun   time.Time
	tls     *tlsbind.Session  // protects the data connection; nil for none
	tcp     *net.TCPConn      // nil until connect
	conn    net.Conn          // tcp, or TLS over it
	gather  *gather           // below TLS; nil without
	records *[bufferRoom]byte // the buffer of gather
	unwatch func() bool       // keeps the end of ctx from closing tcp
	note    string            // what is odd about it
	bytes   atomic.Int64      // over the data connection so far
	level   int               // of mode Z; 0 in mode S
	packer  *zlib.Writer      // of mode Z, once something was sent

	say func(ftp.Reply) error // tells a preliminary reply
	out chan outcome          // the end, once
}

// outcome is how a transfer ended.
type outcome struct {
	Transfer
	reply ftp.Reply
	fault error // it ended in a panic
}

func newJob(c *Conn, t transfer, source dataSource) *job {
	j := &job{transfer: t, srv: c.srv, fs: c.fs, source: source, begun: time.Now()}
	if c.state.protected {
		j.tls = c.tls
	}
	if c.state.deflate {
		j.level = c.state.level
	}
	j.ctx, j.cancel = context.WithCancel(c.ctx)
	j.say, j.out = c.write, make(chan outcome, 1)
	return j
}

// abort ends the transfer, if there is one.
func (j *job) abort() {
	if j != nil {
		j.cancel()
	}
}

// run is the goroutine of the transfer.
func (j *job) run() {
	var out outcome
	text, err := j.contain()
	j.closeData()
	var p *panicError
	switch {
	case errors.As(err, &p):
		out.fault = err
	case err == nil:
		out.reply = reply(cmp.Or(j.done, ftp.CodeDone), text)
	case j.ctx.Err() != nil:
		out.reply = reply(ftp.CodeDataLost, "Transfer aborted")
	default:
		out.reply = refusal(err)
	}
	out.Transfer = Transfer{
		Verb: j.verb, Name: j.name, Bytes: j.bytes.Load(), Duration: time.Since(j.begun), Note: j.note, Err: err,
	}
	j.out <- out
}

// panicError is a panic of a backend.
type panicError struct {
	value any
	stack []byte
}

func (p *panicError) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }

// contain turns a panic into an error.
func (j *job) contain() (text string, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v, debug.Stack()}
		}
	}()
	return j.transfer.run.move(j.ctx, j)
}

// connect gets the data connection and then says that the transfer begins. Nothing is
// sent before the connection stands, so that 150 is never followed by 425.
func (j *job) connect(text string) error {
	if j.source == nil {
		return fmt.Errorf("%w: PASV, EPSV, PORT or EPRT first", errNoData)
	}
	timeout := orDefault(j.srv.DataTimeout, 30*time.Second)
	ctx, cancel := context.WithTimeout(j.ctx, timeout)
	defer cancel()
	conn, err := j.source.open(ctx)
	j.source = nil
	if err != nil {
		return err
	}
	j.tcp, j.conn = conn, conn
	j.unwatch = context.AfterFunc(j.ctx, func() { conn.Close() })
	if err := j.say(reply(ftp.CodeOpening, text)); err != nil {
		return fmt.Errorf("%w: %w", errDataLost, err)
	}
	return j.protect(timeout)
}

// closeData ends the data connection, or gives up waiting for it.
func (j *job) closeData() {
	if j.source != nil {
		j.source.close()
	}
	if j.conn != nil {
		j.unwatch()
		if j.records != nil {
			j.gather.buf = nil // the close_notify has to go out before the end
			buffers.Put(j.records)
		}
		j.conn.Close()
	}
}

// await lets what follows on the data connection take as long as it may. It returns the
// time.
func (j *job) await() time.Time {
	now := time.Now()
	j.conn.SetDeadline(now.Add(orDefault(j.srv.StallTimeout, 5*time.Minute)))
	return now
}

// bufferSize is that of the buffer between a data connection and a file. It was measured
// to beat splice(2) several times over. bufferRoom holds as much in records of TLS.
const (
	bufferSize = 256 << 10
	bufferRoom = bufferSize + 8<<10
)

// buffers is shared by all transfers.
var buffers = sync.Pool{New: func() any { return new([bufferRoom]byte) }}
