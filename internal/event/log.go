package event

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
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
	queue   *Queue
}

// NewLog starts a Log; end it with Close.
func NewLog(l *slog.Logger) *Log {
	return &Log{handler: l.Handler(), queue: NewQueue(logWriter{l.Handler()}, queued)}
}

// Close returns when every event emitted before it has been written. Later ones are not.
func (g *Log) Close() error { return g.queue.Close() }

// Dropped returns how many lines were dropped.
func (g *Log) Dropped() int64 { return g.queue.Dropped() }

// Emit implements [Sink].
func (g *Log) Emit(e Event) {
	if g.handler.Enabled(context.Background(), level(e)) {
		g.queue.Emit(e)
	}
}

// logWriter writes lines. That a log fails has nowhere to be said.
type logWriter struct{ handler slog.Handler }

func (w logWriter) Write(s Stamped) {
	_ = w.handler.Handle(context.Background(), record(s))
}

func (w logWriter) Lost(n int64) {
	lost := slog.NewRecord(time.Now(), slog.LevelError, "events dropped, the log is too slow", 0)
	lost.AddAttrs(slog.Int64("count", n))
	_ = w.handler.Handle(context.Background(), lost)
}

func (w logWriter) Idle() {}

// record says an event in a line: who, what, and how it went.
func record(s Stamped) slog.Record {
	r := slog.NewRecord(s.Time, level(s.Event), string(s.Kind()), 0)
	for _, a := range Fields(s.Event) {
		if a.Value.Kind() == slog.KindString {
			a.Value = slog.StringValue(Escape(a.Value.String()))
		}
		r.AddAttrs(a)
	}
	return r
}

func level(e Event) slog.Level {
	switch e.(type) {
	case Begin, End:
		return slog.LevelDebug // of one who only looked: nothing of it is news
	case Fault:
		return slog.LevelError
	case Lookup: // clients ask whether a name is free
		return slog.LevelInfo
	}
	if e.Failure() != nil {
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// Escape returns s, with what does not print written as in a Go string.
func Escape(s string) string {
	plain := func(r rune) bool { return r != utf8.RuneError && unicode.IsPrint(r) }
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	quoted := strconv.Quote(s)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}
