package tftp

import (
	"encoding/binary"
	"time"
)

// receiver is the side of a transfer that takes DATA: a machine without I/O, clock or
// goroutine. Its owner passes what arrives to recv and stores the payload that it
// returns, calls tick when deadline has come, and after each sends the ACK that poll
// names. ACK 0 is the packet that opens a transfer towards a client, an ACK or an OACK;
// ACK -1 is the RRQ of a client.
type receiver struct {
	rollover  Rollover
	window    int64
	blockSize int
	rtt       rtt

	want  int64 // the next block of the file
	acked int64 // the block that was acknowledged last
	due   bool  // an ACK is to be sent
	hole  int64 // the latest block beyond a hole that was reported, 0 for no hole

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

// recv takes a packet from the peer. payload is the next piece of the file, part of b;
// with last, the owner calls feed when all is stored.
func (r *receiver) recv(b []byte, now time.Time) (payload []byte, last bool) {
	if r.err != nil {
		return nil, false
	}
	switch op, body, ok := split(b); {
	case !ok:
	case op == opDATA:
		return r.data(be16(body), body[2:], now)
	case op == opERROR && !r.stored:
		r.err = parseError(body)
	}
	return nil, false
}

func (r *receiver) data(number uint16, payload []byte, now time.Time) ([]byte, bool) {
	if len(payload) > r.blockSize {
		return r.refuse("block too long")
	}
	r.want = max(r.want, 1) // a block may answer an RRQ too
	n := r.rollover.near(number, r.want)
	if n == r.want+1 && number == 1 && r.window == 1 && r.rollover == RolloverDefault {
		// In lock-step the block after the one that is wanted cannot be on its way:
		// this peer goes on with 1 after 65535.
		r.rollover, n = RolloverOne, r.want
	}
	switch {
	case r.whole:
		if n == r.want-1 && r.stored {
			r.due = true // it has missed the last ACK
		}
	case n == 0 && r.want == 1:
		return r.refuse("block 0")
	case n == r.want-1:
		r.due = r.proven // the latest ACK was lost
	case n > r.want:
		if n < r.hole || r.hole == 0 {
			r.due = true // RFC 7440 §4: once, but again when the window has been sent again
		}
		r.hole = n
	case n == r.want:
		return r.take(payload, now)
	}
	return nil, false
}

// refuse ends the transfer with an ERROR.
func (r *receiver) refuse(why string) ([]byte, bool) {
	r.err = &Error{CodeIllegal, why}
	return nil, false
}

// take accepts the wanted block.
func (r *receiver) take(payload []byte, now time.Time) ([]byte, bool) {
	if r.want == r.acked+1 && r.once {
		r.rtt.sample(now.Sub(r.ackAt))
	} else {
		r.rtt.relax()
	}
	r.proven, r.hole = true, 0
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
	return payload, r.whole
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

// ended reports whether the transfer is over, but for dallying. Then err tells how.
func (r *receiver) ended() bool { return r.err != nil || r.stored && !r.due }

// dallied reports whether the time for repeating the last ACK is over.
func (r *receiver) dallied(now time.Time) bool { return r.err != nil || !now.Before(r.deadline()) }

func be16(b []byte) uint16 { return binary.BigEndian.Uint16(b) }
