package tftp

import (
	"container/list"
	"context"
	"net/netip"
	"time"
)

// tid tells transfers apart: who asked, and which address was asked.
type tid struct {
	remote netip.AddrPort
	local  netip.Addr
}

// ticket is a transfer that has been let in.
type ticket struct {
	id      tid
	request string // as it came
	source  netip.Addr
	ctx     context.Context
	cancel  context.CancelCauseFunc

	begun    time.Time
	place    *list.Element // among the unproven; nil for proven
	exchange *exchange     // nil until it has begun
	close    func()        // ends the exchange
}

// crowd is the transfers that run, and the limits that hold for them. Its owner locks it.
type crowd struct {
	max, maxUnproven          int // of all
	maxSource, maxNewOfSource int // of one source

	running  int
	active   map[tid]*ticket // the latest of each client port
	unproven *list.List      // of *ticket, the oldest first
	sources  map[netip.Addr]*attendance
}

// attendance counts the transfers of a source.
type attendance struct {
	running, unproven int
}

func newCrowd(limits crowd) crowd {
	limits.active = make(map[tid]*ticket)
	limits.unproven = list.New()
	limits.sources = make(map[netip.Addr]*attendance)
	return limits
}

// sourceOf returns what counts as one client: an IPv4 address, or an IPv6 network of 64
// bits, which is what a single host gets.
func sourceOf(a netip.AddrPort) netip.Addr {
	if !a.Addr().Is6() {
		return a.Addr()
	}
	network, err := a.Addr().WithZone("").Prefix(64)
	if err != nil { // not an address of 128 bits
		return a.Addr()
	}
	return network.Addr()
}

// restartAfter is how long a transfer must have heard nothing before the same request
// counts as a client that has started anew, and not as an echo.
const restartAfter = 3 * time.Second

// limit is the name of a field of [Server] that bounds the crowd; "" is none.
type limit string

const (
	noLimit      limit = ""
	maxTransfers limit = "MaxTransfers"
	maxUnproven  limit = "MaxUnproven"
	maxPerSource limit = "MaxPerSource"
)

// admit lets a transfer in, or returns nil, and the limit if one is why. only tells that a
// client port can have one transfer at a time.
func (c *crowd) admit(id tid, request string, only bool, now time.Time) (*ticket, limit) {
	old := c.active[id]
	if old != nil && old.request == request {
		switch {
		case old.exchange == nil:
			return nil, noLimit // its answer is on the way
		case old.place != nil:
			old.exchange.repeat()
			return nil, noLimit
		case now.Sub(time.Unix(0, old.exchange.heard.Load())) < restartAfter:
			return nil, noLimit
		}
	}
	if old != nil && (only || old.request == request) {
		c.evict(old)
	}
	from := sourceOf(id.remote)
	if full := c.makeRoom(from, id.remote.Addr().IsLoopback(), now); full != noLimit {
		return nil, full
	}
	t := &ticket{id: id, request: request, source: from, begun: now}
	t.place = c.unproven.PushBack(t)
	c.active[id] = t
	c.running++
	if c.sources[from] == nil {
		c.sources[from] = new(attendance)
	}
	c.sources[from].running++
	c.sources[from].unproven++
	return t, noLimit
}

// grace is how long a new transfer cannot be evicted by those of other sources: an
// honest client needs that long to answer a busy server. Who wants to keep all others
// out by forging requests has to send 8,192 a second.
const grace = 250 * time.Millisecond

// makeRoom sees to it that one more transfer keeps to the limits, by ending the oldest
// that are unproven. It returns the limit that leaves no room.
func (c *crowd) makeRoom(from netip.Addr, loopback bool, now time.Time) limit {
	if own := c.sources[from]; own != nil && !loopback {
		switch {
		case own.unproven >= c.maxNewOfSource, own.running >= c.maxSource && own.unproven > 0:
			c.evict(c.oldest(from))
		case own.running >= c.maxSource:
			return maxPerSource
		}
	}
	if c.unproven.Len() < c.maxUnproven && c.running < c.max {
		return noLimit
	}
	full := maxUnproven
	if c.running >= c.max {
		full = maxTransfers
	}
	if c.unproven.Len() == 0 {
		return full
	}
	oldest := c.unproven.Front().Value.(*ticket)
	if now.Sub(oldest.begun) < grace {
		return full
	}
	c.evict(oldest)
	return noLimit
}

// oldest returns the oldest unproven transfer of a source, which has one.
func (c *crowd) oldest(from netip.Addr) *ticket {
	e := c.unproven.Front()
	for e.Value.(*ticket).source != from {
		e = e.Next()
	}
	return e.Value.(*ticket)
}

// evict ends a transfer without a word, and counts it out.
func (c *crowd) evict(t *ticket) {
	t.cancel(errCut)
	c.dismiss(t)
}

// prove takes a transfer out of the unproven.
func (c *crowd) prove(t *ticket) {
	if t.place == nil {
		return
	}
	c.unproven.Remove(t.place)
	t.place = nil
	c.sources[t.source].unproven--
}

// dismiss counts a transfer out, unless evict has done so.
func (c *crowd) dismiss(t *ticket) {
	if t.request == "" {
		return
	}
	c.prove(t)
	t.request = "" // no request is empty
	if c.active[t.id] == t {
		delete(c.active, t.id)
	}
	c.running--
	own := c.sources[t.source]
	if own.running--; own.running == 0 {
		delete(c.sources, t.source)
	}
}
