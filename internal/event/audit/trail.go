// Package audit keeps events as a trail: lines of JSON, each with the hash of the line before
// it, so that a line that is changed, removed, inserted or moved breaks the chain, across
// restarts and from file to file. [Verify] finds the first that does.
//
// The trail itself cannot show that its last lines are gone: that is what the head beside it
// is for, and any head that was kept elsewhere. Who can write the files and has the key can
// write a trail that verifies. The package never writes on while it cannot: it counts what is
// lost, and says so in the next line that it can write.
package audit

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"dray/internal/event"
	"dray/internal/kept"
)

// Options are where and how a trail is kept.
type Options struct {
	Path    string        // of the file that is written; rotated ones are beside it
	Key     []byte        // of the HMAC; empty: plain hashes
	MaxSize int64         // of a file before the next begins, in octets; 0: no limit
	MaxAge  time.Duration // of the first line of a file before the next begins; 0: no limit
	Keep    int           // how many rotated files are kept; 0: all
	Log     *slog.Logger  // told when the trail cannot be written, and when it can again; required
}

// queued is how many events may wait for a slow disk before more are lost.
const queued = 16384

// Trail is a Sink that appends. Lines are written in the background and in their order, and
// forced to the disk whenever a session has ended.
type Trail struct {
	queue *event.Queue
	w     *writer
}

// Open goes on with a trail, or begins one. A last line that a crash has torn is removed, and
// the next line says so. That another process writes the file is an error.
func Open(o Options) (*Trail, error) {
	w := &writer{Options: o}
	if err := w.resume(); err != nil {
		return nil, err
	}
	return &Trail{event.NewQueue(w, queued), w}, nil
}

// Emit implements [event.Sink].
func (t *Trail) Emit(e event.Event) { t.queue.Emit(e) }

// Err returns why the trail cannot be written at the moment, nil if it can.
func (t *Trail) Err() error {
	if p := t.w.trouble.Load(); p != nil {
		return *p
	}
	return nil
}

// Dropped returns how many events were dropped because the disk was too slow.
func (t *Trail) Dropped() int64 { return t.queue.Dropped() }

// Reopen goes on in a new file if the old one has been moved away.
func (t *Trail) Reopen() (err error) {
	t.queue.Between(func() { err = t.w.reopen() })
	return err
}

// Close writes what waits.
func (t *Trail) Close() error {
	err := t.queue.Close()
	return errors.Join(err, t.w.end())
}

// writer is what the goroutine of the queue owns.
type writer struct {
	Options
	wrap    func(disk) disk // for tests; nil: nothing
	file    disk
	size    int64     // of what is whole in it
	began   time.Time // its first line
	kept    Head      // of what is whole in it
	head    Head      // with what waits
	waiting []byte    // lines
	count   int64     // of the events among them
	lost    int64     // events that no line stands for
	said    int64     // lost that a waiting line stands for
	torn    bool      // there may be something behind size
	due     bool      // a session has ended since the last sync
	unsafe  bool      // the last sync has failed
	before  string    // the name of the file before, in a new one; "": not known
	retry   time.Time // to go on in a new file, after that has failed
	trouble atomic.Pointer[error]
}

// disk is what a trail needs of a file.
type disk interface {
	io.WriteCloser
	Truncate(size int64) error
	Sync() error
	Stat() (fs.FileInfo, error)
}

// batch is how much is written at once, in octets.
const batch = 64 << 10

// Write implements [event.Writer].
func (w *writer) Write(s event.Stamped) {
	if len(w.waiting) >= batch {
		w.flush()
	}
	if len(w.waiting) == 0 {
		w.turn(s.Time)
		w.confess(s.Time)
	}
	w.line(s.Time, string(s.Kind()), event.Fields(s.Event))
	w.count++
	switch e := s.Event.(type) {
	case event.End, event.Fault, event.Refusal:
		w.due = true
	case event.Transfer:
		w.due = w.due || e.Protocol == "tftp" // which has no sessions
	}
}

// Lost implements [event.Writer].
func (w *writer) Lost(n int64) { w.lost += n }

// Idle implements [event.Writer].
func (w *writer) Idle() {
	if len(w.waiting) == 0 && w.lost > 0 {
		w.confess(time.Now())
	}
	w.flush()
	if w.due && !w.torn {
		w.sync()
	}
}

func (w *writer) line(at time.Time, name string, fields []slog.Attr) {
	w.goOn(at)
	w.waiting, w.head = appendLine(w.waiting, w.Key, w.head, at, name, fields)
}

// goOn begins a file after another. [Verify] misses the first lines of one that begins otherwise.
func (w *writer) goOn(at time.Time) {
	if w.size > 0 || len(w.waiting) > 0 || w.head.Seq == 0 {
		return
	}
	detail := "in another file"
	if w.before != "" {
		detail = "after " + w.before
	}
	w.waiting, w.head = appendLine(w.waiting, w.Key, w.head, at, "trail",
		[]slog.Attr{slog.String("op", "continue"), slog.String("detail", detail), w.keyed()})
}

// keyed says how lines are hashed.
func (w *writer) keyed() slog.Attr {
	if len(w.Key) > 0 {
		return slog.String("keyed", "hmac-sha256")
	}
	return slog.String("keyed", "sha256")
}

// about writes a line on the trail itself.
func (w *writer) about(at time.Time, op string, more ...slog.Attr) {
	w.line(at, "trail", append([]slog.Attr{slog.String("op", op)}, more...))
}

// confess says in the trail how many events it has not got.
func (w *writer) confess(at time.Time) {
	if w.lost > 0 {
		w.about(at, "lost", slog.Int64("count", w.lost))
		w.said = w.lost
	}
}

// flush writes what waits, all or nothing.
func (w *writer) flush() {
	if len(w.waiting) == 0 {
		return
	}
	err := w.append()
	if err == nil {
		w.size += int64(len(w.waiting))
		w.kept = w.head
		w.lost -= w.said
	} else {
		w.head = w.kept
		w.lost += w.count
		w.torn = true
	}
	w.waiting, w.count, w.said = w.waiting[:0], 0, 0
	if err != nil || !w.unsafe {
		w.fail(err)
	}
}

func (w *writer) append() error {
	if w.file == nil {
		if err := w.create(); err != nil {
			return err
		}
	}
	if w.torn {
		if err := w.file.Truncate(w.size); err != nil {
			return err
		}
		w.torn = false
	}
	_, err := w.file.Write(w.waiting)
	return err
}

// fail says once that the trail cannot be written, and once that it can again.
func (w *writer) fail(err error) {
	switch before := w.trouble.Load(); {
	case err != nil && before == nil:
		w.Log.Error("the audit trail cannot be kept; what is lost is counted", "error", err)
		w.trouble.Store(&err)
	case err == nil && before != nil:
		w.Log.Warn("the audit trail is kept again")
		w.trouble.Store(nil)
	}
}

// sync forces the trail to the disk, and then says in the head what is there.
func (w *writer) sync() {
	if w.file == nil {
		return
	}
	err := w.file.Sync()
	if err == nil {
		err = kept.Replace(headName(w.Path), 0o600, []byte(w.kept.String()+"\n"))
	}
	w.unsafe = err != nil
	w.due = w.unsafe
	w.fail(err)
}

// settle writes what waits and forces it to the disk.
func (w *writer) settle() {
	if w.flush(); !w.torn {
		w.sync()
	}
}

// turn begins another file if this one is large or old enough.
func (w *writer) turn(now time.Time) {
	large := w.MaxSize > 0 && w.size >= w.MaxSize
	old := w.MaxAge > 0 && !w.began.IsZero() && now.Sub(w.began) >= w.MaxAge
	if w.file == nil || w.size == 0 || !large && !old || now.Before(w.retry) {
		return
	}
	err := w.rotate(now)
	switch {
	case err == nil:
		w.retry = time.Time{}
		return
	case w.retry.IsZero():
		w.Log.Error("the audit trail cannot go on in a new file, and grows where it is", "error", err)
	}
	w.retry = now.Add(time.Minute)
}

// rotate gives the file its last name, and lets the next line make another.
func (w *writer) rotate(now time.Time) error {
	w.sync()
	if err := w.Err(); err != nil {
		return err
	}
	name := rotated(w.Path, now, w.kept.Seq)
	if err := os.Rename(w.Path, name); err != nil {
		return err
	}
	w.Log.Info("the audit trail goes on in a new file", "before", name, "head", w.kept.String())
	err := w.file.Close()
	w.file, w.size, w.began, w.before = nil, 0, time.Time{}, filepath.Base(name)
	if err := errors.Join(err, w.thin()); err != nil {
		w.Log.Warn("an old file of the audit trail cannot be let go", "error", err)
	}
	return nil
}

func (w *writer) Err() error {
	if p := w.trouble.Load(); p != nil {
		return *p
	}
	return nil
}

// thin removes the oldest of the rotated files.
func (w *writer) thin() error {
	if w.Keep <= 0 {
		return nil
	}
	names, err := older(w.Path)
	for len(names) > w.Keep && err == nil {
		err = os.Remove(names[0])
		names = names[1:]
	}
	return err
}

// create makes the file anew.
func (w *writer) create() error {
	f, err := os.OpenFile(w.Path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	i, err := f.Stat()
	if err == nil && i.Size() > 0 {
		err = fmt.Errorf("%s is there already", w.Path)
	}
	if err == nil {
		err = lock(f)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	w.file, w.size, w.began, w.torn = f, 0, time.Now(), false
	if w.wrap != nil {
		w.file = w.wrap(f)
	}
	syncFolder(filepath.Dir(w.Path))
	return nil
}

// resume finds where the trail has ended, and begins a run.
func (w *writer) resume() error {
	anchor, err := readHead(w.Path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the head of the audit trail cannot be read; see dray audit verify, and move the trail away to begin another: %w", err)
	}
	now := time.Now()
	f, err := os.OpenFile(w.Path, os.O_RDWR|os.O_APPEND, 0)
	if errors.Is(err, fs.ErrNotExist) {
		err = w.create()
		w.kept, w.head = anchor, anchor
	} else if err == nil {
		w.file = f
		if err = lock(f); err == nil {
			err = w.tail(f, anchor, now)
		}
	}
	if err != nil {
		if w.file != nil {
			err = errors.Join(err, w.file.Close())
		}
		return err
	}
	op := "open"
	if w.head == (Head{}) {
		op = "begin"
	}
	w.about(now, op, w.keyed())
	w.settle()
	if err := w.Err(); err != nil {
		return errors.Join(err, w.file.Close())
	}
	w.Log.Info("the audit trail is kept in "+w.Path, "head", w.kept.String())
	return nil
}

// tail reads how the file ends. What is not as it was left is said in the trail, and shows
// for ever: the chain goes on from the head, not from what is there.
func (w *writer) tail(f *os.File, anchor Head, now time.Time) error {
	last, torn, size, err := lastLine(f)
	if err != nil {
		return err
	}
	l, wrong := line{Seq: anchor.Seq, hash: anchor.hash}, error(nil) // of a file that was just begun
	if len(last) > 0 {
		l, wrong = parseLine(last, w.Key)
	}
	if first, err := firstLine(f); err == nil {
		w.began = first.Time
	}
	w.size = size - torn
	w.kept = l.head()
	switch {
	case wrong != nil:
		w.kept = anchor
	case l.Seq < anchor.Seq:
		w.kept, wrong = anchor, fmt.Errorf("it ends with line %d, and line %d had been written", l.Seq, anchor.Seq)
	case l.Seq == anchor.Seq && l.hash != anchor.hash:
		w.kept, wrong = anchor, errors.New("its last line is not the one that had been written")
	}
	w.head = w.kept
	if wrong != nil {
		w.Log.Error("the audit trail is not as it was left; see dray audit verify", "file", w.Path, "error", wrong)
		w.about(now, "broken", slog.String("error", wrong.Error()))
	}
	if torn > 0 {
		w.torn = true
		w.Log.Warn("the last line of the audit trail was torn by a crash, and is removed", "file", w.Path, "octets", torn)
		w.about(now, "torn", slog.Int64("bytes", torn))
	}
	return nil
}

// reopen goes on where Path is now.
func (w *writer) reopen() error {
	if w.file != nil {
		now, err := os.Stat(w.Path)
		if err == nil {
			if was, err := w.file.Stat(); err == nil && os.SameFile(now, was) {
				return nil
			}
			return fmt.Errorf("%s is another file than the one that is written: move it away", w.Path)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		w.sync()
		old := w.file
		if err := w.create(); err != nil {
			return err
		}
		w.before = ""
		if err := old.Close(); err != nil {
			return err
		}
	}
	w.goOn(time.Now())
	w.settle()
	return w.Err()
}

// end writes the last line of the run.
func (w *writer) end() error {
	w.about(time.Now(), "close")
	w.settle()
	if w.file == nil {
		return w.Err()
	}
	err := errors.Join(w.Err(), w.file.Close())
	w.Log.Info("the audit trail is closed", "head", w.kept.String())
	return err
}

// headName is the file in which the head of a trail stands.
func headName(path string) string { return path + ".head" }

func readHead(path string) (Head, error) {
	text, err := os.ReadFile(headName(path))
	if err != nil {
		return Head{}, err
	}
	h, err := ParseHead(strings.TrimSpace(string(text)))
	if err != nil {
		return Head{}, fmt.Errorf("%s: %w", headName(path), err)
	}
	return h, nil
}

const stamp = "20060102T150405Z"

// rotated is the name of a file whose last line is of this time and number.
func rotated(path string, at time.Time, seq int64) string {
	ext := filepath.Ext(path)
	return fmt.Sprintf("%s-%s-%012d%s", strings.TrimSuffix(path, ext), at.UTC().Format(stamp), seq, ext)
}

// older returns the rotated files of a trail, the oldest first.
func older(path string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	ext := filepath.Ext(path)
	type found struct {
		seq  int64
		name string
	}
	var all []found
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), strings.TrimSuffix(filepath.Base(path), ext)+"-")
		rest, ok2 := strings.CutSuffix(rest, ext)
		date, number, ok3 := strings.Cut(rest, "-")
		_, err := time.Parse(stamp, date)
		var seq int64
		if n, err2 := fmt.Sscanf(number, "%d", &seq); ok && ok2 && ok3 && err == nil && err2 == nil && n == 1 {
			all = append(all, found{seq, filepath.Join(filepath.Dir(path), e.Name())})
		}
	}
	slices.SortFunc(all, func(a, b found) int { return cmp.Compare(a.seq, b.seq) })
	names := make([]string, len(all))
	for i, f := range all {
		names[i] = f.name
	}
	return names, nil
}

// maxLine is the longest line that is read, in octets.
const maxLine = 1 << 20

// lastLine returns the last line that is whole, and how much there is behind it of the size.
func lastLine(f *os.File) (last []byte, torn, size int64, err error) {
	size, err = f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, 0, 0, err
	}
	tail := make([]byte, min(size, 2*maxLine))
	if _, err := f.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return nil, 0, 0, err
	}
	end := bytes.LastIndexByte(tail, '\n') + 1
	torn = int64(len(tail) - end)
	if end > 0 {
		last = tail[bytes.LastIndexByte(tail[:end-1], '\n')+1 : end-1]
	}
	return last, torn, size, nil
}

// firstLine reads the line with which a file begins, whatever its hash.
func firstLine(r io.ReaderAt) (l line, err error) {
	return l, json.NewDecoder(io.NewSectionReader(r, 0, maxLine)).Decode(&l)
}
