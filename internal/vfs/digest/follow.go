package digest

import (
	"io"
	"sync"
	"time"
)

// follower hashes what an upload writes, behind the writer.
type follower struct {
	keeper *Keeper
	src    io.ReaderAt
	sums   *sums
	ended  chan struct{}

	mu      sync.Mutex
	more    *sync.Cond
	hashed  int64 // up to here
	written int64 // up to here
	stretch int64 // where the last tooFar bytes began
	begun   time.Time
	last    bool // no more will be written
	stopped bool // it falls too far behind, or nobody wants it
}

// follow begins after what has been hashed, if there is a place.
func (k *Keeper) follow(src io.ReaderAt, s *sums, hashed int64) *follower {
	select {
	case k.followers <- struct{}{}:
	default:
		return nil
	}
	f := &follower{keeper: k, src: src, sums: s, ended: make(chan struct{}), hashed: hashed, written: hashed, stretch: hashed, begun: time.Now()}
	f.more = sync.NewCond(&f.mu)
	go f.run()
	return f
}

func (f *follower) run() {
	defer close(f.ended)
	defer func() { <-f.keeper.followers }()
	buffer := f.keeper.buffers.Get().(*[chunk]byte)
	defer f.keeper.buffers.Put(buffer)
	var pace pace
	for {
		f.mu.Lock()
		for f.written == f.hashed && !f.last && !f.stopped {
			f.more.Wait()
		}
		left := f.written - f.hashed
		if left > tooFar || f.last && left > soon {
			f.stopped = true
		}
		at, stop := f.hashed, f.stopped || left == 0
		f.mu.Unlock()
		if stop {
			return
		}
		begun := time.Now()
		n, err := f.src.ReadAt(buffer[:min(left, chunk)], at)
		f.sums.Write(buffer[:n])
		busy := n == chunk && pace.busy(time.Since(begun))
		f.mu.Lock()
		f.hashed += int64(n)
		if busy || err != nil && int64(n) < min(left, chunk) {
			f.stopped = true
		}
		f.mu.Unlock()
	}
}

// pace is how long chunks take.
type pace struct {
	least, sum time.Duration
	chunks     int
}

// busy reports whether the last chunks took twice as long as the quickest: then others want
// the processors.
func (p *pace) busy(took time.Duration) bool {
	const some = 16
	if p.least == 0 || took < p.least {
		p.least = took
	}
	p.sum += took
	p.chunks++
	if p.chunks < some {
		return false
	}
	busy := p.sum > 2*some*p.least
	p.sum, p.chunks = 0, 0
	return busy
}

// wrote tells that the upload has been written up to here.
func (f *follower) wrote(end int64) {
	f.mu.Lock()
	f.written = end
	if end-f.stretch >= tooFar {
		now := time.Now()
		f.stopped = f.stopped || now.Sub(f.begun) < tooFast
		f.stretch, f.begun = end, now
	}
	f.mu.Unlock()
	f.more.Signal()
}

// end waits for the goroutine, and returns how far it came. If there is little left, and it
// is wanted, it comes to the end.
func (f *follower) end(wanted bool) int64 {
	f.mu.Lock()
	f.last = true
	f.stopped = f.stopped || !wanted
	f.mu.Unlock()
	f.more.Signal()
	<-f.ended
	return f.hashed
}
