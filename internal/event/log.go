package event

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"
)

// queued is how many lines may wait for a slow log before more are dropped.
const queued = 4096

// Log is a Sink that writes a line for every event. Lines are written in the background,
// in their order; when the log cannot keep up they are dropped, and counted in a line
// of their own. What a peer has sent is escaped, so that it cannot steer a terminal
// or forge a line.
type Log struct {
	handler slog.Handler
	lines   chan slog.Record
	dropped atomic.Int64

	stop    sync.Once
	stopped chan struct{} // closed by Close
	idle    chan struct{} // closed when the writer has ended
}

// NewLog starts a Log; end it with Close.
func NewLog(l *slog.Logger) *Log {
	g := &Log{
		handler: l.Handler(),
		lines:   make(chan slog.Record, queued),
		stopped: make(chan struct{}),
		idle:    make(chan struct{}),
	}
	go g.write()
	return g
}

// Close returns when every event emitted before it has been written. Later ones are not.
func (g *Log) Close() error {
	g.stop.Do(func() { close(g.stopped) })
	<-g.idle
	return nil
}

// Emit implements [Sink].
func (g *Log) Emit(e Event) {
	line := record(e, time.Now())
	if !g.handler.Enabled(context.Background(), line.Level) {
		return
	}
	select {
	case g.lines <- line:
	default:
		g.dropped.Add(1)
	}
}

func (g *Log) write() {
	defer close(g.idle)
	for {
		select {
		case line := <-g.lines:
			g.handle(line)
		case <-g.stopped:
			g.drain()
			return
		}
	}
}

// drain writes what was waiting when the log was closed.
func (g *Log) drain() {
	for range len(g.lines) {
		g.handle(<-g.lines)
	}
	g.confess()
}

// handle writes a line. That a log fails has nowhere to be said.
func (g *Log) handle(line slog.Record) {
	g.confess()
	_ = g.handler.Handle(context.Background(), line)
}

// confess writes how many lines have been dropped since it last did.
func (g *Log) confess() {
	if n := g.dropped.Swap(0); n > 0 {
		lost := slog.NewRecord(time.Now(), slog.LevelError, "events dropped, the log is too slow", 0)
		lost.AddAttrs(slog.Int64("count", n))
		_ = g.handler.Handle(context.Background(), lost)
	}
}

// record says an event in a line: who, what, and how it went.
func record(e Event, now time.Time) slog.Record {
	r := slog.NewRecord(now, level(e), string(e.Kind), 0)
	text := func(key, value string) {
		if value != "" {
			r.AddAttrs(slog.String(key, escape(value)))
		}
	}
	text("protocol", e.Protocol)
	text("session", e.Session)
	if e.Remote.IsValid() {
		text("remote", e.Remote.String())
	}
	text("tls", e.TLS)
	text("user", e.User)
	text("op", e.Op)
	text("path", e.Path)
	text("to", e.To)
	if e.Kind == Transfer {
		r.AddAttrs(
			slog.Int64("bytes", e.Bytes),
			slog.Float64("seconds", e.Duration.Round(time.Microsecond).Seconds()),
			slog.Int64("rate", rate(e.Bytes, e.Duration)))
	}
	r.AddAttrs(slog.String("outcome", outcome(e)))
	text("detail", e.Detail)
	if e.Err != nil {
		text("error", e.Err.Error())
	}
	return r
}

func level(e Event) slog.Level {
	switch {
	case e.Kind == Fault:
		return slog.LevelError
	case e.Err != nil && e.Kind != Lookup: // clients ask whether a name is free
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

func outcome(e Event) string {
	switch {
	case e.Err == nil:
		return "ok"
	case e.Kind == Login:
		return "refused"
	}
	return "failed"
}

// rate is in bytes a second, 0 when no time has passed.
func rate(bytes int64, d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	return int64(float64(bytes) / d.Seconds())
}

// escape returns s, with what does not print written as in a Go string.
func escape(s string) string {
	plain := func(r rune) bool { return r != utf8.RuneError && unicode.IsPrint(r) }
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	quoted := strconv.Quote(s)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}
