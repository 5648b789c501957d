package tftp

import (
	"net/netip"
	"sync"
	"time"
)

// bucket lets rate events a second pass, and burst at once.
type bucket struct {
	rate, burst float64
}

// limiter holds every source and all of them together to a bucket each.
type limiter struct {
	source, all bucket

	mu      sync.Mutex
	sources map[netip.Addr]level
	total   level
}

// level is how full a bucket was at a time. The zero value is a full bucket.
type level struct {
	left float64
	at   time.Time
}

// maxSources bounds the memory of a limiter. Beyond it, only all together are held.
const maxSources = 4096

// allow reports whether one more event of a source may pass, and counts it.
func (l *limiter) allow(source netip.Addr, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	own, known := l.sources[source]
	if !known && len(l.sources) >= maxSources {
		clear(l.sources)
	}
	if !own.take(l.source, now) || !l.total.take(l.all, now) {
		return false
	}
	if l.sources == nil {
		l.sources = make(map[netip.Addr]level)
	}
	l.sources[source] = own
	return true
}

func (v *level) take(b bucket, now time.Time) bool {
	if v.at.IsZero() {
		v.left = b.burst
	} else {
		v.left = min(b.burst, v.left+b.rate*now.Sub(v.at).Seconds())
	}
	v.at = now
	if v.left < 1 {
		return false
	}
	v.left--
	return true
}
