package link

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"dray/internal/device/iossim/place"
)

// The packets of TFTP that the relay tells apart (RFC 1350 §5).
const (
	opRRQ  = 1
	opWRQ  = 2
	opDATA = 3
)

// relay stands between our TFTP client and a server. It counts what goes by, and loses it
// on request.
type relay struct {
	link   *Link
	server netip.AddrPort
	source netip.Addr
	mark   func(place.Mark)
	near   *net.UDPConn // to the client
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
	silent *time.Timer

	mu      sync.Mutex
	ways    map[netip.AddrPort]*way
	octets  int64
	packets int
	last    uint16 // block that went by
	asked   bool   // a request went by
}

// way is one port of the client's, and what the server answers to it.
type way struct {
	far  *net.UDPConn
	peer netip.AddrPort // the server, or its port for the transfer
}

func newRelay(l *Link, server netip.AddrPort, source netip.Addr, mark func(place.Mark), silent func()) (*relay, error) {
	near, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	if mark == nil {
		mark = func(place.Mark) {}
	}
	r := &relay{link: l, server: server, source: source, mark: mark, near: near, ways: map[netip.AddrPort]*way{}}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.silent = time.AfterFunc(l.timeout(), silent)
	r.wg.Go(r.out)
	return r, nil
}

func (r *relay) addr() netip.AddrPort { return r.near.LocalAddr().(*net.UDPAddr).AddrPort() }

// close ends the relay, and waits for it.
func (r *relay) close() {
	r.cancel()
	r.silent.Stop()
	r.near.Close()
	r.mu.Lock()
	for _, w := range r.ways {
		w.far.Close()
	}
	r.mu.Unlock()
	r.wg.Wait()
}

// maxPacket is the longest packet, in octets: a block of 65464 and its head.
const maxPacket = 65468

// out moves what the client sends.
func (r *relay) out() {
	b := make([]byte, maxPacket)
	for {
		n, from, err := r.near.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		w := r.way(from)
		if w == nil || !r.passes(b[:n]) {
			continue
		}
		r.mu.Lock()
		peer := w.peer
		r.mu.Unlock()
		_, _ = w.far.WriteToUDPAddrPort(b[:n], peer) // a packet may be lost anyway
	}
}

// way finds the way of a client's port, or opens it.
func (r *relay) way(from netip.AddrPort) *way {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w := r.ways[from]; w != nil || r.ctx.Err() != nil {
		return w
	}
	local := &net.UDPAddr{}
	if r.source.IsLoopback() {
		local.IP = r.source.AsSlice()
	}
	far, err := net.ListenUDP("udp", local)
	if err != nil {
		return nil
	}
	w := &way{far, r.server}
	r.ways[from] = w
	r.wg.Go(func() { r.in(w, from) })
	return w
}

// in moves what the server sends.
func (r *relay) in(w *way, to netip.AddrPort) {
	b := make([]byte, maxPacket)
	for {
		n, from, err := w.far.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		if from.Addr() != r.server.Addr() {
			continue
		}
		r.mu.Lock()
		w.peer = from
		r.mu.Unlock()
		if r.passes(b[:n]) {
			r.silent.Reset(r.link.timeout())
			_, _ = r.near.WriteToUDPAddrPort(b[:n], to) // a packet may be lost anyway
		}
	}
}

// passes counts a packet, and reports whether it gets through.
func (r *relay) passes(b []byte) bool {
	f := r.link.Faults
	if len(b) < 4 {
		return false
	}
	op := binary.BigEndian.Uint16(b)
	if op == opDATA && f.slow(r.ctx, len(b)) != nil {
		return false
	}
	if f.Loss > 0 && rand.Float64() < f.Loss {
		return false
	}
	mark := r.count(op, b)
	if mark != 0 {
		r.mark(mark)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return f.CutAfter == 0 || r.octets <= f.CutAfter
}

// count notes a packet, and returns the mark that it makes; 0 is none.
func (r *relay) count(op uint16, b []byte) place.Mark {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch op {
	case opRRQ, opWRQ:
		if r.asked {
			return place.MarkTimeout
		}
		r.asked = true
	case opDATA:
		block := binary.BigEndian.Uint16(b[2:])
		ahead := block - r.last
		switch {
		case ahead == 0 || ahead > 1<<15:
			return place.MarkTimeout
		case ahead > 1:
			return place.MarkOrder
		}
		r.last = block
		r.octets += int64(len(b) - 4)
		r.packets++
		if r.packets%10 == 1 {
			return place.MarkPackets
		}
	}
	return 0
}
