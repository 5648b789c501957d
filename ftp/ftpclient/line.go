package ftpclient

import (
	"io"
	"net"
	"slices"
	"sync"
	"time"
)

// deadliner is what a wait hangs on: a connection or a listener.
type deadliner interface{ SetDeadline(time.Time) error }

// waits bounds all waits of a client. Each ends when nothing happened for the time-out,
// and all of them for good with cut.
type waits struct {
	mu      sync.Mutex
	timeout time.Duration
	on      []deadliner
	stopped deadliner // its waits end at once
	cut     bool      // all do
}

// add puts d under control of w, until remove.
func (w *waits) add(d deadliner) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.on = append(w.on, d)
	w.armLocked(d)
}

func (w *waits) remove(d deadliner) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.on = slices.DeleteFunc(w.on, func(other deadliner) bool { return other == d })
}

// arm starts a wait on d.
func (w *waits) arm(d deadliner) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armLocked(d)
}

// armLocked leaves an error of SetDeadline to the wait itself, which will meet it too.
func (w *waits) armLocked(d deadliner) {
	if w.cut || d == w.stopped {
		_ = d.SetDeadline(longAgo())
	} else {
		_ = d.SetDeadline(time.Now().Add(w.timeout))
	}
}

// limit sets the time-out and returns the one before.
func (w *waits) limit(timeout time.Duration) (before time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before, w.timeout = w.timeout, timeout
	return before
}

// shorten ends a wait on d soon.
func (w *waits) shorten(d deadliner, in time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.cut {
		_ = d.SetDeadline(time.Now().Add(in))
	}
}

// end waits a moment for the peer to close l, of which this side is closed. What comes
// until then is of no use, such as a session ticket, but to close with it unread would be
// a reset.
func (w *waits) end(l *line) {
	const moment = 5 * time.Second
	w.shorten(l.Conn, min(moment, w.timeout))
	_, _ = io.Copy(io.Discard, io.LimitReader(l.Conn, bufferSize))
}

// stop ends the waits on d, until another call with nil.
func (w *waits) stop(d deadliner) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped = d; d != nil {
		_ = d.SetDeadline(longAgo())
	}
}

// interrupt ends all waits, those to come included.
func (w *waits) interrupt() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = true
	for _, d := range w.on {
		_ = d.SetDeadline(longAgo())
	}
}

func longAgo() time.Time { return time.Unix(1, 0) }

// line is a connection whose reads and writes are each a wait of their own.
type line struct {
	net.Conn
	waits *waits
	ended bool // the peer has closed its side
}

func (l *line) Read(p []byte) (int, error) {
	l.waits.arm(l.Conn)
	n, err := l.Conn.Read(p)
	l.ended = l.ended || err == io.EOF
	return n, err
}

func (l *line) Write(p []byte) (int, error) {
	l.waits.arm(l.Conn)
	return l.Conn.Write(p)
}

func (l *line) Close() error {
	l.waits.remove(l.Conn)
	return l.Conn.Close()
}
