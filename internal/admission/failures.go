package admission

import (
	"container/list"
	"net/netip"
	"time"
)

// failures are the failed log-ins of late, by source.
type failures struct {
	within time.Duration
	most   int // sources that are remembered
	by     map[netip.Prefix]*list.Element
	oldest list.List // of *failing, by their last failure
}

// failing is a source and when its log-ins failed, oldest first.
type failing struct {
	source netip.Prefix
	at     []time.Time
}

func newFailures(within time.Duration) *failures {
	return &failures{within: within, most: maxFailing, by: make(map[netip.Prefix]*list.Element)}
}

// add notes a failure, and returns how many there are of that source within the time.
func (f *failures) add(p netip.Prefix, now time.Time) int {
	f.expire(now)
	e, known := f.by[p]
	if !known {
		if len(f.by) >= f.most {
			f.forget(f.oldest.Front())
		}
		e = f.oldest.PushBack(&failing{source: p})
		f.by[p] = e
	}
	f.oldest.MoveToBack(e)
	v := e.Value.(*failing)
	for len(v.at) > 0 && now.Sub(v.at[0]) >= f.within || len(v.at) >= maxAfter {
		v.at = v.at[1:]
	}
	v.at = append(v.at, now)
	return len(v.at)
}

// expire forgets the sources whose last failure is long ago.
func (f *failures) expire(now time.Time) {
	for e := f.oldest.Front(); e != nil; e = f.oldest.Front() {
		at := e.Value.(*failing).at
		if now.Sub(at[len(at)-1]) < f.within {
			return
		}
		f.forget(e)
	}
}

func (f *failures) forget(e *list.Element) {
	delete(f.by, e.Value.(*failing).source)
	f.oldest.Remove(e)
}

// drop forgets the sources within p, or around it.
func (f *failures) drop(p netip.Prefix) {
	for e := f.oldest.Front(); e != nil; {
		next := e.Next()
		if p.Overlaps(e.Value.(*failing).source) {
			f.forget(e)
		}
		e = next
	}
}

// delay is how long the answer to a failed log-in is held back, the n-th of its source.
func delay(n int) time.Duration {
	const first, most = 250 * time.Millisecond, 4 * time.Second
	return min(first<<min(n-1, 10), most)
}
