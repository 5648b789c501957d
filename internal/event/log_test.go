package event_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dray/internal/event"
)

var update = flag.Bool("update", false, "rewrite testdata")

// TestLines shows every kind of event as a line of text and of JSON.
func TestLines(t *testing.T) {
	remote := netip.MustParseAddrPort("192.0.2.7:50001")
	nobody := event.Session{Protocol: "ftp", ID: "f1", Remote: remote}
	ann, bob := nobody, event.Session{Protocol: "ftp", ID: "f2", Remote: remote, User: "bob"}
	ann.User = "ann"
	device := event.Session{Protocol: "tftp", ID: "t1", Remote: netip.MustParseAddrPort("[2001:db8::1]:2070"), User: "anonymous"}
	forger := event.Session{Protocol: "ftp", User: "\x1b[2J\x9b\u202eeve\x7f\xff \"q\"\nforged=1"}
	events := []event.Event{
		event.Begin{Session: nobody},
		event.Login{Session: ann, TLS: "TLS 1.3"},
		event.Login{Session: bob, Err: errors.New("log-in refused")},
		event.Transfer{Session: ann, Op: event.Read, Path: "/images/ios.bin", Bytes: 3 << 20, Duration: 1500 * time.Millisecond},
		event.Transfer{Session: device, Op: event.Write, Path: "/conf ig", Detail: "blksize 1428", Err: fs.ErrPermission},
		event.Change{Session: ann, Op: event.Rename, Path: "/a", To: "/b"},
		event.Lookup{Session: ann, Path: "/a", Command: "SIZE", Err: fs.ErrNotExist},
		event.Fault{Session: nobody, Err: errors.New("panic: \"x\"\nat y")},
		event.Login{Session: forger, Err: errors.New("log-in refused")},
		event.Refusal{Session: nobody, Reason: event.Banned, Detail: "until 12:00", Err: errors.New("banned")},
		event.End{Session: ann, Duration: time.Minute},
	}
	var got bytes.Buffer
	noTime := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}
	for _, h := range []slog.Handler{slog.NewTextHandler(&got, noTime), slog.NewJSONHandler(&got, noTime)} {
		log := event.NewLog(slog.New(h))
		for _, e := range events {
			log.Emit(e)
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
	const golden = "testdata/lines.txt"
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", &got, want)
	}
}

// slow is a log that writes nothing before it is let.
type slow struct {
	slog.Handler
	let     chan struct{}
	handled atomic.Int64
}

func (s *slow) Handle(ctx context.Context, r slog.Record) error {
	<-s.let
	s.handled.Add(1)
	return s.Handler.Handle(ctx, r)
}

// TestEmitNeverBlocks: a log that is stuck costs lines, and says so once it runs again.
func TestEmitNeverBlocks(t *testing.T) {
	var out bytes.Buffer
	h := &slow{Handler: slog.NewTextHandler(&out, nil), let: make(chan struct{})}
	log := event.NewLog(slog.New(h))
	const emitted = 10_000
	for range emitted {
		log.Emit(event.Login{})
	}
	close(h.let)
	if err := errors.Join(log.Close(), log.Close()); err != nil {
		t.Fatal(err)
	}
	written := strings.Count(out.String(), "msg=login")
	if written == emitted || written < 4096 {
		t.Errorf("%d lines of %d were written", written, emitted)
	}
	confessed := 0 // perhaps in several lines
	for _, field := range strings.Fields(out.String()) {
		if count, ok := strings.CutPrefix(field, "count="); ok {
			n, err := strconv.Atoi(count)
			if err != nil {
				t.Error(err)
			}
			confessed += n
		}
	}
	if confessed != emitted-written {
		t.Errorf("%d lines of %d were written, and the log says that it dropped %d", written, emitted, confessed)
	}
	log.Emit(event.Login{}) // goes nowhere, and does no harm
}

// TestLoud: what is only to be counted reaches who counts, and nobody else.
func TestLoud(t *testing.T) {
	var counts, tells counter
	all := event.Fanout{&counts, event.Loud{Sink: &tells}}
	all.Emit(event.Refusal{Reason: event.Banned})
	all.Emit(event.Refusal{Reason: event.Banned, Quiet: true})
	all.Emit(event.Login{})
	if counts != 3 || tells != 2 {
		t.Errorf("%d counted, %d told", counts, tells)
	}
}

type counter int

func (c *counter) Emit(event.Event) { *c++ }

func TestLevelIsObeyed(t *testing.T) {
	h := &slow{Handler: slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelWarn}), let: make(chan struct{})}
	close(h.let)
	log := event.NewLog(slog.New(h))
	log.Emit(event.Login{})
	log.Emit(event.Login{Err: errors.New("log-in refused")})
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if n := h.handled.Load(); n != 1 {
		t.Errorf("%d lines were written", n)
	}
}
