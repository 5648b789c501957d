package tftp

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// inbox is a port that has no socket of its own: somebody else delivers to it.
type inbox struct {
	out  func(b []byte, size int, to netip.AddrPort) error
	gone func() // called by close
	size int    // longest datagram that is taken whole

	mu     sync.Mutex
	queue  []letter
	spare  [][]byte
	ready  chan struct{} // holds one token when receive should look
	woken  bool
	before int // letters that came before wake, and are still to be taken
	closed bool

	last  []byte // what receive returned latest, to be used again
	timer *time.Timer
	until time.Time // the deadline that is set, zero if that is over
}

// letter is a datagram in an inbox, or the news that a port is closed.
type letter struct {
	b    []byte
	from netip.AddrPort
	gone bool
}

// maxLetters is how many datagrams wait in an inbox; a window has no more.
const maxLetters = 256

func newInbox(size int, out func([]byte, int, netip.AddrPort) error, gone func()) *inbox {
	return &inbox{out: out, gone: gone, size: size + 1, ready: make(chan struct{}, 1)}
}

// deliver puts a copy of b into the inbox. A full one drops it, as a socket would.
func (p *inbox) deliver(b []byte, from netip.AddrPort) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.queue) >= maxLetters {
		return
	}
	var own []byte
	if last := len(p.spare) - 1; last >= 0 {
		own, p.spare = p.spare[last], p.spare[:last]
	}
	p.queue = append(p.queue, letter{b: append(own[:0], b[:min(len(b), p.size)]...), from: from})
	p.signal()
}

// refused tells that the port from is closed.
func (p *inbox) refused(from netip.AddrPort) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = append(p.queue, letter{from: from, gone: true})
	p.signal()
}

func (p *inbox) signal() {
	select {
	case p.ready <- struct{}{}:
	default:
	}
}

func (p *inbox) arm(deadline time.Time) {
	if !p.until.IsZero() && !deadline.Before(p.until) {
		return
	}
	p.until = deadline
	if p.timer == nil {
		p.timer = time.NewTimer(time.Until(deadline))
	} else {
		p.timer.Reset(time.Until(deadline))
	}
}

func (p *inbox) receive() ([]byte, netip.AddrPort, error) {
	for {
		l, ok, err := p.look()
		switch {
		case err != nil:
			return nil, netip.AddrPort{}, err
		case ok && l.gone:
			return nil, l.from, ErrGone
		case ok:
			return l.b, l.from, nil
		}
		select {
		case <-p.ready:
		case <-p.timer.C:
			p.until = time.Time{}
			return nil, netip.AddrPort{}, os.ErrDeadlineExceeded
		}
	}
}

// look takes the first letter, if there is one.
func (p *inbox) look() (l letter, ok bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last != nil {
		p.spare, p.last = append(p.spare, p.last), nil
	}
	switch {
	case p.closed:
		return l, false, net.ErrClosed
	case p.woken && p.before == 0:
		p.woken = false
		return l, false, os.ErrDeadlineExceeded
	case len(p.queue) == 0:
		return l, false, nil
	}
	p.before -= min(p.before, 1)
	l = p.queue[0]
	p.queue = p.queue[:copy(p.queue, p.queue[1:])]
	p.last = l.b
	return l, true, nil
}

func (p *inbox) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.woken, p.before = true, len(p.queue)
	p.signal()
}

func (p *inbox) send(b []byte, size int, to netip.AddrPort) error { return p.out(b, size, to) }

func (p *inbox) close() error {
	p.mu.Lock()
	p.closed = true
	p.signal()
	p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
	}
	p.gone()
	return nil
}
