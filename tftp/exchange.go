package tftp

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// exchange is the socket of one transfer, and the peer at its other end.
type exchange struct {
	conn *net.UDPConn
	peer netip.AddrPort // port 0: whatever port of this host answers first
	buf  []byte         // of the latest packet

	server netip.AddrPort // a client's: where requests go until the peer is known
}

// newExchange returns an exchange whose waits end with ctx; stop releases it.
func newExchange(ctx context.Context, conn *net.UDPConn, peer netip.AddrPort) (x *exchange, stop func()) {
	release := context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Unix(1, 0)) })
	return &exchange{conn: conn, peer: peer, buf: make([]byte, headerSize+DefaultBlockSize+1)}, func() {
		release()
		conn.Close()
	}
}

// grow makes room for blocks of size octets, and one more that would be too many.
func (x *exchange) grow(size int) {
	if need := headerSize + size + 1; len(x.buf) < need {
		x.buf = make([]byte, need)
	}
}

// send sends a packet. What the network drops or refuses for now is as good as lost; the
// timers see to it.
func (x *exchange) send(b []byte) error {
	to := x.peer
	if to.Port() == 0 {
		to = x.server
	}
	_, err := x.conn.WriteToUDPAddrPort(b, to)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return ErrGone
	case errors.Is(err, syscall.ENOBUFS), errors.Is(err, syscall.EAGAIN):
		return nil
	}
	return err
}

// next waits for a packet of the peer until deadline. It returns nil when that has come.
// Somebody else is told that this is not their transfer, and nothing else changes
// (RFC 1350 §4).
func (x *exchange) next(ctx context.Context, deadline time.Time) ([]byte, error) {
	x.conn.SetReadDeadline(deadline)
	for {
		if ctx.Err() != nil { // perhaps since before the deadline was set
			return nil, context.Cause(ctx)
		}
		n, from, err := x.conn.ReadFromUDPAddrPort(x.buf)
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil, nil
		case errors.Is(err, syscall.ECONNREFUSED):
			return nil, ErrGone
		case err != nil:
			return nil, err
		case x.isPeer(from):
			return x.buf[:n], nil
		}
		x.reject(x.buf[:n], from)
	}
}

// isPeer reports whether a packet is the peer's, which the first one of its host is.
func (x *exchange) isPeer(from netip.AddrPort) bool {
	if x.peer.Port() == 0 && from.Addr() == x.peer.Addr() {
		x.peer = from
	}
	return from == x.peer
}

func (x *exchange) reject(b []byte, from netip.AddrPort) {
	if from.Addr() != x.peer.Addr() && x.peer.Port() == 0 {
		return // not even from the host that was asked
	}
	switch op, _, ok := split(b); {
	case ok && (op == opDATA || op == opACK || op == opOACK):
		x.conn.WriteToUDPAddrPort((&Error{CodeUnknownTID, CodeUnknownTID.String()}).Append(nil), from)
	}
}

// farewell tells the peer why a transfer ends, unless the peer itself ended it.
func (x *exchange) farewell(err error, fromPeer bool) {
	if err == nil || fromPeer || x.peer.Port() == 0 || errors.Is(err, ErrGone) || errors.Is(err, ErrTimeout) {
		return
	}
	_ = x.send(wireError(err).Append(nil)) // nobody answers it, and nobody waits for it
}

// sending is the side of a transfer that sends DATA.
type sending struct {
	*exchange
	machine sender
	file    *outgoing
	opening []byte                      // block 0: an OACK or a WRQ
	opened  func(granted Options) error // a client's: the answer to its WRQ has come
	report  func(octets int64)
}

// run returns when the transfer has ended. remote tells that the peer ended it.
func (t *sending) run(ctx context.Context) (remote bool, err error) {
	for {
		if err := t.flush(); err != nil {
			return false, err
		}
		if t.machine.ended() {
			var said *Error
			return errors.As(t.machine.err, &said), t.machine.err
		}
		b, err := t.next(ctx, t.machine.deadline())
		if err != nil {
			return false, err
		}
		now := time.Now()
		if b == nil {
			t.machine.tick(now)
			continue
		}
		if err := t.open(b, now); err != nil {
			return false, err
		}
		t.machine.recv(b, now)
	}
}

// flush sends what is due.
func (t *sending) flush() error {
	for {
		first, n := t.machine.poll(time.Now())
		if n == 0 {
			return nil
		}
		for b := first; b < first+n; b++ {
			packet, err := t.packet(b)
			if err != nil {
				return err
			}
			if err := t.send(packet); err != nil {
				return err
			}
			if t.file.last == b {
				t.machine.feed(b)
				break
			}
		}
		t.report(t.file.read)
	}
}

func (t *sending) packet(b int64) ([]byte, error) {
	if b == 0 {
		return t.opening, nil
	}
	return t.file.packet(b)
}

// open takes the first answer to a WRQ: an OACK, or an ACK if the server knows no options.
func (t *sending) open(b []byte, now time.Time) error {
	op, body, ok := split(b)
	if !ok || t.opened == nil || op != opOACK && op != opACK {
		return nil
	}
	var granted Options
	if op == opOACK {
		var err error
		if granted, err = parseOACK(body); err != nil {
			return err
		}
	}
	opened := t.opened
	t.opened = nil
	if err := opened(granted); err != nil {
		return err
	}
	t.machine.negotiate(granted)
	t.file.negotiate(granted)
	if op == opOACK {
		t.machine.recv(Ack{0}.Append(nil), now)
	}
	return nil
}

// receiving is the side of a transfer that takes DATA.
type receiving struct {
	*exchange
	machine receiver
	file    io.Writer
	finish  func() error                // all is there: store it
	opening []byte                      // in place of the first ACK: a server's OACK, a client's RRQ
	first   int64                       // the number of that ACK
	opened  func(granted Options) error // a client's: an OACK has come
	remote  bool                        // the peer has ended the transfer
	octets  int64                       // so far, on the wire
	report  func(octets int64)
}

// run returns when the file is stored and acknowledged, or when the transfer has ended.
func (t *receiving) run(ctx context.Context) (remote bool, err error) {
	for {
		if err := t.flush(); err != nil {
			return false, err
		}
		if t.machine.ended() {
			return t.remote, t.machine.err
		}
		b, err := t.next(ctx, t.machine.deadline())
		if err != nil {
			return false, err
		}
		if err := t.take(b, time.Now()); err != nil {
			return false, err
		}
	}
}

// dally repeats the last ACK for a peer that has missed it (RFC 1350 §6).
func (t *receiving) dally(ctx context.Context) {
	for !t.machine.dallied(time.Now()) {
		b, err := t.next(ctx, t.machine.deadline())
		if err != nil || t.take(b, time.Now()) != nil || t.flush() != nil {
			return
		}
	}
}

// take handles a packet, or the deadline if it is nil.
func (t *receiving) take(b []byte, now time.Time) error {
	if b == nil {
		t.machine.tick(now)
		return nil
	}
	if op, body, ok := split(b); ok && op == opOACK && t.opened != nil {
		granted, err := parseOACK(body)
		if err == nil {
			err = t.opened(granted)
		}
		if err != nil {
			return err
		}
		t.grow(granted.blockSize())
		t.machine.opened(granted, now)
		return nil
	}
	t.machine.recv(b, now)
	if op, _, ok := split(b); ok && op == opERROR && t.machine.err != nil {
		t.remote = true
	}
	for {
		payload, last, ok := t.machine.take(now)
		if !ok {
			return nil
		}
		if _, err := t.file.Write(payload); err != nil {
			return err
		}
		t.octets += int64(len(payload))
		t.report(t.octets)
		if last {
			if err := t.finish(); err != nil {
				return err
			}
			t.machine.feed(time.Now())
		}
	}
}

// flush sends the ACK that is due.
func (t *receiving) flush() error {
	n, ok := t.machine.poll(time.Now())
	if !ok {
		return nil
	}
	if t.opening != nil && n == t.first {
		return t.send(t.opening)
	}
	return t.send(Ack{t.machine.rollover.wire(n)}.Append(nil))
}
