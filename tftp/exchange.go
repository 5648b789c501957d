package tftp

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"sync/atomic"
	"time"
)

// exchange is what a transfer knows of its two ends.
type exchange struct {
	port    port
	peer    netip.AddrPort // its port is 0 until a server has chosen one
	server  netip.AddrPort // a client's: where requests go until then
	anyHost bool           // a client's: the server may answer from another address

	again  atomic.Bool  // the peer has sent its request again
	heard  atomic.Int64 // when the peer's latest packet came, in Unix nanoseconds
	begun  bool         // a client's: the server has taken the request
	remote bool         // the peer has ended the transfer
	tell   func() bool  // whether a stranger may be told that it is one; nil is always
}

// errCut is the cause of a context whose transfer ends without a word to the peer.
var errCut = errors.New("tftp: cut off in favour of another transfer")

// wakeAtEnd makes waits end with ctx. The function that it returns takes that back.
func (x *exchange) wakeAtEnd(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, x.port.wake)
}

// repeat tells that the peer has sent its request again.
func (x *exchange) repeat() {
	x.again.Store(true)
	x.port.wake()
}

// send sends a packet to the peer.
func (x *exchange) send(b []byte) error { return x.train(b, len(b)) }

// train sends packets of size octets, the last perhaps shorter, to the peer.
func (x *exchange) train(b []byte, size int) error {
	to := x.peer
	if to.Port() == 0 {
		to = x.server
	}
	return x.port.send(b, size, to)
}

// next waits for a packet of the peer until deadline, and tells when it came. It returns
// no packet when that has come, or before. Somebody else is told that this is not their transfer, and nothing else
// changes (RFC 1350 §4).
func (x *exchange) next(ctx context.Context, deadline time.Time) (b []byte, now time.Time, err error) {
	x.port.arm(deadline)
	for {
		b, from, err := x.port.receive()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil, time.Now(), context.Cause(ctx)
		case errors.Is(err, ErrGone) && from != x.peer && from != x.server:
			continue // a stranger went away
		case err != nil:
			return nil, time.Time{}, err
		case from == x.peer || x.choose(from):
			now := time.Now()
			x.heard.Store(now.UnixNano())
			return b, now, nil
		}
		x.reject(b, from)
	}
}

// choose takes the first port of the server that answers as the peer's.
func (x *exchange) choose(from netip.AddrPort) bool {
	if x.peer.Port() != 0 || from.Addr() != x.peer.Addr() && !x.anyHost {
		return false
	}
	x.peer = from
	return true
}

// reject answers a packet of a stranger, if it is part of a transfer.
func (x *exchange) reject(b []byte, from netip.AddrPort) {
	op, _, ok := split(b)
	if !ok || op != opDATA && op != opACK && op != opOACK || x.peer.Port() == 0 || x.tell != nil && !x.tell() {
		return
	}
	_ = x.port.send((&Error{CodeUnknownTID, CodeUnknownTID.String()}).Append(nil), maxDatagram, from) // as good as lost
}

// farewell tells the peer why a transfer ends, unless it knows or nobody is there.
func (x *exchange) farewell(err error) {
	if err == nil || x.remote || x.peer.Port() == 0 ||
		errors.Is(err, ErrGone) || errors.Is(err, ErrTimeout) || errors.Is(err, errCut) {
		return
	}
	_ = x.send(wireError(err).Append(nil)) // nobody answers it, and nobody waits for it
}

// maxDatagram is the most that fits into a UDP datagram.
const maxDatagram = 65507

// room returns the octets that a port must take at once to receive DATA under o.
func room(o Options) int {
	if o.WindowSize > 1 {
		return maxDatagram
	}
	return headerSize + max(o.blockSize(), DefaultBlockSize)
}
