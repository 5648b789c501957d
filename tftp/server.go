package tftp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Server serves files over TFTP. Set the fields before the first Serve.
type Server struct {
	// Handler gives the files. It is required.
	Handler Handler

	// SinglePort answers from the port that listens, instead of a fresh one for each
	// transfer: for containers, address translators and load balancers.
	SinglePort bool

	// Ports is the range from which fresh ports are taken. Zero leaves it to the host.
	Ports Ports

	// MaxBlockSize is the largest blksize that is granted, in octets. 0 means 65464.
	MaxBlockSize int

	// MaxWindowSize is the largest windowsize that is granted, in blocks. 0 means 64.
	MaxWindowSize int

	// IgnoreMTU grants blocks that do not fit into one packet on the way to the client.
	IgnoreMTU bool

	// NoOptions grants no options at all, for firmware that chokes on an OACK.
	NoOptions bool

	// RequireOptions refuses a read request without options, to which a forger could
	// make the server send thirty times what it costs to ask.
	RequireOptions bool

	// Broadcast answers requests to 255.255.255.255, as Cisco AutoInstall sends them.
	// Other broadcasts and multicasts are never answered (RFC 1123 §4.2.3.5).
	Broadcast bool

	// KeepFF keeps octets 0xFF at the end of file names, which old boot ROMs add.
	KeepFF bool

	// MaxTransfers is how many transfers may run at once. 0 means 4096. One more takes
	// the place of the oldest whose client has not yet proven that it is there; if there
	// is none it is not answered, so that the client asks again.
	MaxTransfers int

	// MaxUnproven is how many of them may be unproven: the oldest makes room, unless it is
	// younger than 250 ms, since a classroom that boots asks all at once. 0 means 2048.
	MaxUnproven int

	// MaxPerSource is MaxTransfers for one client: an IPv4 address or an IPv6 network of
	// 64 bits. 0 means 64. It does not hold for loopback.
	MaxPerSource int

	// MaxUnprovenPerSource is MaxUnproven for one client. 0 means 8.
	MaxUnprovenPerSource int

	// Log is told of what a person should look at, such as a limit that keeps a client
	// out: once a minute for each source at most, with the field as "limit". nil discards it.
	Log *slog.Logger

	mu       sync.Mutex
	base     context.Context // of all transfers; nil before the first Serve
	cut      context.CancelCauseFunc
	stay     context.Context // of those who dally; ends when the server drains
	leave    context.CancelFunc
	draining bool            // by Shutdown or Close
	networks map[network]int // and the transfers that run over each
	crowd    crowd
	wg       sync.WaitGroup // the Serve calls and the transfers
	buffers  sync.Pool      // of *trainBuffer
	aheads   sync.Pool      // of *aheadBuffer
	seats    *seats

	malformed limiter // of ERROR 4 and 5
	refused   limiter // of the answers of the Handler
	crowded   limiter // of the warnings that a limit keeps clients out
	noJitter  bool    // so that a transcript comes out the same
}

// ErrServerClosed is what Serve returns after Shutdown or Close.
var ErrServerClosed = errors.New("tftp: server closed")

// ListenAndServe serves on a UDP address, such as ":69".
func (s *Server) ListenAndServe(addr string) error {
	conn, err := net.ListenPacket("udp", addr)
	if err != nil {
		return err
	}
	return s.Serve(conn.(*net.UDPConn))
}

// listenBuffer is the receive buffer to ask for, in octets: when a classroom boots, all
// requests come at once.
const listenBuffer = 4 << 20

// Serve answers the requests that come to conn, until Shutdown or Close, and closes it.
// Its error is never nil.
func (s *Server) Serve(conn *net.UDPConn) error {
	_ = conn.SetReadBuffer(listenBuffer) // the host gives what it allows
	if s.SinglePort {
		return s.serve(newSharedNetwork(conn))
	}
	s.mu.Lock()
	s.init()
	seats := s.seats
	s.mu.Unlock()
	return s.serve(newUDPNetwork(conn, s.Ports, seats))
}

func (s *Server) serve(n network) error {
	defer n.close()
	if err := s.enter(n); err != nil {
		return err
	}
	defer s.wg.Done()
	readers := n.readers()
	var others sync.WaitGroup
	defer others.Wait()
	defer n.close()
	for _, next := range readers[1:] {
		others.Go(func() { _ = s.listen(n, next) }) // all end for the same reason
	}
	return s.listen(n, readers[0])
}

// listen takes the requests of a reader.
func (s *Server) listen(n network, next func() (datagram, error)) error {
	for {
		d, err := next()
		switch {
		case errors.Is(err, net.ErrClosed) && s.isDraining():
			return ErrServerClosed
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("tftp: %w", err)
		case err == nil:
			s.request(n, d)
		}
	}
}

func (s *Server) enter(n network) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Handler == nil {
		return errors.New("tftp: a server needs a Handler")
	}
	s.init()
	if s.draining {
		return ErrServerClosed
	}
	s.networks[n] = 0
	s.wg.Add(1)
	return nil
}

// init makes the state that the zero value lacks. The caller holds the lock.
func (s *Server) init() {
	if s.base != nil {
		return
	}
	s.base, s.cut = context.WithCancelCause(context.Background())
	s.stay, s.leave = context.WithCancel(context.Background())
	s.networks = make(map[network]int)
	s.buffers.New, s.aheads.New = newTrainBuffer, newAheadBuffer
	s.seats = newSeats()
	s.crowd = newCrowd(crowd{
		max:            orDefault(s.MaxTransfers, 4096),
		maxUnproven:    orDefault(s.MaxUnproven, 2048),
		maxSource:      orDefault(s.MaxPerSource, 64),
		maxNewOfSource: orDefault(s.MaxUnprovenPerSource, 8),
	})
	s.malformed.source, s.malformed.all = bucket{10, 10}, bucket{100, 100}
	s.refused.source, s.refused.all = bucket{30, 60}, bucket{2000, 2000}
	s.crowded.source, s.crowded.all = bucket{1. / 60, 1}, bucket{1. / 10, 5}
}

func orDefault(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

func (s *Server) log() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}

// Shutdown takes no more requests and waits for the transfers to end, or for ctx. Uploads
// that are stored have ended: nobody stays for clients that may have missed the last ACK.
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
	s.cut(&Error{CodeUndefined, "server is shutting down"})
	s.wg.Wait()
	return nil
}

// drain stops the listeners, but leaves a shared one to its transfers.
func (s *Server) drain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	s.draining = true
	s.leave()
	for n, transfers := range s.networks {
		if transfers == 0 || !n.shared() {
			n.close()
		}
	}
}

func (s *Server) isDraining() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draining
}

// request begins what a datagram asks for. What is no request gets no answer, whatever it
// is: a server that answers strangers can be set against another one.
func (s *Server) request(n network, d datagram) {
	op, body, ok := split(d.content)
	if !ok || op != opRRQ && op != opWRQ || !s.mayAsk(d) {
		return
	}
	name, mode, options, err := parseRequest(body)
	if err == nil && s.RequireOptions && op == opRRQ && options == (Options{}) {
		err = &Error{CodeAccess, "options required"}
	}
	if err != nil {
		if s.malformed.allow(sourceOf(d.remote), time.Now()) {
			s.log().Warn("a request was refused", "remote", d.remote, "error", err)
			_ = n.answer(wireError(err).Append(nil), d) // as good as lost
		}
		return
	}
	if !s.KeepFF {
		for len(name) > 1 && name[len(name)-1] == 0xff {
			name = name[:len(name)-1]
		}
	}
	if d.local.IsMulticast() || isLimitedBroadcast(d.local) {
		d.local = netip.Addr{} // the host has a better one to answer from
	}
	r := &Request{Write: op == opWRQ, Name: name, Mode: mode, Options: options, Remote: d.remote, Local: d.local}
	if s.NoOptions {
		r.Options = Options{}
	}
	t, full := s.admit(n, d, r)
	if full != noLimit && s.crowded.allow(sourceOf(d.remote), time.Now()) {
		s.log().Warn("a limit is reached, and requests beyond it are not answered", "limit", string(full), "remote", d.remote)
	}
	if t == nil {
		return
	}
	d.content = nil // it is good until the next one only
	go func() {
		defer s.dismiss(n, t)
		s.transfer(n, d, r, t)
	}()
}

// mayAsk reports whether a request may come from there, and to there.
func (s *Server) mayAsk(d datagram) bool {
	switch {
	case d.remote.Port() == 0 || d.remote.Port() == DefaultPort:
		return false // another server: an answer would set the two against each other
	case isLimitedBroadcast(d.local):
		return s.Broadcast
	}
	return !isBroadcast(d.local, d.index)
}

// admit counts a transfer in. It returns nil for a request that has an answer on its way
// already, and for one too many, with the limit.
func (s *Server) admit(n network, d datagram, r *Request) (*ticket, limit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return nil, noLimit
	}
	t, full := s.crowd.admit(tid{d.remote, d.local}, string(d.content), n.shared(), time.Now())
	if t == nil {
		return nil, full
	}
	t.ctx, t.cancel = context.WithCancelCause(s.base)
	s.networks[n]++
	s.wg.Add(1)
	return t, noLimit
}

// dismiss counts a transfer out.
func (s *Server) dismiss(n network, t *ticket) {
	t.cancel(nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.crowd.dismiss(t)
	if s.networks[n]--; s.networks[n] == 0 && s.draining {
		n.close()
	}
	s.wg.Done()
}

// prove tells that the client of a transfer has answered: its address is no forgery.
func (s *Server) prove(t *ticket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.crowd.prove(t)
}
