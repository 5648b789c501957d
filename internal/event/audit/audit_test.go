package audit

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"dray/internal/event"
)

var update = flag.Bool("update", false, "rewrite testdata")

var ann = event.Session{Protocol: "ftp", ID: "ftp1", Remote: netip.MustParseAddrPort("192.0.2.7:50001"), User: "ann"}

// keep writes events to a trail, with a minute between them, in one run.
func keep(t *testing.T, o Options, events ...event.Event) {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	trail, err := Open(o)
	ok(t, err)
	for _, e := range events {
		trail.Emit(e)
		synctest.Wait()
		time.Sleep(time.Minute)
	}
	ok(t, trail.Close())
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// verify verifies all of a trail.
func verify(t *testing.T, path string, key string) Report {
	t.Helper()
	c, err := Find(path)
	ok(t, err)
	c.Key = []byte(key)
	r, err := Verify(c)
	ok(t, err)
	return r
}

// story is what happens in most tests.
func story() []event.Event {
	return []event.Event{
		event.Begin{Session: event.Session{Protocol: "ftp", ID: "ftp1", Remote: ann.Remote}},
		event.Login{Session: ann, TLS: "TLS 1.3"},
		event.Transfer{Session: ann, Op: event.Write, Path: "/run \"1\"\n\xff\\", Bytes: 3 << 20, Duration: 1500 * time.Millisecond},
		event.Change{Session: ann, Op: event.Rename, Path: "/a", To: "/b", Err: errors.New("permission denied")},
		event.End{Session: ann, Duration: time.Minute},
	}
}

// TestTheTrail shows one: two runs, and what is in a line.
func TestTheTrail(t *testing.T) {
	for name, key := range map[string]string{"plain": "", "keyed": "0123456789abcdef"} {
		synctest.Test(t, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "audit.jsonl")
			keep(t, Options{Path: path, Key: []byte(key)}, story()...)
			keep(t, Options{Path: path, Key: []byte(key)}, story()[:2]...)
			got, err := os.ReadFile(path)
			ok(t, err)
			golden := filepath.Join("testdata", name+".jsonl")
			if *update {
				ok(t, os.WriteFile(golden, got, 0o644))
			}
			want, err := os.ReadFile(golden)
			ok(t, err)
			if !bytes.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			r := verify(t, path, key)
			if r.Bad != nil || r.Lines != 11 || r.First != 1 || r.Last != 11 || r.Keyed != (key != "") {
				t.Errorf("%+v, %v", r, r.Bad)
			}
		})
	}
}

// TestTampering: whatever is done to a trail of two files, the first line that is no longer
// right is named. The rotated file has the lines 1 to 5, the other 6 to 8.
func TestTampering(t *testing.T) {
	type files struct{ old, now, head string }
	cut := func(s string, from, to int) string { // lines, from 0 on
		l := strings.SplitAfter(s, "\n")
		return strings.Join(append(l[:from:from], l[to:]...), "")
	}
	line := func(s string, n int) string { return strings.SplitAfter(s, "\n")[n] }
	for _, c := range []struct {
		name string
		do   func(f *files)
		want string // of file:line: reason; "" if it verifies
	}{
		{"nothing", func(*files) {}, ""},
		{"a changed word", func(f *files) { f.old = strings.Replace(f.old, "rename", "delete", 1) }, "old:5: its hash does not fit: it was changed"},
		{"a changed hash", func(f *files) { f.old = strings.Replace(f.old, seal, seal+"0", 1) }, "old:1: it is no line of a trail"},
		{"a line less", func(f *files) { f.old = cut(f.old, 2, 3) }, "old:3: it has number 4, and the line before 2: 1 lines between them were removed"},
		{"the first line less", func(f *files) { f.old = cut(f.old, 0, 1) }, "old:1: it has number 2, and no file begins with such a line: the lines before it were removed"},
		{"the first lines less of the other file, and no old one", func(f *files) { f.old, f.now = "", cut(f.now, 0, 2) }, "now:1: it has number 8, and no file begins with such a line: the lines before it were removed"},
		{"no old file", func(f *files) { f.old = "" }, ""}, // see Report.First
		{"a line for another, with number and hash", func(f *files) {
			before, err := parseLine([]byte(strings.TrimSpace(line(f.old, 1))), nil)
			ok(t, err)
			forged, _ := appendLine(nil, nil, before.head(), time.Unix(0, 0), "login", nil)
			f.old = line(f.old, 0) + line(f.old, 1) + string(forged) + line(f.old, 3) + line(f.old, 4)
		}, "old:4: it does not follow the line before: that is not the one that was written"},
		{"a line twice", func(f *files) { f.old = line(f.old, 0) + f.old }, "old:2: it has number 1, and the line before 1: it was inserted or moved"},
		{"lines in another order", func(f *files) { f.now = line(f.now, 1) + line(f.now, 0) + line(f.now, 2) }, "now:1: it has number 7, and the line before 5: 1 lines between them were removed"},
		{"the end of the old file less", func(f *files) { f.old = cut(f.old, 4, 5) }, "now:1: it has number 6, and the line before 4: 1 lines between them were removed"},
		{"half the last line of the old file less", func(f *files) { f.old = f.old[:len(f.old)-9] }, "old:5: it is torn, and the trail goes on in another file: its end was cut off"},
		{"the end less", func(f *files) { f.now = cut(f.now, 2, 3) }, "now: it ends with line 7, and line 8 had been written: the end was cut off"},
		{"half the last line less", func(f *files) { f.now = f.now[:len(f.now)-9] }, "now: it ends with line 7, and line 8 had been written: the end was cut off"},
		{"the end less, and a head for it", func(f *files) {
			l, err := parseLine([]byte(strings.TrimSpace(line(f.now, 1))), nil)
			ok(t, err)
			f.now, f.head = cut(f.now, 2, 3), l.head().String()
		}, ""}, // what only a head elsewhere can show
		{"an empty file", func(f *files) { f.now = "" }, "now: it ends with line 5, and line 8 had been written: the end was cut off"},
		{"rubbish", func(f *files) { f.now = "rubbish\n" }, "now:1: it is no line of a trail"},
		{"a line behind the end, torn", func(f *files) { f.now += f.now[:100] }, ""}, // as a crash leaves it
		{"a trail written anew", func(f *files) {
			var b []byte
			var h Head
			for range 8 {
				b, h = appendLine(b, nil, h, time.Unix(0, 0), "login", nil)
			}
			f.old, f.now = string(b), ""
		}, "old:8: it is not the line that the head was taken of: the trail was written anew"},
	} {
		synctest.Test(t, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "audit.jsonl")
			keep(t, Options{Path: path, MaxAge: 4 * time.Minute}, story()...)
			paths, err := older(path)
			ok(t, err)
			if len(paths) != 1 {
				t.Fatalf("rotated files: %q", paths)
			}
			read := func(name string) string { b, err := os.ReadFile(name); ok(t, err); return string(b) }
			f := files{read(paths[0]), read(path), read(headName(path))}
			c.do(&f)
			for name, text := range map[string]string{paths[0]: f.old, path: f.now, headName(path): f.head} {
				ok(t, os.WriteFile(name, []byte(text), 0o600))
			}
			got := ""
			if bad := verify(t, path, "").Bad; bad != nil {
				got = strings.NewReplacer(path, "now", paths[0], "old").Replace(bad.Error())
			}
			if got != c.want {
				t.Errorf("%s: %q; want %q", c.name, got, c.want)
			}
		})
	}
}

// TestAHeadElsewhere shows that the end was cut off although the head beside the trail fits.
func TestAHeadElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "audit.jsonl")
		keep(t, Options{Path: path}, story()...)
		head, err := ParseHead(verify(t, path, "").Head)
		ok(t, err)
		text, err := os.ReadFile(path)
		ok(t, err)
		lines := bytes.SplitAfter(text, []byte("\n"))
		ok(t, os.WriteFile(path, bytes.Join(lines[:3], nil), 0o600))
		ok(t, os.Remove(headName(path)))
		if r := verify(t, path, ""); r.Bad != nil || r.Last != 3 {
			t.Errorf("without a head: %v, up to %d", r.Bad, r.Last)
		}
		r, err := Verify(Check{Files: []string{path}, Heads: []Head{head}})
		if ok(t, err); r.Bad == nil || !strings.Contains(r.Bad.Reason, "line 7 had been written") {
			t.Errorf("with the head: %v", r.Bad)
		}
	})
	for _, wrong := range []string{"", "1", "1:", "x:00", "1:" + strings.Repeat("0", 63), "1:" + strings.Repeat("0", 65), "-1:" + strings.Repeat("0", 64)} {
		if h, err := ParseHead(wrong); err == nil {
			t.Errorf("%q is %v", wrong, h)
		}
	}
}

// TestAKeyIsNeeded to verify, and to write a trail that verifies.
func TestAKeyIsNeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "audit.jsonl")
		keep(t, Options{Path: path, Key: []byte("right")}, story()...)
		if bad := verify(t, path, "wrong").Bad; bad == nil || bad.Error() != path+":1: its hash does not fit: it was changed, or the key is another" {
			t.Errorf("with the wrong key: %v", bad)
		}
		keep(t, Options{Path: path, Key: []byte("right"), MaxAge: time.Minute, Keep: 1}, story()...)
		for _, files := range []string{"all", "the last"} { // each says that there is a key
			c, err := Find(path)
			ok(t, err)
			if files == "the last" {
				c.Files = c.Files[len(c.Files)-1:]
			}
			if r, err := Verify(c); err != ErrKey || !r.Keyed {
				t.Errorf("%s without a key: %v, %v", files, err, r.Bad)
			}
		}
	})
}

// TestACrash leaves half a line, which is not taken for tampering: it goes, the trail says so,
// and goes on.
func TestACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "audit.jsonl")
		keep(t, Options{Path: path}, story()...)
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		ok(t, err)
		_, err = io.WriteString(f, `{"seq":8,"time":"2000`)
		ok(t, errors.Join(err, f.Close()))
		if r := verify(t, path, ""); r.Bad != nil || r.Torn != 21 {
			t.Errorf("before: %v, torn %d", r.Bad, r.Torn)
		}
		keep(t, Options{Path: path}, story()...)
		r := verify(t, path, "")
		text, err := os.ReadFile(path)
		ok(t, err)
		if r.Bad != nil || r.Torn != 0 || !strings.Contains(string(text), `"event":"trail","op":"torn","bytes":21,`) {
			t.Errorf("after: %v, torn %d\n%s", r.Bad, r.Torn, text)
		}
	})
}

// TestACrashAnywhere: whatever a crash leaves of the lines behind the head is no tampering, and
// the trail goes on; what it cannot have taken is missed.
func TestACrashAnywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "audit.jsonl")
		o := Options{Path: path, Log: slog.New(slog.DiscardHandler)}
		trail, err := Open(o)
		ok(t, err)
		read := func(name string) []byte {
			synctest.Wait()
			b, err := os.ReadFile(name)
			ok(t, err)
			return b
		}
		for _, e := range story() {
			trail.Emit(e)
		}
		safe, head := len(read(path)), read(headName(path))
		for _, e := range story()[:3] {
			trail.Emit(e)
		}
		all := read(path)
		ok(t, trail.Close())
		for size := safe - 50; size <= len(all); size += 10 {
			ok(t, errors.Join(os.WriteFile(path, all[:size], 0o600), os.WriteFile(headName(path), head, 0o600)))
			keep(t, o)
			if r := verify(t, path, ""); (r.Bad == nil) != (size >= safe) {
				t.Errorf("with %d octets, of which %d were safe: %v", size, safe, r.Bad)
			}
		}
	})
}

// TestARestartHidesNothing: what was done to a trail between two runs is told when the second
// begins, and stays to be seen.
func TestARestartHidesNothing(t *testing.T) {
	for name, do := range map[string]func(path, text string) error{
		"the end is cut off":       func(p, s string) error { return os.Truncate(p, int64(len(s)/2)) },
		"the end is cut at a line": func(p, s string) error { return os.Truncate(p, int64(strings.Index(s, "\n")+1)) },
		"the file is gone":         func(p, _ string) error { return os.Remove(p) },
		"the file is empty":        func(p, _ string) error { return os.Truncate(p, 0) },
		"the last line is another": func(p, s string) error {
			lines := strings.SplitAfter(strings.TrimSpace(s), "\n")
			before, err := parseLine([]byte(strings.TrimSpace(lines[len(lines)-2])), nil)
			ok(t, err)
			forged, _ := appendLine(nil, nil, before.head(), time.Unix(0, 0), "login", nil)
			return os.WriteFile(p, []byte(strings.Join(lines[:len(lines)-1], "")+string(forged)), 0o600)
		},
		"the last line is changed": func(p, s string) error {
			return os.WriteFile(p, []byte(strings.Replace(s, `"close"`, `"open"`, 1)), 0o600)
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			path := filepath.Join(t.TempDir(), "audit.jsonl")
			keep(t, Options{Path: path, MaxAge: 3 * time.Minute}, story()...)
			text, err := os.ReadFile(path)
			ok(t, err)
			ok(t, do(path, string(text)))
			keep(t, Options{Path: path, Log: slog.New(slog.NewTextHandler(&log, nil))}, story()...)
			r := verify(t, path, "")
			if r.Bad == nil {
				t.Errorf("%s: it verifies", name)
			}
			if told := strings.Contains(log.String(), "not as it was left"); told == strings.HasPrefix(name, "the file") {
				t.Errorf("%s: the log says\n%s", name, &log)
			}
		})
	}
}

// TestRotation: by size and by age, and what is kept.
func TestRotation(t *testing.T) {
	for _, c := range []struct {
		name  string
		o     Options
		files int
		first int64
	}{
		{"size", Options{MaxSize: 600}, 4, 1},
		{"age", Options{MaxAge: 2 * time.Minute}, 3, 1},
		{"neither", Options{}, 1, 1},
		{"few kept", Options{MaxSize: 600, Keep: 1}, 2, 6},
	} {
		synctest.Test(t, func(t *testing.T) {
			c.o.Path = filepath.Join(t.TempDir(), "audit.jsonl")
			keep(t, c.o, story()...)
			r := verify(t, c.o.Path, "")
			if r.Bad != nil || len(r.Files) != c.files || r.First != c.first {
				t.Errorf("%s: %v, files %q, first line %d", c.name, r.Bad, r.Files, r.First)
			}
		})
	}
}

// full is a disk that is full when told so, in the middle of a write.
type full struct {
	disk
	now *bool
}

func (f full) Write(b []byte) (int, error) {
	if !*f.now {
		return f.disk.Write(b)
	}
	n, err := f.disk.Write(b[:len(b)/2])
	return n, errors.Join(err, syscall.ENOSPC)
}

// TestAFullDisk: what cannot be written is counted, the trail stays whole, and goes on when
// there is room.
func TestAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		path, isFull := filepath.Join(t.TempDir(), "audit.jsonl"), false
		w := &writer{Options: Options{Path: path, Log: slog.New(slog.NewTextHandler(&log, nil))}, wrap: func(d disk) disk { return full{d, &isFull} }}
		ok(t, w.resume())
		trail := &Trail{event.NewQueue(w, 10), w}
		for n, e := range append(story(), story()...) {
			trail.queue.Between(func() { isFull = n >= 2 && n < 6 })
			trail.Emit(e)
			synctest.Wait()
			if err := trail.Err(); (err != nil) != isFull {
				t.Errorf("event %d: the error is %v", n, err)
			}
		}
		ok(t, trail.Close())
		r := verify(t, path, "")
		if r.Bad != nil || r.Lost != 4 || r.Lines != 1+6+1+1 {
			t.Errorf("%v, %d lost, %d lines", r.Bad, r.Lost, r.Lines)
		}
		if n := strings.Count(log.String(), "cannot be kept"); n != 1 || strings.Count(log.String(), "kept again") != 1 {
			t.Errorf("the log says\n%s", &log)
		}
	})
}

// TestAFolderThatCannotBeChanged: the trail goes on in the file that there is.
func TestAFolderThatCannotBeChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		dir := filepath.Join(t.TempDir(), "log")
		ok(t, os.Mkdir(dir, 0o700))
		o := Options{Path: filepath.Join(dir, "audit.jsonl"), MaxSize: 1, Log: slog.New(slog.NewTextHandler(&log, nil))}
		trail, err := Open(o)
		ok(t, err)
		ok(t, os.Rename(dir, dir+".away"))
		for range 100 {
			trail.Emit(event.Login{Session: ann})
			synctest.Wait()
		}
		ok(t, os.Rename(dir+".away", dir))
		time.Sleep(time.Minute)
		trail.Emit(event.End{Session: ann})
		ok(t, trail.Close())
		if r := verify(t, o.Path, ""); r.Bad != nil || r.Lost > 0 || len(r.Files) != 2 {
			t.Errorf("%v, %d lost, files %q", r.Bad, r.Lost, r.Files)
		}
		if n := strings.Count(log.String(), "cannot go on in a new file"); n != 1 {
			t.Errorf("the log says\n%s", &log)
		}
	})
}

// counting is a disk that counts what is forced to it.
type counting struct {
	disk
	syncs *int
}

func (c counting) Sync() error {
	*c.syncs++
	return c.disk.Sync()
}

// TestSync: the end of a session forces all to the disk, and the head says so; many ends at
// once do so once.
func TestSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path, syncs := filepath.Join(t.TempDir(), "audit.jsonl"), 0
		w := &writer{Options: Options{Path: path, Log: slog.New(slog.DiscardHandler)}, wrap: func(d disk) disk { return counting{d, &syncs} }}
		ok(t, w.resume())
		trail := &Trail{event.NewQueue(w, 100), w}
		syncs = 0
		for _, c := range []struct {
			e     event.Event
			syncs int
			head  int64
		}{
			{event.Login{Session: ann}, 0, 1},
			{event.Transfer{Session: ann}, 0, 1},
			{event.End{Session: ann}, 1, 4},
			{event.Transfer{Session: event.Session{Protocol: "tftp"}}, 2, 5},
			{event.Fault{Session: ann, Err: errors.New("x")}, 3, 6},
		} {
			trail.Emit(c.e)
			synctest.Wait()
			head, err := readHead(path)
			if ok(t, err); syncs != c.syncs || head.Seq != c.head {
				t.Errorf("after %T: %d syncs, the head is of %d; want %d, %d", c.e, syncs, head.Seq, c.syncs, c.head)
			}
		}
		trail.queue.Between(func() {
			for range 50 {
				trail.Emit(event.End{Session: ann})
			}
		})
		ok(t, trail.Close())
		if syncs > 6 { // one for those that were waiting, one for what came while it drained, one to close
			t.Errorf("%d syncs", syncs)
		}
	})
}

// stuck is a disk that does not come to an end.
type stuck struct {
	disk
	let chan struct{}
}

func (s stuck) Write(b []byte) (int, error) {
	<-s.let
	return s.disk.Write(b)
}

// TestASlowDisk costs events, which the trail counts.
func TestASlowDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path, let := filepath.Join(t.TempDir(), "audit.jsonl"), make(chan struct{}, 1)
		let <- struct{}{} // of the first line
		w := &writer{Options: Options{Path: path, Log: slog.New(slog.DiscardHandler)}, wrap: func(d disk) disk { return stuck{d, let} }}
		ok(t, w.resume())
		trail := &Trail{event.NewQueue(w, 10), w}
		trail.Emit(event.Login{Session: ann})
		synctest.Wait() // it is stuck
		for range 25 {
			trail.Emit(event.Login{Session: ann})
		}
		close(let)
		ok(t, trail.Close())
		if r := verify(t, path, ""); r.Bad != nil || r.Lost != 15 || r.Lines != 1+11+1+1 {
			t.Errorf("%v, %d lost, %d lines", r.Bad, r.Lost, r.Lines)
		}
	})
}

// TestOneWriter: a second process does not break the chain of the first.
func TestOneWriter(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "audit.jsonl"), Log: slog.New(slog.DiscardHandler)}
	trail, err := Open(o)
	ok(t, err)
	if _, err := Open(o); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("the second: %v", err)
	}
	ok(t, trail.Reopen()) // nothing has moved
	moved := o.Path + ".moved"
	ok(t, os.Rename(o.Path, moved))
	ok(t, trail.Reopen())
	trail.Emit(event.End{Session: ann})
	ok(t, trail.Close())
	c, err := Find(o.Path)
	ok(t, err)
	c.Files = []string{moved, o.Path}
	if r, err := Verify(c); err != nil || r.Bad != nil || r.Lines != 4 {
		t.Errorf("%+v, %v, %v", r, r.Bad, err)
	}
	ok(t, os.Rename(moved, rotated(o.Path, time.Now(), 1))) // where it is found
	if r := verify(t, o.Path, ""); r.Bad != nil || r.Lines != 4 {
		t.Errorf("%+v, %v", r, r.Bad)
	}
}

func BenchmarkEmit(b *testing.B) {
	trail, err := Open(Options{Path: filepath.Join(b.TempDir(), "audit.jsonl"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	e := story()[2]
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		trail.Emit(e)
		if n%queued == queued-1 {
			trail.queue.Between(func() {}) // or they would be lost, which is faster
		}
	}
	if err := trail.Close(); err != nil {
		b.Fatal(err)
	}
}

// FuzzParseLine: what is taken for a line is one.
func FuzzParseLine(f *testing.F) {
	text, _ := appendLine(nil, nil, Head{}, time.Unix(0, 0), "login", event.Fields(event.Login{Session: ann}))
	f.Add(bytes.TrimSpace(text))
	f.Add([]byte(seal + strings.Repeat("0", 64) + `"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if l, err := parseLine(text, nil); err == nil && !bytes.Contains(text, fmt.Appendf(nil, "%d", l.Seq)) {
			t.Errorf("%q is %+v", text, l)
		}
	})
}
