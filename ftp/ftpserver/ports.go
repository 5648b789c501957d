package ftpserver

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
)

// ports are the passive ports of a server. Several clients wait on the same port and are
// told apart by their address, so that a short range serves many. The zero value is
// ready.
type ports struct {
	mu     sync.Mutex
	open   map[netip.AddrPort]*sharedPort
	freed  chan struct{}                                               // closed when somebody waits no more; nil until it is asked for
	origin func(context.Context, *net.TCPConn) (netip.AddrPort, error) // see Server.DataOrigin
	wg     sync.WaitGroup                                              // the goroutines that accept
}

// sharedPort is a listening port. It is closed when nobody waits on it any more.
type sharedPort struct {
	l       *net.TCPListener
	at      netip.AddrPort
	waiting map[netip.Addr]*shared
	strays  int
	asked   int // connections that are asked where they come from
}

// shared waits on such a port for one connection of one client.
type shared struct {
	ports *ports
	port  *sharedPort
	peer  netip.Addr
	log   func() *slog.Logger
	conn  chan *net.TCPConn // takes one
}

// reserve finds a port of the range on which nobody else waits for the same peer, and that
// cannot be told beforehand. Zero as a range is any port. While all of them wait for other
// sessions of that peer, as of many clients behind one address, it waits for the next of
// these to come, until ctx ends.
func (p *ports) reserve(ctx context.Context, r PortRange, ip, peer netip.Addr, log func() *slog.Logger) (*shared, error) {
	for {
		w, freed, err := p.find(r, ip, peer, log)
		if err == nil || freed == nil {
			return w, err
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return nil, err
		}
	}
}

// find does so without waiting. If that might help, freed is closed when it is time to try
// again.
func (p *ports) find(r PortRange, ip, peer netip.Addr, log func() *slog.Logger) (w *shared, freed <-chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Last < r.First {
		return nil, nil, fmt.Errorf("ftpserver: empty range of passive ports %d-%d", r.First, r.Last)
	}
	for port := range r.shuffled() {
		at := netip.AddrPortFrom(ip, port)
		if port := p.open[at]; port != nil && port.waiting[peer] != nil {
			if p.freed == nil {
				p.freed = make(chan struct{})
			}
			freed = p.freed
			continue
		}
		if w, err = p.join(at, peer, log); err == nil {
			return w, nil, nil
		}
	}
	if err == nil {
		err = fmt.Errorf("ftpserver: all passive ports wait for %v", peer)
	}
	return nil, freed, err
}

// join waits on a port, which it opens if need be. p.mu is held.
func (p *ports) join(at netip.AddrPort, peer netip.Addr, log func() *slog.Logger) (*shared, error) {
	port := p.open[at]
	if port == nil {
		l, err := listenTCP(at)
		if err != nil {
			return nil, err
		}
		if p.open == nil {
			p.open = make(map[netip.AddrPort]*sharedPort)
		}
		port = &sharedPort{l: l, at: addrPort(l.Addr()), waiting: make(map[netip.Addr]*shared)}
		p.open[port.at] = port
		p.wg.Go(func() { p.accept(port) })
	}
	w := &shared{ports: p, port: port, peer: peer, log: log, conn: make(chan *net.TCPConn, 1)}
	port.waiting[peer] = w
	return w, nil
}

// accept is the goroutine of a port. It hands each connection to whom it belongs. One
// that belongs to nobody, who may want to steal the data (RFC 2577, section 3), is closed.
func (p *ports) accept(port *sharedPort) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel() // nobody waits any more
	for {
		conn, err := port.l.AcceptTCP()
		if err != nil {
			p.abandon(port)
			return
		}
		p.ask(ctx, port, conn)
	}
}

// hand gives a connection from there to whom it belongs. p.mu is held.
func (p *ports) hand(port *sharedPort, conn *net.TCPConn, from netip.AddrPort) {
	if w := port.waiting[from.Addr()]; w != nil {
		w.conn <- conn
		p.remove(w)
		return
	}
	conn.Close()
	port.note("data connection from another host: closed", "from", from)
}

// note tells those who wait what has come. The mutex of the ports is held.
func (port *sharedPort) note(text string, about ...any) {
	port.strays++
	for _, w := range port.waiting {
		if port.strays <= maxStrayNotes {
			w.log().Warn(text, about...)
		}
	}
}

// maxStrayNotes is how many strangers at a port are worth a note.
const maxStrayNotes = 8

// remove ends waiting. The last to leave closes the port. p.mu is held.
func (p *ports) remove(w *shared) {
	if w.port.waiting[w.peer] != w {
		return
	}
	delete(w.port.waiting, w.peer)
	if p.freed != nil {
		close(p.freed)
		p.freed = nil
	}
	if len(w.port.waiting) == 0 && p.open[w.port.at] == w.port {
		delete(p.open, w.port.at)
		w.port.l.Close()
	}
}

// abandon sees to it that nobody joins a port that failed; those who wait run into their
// time-out.
func (p *ports) abandon(port *sharedPort) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open[port.at] == port {
		delete(p.open, port.at)
		port.l.Close()
	}
}

func (w *shared) addr() netip.AddrPort { return w.port.at }

func (w *shared) open(ctx context.Context) (*net.TCPConn, error) {
	defer w.close()
	select {
	case conn := <-w.conn:
		return conn, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: nobody came to port %d", errNoData, w.port.at.Port())
	}
}

// close ends waiting, and closes a connection that has come and was not opened.
func (w *shared) close() {
	w.ports.mu.Lock()
	defer w.ports.mu.Unlock()
	w.ports.remove(w)
	select {
	case conn := <-w.conn:
		conn.Close()
	default:
	}
}
