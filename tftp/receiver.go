package tftp

import (
	"encoding/binary"
	"time"
)

// receiver is the side of a transfer that takes DATA: a machine without I/O, clock or
// goroutine. Its owner passes what arrives to recv, stores what take returns until there
// is no more, calls tick when deadline has come, and after each sends the ACK that poll
// names. ACK 0 is the packet that opens a transfer towards a client, an ACK or an OACK;
// ACK -1 is the RRQ of a client.
//
// Blocks that come before their turn are kept, within maxKept octets. So a hole that is
// only late costs nothing, and one that is lost costs no more than its own block.
type receiver struct {
	rollover  Rollover
	window    int64
	blockSize int
	rtt       rtt

	want  int64 // the next block of the file
	acked int64 // the block that was acknowledged last
	due   bool  // an ACK is to be sent

	arrived  []byte         // the payload of block want, when there is one
	here     bool           // there is one
	kept     map[int64]kept // blocks beyond want
	beyond   int64          // the latest block beyond want, 0 for none
	reported bool           // the hole before it

	proven bool // the peer has answered
	limit  int  // transmissions to a peer that has not
	tries  int  // transmissions of one ACK
	resent int  // ACKs sent again

	once       bool      // the latest ACK was sent once
	ackAt      time.Time // when it was
	heardAt    time.Time // when the latest block came that was wanted
	progressAt time.Time
	storedAt   time.Time

	whole  bool // the last block has come
	stored bool // and everything is stored
	err    error
}

// kept is the payload of a block that came before its turn.
type kept []byte

const (
	maxKept = 256 << 10 // octets
	late    = 3         // blocks that may overtake one before it counts as lost
)

// newReceiver returns a receiver that is about to send ACK first, 0 or -1.
func newReceiver(first int64, now time.Time) receiver {
	return receiver{window: 1, blockSize: DefaultBlockSize, want: first + 1, acked: first - 1,
		due: true, limit: maxFirst, ackAt: now, heardAt: now, progressAt: now}
}

// negotiate applies what both sides agreed on.
func (r *receiver) negotiate(o Options) {
	r.window = int64(o.windowSize())
	r.blockSize = o.blockSize()
	r.rtt.floor = o.timeout()
	r.rollover = o.Rollover
}

// recv takes a packet from the peer. It holds on to b until take has returned false.
func (r *receiver) recv(b []byte, now time.Time) {
	if r.err != nil {
		return
	}
	switch op, body, ok := split(b); {
	case !ok:
	case op == opDATA:
		r.data(be16(body), body[2:])
	case op == opERROR && !r.stored:
		r.err = parseError(body)
	}
}

func (r *receiver) data(number uint16, payload []byte) {
	if len(payload) > r.blockSize {
		r.err = &Error{CodeIllegal, "block too long"}
		return
	}
	r.want = max(r.want, 1) // a block may answer an RRQ too
	n := r.rollover.near(number, r.want)
	if n == r.want+1 && number == 1 && r.window == 1 && r.rollover == RolloverDefault {
		// In lock-step the block after the one that is wanted cannot be on its way:
		// this peer goes on with 1 after 65535.
		r.rollover, n = RolloverOne, r.want
	}
	switch {
	case n == r.want && !r.whole:
		r.arrived, r.here = payload, true
	case n == r.want-1 && r.want > 1:
		// The peer has missed the ACK of this block, if there was one.
		r.due = r.due || n == r.acked && (r.stored || !r.whole)
	case n == 0 && r.want == 1:
		r.err = &Error{CodeIllegal, "block 0"}
	case n > r.want && !r.whole && r.window > 1:
		r.early(n, payload)
	}
}

// early takes a block before its turn, and reports the hole before it: once (RFC 7440
// §4), and again when the window is being sent again.
func (r *receiver) early(n int64, payload []byte) {
	if n < r.beyond {
		r.reported = false
	}
	r.beyond = n
	if n-r.want < r.window && (len(r.kept)+1)*r.blockSize <= maxKept && r.kept[n] == nil {
		if r.kept == nil {
			r.kept = make(map[int64]kept)
		}
		r.kept[n] = append(make(kept, 0, len(payload)), payload...)
	}
	lost := n-r.want >= late || n-r.acked >= r.window || len(payload) < r.blockSize
	if lost && !r.reported {
		r.reported, r.due = true, true
	}
}

// take returns the next piece of the file, if ok. With last, the owner calls feed when
// all is stored.
func (r *receiver) take(now time.Time) (payload []byte, last, ok bool) {
	if payload, ok = r.arrived, r.here; !ok {
		if payload, ok = r.kept[r.want]; !ok {
			return nil, false, false
		}
	}
	delete(r.kept, r.want)
	r.arrived, r.here = nil, false
	switch {
	case r.want != r.acked+1:
	case r.once:
		r.rtt.sample(now.Sub(r.ackAt))
	default:
		r.rtt.relax()
	}
	r.proven, r.reported = true, false
	if r.beyond <= r.want {
		r.beyond = 0
	}
	r.tries = 0
	r.heardAt, r.progressAt = now, now
	if r.want == 65536 && r.rollover == RolloverDefault {
		r.rollover = RolloverZero // now it is known
	}
	r.want++
	r.whole = len(payload) < r.blockSize
	if !r.whole && r.want-1-r.acked >= r.window {
		r.due = true
	}
	return payload, r.whole, true
}

// opened tells that the server has answered an RRQ with the options o, perhaps again.
func (r *receiver) opened(o Options, now time.Time) {
	if r.want > 1 || r.err != nil {
		return
	}
	if r.want == 0 {
		if r.once {
			r.rtt.sample(now.Sub(r.ackAt))
		}
		r.negotiate(o)
		r.want, r.tries, r.proven, r.progressAt = 1, 0, true, now
	}
	r.due = true
}

// feed tells that the whole file is stored, so that its last block may be acknowledged.
func (r *receiver) feed(now time.Time) {
	r.stored, r.due = true, true
	r.storedAt = now
}

// poll returns the ACK to send now, if ok. It counts as sent.
func (r *receiver) poll(now time.Time) (n int64, ok bool) {
	if !r.due || r.err != nil {
		return 0, false
	}
	n = r.want - 1
	r.once = n != r.acked
	if !r.once {
		r.resent++
	}
	r.due, r.acked, r.ackAt = false, n, now
	r.tries++
	return n, true
}

// deadline returns when to call tick.
func (r *receiver) deadline() time.Time {
	if r.stored {
		return r.storedAt.Add(r.rtt.dally())
	}
	from := r.ackAt
	if r.heardAt.After(from) {
		from = r.heardAt
	}
	wait := r.rtt.timeout()
	if r.proven && r.want-1 == r.acked {
		wait *= 2 // the sender's own timer goes first
	}
	at := from.Add(wait)
	if end := r.progressAt.Add(r.rtt.idleLimit()); end.Before(at) {
		return end
	}
	return at
}

// tick tells that deadline has come.
func (r *receiver) tick(now time.Time) {
	if r.ended() || r.stored || now.Before(r.deadline()) {
		return
	}
	if !r.proven && r.tries >= r.limit || now.Sub(r.progressAt) >= r.rtt.idleLimit() {
		r.err = ErrTimeout
		return
	}
	if r.want-1 == r.acked {
		r.rtt.backOff()
	}
	r.due = true
}

// repeat tells that the peer has sent its request again: it has missed the answer.
func (r *receiver) repeat() {
	if !r.proven && r.err == nil && !r.due {
		r.tries--
		r.due = true
	}
}

// ended reports whether the transfer is over, but for dallying. Then err tells how.
func (r *receiver) ended() bool { return r.err != nil || r.stored && !r.due }

// dallied reports whether the time for repeating the last ACK is over.
func (r *receiver) dallied(now time.Time) bool { return r.err != nil || !now.Before(r.deadline()) }

func be16(b []byte) uint16 { return binary.BigEndian.Uint16(b) }
