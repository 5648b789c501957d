package tftp

import "time"

// sender is the side of a transfer that sends DATA: a machine without I/O, clock or
// goroutine. Its owner passes what arrives to recv, calls tick when deadline has come,
// and after each sends the blocks that poll names. Blocks are counted from 1; block 0
// is the packet that opens the transfer, an OACK or a WRQ, and goes alone.
//
// A window is sent in bursts. One burst is the whole window until something is lost;
// each timeout halves the burst and each clean window doubles it (RFC 7440 §6). A burst
// shorter than the window is followed by the others without an ACK, since the peer
// acknowledges whole windows only, spread over one round trip.
//
// When a window has got no answer for a little more than the round trip, its last block
// is sent again, alone: it or the ACK may be what was lost, and if more was, the peer
// says so. That is the tail loss probe of RFC 8985 §7.
type sender struct {
	rollover Rollover
	window   int64 // blocks that may be on their way
	burst    int64 // blocks to send at once
	rtt      rtt

	una  int64 // the oldest block that is not acknowledged
	next int64 // the block to send next
	top  int64 // every block below has been sent
	pass int64 // blocks below may be sent now
	last int64 // the last block of the file, or -1

	proven bool // the peer has answered
	limit  int  // transmissions to a peer that has not
	tries  int  // transmissions since there was progress
	resent int  // packets sent again

	probe      bool      // the last block of the window is to be sent again
	probed     bool      // it was
	probeAt    time.Time // when
	reports    int       // of the loss of block una
	once       bool      // nothing since una was sent twice
	trainAt    time.Time // when the window was begun
	sentAt     time.Time // when its latest burst was sent
	progressAt time.Time

	done bool
	err  error
}

// newSender returns a sender that is about to send block first, 0 or 1.
func newSender(first int64, now time.Time) sender {
	return sender{window: 1, burst: 1, una: first, next: first, top: first, pass: first + 1,
		last: -1, limit: maxFirst, once: true, progressAt: now, sentAt: now, trainAt: now}
}

// negotiate applies what both sides agreed on.
func (s *sender) negotiate(o Options) {
	s.window = int64(o.windowSize())
	s.burst = s.window
	s.rtt.floor = o.timeout()
	s.rollover = o.Rollover
}

// windowEnd returns the block after the window.
func (s *sender) windowEnd() int64 {
	end := s.una + s.window
	if s.una == 0 {
		end = 1
	}
	if s.last >= 0 {
		end = min(end, s.last+1)
	}
	return end
}

// poll returns the blocks to send now; none if n is 0. They count as sent.
func (s *sender) poll(now time.Time) (first, n int64) {
	if s.probe && s.err == nil {
		s.probe, s.probed, s.once = false, true, false
		s.resent++
		s.probeAt = now
		return s.next - 1, 1
	}
	n = min(s.pass, s.windowEnd()) - s.next
	if s.done || s.err != nil || n <= 0 {
		return 0, 0
	}
	first = s.next
	if first == s.una {
		s.trainAt = now
		s.tries++
	}
	s.next += n
	if again := min(s.top, s.next) - first; again > 0 {
		s.once = false
		s.resent += int(again)
	}
	s.top = max(s.top, s.next)
	s.sentAt = now
	return first, n
}

// feed tells that block last is the last of the file.
func (s *sender) feed(last int64) {
	s.last = last
	s.next, s.top = min(s.next, last+1), min(s.top, last+1)
}

// recv takes a packet from the peer.
func (s *sender) recv(b []byte, now time.Time) {
	if s.done || s.err != nil {
		return
	}
	switch op, body, ok := split(b); {
	case !ok:
	case op == opACK:
		s.ack(s.rollover.near(be16(body), s.una-1), now)
	case op == opERROR:
		s.err = parseError(body)
	}
}

// ack takes the news that the peer has all blocks up to n.
func (s *sender) ack(n int64, now time.Time) {
	if n >= s.top || n < s.una-1 {
		return // never sent, or old: the Sorcerer's Apprentice would send again
	}
	// An answer to this window cannot be here before one round trip. What comes sooner
	// answers something older, and is no reason to send again what is on its way.
	early := s.rtt.settled() && now.Sub(s.trainAt) < s.rtt.least
	if n == s.una-1 {
		// A window whose first block was lost is reported by repeating the ACK before it.
		// It is believed a few times only, since it may be the echo of what was sent again.
		if s.window > 1 && s.rtt.settled() && !early && s.reports < maxReports && s.next > s.una {
			s.reports++
			s.again(s.burst)
		}
		return
	}
	whole := n == s.next-1
	if whole && s.once {
		s.rtt.sample(now.Sub(s.sentAt))
	} else {
		s.rtt.relax()
	}
	if whole && s.una > 0 {
		s.burst = min(2*s.burst, s.window)
	}
	s.proven = true
	s.tries, s.reports, s.probed = 0, 0, false
	s.progressAt = now
	s.una = n + 1
	s.next = max(s.next, s.una)
	if s.last >= 0 && n == s.last {
		s.done = true
		return
	}
	if whole || !early {
		s.again(s.burst)
	}
	s.pass = max(s.pass, s.una+s.burst)
	if s.next == s.una {
		s.once = s.una >= s.top
	}
}

// again goes back to the oldest block that is not acknowledged, and lets n blocks go.
func (s *sender) again(n int64) {
	s.next = s.una
	s.pass = s.una + n
}

// resting reports whether a burst is over and its window is not.
func (s *sender) resting() bool { return s.next < s.windowEnd() }

// mayProbe reports whether the next thing to do without an answer is a probe.
func (s *sender) mayProbe() bool {
	return s.window > 1 && s.una > 0 && s.next > s.una && !s.probed && s.rtt.retries == 0 && s.rtt.probe() < s.rtt.timeout()
}

// deadline returns when to call tick.
func (s *sender) deadline() time.Time {
	if s.resting() {
		return s.sentAt.Add(s.rtt.mean * time.Duration(s.burst) / time.Duration(s.window))
	}
	if s.mayProbe() {
		return s.sentAt.Add(s.rtt.probe())
	}
	at := s.sentAt.Add(s.rtt.timeout())
	if again := s.probeAt.Add(s.rtt.probe()); s.probed && again.After(at) {
		at = again
	}
	if end := s.progressAt.Add(s.rtt.idleLimit()); end.Before(at) {
		return end
	}
	return at
}

// tick tells that deadline has come.
func (s *sender) tick(now time.Time) {
	if s.done || s.err != nil || now.Before(s.deadline()) {
		return
	}
	switch idle := now.Sub(s.progressAt) >= s.rtt.idleLimit(); {
	case idle, !s.proven && s.tries >= s.limit && !s.resting():
		s.err = ErrTimeout
		return
	case s.resting():
		s.pass = s.next + s.burst
		return
	case s.mayProbe():
		s.probe = true
		return
	}
	s.rtt.backOff()
	s.burst = max(1, s.burst/2)
	s.again(s.burst)
}

// repeat tells that the peer has sent its request again: it has missed the answer.
func (s *sender) repeat() {
	if !s.proven && s.err == nil && s.next > s.una {
		s.tries--
		s.again(1)
	}
}

// ended reports whether there is nothing more to do. Then err tells how it ended.
func (s *sender) ended() bool { return s.done || s.err != nil }

// sentAll reports whether every block has been sent, acknowledged or not.
func (s *sender) sentAll() bool { return s.last >= 0 && s.top > s.last }
