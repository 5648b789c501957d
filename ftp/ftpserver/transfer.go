package ftpserver

import (
	"cmp"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
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
	socket  io.Closer         // tcp, or what has taken its place
	conn    net.Conn          // socket, or TLS over it
	gather  *gather           // below TLS; nil without
	records *[bufferRoom]byte // the buffer of gather
	unwatch func() bool       // keeps the end of ctx from closing tcp
	open    *atomic.Int32     // how many data connections of the session wait for their client to close
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
	j.say, j.out, j.open = c.write, make(chan outcome, 1), &c.lingering
	return j
}

// abort ends the transfer, if there is one.
func (j *job) abort() {
	if j != nil {
		j.cancel()
	}
}

// run is the goroutine of the transfer. It may outlive the transfer for a moment.
func (j *job) run() {
	defer j.cancel()
	var out outcome
	text, err := j.contain()
	lingers := j.closeData(err == nil)
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
	if lingers {
		j.linger()
	}
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
	j.tcp, j.socket, j.conn = conn, conn, conn
	j.unwatch = context.AfterFunc(j.ctx, func() { conn.Close() })
	if err := j.say(reply(ftp.CodeOpening, text)); err != nil {
		return fmt.Errorf("%w: %w", errDataLost, err)
	}
	return j.protect(timeout)
}

// closeData ends the data connection, or gives up waiting for it. With TLS its end says
// whether the transfer was whole (RFC 8446, section 6.1); then the client has an answer to
// it, and the result is true if j.linger is to wait for that.
func (j *job) closeData(whole bool) (lingers bool) {
	if j.source != nil {
		j.source.close()
	}
	if j.records != nil {
		j.gather.buf = nil // the close_notify has to go out before the end
		buffers.Put(j.records)
	}
	if j.tcp == nil {
		return false
	}
	if secured, ok := j.conn.(*tlsbind.Data); ok && whole {
		lingers = j.sayEnd(secured)
	}
	if !lingers {
		j.unwatch()
		j.socket.Close()
	}
	return lingers
}

// sayEnd closes this side of the data connection. It is false if the client is gone, or
// leaves too many open.
func (j *job) sayEnd(secured *tlsbind.Data) bool {
	j.await()
	if secured.CloseWrite() != nil || j.tcp.CloseWrite() != nil {
		return false
	}
	if j.open.Add(1) > maxLingering {
		j.open.Add(-1)
		return false
	}
	return true
}

// linger closes the data connection when the client has closed it too, or soon. If it was
// closed at once, what the client says at its end would be answered by a reset, which can
// take with it what the client has not read yet. The reply does not wait for this.
func (j *job) linger() {
	defer j.open.Add(-1)
	defer j.unwatch()
	awaitEnd(j.tcp)
	j.tcp.Close()
}

// maxLingering is how many data connections of a session may do so.
const maxLingering = 4

// awaitEnd reads a connection of which this side is closed, until the client closes the
// other, keeps it open for long, or talks on and on.
func awaitEnd(conn net.Conn) {
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	io.Copy(io.Discard, io.LimitReader(conn, 64<<10))
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
