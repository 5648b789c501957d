// Package tftptest helps to test and to measure TFTP: a network path that misbehaves on
// purpose in virtual time. It shares no code with package tftp.
package tftptest

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

// Conditions say how a path treats datagrams, in both directions. The zero value
// delivers everything at once.
type Conditions struct {
	Loss      float64       // share that is lost, 0 to 1
	Duplicate float64       // share that is delivered twice
	Reorder   float64       // share that is held up by up to four datagrams or Delay
	Delay     time.Duration // one way
	Jitter    time.Duration // at most so much more
	Rate      int64         // octets a second; 0 means without limit
}

// Path connects two ends, 0 and 1. It has a clock of its own, which moves from event to
// event. The same seed gives the same fate to the same datagrams.
type Path struct {
	Conditions
	Sent, Lost int // datagrams

	rng    *rand.Rand
	now    time.Time
	free   [2]time.Time // when the line of an end can take the next datagram
	flight flight
	serial int
}

// NewPath returns a path that starts at the given time.
func NewPath(c Conditions, seed uint64, start time.Time) *Path {
	return &Path{Conditions: c, rng: rand.New(rand.NewPCG(seed, 0x7f7f)), now: start, free: [2]time.Time{start, start}}
}

// Now returns the time on the path.
func (p *Path) Now() time.Time { return p.now }

// Send puts a copy of b on the way to the other end.
func (p *Path) Send(from int, b []byte) {
	p.Sent++
	begin := p.free[from]
	if begin.Before(p.now) {
		begin = p.now
	}
	if p.Rate > 0 {
		begin = begin.Add(time.Duration(int64(len(b)) * int64(time.Second) / p.Rate))
	}
	p.free[from] = begin
	if p.rng.Float64() < p.Loss {
		p.Lost++
		return
	}
	p.launch(from, b, begin)
	if p.rng.Float64() < p.Duplicate {
		p.launch(from, b, begin)
	}
}

func (p *Path) launch(from int, b []byte, at time.Time) {
	at = at.Add(p.Delay)
	if p.Jitter > 0 {
		at = at.Add(time.Duration(p.rng.Int64N(int64(p.Jitter))))
	}
	serial := p.serial
	if p.rng.Float64() < p.Reorder {
		serial += 2 + p.rng.IntN(8)
		at = at.Add(time.Duration(p.rng.Float64() * float64(p.Delay)))
	}
	p.serial += 2
	heap.Push(&p.flight, &datagram{to: 1 - from, b: append([]byte(nil), b...), at: at, serial: serial})
}

// Next moves the clock to the next arrival and returns it, but no further than until.
func (p *Path) Next(until time.Time) (to int, b []byte, ok bool) {
	if len(p.flight) == 0 || p.flight[0].at.After(until) {
		if until.After(p.now) {
			p.now = until
		}
		return 0, nil, false
	}
	d := heap.Pop(&p.flight).(*datagram)
	if d.at.After(p.now) {
		p.now = d.at
	}
	return d.to, d.b, true
}

type datagram struct {
	to     int
	b      []byte
	at     time.Time
	serial int // orders those that arrive at one moment
}

// flight is a heap of the datagrams on the way.
type flight []*datagram

func (f flight) Len() int      { return len(f) }
func (f flight) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f flight) Less(i, j int) bool {
	if !f[i].at.Equal(f[j].at) {
		return f[i].at.Before(f[j].at)
	}
	return f[i].serial < f[j].serial
}

func (f *flight) Push(x any) { *f = append(*f, x.(*datagram)) }

func (f *flight) Pop() any {
	last := len(*f) - 1
	d := (*f)[last]
	*f = (*f)[:last]
	return d
}
