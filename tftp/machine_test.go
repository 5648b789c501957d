package tftp

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"dray/tftp/tftptest"
)

// trial is one transfer between the two machines over a path that misbehaves: an upload
// with options, so that both start with the packet that opens it, block 0.
type trial struct {
	size    int
	options Options
	path    tftptest.Conditions
	seed    uint64
}

func (c trial) String() string {
	p := c.path
	return fmt.Sprintf("%d octets, %v, loss %v, duplicate %v, reorder %v, delay %v, seed %d",
		c.size, c.options, p.Loss, p.Duplicate, p.Reorder, p.Delay, c.seed)
}

// result is what came of a trial.
type result struct {
	got      []byte
	took     time.Duration
	packets  int
	sender   sender
	receiver receiver
}

func content(size int) []byte {
	b := make([]byte, size)
	x := uint32(size)*2654435761 + 1
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = byte(x)
	}
	return b
}

// timer is how the machines of a trial know when to send again.
type timer int

const (
	adaptive     timer = iota
	fixed              // one second; nothing is measured
	fixedTimeout       // one second; what is measured serves all else
)

// hold undoes what the machines have found out about the time to wait.
func (m timer) hold(timers ...*rtt) {
	for _, r := range timers {
		if m != adaptive {
			r.floor, r.retries = time.Second, 0
		}
		if m == fixed {
			r.samples = 0
		}
	}
}

// run plays the trial with the time of the path.
func (c trial) run(file []byte, m timer) result {
	start := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	path := tftptest.NewPath(c.path, c.seed, start)
	s, r := newSender(0, start), newReceiver(0, start)
	s.negotiate(c.options)
	r.negotiate(c.options)
	s.limit, r.limit = 20, 20 // both are clients here: nobody attacks
	var out bytes.Buffer
	size := c.options.blockSize()
	flush := func() {
		now := path.Now()
		m.hold(&s.rtt, &r.rtt)
		for first, n := s.poll(now); n > 0; first, n = s.poll(now) {
			for b := first; b < first+n; b++ {
				if b == 0 {
					path.Send(0, []byte{0, byte(opWRQ), 'f', 0, 'o', 0})
					continue
				}
				off := min(int(b-1)*size, len(file))
				end := min(off+size, len(file))
				path.Send(0, Data{c.options.Rollover.wire(b), file[off:end]}.Append(nil))
				if end-off < size {
					s.feed(b)
					break
				}
			}
		}
		if n, ok := r.poll(now); ok {
			path.Send(1, Ack{c.options.Rollover.wire(n)}.Append(nil))
		}
	}
	for flush(); !s.ended() && r.err == nil; flush() {
		at := s.deadline()
		if d := r.deadline(); d.Before(at) && !r.stored {
			at = d
		}
		to, b, ok := path.Next(at)
		switch now := path.Now(); {
		case !ok:
			s.tick(now)
			r.tick(now)
		case to == 0:
			s.recv(b, now)
		default:
			r.recv(b, now)
			for payload, last, ok := r.take(now); ok; payload, last, ok = r.take(now) {
				out.Write(payload)
				if last {
					r.feed(now)
				}
			}
		}
	}
	return result{out.Bytes(), path.Now().Sub(start), path.Sent, s, r}
}

// TestMachines moves files of every awkward size over every kind of bad path.
func TestMachines(t *testing.T) {
	trials := 0
	for _, options := range []Options{
		{BlockSize: 8}, {BlockSize: 8, WindowSize: 2}, {BlockSize: 512}, {BlockSize: 512, WindowSize: 4},
		{BlockSize: 1428, WindowSize: 16}, {BlockSize: 64, WindowSize: 64}, {BlockSize: 512, Timeout: time.Second, WindowSize: 8},
	} {
		for _, blocks := range []int{0, 1, 3, 64, 300} {
			for _, extra := range []int{0, 1, -1} {
				size := blocks*options.BlockSize + extra
				if size < 0 {
					continue
				}
				file := content(size)
				for i, path := range []tftptest.Conditions{
					{},
					{Loss: 0.05, Delay: 10 * time.Millisecond},
					{Loss: 0.2, Delay: time.Millisecond, Jitter: 3 * time.Millisecond},
					{Duplicate: 0.3, Delay: 5 * time.Millisecond},
					{Reorder: 0.2, Delay: 5 * time.Millisecond},
					{Loss: 0.1, Duplicate: 0.1, Reorder: 0.1, Delay: 20 * time.Millisecond, Jitter: 5 * time.Millisecond},
					{Loss: 0.01, Delay: 250 * time.Millisecond},
					{Loss: 0.02, Delay: time.Millisecond, Rate: 1 << 20},
					{Loss: 0.1, Duplicate: 0.5, Reorder: 0.5},
					{Jitter: 40 * time.Millisecond},
					{Loss: 0.2},
				} {
					trials++
					c := trial{size, options, path, uint64(1 + i + trials)}
					res := c.run(file, adaptive)
					if res.receiver.err != nil || !bytes.Equal(res.got, file) {
						t.Errorf("%v: got %d octets in %v, sender %v, receiver %v",
							c, len(res.got), res.took, res.sender.err, res.receiver.err)
					}
					if res.sender.err != nil && !res.sender.sentAll() {
						t.Errorf("%v: sender %v", c, res.sender.err)
					}
				}
			}
		}
	}
	if trials < 1000 {
		t.Errorf("%d trials, want at least 1000", trials)
	}
	t.Logf("%d trials", trials)
}

// TestRolloverMachines goes past block 65535 twice, in both ways.
func TestRolloverMachines(t *testing.T) {
	file := content(8*132000 + 3)
	for _, options := range []Options{
		{BlockSize: 8}, {BlockSize: 8, WindowSize: 64}, {BlockSize: 8, Rollover: RolloverOne}, {BlockSize: 8, WindowSize: 5, Rollover: RolloverOne},
	} {
		c := trial{len(file), options, tftptest.Conditions{Loss: 0.01, Duplicate: 0.01, Reorder: 0.01, Delay: time.Millisecond}, 7}
		if res := c.run(file, adaptive); res.sender.err != nil || res.receiver.err != nil || !bytes.Equal(res.got, file) {
			t.Errorf("%v: got %d octets, sender %v, receiver %v", c, len(res.got), res.sender.err, res.receiver.err)
		}
	}
}

// TestWrapToOne is C7: in lock-step a receiver finds out how its peer goes on after 65535.
func TestWrapToOne(t *testing.T) {
	now := time.Unix(0, 0)
	for _, wraps := range []Rollover{RolloverZero, RolloverOne} {
		r := newReceiver(0, now)
		for n := int64(1); n <= 140_000; n++ {
			r.recv(Data{wraps.wire(n), make([]byte, 512)}.Append(nil), now)
			if _, _, ok := r.take(now); !ok {
				t.Fatalf("rollover %d: block %d, number %d, was not taken", wraps, n, wraps.wire(n))
			}
			if ack, ok := r.poll(now); !ok || r.rollover.wire(ack) != wraps.wire(n) {
				t.Fatalf("rollover %d: block %d, number %d, was acknowledged as %d", wraps, n, wraps.wire(n), ack)
			}
		}
	}
}

// TestAdaptiveTimer shows what measuring the round trip is worth: at 5 % loss and a round
// trip of 20 ms, a window of 16 blocks gets five times the throughput of a machine whose
// timer is fixed to one second. That one measures nothing, so it cannot tell a repeated
// ACK that reports a loss from an echo, which RFC 1123 forbids to answer. Another one
// measures, and uses it for all but the timer: then a second a stall is the only
// difference, and windows without stalls, which take one round trip each, bound the ratio.
func TestAdaptiveTimer(t *testing.T) {
	const seeds = 20
	file := content(4 << 20)
	path := tftptest.Conditions{Loss: 0.05, Delay: 10 * time.Millisecond}
	took := make(map[timer]time.Duration)
	for seed := range uint64(seeds) {
		c := trial{len(file), Options{BlockSize: 1428, WindowSize: 16}, path, 1000 + seed}
		for _, timer := range []timer{adaptive, fixed, fixedTimeout} {
			res := c.run(file, timer)
			if !bytes.Equal(res.got, file) {
				t.Fatalf("%v: got %d octets", c, len(res.got))
			}
			took[timer] += res.took
		}
	}
	rate := func(m timer) float64 { return seeds * float64(len(file)) / took[m].Seconds() / 1024 }
	t.Logf("adaptive %.0f KiB/s; fixed to one second %.0f KiB/s, %.1f times less; only the timeout fixed %.0f KiB/s, %.1f times less",
		rate(adaptive), rate(fixed), rate(adaptive)/rate(fixed), rate(fixedTimeout), rate(adaptive)/rate(fixedTimeout))
	if rate(adaptive) < 5*rate(fixed) {
		t.Error("want at least five times the throughput of a fixed timer")
	}
	if rate(adaptive) < 4*rate(fixedTimeout) {
		t.Error("want at least four times the throughput with the timeout fixed and all else equal")
	}
}

// TestReordering bounds what a link that reorders costs: a repeated window for each
// block that is late, never an avalanche.
func TestReordering(t *testing.T) {
	file := content(512 * 5000)
	c := trial{len(file), Options{BlockSize: 512, WindowSize: 4}, tftptest.Conditions{Reorder: 0.05, Delay: 10 * time.Millisecond}, 3}
	res := c.run(file, adaptive)
	if !bytes.Equal(res.got, file) {
		t.Fatalf("got %d octets, %v, %v", len(res.got), res.sender.err, res.receiver.err)
	}
	t.Logf("%d blocks, %d datagrams", 5001, res.packets)
	if res.packets > 2*5001 {
		t.Errorf("%d datagrams for 5001 blocks", res.packets)
	}
}
