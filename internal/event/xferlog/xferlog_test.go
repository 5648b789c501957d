package xferlog_test

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dray/internal/event"
	"dray/internal/event/xferlog"
)

var update = flag.Bool("update", false, "rewrite testdata")

func session(protocol, user, remote string) event.Session {
	return event.Session{Protocol: protocol, ID: "1", Remote: netip.MustParseAddrPort(remote), User: user}
}

// TestLines shows what gets a line, and which.
func TestLines(t *testing.T) {
	ann, guest, device := session("ftp", "ann", "192.0.2.7:50001"), session("ftp", "anonymous", "[2001:db8::1%eth0]:50002"), session("tftp", "anonymous", "[::ffff:192.0.2.9]:2070")
	scp := session("scp", "bob lee", "192.0.2.8:50003")
	broken := errors.New("the connection broke")
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "xferlog")
		log, err := xferlog.Open(path, slog.New(slog.DiscardHandler))
		ok(t, err)
		for _, e := range []event.Event{
			event.Begin{Session: ann}, event.Login{Session: ann},
			event.Transfer{Session: ann, Op: event.Read, Path: "/images/ios.bin", Bytes: 3 << 20, Duration: 1500 * time.Millisecond},
			event.Transfer{Session: ann, Op: event.Write, Path: "/my config\n\x1b\xffé", Bytes: 12, Duration: time.Millisecond},
			event.Transfer{Session: ann, Op: event.Append, Path: "/log", Bytes: 1 << 40, Duration: time.Hour, Err: broken},
			event.Transfer{Session: ann, Op: event.Write, Path: "/empty"},
			event.Transfer{Session: ann, Op: event.Read, Path: "/missing", Err: fs.ErrNotExist},
			event.Transfer{Session: ann, Op: event.List, Path: "/", Bytes: 100},
			event.Transfer{Session: ann, Op: event.Hash, Path: "/images/ios.bin", Bytes: 3 << 20},
			event.Change{Session: ann, Op: event.Delete, Path: "/old"},
			event.Change{Session: ann, Op: event.Delete, Path: "/kept", Err: fs.ErrPermission},
			event.Change{Session: ann, Op: event.Rename, Path: "/a", To: "/b"},
			event.Transfer{Session: guest, Op: event.Read, Path: "/pub/readme", Bytes: 7, Duration: 29 * time.Second},
			event.Transfer{Session: device, Op: event.Write, Path: "/router-confg", Bytes: 900, Text: true, Duration: 2 * time.Second},
			event.Transfer{Session: scp, Op: event.Write, Path: "/b", Bytes: 5},
			event.End{Session: ann},
		} {
			log.Emit(e)
		}
		ok(t, log.Close())
		got, err := os.ReadFile(path)
		ok(t, err)
		got = bytes.ReplaceAll(got, []byte(time.Now().Format("Mon Jan _2 15:04:05 2006")), []byte("Sat Jan  1 00:00:00 2000"))
		const golden = "testdata/lines.txt"
		if *update {
			ok(t, os.WriteFile(golden, got, 0o644))
		}
		want, err := os.ReadFile(golden)
		ok(t, err)
		if !bytes.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		for line := range strings.Lines(string(got)) {
			if n := len(strings.Fields(line)); n != 18 {
				t.Errorf("%d fields: %s", n, line)
			}
		}
	})
}

// TestReopen: the file may be renamed away at any time, and nothing is lost.
func TestReopen(t *testing.T) {
	dir := t.TempDir()
	path, old := filepath.Join(dir, "xferlog"), filepath.Join(dir, "xferlog.1")
	log, err := xferlog.Open(path, slog.New(slog.DiscardHandler))
	ok(t, err)
	who := session("ftp", "ann", "192.0.2.7:1")
	log.Emit(event.Transfer{Session: who, Op: event.Read, Path: "/1"})
	ok(t, os.Rename(path, old))
	log.Emit(event.Transfer{Session: who, Op: event.Read, Path: "/2"})
	ok(t, log.Reopen())
	log.Emit(event.Transfer{Session: who, Op: event.Read, Path: "/3"})
	ok(t, os.Rename(dir, dir+"2"))
	if err := log.Reopen(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without the folder: %v", err)
	}
	log.Emit(event.Transfer{Session: who, Op: event.Read, Path: "/4"})
	ok(t, log.Close())
	for name, want := range map[string]string{"xferlog.1": "/1 /2", "xferlog": "/3 /4"} {
		text, err := os.ReadFile(filepath.Join(dir+"2", name))
		ok(t, err)
		var names []string
		for line := range strings.Lines(string(text)) {
			names = append(names, strings.Fields(line)[8])
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s has %s; want %s", name, got, want)
		}
	}
	ok(t, os.RemoveAll(dir+"2"))
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
