package tftp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"time"
)

// Server serves files over TFTP. Set the fields before the first Serve.
type Server struct {
	// Handler gives the files. It is required.
	Handler Handler

	// MaxBlockSize is the largest blksize that is granted, in octets. 0 means 65464.
	MaxBlockSize int

	// MaxWindowSize is the largest windowsize that is granted, in blocks. 0 means 64.
	MaxWindowSize int

	// MaxTransfers is how many transfers may run at once; a request beyond is not
	// answered, so that the client asks again. 0 means 4096.
	MaxTransfers int

	// MaxTransfersPerSource is the same for one client address. 0 means 1024.
	MaxTransfersPerSource int

	// Log is told of what a person should look at. nil discards it.
	Log *slog.Logger

	mu        sync.Mutex
	base      context.Context // of all transfers; nil before the first Serve
	cut       context.CancelCauseFunc
	draining  chan struct{} // closed by Shutdown and Close
	listeners map[*net.UDPConn]struct{}
	active    map[tid]*ticket
	running   int
	perSource map[netip.Addr]int
	wg        sync.WaitGroup // the Serve calls and the transfers

	bad     limiter // of ERROR 4
	refused limiter // of the answers of the Handler
}

// ErrServerClosed is what Serve returns after Shutdown or Close.
var ErrServerClosed = errors.New("tftp: server closed")

// tid tells transfers apart: who asked, and which address was asked.
type tid struct {
	remote netip.AddrPort
	local  netip.Addr
}

// ticket is a request that is being served.
type ticket struct {
	request string // as it came
}

// ListenAndServe serves on a UDP address, such as ":69".
func (s *Server) ListenAndServe(addr string) error {
	conn, err := net.ListenPacket("udp", addr)
	if err != nil {
		return err
	}
	return s.Serve(conn.(*net.UDPConn))
}

// Serve answers the requests that come to conn, until Shutdown or Close. It closes conn,
// and returns when the transfers that it began have ended. Its error is never nil.
func (s *Server) Serve(conn *net.UDPConn) error {
	if err := s.enter(conn); err != nil {
		return errors.Join(err, conn.Close())
	}
	defer s.leave(conn)
	l := newListener(conn)
	for {
		d, err := l.next()
		switch {
		case s.isDraining():
			return ErrServerClosed
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("tftp: %w", err)
		case err != nil:
			continue // an ICMP message for an answer of long ago
		}
		s.request(conn, d)
	}
}

func (s *Server) enter(conn *net.UDPConn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Handler == nil {
		return errors.New("tftp: a server needs a Handler")
	}
	s.init()
	select {
	case <-s.draining:
		return ErrServerClosed
	default:
	}
	s.listeners[conn] = struct{}{}
	s.wg.Add(1)
	return nil
}

func (s *Server) leave(conn *net.UDPConn) {
	s.mu.Lock()
	delete(s.listeners, conn)
	s.mu.Unlock()
	conn.Close()
	s.wg.Done()
}

// init makes the state that the zero value lacks. The caller holds the lock.
func (s *Server) init() {
	if s.base != nil {
		return
	}
	s.base, s.cut = context.WithCancelCause(context.Background())
	s.draining = make(chan struct{})
	s.listeners = make(map[*net.UDPConn]struct{})
	s.active = make(map[tid]*ticket)
	s.perSource = make(map[netip.Addr]int)
	s.bad.source, s.bad.all = bucket{10, 10}, bucket{100, 100}
	s.refused.source, s.refused.all = bucket{30, 60}, bucket{2000, 2000}
}

func (s *Server) log() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}

// Shutdown takes no more requests and waits for the transfers to end, or for ctx.
func (s *Server) Shutdown(ctx context.Context) error {
	s.drain()
	ended := make(chan struct{})
	go func() { // ends with the transfers, at the latest by Close
		defer close(ended)
		s.wg.Wait()
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close cuts the transfers, each with an ERROR to its peer, and waits for them.
func (s *Server) Close() error {
	s.drain()
	s.mu.Lock()
	cut := s.cut
	s.mu.Unlock()
	cut(ErrServerClosed)
	s.wg.Wait()
	return nil
}

// drain stops the listeners.
func (s *Server) drain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	select {
	case <-s.draining:
		return
	default:
	}
	close(s.draining)
	for conn := range s.listeners {
		conn.Close()
	}
}

func (s *Server) isDraining() bool {
	select {
	case <-s.draining:
		return true
	default:
		return false
	}
}

// request begins what a datagram asks for. What is no request gets no answer, whatever it
// is: a server that answers strangers can be set against another one.
func (s *Server) request(conn *net.UDPConn, d datagram) {
	op, body, ok := split(d.content)
	if !ok || op != opRRQ && op != opWRQ || d.remote.Port() == 0 || d.remote.Port() == DefaultPort {
		return
	}
	name, mode, options, err := parseRequest(body)
	if err != nil {
		if s.bad.allow(d.remote.Addr(), time.Now()) {
			_, _ = conn.WriteToUDPAddrPort(wireError(err).Append(nil), d.remote)
		}
		return
	}
	r := &Request{Write: op == opWRQ, Name: name, Mode: mode, Options: options, Remote: d.remote, Local: d.local}
	id := tid{d.remote, d.local}
	t := s.admit(id, string(d.content))
	if t == nil {
		return
	}
	go func() {
		defer s.dismiss(id, t)
		s.serve(r)
	}()
}

// admit counts a transfer in. It returns nil for a repetition of a request that is being
// served, and for one too many.
func (s *Server) admit(id tid, request string) *ticket {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.active[id]; t != nil && t.request == request {
		return nil
	}
	if s.running >= orDefault(s.MaxTransfers, 4096) || s.perSource[id.remote.Addr()] >= orDefault(s.MaxTransfersPerSource, 1024) {
		return nil
	}
	t := &ticket{request: request}
	s.active[id] = t
	s.running++
	s.perSource[id.remote.Addr()]++
	s.wg.Add(1)
	return t
}

func (s *Server) dismiss(id tid, t *ticket) {
	s.mu.Lock()
	if s.active[id] == t {
		delete(s.active, id)
	}
	s.running--
	source := id.remote.Addr()
	if s.perSource[source]--; s.perSource[source] == 0 {
		delete(s.perSource, source)
	}
	s.mu.Unlock()
	s.wg.Done()
}

// serve runs one transfer. A panic in it goes no further.
func (s *Server) serve(r *Request) {
	begun := time.Now()
	var t Transfer
	defer func() {
		if v := recover(); v != nil {
			t.Err = fmt.Errorf("tftp: panic: %v", v)
			s.log().Error("transfer ended by a fault", "remote", r.Remote, "panic", v, "stack", string(debug.Stack()))
		}
		t.Duration = time.Since(begun)
		if o, ok := s.Handler.(TransferObserver); ok {
			o.Transferred(r, t)
		}
	}()
	conn, err := openLocal(r.Local, r.Remote.Addr())
	if err != nil {
		t.Err = err
		return
	}
	x, stop := newExchange(s.base, conn, r.Remote)
	defer stop()
	if r.Write {
		s.write(x, r, &t)
	} else {
		s.read(x, r, &t)
	}
}

// refuse tells the client why there will be no transfer.
func (s *Server) refuse(x *exchange, err error) error {
	if s.refused.allow(x.peer.Addr(), time.Now()) {
		x.farewell(err, false)
	}
	return err
}

// grant returns the options for a request, and the packet that tells them; nil if there
// are none to tell.
func (s *Server) grant(r *Request, size int64) (Options, []byte) {
	o := grant(r, size, orDefault(s.MaxBlockSize, MaxBlockSize), orDefault(s.MaxWindowSize, 64))
	if o == (Options{}) {
		return o, nil
	}
	return o, OACK{o}.Append(nil)
}

func orDefault(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}
