// Package xferlog writes transfers as FTP servers have since wu-ftpd: a line each, in the
// form of xferlog(5), which statistics programs read. Transfers of the other protocols have
// the name of theirs as the service.
package xferlog

import (
	"errors"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"

	"dray/internal/event"
)

// queued is how many lines may wait for a slow disk before more are dropped.
const queued = 4096

// Log is a Sink that appends to a file. It writes in the background.
type Log struct {
	queue *event.Queue
	w     *writer
}

// Open appends to a file, and makes it if there is none. The log is told when that cannot be
// written, and when lines were dropped; it is required.
func Open(path string, log *slog.Logger) (*Log, error) {
	w := &writer{path: path, log: log}
	if err := w.open(); err != nil {
		return nil, err
	}
	return &Log{event.NewQueue(w, queued), w}, nil
}

// Emit implements [event.Sink].
func (l *Log) Emit(e event.Event) {
	if logged(e) {
		l.queue.Emit(e)
	}
}

// Dropped returns how many events were dropped because the disk was too slow.
func (l *Log) Dropped() int64 { return l.queue.Dropped() }

// Reopen goes on in the file that has the name now, for those who rename the old one away.
// When that fails the old one stays in use.
func (l *Log) Reopen() (err error) {
	l.queue.Between(func() { err = l.w.open() })
	return err
}

// Close writes what waits.
func (l *Log) Close() error { return errors.Join(l.queue.Close(), l.w.file.Close()) }

// logged reports whether there is a line for it: content went over the wire, or could have,
// or a file was deleted. What was refused is no transfer.
func logged(e event.Event) bool {
	switch e := e.(type) {
	case event.Transfer:
		return direction(e.Op) != 0 && (e.Err == nil || e.Bytes > 0)
	case event.Change:
		return e.Op == event.Delete && e.Err == nil
	}
	return false
}

// writer is what the goroutine of the queue owns.
type writer struct {
	path   string
	log    *slog.Logger
	file   *os.File
	lines  []byte // that wait
	failed bool   // the last time
}

func (w *writer) open() error {
	f, err := os.OpenFile(w.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
	if err != nil {
		return err
	}
	if w.file != nil {
		err = w.file.Close()
	}
	w.file = f
	return err
}

// Write implements [event.Writer].
func (w *writer) Write(s event.Stamped) {
	if w.lines = appendLine(w.lines, s); len(w.lines) > 64<<10 {
		w.Idle()
	}
}

// Lost implements [event.Writer].
func (w *writer) Lost(n int64) {
	w.log.Error("lines of the xferlog dropped, the disk is too slow", "count", n)
}

// Idle implements [event.Writer].
func (w *writer) Idle() {
	if len(w.lines) == 0 {
		return
	}
	_, err := w.file.Write(w.lines)
	w.lines = w.lines[:0]
	if err != nil && !w.failed {
		w.log.Error("the xferlog cannot be written: lines are lost", "error", err)
	}
	w.failed = err != nil
}

// direction is as the server sees it: "i" for what comes in, "o" for what goes out, 0 for
// what is no transfer of a file.
func direction(op event.Op) byte {
	switch op {
	case event.Read:
		return 'o'
	case event.Write, event.Append:
		return 'i'
	}
	return 0
}

// appendLine appends, with a space between them: the time of the end, seconds, the client,
// octets, the name, a or b for text or not, _ for nothing special, the direction, who
// (a guest or a real user), the user, the service, 0 and * for no RFC 931, complete or not.
func appendLine(b []byte, s event.Stamped) []byte {
	who := s.Whose()
	form, way, end, took, octets, name := byte('b'), byte('d'), byte('c'), time.Duration(0), int64(0), ""
	switch e := s.Event.(type) {
	case event.Transfer:
		way, took, octets, name = direction(e.Op), e.Duration, e.Bytes, e.Path
		if e.Text {
			form = 'a'
		}
		if e.Err != nil {
			end = 'i'
		}
	case event.Change:
		name = e.Path
	}
	access := byte('r')
	if who.User == "anonymous" || who.User == "ftp" {
		access = 'a'
	}
	b = s.Time.Local().AppendFormat(b, "Mon Jan _2 15:04:05 2006 ")
	b = strconv.AppendInt(b, max(1, int64(took.Round(time.Second)/time.Second)), 10)
	b = append(append(b, ' '), who.Remote.Addr().Unmap().WithZone("").String()...)
	b = strconv.AppendInt(append(b, ' '), octets, 10)
	b = append(append(b, ' '), word(name)...)
	b = append(b, ' ', form, ' ', '_', ' ', way, ' ', access, ' ')
	b = append(append(b, word(who.User)...), ' ')
	return append(append(b, who.Protocol...), ' ', '0', ' ', '*', ' ', end, '\n')
}

// word is a text as one field: "_" stands for what would end it, and "-" for nothing.
func word(s string) string {
	if s == "" {
		return "-"
	}
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return '_'
		}
		return r
	}, s)
}
