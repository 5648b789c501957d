package daemon

import (
	"bytes"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dray/internal/admission"
)

// still is a peer that does nothing.
type still struct{}

func (still) Cut()                         {}
func (still) Activity() admission.Activity { return admission.Activity{} }

// banned reports whether a daemon keeps an address out.
func banned(t *testing.T, d *Daemon, from string) bool {
	t.Helper()
	s, err := d.gate.Arrive("ftp", "ftp1", netip.AddrPortFrom(netip.MustParseAddr(from), 1), still{})
	s.Leave()
	return err != nil
}

// TestBansAreKept: a ban outlives the server, in a file that is closed to others.
func TestBansAreKept(t *testing.T) {
	cfg := configFor(t, t.TempDir())
	network := netip.MustParsePrefix("192.0.2.0/24")
	for _, lift := range []bool{false, true} {
		d, err := Bind(cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if lift {
			if !banned(t, d, "192.0.2.1") {
				t.Error("the ban is forgotten")
			}
			d.gate.Unban(network)
		} else if _, err := d.gate.Ban(network, 0, "by hand"); err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(cfg.StateDir, "bans.json")
	text, err := os.ReadFile(file)
	if err != nil || strings.TrimSpace(string(text)) != "[]" {
		t.Errorf("%s, %v", text, err)
	}
	if i, err := os.Stat(file); err != nil || i.Mode().Perm()&0o077 != 0 {
		t.Errorf("%v, %v", i.Mode(), err)
	}
}

// TestBansThatMakeNoSense: a file that cannot be read is told of, and not written over.
func TestBansThatMakeNoSense(t *testing.T) {
	cfg := configFor(t, t.TempDir())
	file := filepath.Join(cfg.StateDir, "bans.json")
	if err := os.WriteFile(file, []byte("[{"), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	d, err := Bind(cfg, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.gate.Ban(netip.MustParsePrefix("192.0.2.0/24"), 0, "by hand"); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "[{" {
		t.Errorf("%q, %v", text, err)
	}
	if !strings.Contains(log.String(), "bans are not kept") || !strings.Contains(log.String(), "repair or remove it") {
		t.Errorf("log %s", &log)
	}
}

// TestLimitsAreReloaded: new limits hold at once, and time-outs wait for a restart.
func TestLimitsAreReloaded(t *testing.T) {
	cfg := configFor(t, t.TempDir())
	d, err := Bind(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.gate.Ban(netip.MustParsePrefix("192.0.2.0/24"), 0, "by hand"); err != nil {
		t.Fatal(err)
	}
	cfg.Bans.Allow = []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}
	cfg.Limits.IdleTimeout = 1
	said, err := d.Reload(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(said.Changed, []string{"bans.allow"}) || !slices.Equal(said.Restart, []string{"limits.idle-timeout"}) {
		t.Errorf("%+v", said)
	}
	if banned(t, d, "192.0.2.1") || !banned(t, d, "192.0.2.2") {
		t.Error("the list does not hold")
	}
}
