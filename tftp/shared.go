package tftp

import (
	"net"
	"net/netip"
	"sync"
)

// sharedNetwork is single-port mode: all transfers go over the socket that listens, told
// apart by the clients' addresses. RFC 1350 wants a fresh TID for each, but containers,
// address translators and load balancers let only the answers of one port through.
type sharedNetwork struct {
	conn  *net.UDPConn
	local netip.Addr // of conn, if it is bound to one
	buf   [maxDatagram]byte
	oob   [64]byte

	mu    sync.Mutex
	ports map[netip.AddrPort]*inbox
}

func newSharedNetwork(conn *net.UDPConn) *sharedNetwork {
	n := &sharedNetwork{conn: conn, ports: make(map[netip.AddrPort]*inbox)}
	if a := conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(); !a.IsUnspecified() {
		n.local = a
	}
	listenControl(conn)
	reportRefusals(conn)
	return n
}

// next delivers what belongs to a transfer, and returns what does not.
func (n *sharedNetwork) next() (datagram, error) {
	for {
		d, err := readDatagram(n.conn, n.local, n.buf[:], n.oob[:])
		if isNetworkReport(err) {
			n.refusals()
			continue
		}
		if err != nil {
			return d, err
		}
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
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ports[remote]
}

// refusals tells the transfers whose clients are gone.
func (n *sharedNetwork) refusals() {
	for _, peer := range refusals(n.conn) {
		if p := n.port(peer); p != nil {
			p.refused(peer)
		}
	}
}

func (n *sharedNetwork) answer(b []byte, d datagram) error {
	_, _, err := n.conn.WriteMsgUDPAddrPort(b, sourceControl(nil, d.local, d.index), d.remote)
	return passing(err)
}

func (n *sharedNetwork) open(d datagram, size int) (port, error) {
	b, err := newBatch(n.conn)
	if err != nil {
		return nil, err
	}
	source := sourceControl(nil, d.local, d.index)
	out := func(p []byte, size int, to netip.AddrPort) error {
		err := b.send(p, size, to, source)
		if isNetworkReport(err) {
			n.refusals()
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
func (n *sharedNetwork) close() error       { return n.conn.Close() }
