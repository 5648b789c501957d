// Package sftpd serves files over SSH: SFTP, and scp in its older form. It admits users,
// hands each the files that the policy leaves them, and tells what happens as events.
//
// There is no shell, no command but scp, no forwarding, no agent and no environment; each
// of them is refused in words. SSH itself is golang.org/x/crypto/ssh.
//
// Before trust, three things run: the key exchange, the check of a proof, and the limits
// of [Server]. Nothing of a file is touched.
package sftpd

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"dray/internal/admission"
	"dray/internal/event"
	"dray/internal/identity"
	"dray/internal/policy/guard"
)

// ErrServerClosed is what Serve returns after Shutdown or Close.
var ErrServerClosed = errors.New("sftpd: server closed")

// Trees gives a subject who is admitted the files that are theirs, as the rules leave them.
type Trees interface {
	Open(ctx context.Context, s identity.Subject) (guard.Tree, error)
}

// Server is an SSH server for files. Trees, Users and HostKeys must be set before
// Serve, and nothing be changed after.
type Server struct {
	Trees  Trees
	Users  identity.Authenticator // asked about passwords, and about who has proven a key
	Events event.Sink             // nil: nobody is told
	Log    *slog.Logger           // nil: nothing is logged but events
	Terms                         // until Reload brings others

	// Gate counts sessions and failed log-ins; nil: nobody does.
	Gate *admission.Gate

	// IdleTimeout ends a connection that asks for nothing for so long, be it only whether the
	// server is still there. 0 is 15 minutes.
	IdleTimeout time.Duration

	// StallTimeout ends a connection that for so long does not take what it has asked for, does
	// not go on with scp, or has an upload open and says nothing at all. 0 is 5 minutes.
	StallTimeout time.Duration

	// LoginTimeout is from the connection to the end of log-in; 0 is one minute.
	LoginTimeout time.Duration

	// MaxTries is how many proofs a connection may offer; 0 is six.
	MaxTries int

	// MaxStartups is how many connections may be before the end of log-in at once; 0 is
	// 400. From the half of it on a growing share of new ones is dropped, so that who
	// holds all of them cannot lock everybody out. The half is what one address may have.
	MaxStartups int

	terms     atomic.Pointer[Terms] // nil: those of the field
	sessions  atomic.Uint64         // so far
	startups  atomic.Int64          // connections before the end of log-in
	farewells atomic.Int32          // connections that hear why they are closed
	buffers   sync.Pool             // of *[]byte, for packets that are not small
	running   sync.WaitGroup

	mu        sync.Mutex
	listeners map[net.Listener]bool
	conns     map[*conn]bool

	draining atomic.Bool // Shutdown or Close was called
}

// Terms are what a connection is served under from its begin to its end.
type Terms struct {
	HostKeys []ssh.Signer
	Keys     Keys            // the keys of users; nil: nobody logs in by key
	CAs      []ssh.PublicKey // whose user certificates are good; empty: nobody's
	Banner   string          // shown before log-in; empty: nothing is

	// Legacy lists the networks whose clients may use the old algorithms: devices of the
	// years before 2018. Empty: nobody may.
	Legacy []netip.Prefix

	// LenientAttributes answers a change of times or permissions that the rules do not
	// allow as done, and changes nothing, to those who may write the file. The zero
	// value refuses.
	LenientAttributes bool
}

// Reload changes the terms for the connections to come.
func (s *Server) Reload(t Terms) { s.terms.Store(&t) }

func (s *Server) current() *Terms {
	if t := s.terms.Load(); t != nil {
		return t
	}
	return &s.Terms
}

// Keys knows the public keys of users.
type Keys interface {
	// Authorized reports whether the key is one of the user's.
	Authorized(user string, key ssh.PublicKey) bool
}

// Serve serves the connections of l until Shutdown, Close, or an error of l. It returns
// when l is closed; the sessions may go on.
func (s *Server) Serve(l net.Listener) error {
	switch {
	case s.Trees == nil || s.Users == nil:
		return errors.New("sftpd: a server needs Trees and Users")
	case len(s.HostKeys) == 0:
		return errors.New("sftpd: a server needs a host key")
	}
	if !s.track(l) {
		return errors.Join(ErrServerClosed, l.Close())
	}
	defer s.untrack(l)
	var pause time.Duration
	for {
		c, err := l.Accept()
		switch {
		case err == nil:
			pause = 0
			s.admit(c)
		case s.draining.Load():
			return ErrServerClosed
		case errors.Is(err, net.ErrClosed):
			return err
		default: // out of descriptors, say
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			s.warn("cannot accept a connection", err)
			<-time.After(pause)
		}
	}
}

var errCrowded = errors.New("too many connections have not logged in yet")

func (s *Server) emit(e event.Event) {
	if s.Events != nil {
		s.Events.Emit(e)
	}
}

// admit begins a connection, unless there are too many that have not logged in.
func (s *Server) admit(nc net.Conn) {
	c := newConn(s, nc)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining.Load() {
		c.cut()
		return
	}
	if !s.arrive(c) {
		return
	}
	if s.drop(s.startups.Load()) {
		c.cut()
		c.visit.Leave()
		s.emit(event.Refusal{Session: c.about, Reason: event.Crowded, Err: errCrowded})
		return
	}
	if s.conns == nil {
		s.conns = make(map[*conn]bool)
	}
	s.conns[c] = true
	s.startups.Add(1)
	s.running.Go(func() {
		defer s.forget(c)
		defer c.visit.Leave()
		c.run()
	})
}

func (s *Server) drop(waiting int64) bool {
	limit := int64(s.MaxStartups)
	if limit <= 0 {
		limit = 400
	}
	half := limit / 2
	return waiting >= limit || waiting > half && rand.Int64N(limit-half) < waiting-half
}

func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

func (s *Server) track(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining.Load() {
		return false
	}
	if s.listeners == nil {
		s.listeners = make(map[net.Listener]bool)
	}
	s.listeners[l] = true
	return true
}

func (s *Server) untrack(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
	l.Close()
}

// Shutdown closes the listeners, ends the sessions that transfer nothing, and returns when
// the others have come to the end of what they transfer, or with the error of ctx.
func (s *Server) Shutdown(ctx context.Context) error {
	for _, c := range s.drain() {
		c.endIfIdle()
	}
	done := make(chan struct{})
	go func() {
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err() // Close ends what is left, and the wait with it
	}
}

// Close closes the listeners, cuts every session, and returns when all have ended.
func (s *Server) Close() error {
	for _, c := range s.drain() {
		c.cut()
	}
	s.running.Wait()
	return nil
}

// drain lets nobody in any more, and returns the connections that there are.
func (s *Server) drain() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining.Store(true)
	for l := range s.listeners {
		l.Close()
	}
	all := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		all = append(all, c)
	}
	return all
}

func (s *Server) warn(message string, err error) {
	if s.Log != nil {
		s.Log.Warn(message, "error", err)
	}
}

// buffer returns a pooled buffer of at least n octets, n being at most that of a packet.
func (s *Server) buffer(n int) *[]byte {
	if b, ok := s.buffers.Get().(*[]byte); ok && cap(*b) >= n {
		*b = (*b)[:n]
		return b
	}
	b := make([]byte, n, max(n, largeBuffer))
	return &b
}

func (s *Server) release(b *[]byte) { s.buffers.Put(b) }

func orElse[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}
