package sftpd

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"dray/internal/admission"
	"dray/internal/event"
	"dray/internal/identity"
	"dray/internal/policy/guard"
)

const (
	protocol    = "sftp"
	maxChannels = 10 // of one connection at once, as OpenSSH's MaxSessions
)

// conn is one SSH connection.
type conn struct {
	srv   *Server
	terms *Terms
	net   net.Conn
	about event.Session // of all its events
	begun time.Time
	ctx   context.Context // until the connection is cut
	stop  context.CancelFunc
	visit *admission.Session // nil without a Gate

	// Of the log-in, which one goroutine does.
	subject identity.Subject
	how     string // it was proven
	reason  error  // of the last refusal, which is not told to the client
	refused bool   // a refusal has been told as an event
	keys    bool   // a key was refused
	counted bool   // as a log-in that failed

	guesses  [][sha256.Size]byte // the wrong passwords so far
	repeated bool                // the last one had been tried before

	busy     atomic.Int64 // files that are open
	channels atomic.Int64 // that are open
	traffic  traffic
	clock    clock
}

func newConn(s *Server, nc net.Conn) *conn {
	c := &conn{srv: s, terms: s.current(), net: nc, begun: time.Now()}
	c.ctx, c.stop = context.WithCancel(context.Background())
	c.about.Protocol = protocol
	c.about.ID = protocol + strconv.FormatUint(s.sessions.Add(1), 10)
	if a, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		addr := a.AddrPort()
		c.about.Remote = netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
	}
	return c
}

func (c *conn) emit(e event.Event) { c.srv.emit(e) }

// by is the session, as it moves files by a protocol.
func (c *conn) by(protocol string) event.Session {
	s := c.about
	s.Protocol = protocol
	return s
}

// cut ends the connection at once. Any goroutine may call it.
func (c *conn) cut() {
	c.stop()
	c.net.Close()
}

// endIfIdle ends the connection of somebody who transfers nothing.
func (c *conn) endIfIdle() {
	if c.busy.Load() == 0 {
		c.cut()
	}
}

// begin counts a file that is opened, unless the server drains.
func (c *conn) begin() error {
	c.busy.Add(1)
	if c.srv.draining.Load() {
		c.busy.Add(-1)
		return errDraining
	}
	return nil
}

// end counts a file that has been closed.
func (c *conn) end() {
	if c.busy.Add(-1) == 0 {
		c.traffic.now.Store(nil)
	}
}

// done reports whether the server drains and the connection has nothing left to transfer.
func (c *conn) done() bool { return c.srv.draining.Load() && c.busy.Load() == 0 }

var errDraining = errors.New("the server is shutting down")

// guarded runs f, and ends the connection if f panics.
func (c *conn) guarded(f func()) {
	defer func() {
		if p := recover(); p != nil {
			c.emit(event.Fault{Session: c.about, Panic: true, Err: fmt.Errorf("panic: %v\n%s", p, debug.Stack())})
			c.cut()
		}
	}()
	f()
}

// run has the connection from its first octet to its last.
func (c *conn) run() {
	c.emit(event.Begin{Session: c.about})
	defer func() { c.emit(event.End{Session: c.about, Duration: time.Since(c.begun)}) }()
	defer c.cut()
	c.guarded(func() {
		// Log-in takes a deep stack, which goes with its goroutine: this one waits for
		// as long as the session lasts, and there may be thousands.
		in := make(chan *login, 1)
		go c.guarded(func() {
			defer close(in)
			in <- c.login()
		})
		s := <-in
		if s == nil {
			return
		}
		var all sync.WaitGroup
		defer all.Wait()
		defer s.Close()
		c.serve(s, &all)
	})
}

// login is a connection whose user is admitted.
type login struct {
	*ssh.ServerConn
	channels <-chan ssh.NewChannel
	requests <-chan *ssh.Request
}

// login shakes hands and admits a user; it returns nil if that has not come about.
func (c *conn) login() *login {
	defer c.srv.startups.Add(-1)
	_ = c.net.SetDeadline(time.Now().Add(orElse(c.srv.LoginTimeout, time.Minute)))
	sc, channels, requests, err := ssh.NewServerConn(c.net, c.config())
	if err != nil {
		c.explain(err)
		if c.keys && !c.counted {
			c.failed()
		}
		return nil
	}
	_ = c.net.SetDeadline(time.Time{})
	c.guesses = nil
	c.about.User = c.subject.Name
	c.emit(event.Login{Session: c.about, Detail: c.how})
	return &login{sc, channels, requests}
}

// explain tells why there is no log-in, where a person would wonder: devices say little of
// it. Who has only looked is not told of, nor who has been already.
func (c *conn) explain(err error) {
	var auth *ssh.ServerAuthError
	var none *ssh.AlgorithmNegotiationError
	switch {
	case errors.As(err, &none):
		c.emit(event.Login{Session: c.about, Err: fmt.Errorf("no algorithm in common: for %s the client knows %s only; "+
			"old devices are let in by their network, --ssh-legacy", none.What, strings.Join(none.RequestedAlgorithms, ", "))})
	case errors.As(err, &auth) && !c.refused && len(auth.Errors) > 1: // more than to ask which methods there are
		c.emit(event.Login{Session: c.about, Err: fmt.Errorf("%w: no key that is known", identity.ErrRefused)})
	}
}

// serve accepts what can carry files, until the connection ends, and nothing else:
// forwarding is asked for by requests, and by other kinds of channels.
func (c *conn) serve(s *login, all *sync.WaitGroup) {
	c.move()
	look := time.NewTimer(c.expire())
	defer look.Stop()
	for s.channels != nil || s.requests != nil {
		select {
		case <-look.C:
			look.Reset(c.expire())
		case r, more := <-s.requests:
			c.hear()
			if !more {
				s.requests = nil
			} else if r.WantReply {
				_ = r.Reply(false, nil)
			}
		case n, more := <-s.channels:
			c.hear()
			if !more {
				s.channels = nil
			} else {
				c.accept(n, all)
			}
		}
	}
}

func (c *conn) accept(n ssh.NewChannel, all *sync.WaitGroup) {
	switch {
	case n.ChannelType() != "session":
		_ = n.Reject(ssh.Prohibited, onlyFiles)
		return
	case c.channels.Load() >= maxChannels:
		_ = n.Reject(ssh.ResourceShortage, "too many sessions on one connection")
		return
	}
	ch, requests, err := n.Accept()
	if err != nil {
		return
	}
	c.channels.Add(1)
	all.Go(func() {
		defer c.channels.Add(-1)
		c.guarded(func() { c.channel(ch, requests) })
	})
}

// onlyFiles is what somebody hears who wants anything else.
const onlyFiles = "this server moves files only: use sftp or scp"

// job is what a channel is for; it returns the exit status.
type job func(ctx context.Context, ch ssh.Channel) uint32

// channel waits for the one request that says what the channel is for.
func (c *conn) channel(ch ssh.Channel, requests <-chan *ssh.Request) {
	var work sync.WaitGroup
	defer work.Wait()
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	defer ch.Close()
	begun := false
	for r := range requests {
		c.hear()
		do := c.job(r)
		accept := do != nil && !begun
		if r.WantReply {
			_ = r.Reply(accept, nil)
		}
		if !accept {
			continue
		}
		begun = true
		work.Go(func() { c.guarded(func() { c.do(ctx, ch, do) }) })
	}
}

func (c *conn) do(ctx context.Context, ch ssh.Channel, do job) {
	defer ch.Close()
	status := do(ctx, ch)
	_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{status}))
	if c.done() {
		_ = ch.Close()
		c.cut()
	}
}

// job is what a request begins; nil if it is refused.
func (c *conn) job(r *ssh.Request) job {
	var text struct{ Text string }
	switch r.Type {
	case "subsystem":
		if ssh.Unmarshal(r.Payload, &text) == nil && text.Text == "sftp" {
			return c.sftp
		}
	case "exec":
		if ssh.Unmarshal(r.Payload, &text) == nil {
			return c.exec(text.Text)
		}
	case "shell":
		return refuse
	}
	return nil
}

// refuse says in words what a shell, or any command but scp, would get.
func refuse(_ context.Context, ch ssh.Channel) uint32 {
	_, _ = io.WriteString(ch.Stderr(), onlyFiles+"\r\n")
	return 1
}

// open is what the user sees by a protocol. Why there is nothing to see goes to the log, and
// in words to the client.
func (c *conn) open(ctx context.Context, protocol string, ch ssh.Channel) (guard.Tree, error) {
	files, err := c.srv.Trees.Open(ctx, c.subject.By(protocol, c.about.Remote.Addr()))
	if err != nil {
		c.emit(event.Fault{Session: c.by(protocol), Err: err})
		_, _ = io.WriteString(ch.Stderr(), "the files are not available\r\n")
	}
	return files, err
}

// sftp runs an SFTP session.
func (c *conn) sftp(ctx context.Context, ch ssh.Channel) uint32 {
	files, err := c.open(ctx, protocol, ch)
	if err != nil {
		return 1
	}
	s := newSession(ctx, c, files, ch)
	defer s.closeAll()
	if err := s.serve(); err != nil {
		c.emit(event.Fault{Session: c.about, Err: err})
		return 1
	}
	return 0
}
