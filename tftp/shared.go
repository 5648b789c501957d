package tftp

import (
	"errors"
	"net"
	"net/netip"
	"sync"
)

// sharedNetwork is single-port mode: all transfers go over the port that listens, told
// apart by the clients' addresses. RFC 1350 wants a fresh TID for each, but containers,
// address translators and load balancers let only the answers of one port through.
//
// Where the host can divide a port among sockets there is one for each processor. It
// keeps a client with one of them, but nothing depends on that.
type sharedNetwork struct {
	lanes []*lane
	local netip.Addr // of the port, if it is bound to one

	mu    sync.RWMutex
	ports map[netip.AddrPort]*inbox
}

// lane is a socket of a port.
type lane struct {
	conn *net.UDPConn
	buf  [maxDatagram]byte
	oob  [64]byte
}

func newSharedNetwork(conn *net.UDPConn) *sharedNetwork {
	n := &sharedNetwork{ports: make(map[netip.AddrPort]*inbox)}
	if a := conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(); !a.IsUnspecified() {
		n.local = a
	}
	for _, c := range append([]*net.UDPConn{conn}, siblings(conn)...) {
		listenControl(c)
		reportRefusals(c)
		n.lanes = append(n.lanes, &lane{conn: c})
	}
	return n
}

func (n *sharedNetwork) readers() (all []func() (datagram, error)) {
	for _, l := range n.lanes {
		all = append(all, func() (datagram, error) { return n.next(l) })
	}
	return all
}

// next delivers what belongs to a transfer, and returns what does not.
func (n *sharedNetwork) next(l *lane) (datagram, error) {
	for {
		d, err := readDatagram(l.conn, n.local, l.buf[:], l.oob[:])
		if isNetworkReport(err) {
			n.refusals(l.conn)
			continue
		}
		if err != nil {
			return d, err
		}
		d.lane = l
		op, _, ok := split(d.content)
		if !ok || op == opRRQ || op == opWRQ {
			return d, nil
		}
		p := n.port(d.remote)
		if p == nil {
			return d, nil
		}
		p.deliver(d.content, d.remote)
	}
}

func (n *sharedNetwork) port(remote netip.AddrPort) *inbox {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.ports[remote]
}

// refusals tells the transfers whose clients are gone.
func (n *sharedNetwork) refusals(conn *net.UDPConn) {
	for _, peer := range refusals(conn) {
		if p := n.port(peer); p != nil {
			p.refused(peer)
		}
	}
}

func (n *sharedNetwork) answer(b []byte, d datagram) error {
	_, _, err := d.lane.conn.WriteMsgUDPAddrPort(b, sourceControl(nil, d.local, d.index), d.remote)
	return passing(err)
}

func (n *sharedNetwork) open(d datagram, size int) (port, error) {
	b, err := newBatch(d.lane.conn)
	if err != nil {
		return nil, err
	}
	source := sourceControl(nil, d.local, d.index)
	out := func(p []byte, size int, to netip.AddrPort) error {
		err := b.send(p, size, to, source)
		if isNetworkReport(err) {
			n.refusals(d.lane.conn)
			err = b.send(p, size, to, source)
		}
		return passing(err)
	}
	var p *inbox
	p = newInbox(size, out, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.ports[d.remote] == p {
			delete(n.ports, d.remote)
		}
	})
	n.mu.Lock()
	n.ports[d.remote] = p
	n.mu.Unlock()
	return p, nil
}

func (n *sharedNetwork) mtu(d datagram) int { return routeMTU(d.local, d.remote) }
func (n *sharedNetwork) shared() bool       { return true }

func (n *sharedNetwork) close() (err error) {
	for _, l := range n.lanes {
		err = errors.Join(err, l.conn.Close())
	}
	return err
}
