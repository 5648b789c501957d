package event

import (
	"sync"
	"sync/atomic"
	"time"
)

// Stamped is an event and when it was emitted.
type Stamped struct {
	Time time.Time
	Event
}

// Writer does something with events that takes its time. One goroutine calls it.
type Writer interface {
	// Write takes the next event.
	Write(s Stamped)

	// Lost is called before Write when events in front of it were dropped, so many.
	Lost(n int64)

	// Idle is called when nothing waits any more: what was held back goes out now.
	Idle()
}

// Queue is a Sink that hands events to a [Writer] in the background, in their order. When
// the writer cannot keep up, events are dropped and counted.
type Queue struct {
	w       Writer
	waiting chan Stamped
	errands chan func()
	dropped atomic.Int64 // since the writer was told
	lost    atomic.Int64 // in all

	stop    sync.Once
	stopped chan struct{} // closed by Close
	idle    chan struct{} // closed when the goroutine has ended
}

// NewQueue starts a Queue with room for so many events; end it with Close.
func NewQueue(w Writer, room int) *Queue {
	q := &Queue{
		w:       w,
		waiting: make(chan Stamped, room),
		errands: make(chan func()),
		stopped: make(chan struct{}),
		idle:    make(chan struct{}),
	}
	go q.run()
	return q
}

// Emit implements [Sink].
func (q *Queue) Emit(e Event) {
	select {
	case q.waiting <- Stamped{time.Now(), e}:
	default:
		q.dropped.Add(1)
		q.lost.Add(1)
	}
}

// Dropped returns how many events the writer has not got.
func (q *Queue) Dropped() int64 { return q.lost.Load() }

// Close returns when the writer has had every event emitted before it. Later ones go nowhere.
func (q *Queue) Close() error {
	q.stop.Do(func() { close(q.stopped) })
	<-q.idle
	return nil
}

// Between calls f when the writer does nothing else, after the events emitted before, and
// waits for it. After Close it does nothing.
func (q *Queue) Between(f func()) {
	done := make(chan struct{})
	select {
	case q.errands <- func() { defer close(done); q.drain(); f() }:
		<-done
	case <-q.idle:
	}
}

func (q *Queue) run() {
	defer close(q.idle)
	for {
		select {
		case s := <-q.waiting:
			q.write(s)
			q.drain()
		case f := <-q.errands:
			f()
		case <-q.stopped:
			q.drain()
			return
		}
	}
}

// drain writes what waits, though not for ever what comes meanwhile.
func (q *Queue) drain() {
	for range len(q.waiting) {
		q.write(<-q.waiting)
	}
	q.confess()
	q.w.Idle()
}

func (q *Queue) write(s Stamped) {
	q.confess()
	q.w.Write(s)
}

// confess tells the writer how many events were dropped since it last did.
func (q *Queue) confess() {
	if n := q.dropped.Swap(0); n > 0 {
		q.w.Lost(n)
	}
}
