package main

import (
	"bytes"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"dray/internal/config"
	"dray/internal/daemon"
)

// TestWarnings: what a person reads before leaving the server alone.
func TestWarnings(t *testing.T) {
	const anyone, disk, public, guests = "anyone who reaches", "may fill the disk", "on the public address", "guests may read"
	networks := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, c := range []struct {
		protocol, addr string
		cfg            config.Serve
		want           []string
	}{
		{"tftp", "10.0.0.1", config.Serve{}, nil},
		{"tftp", "10.0.0.1", config.Serve{Write: true}, []string{anyone, "may make files", disk}},
		{"tftp", "10.0.0.1", config.Serve{Write: true, TFTP: config.TFTP{Write: config.TFTPWriteOff}}, nil},
		{"tftp", "10.0.0.1", config.Serve{TFTP: config.TFTP{Write: config.TFTPWriteAll}}, []string{anyone, "may make and replace files", disk}},
		{"tftp", "10.0.0.1", config.Serve{TFTP: config.TFTP{Write: config.TFTPWriteReplace, WriteAllow: networks}}, []string{disk}},
		{"tftp", "10.0.0.1", config.Serve{TFTP: config.TFTP{Write: config.TFTPWriteAll, WriteAllow: networks, QuotaBytes: 1}}, nil},
		{"tftp", "9.9.9.9", config.Serve{}, []string{public}},
		{"tftp", "2620:fe::9", config.Serve{}, []string{public}},
		{"tftp", "9.9.9.9", config.Serve{TFTP: config.TFTP{Public: true}}, nil},
		{"tftp", "9.9.9.9", config.Serve{TFTP: config.TFTP{ReadAllow: networks}}, nil},
		{"tftp", "192.168.1.1", config.Serve{}, nil},
		{"tftp", "100.64.0.1", config.Serve{}, nil},
		{"tftp", "fd00::1", config.Serve{}, nil},
		{"tftp", "127.0.0.1", config.Serve{}, nil},
		{"tftp", "fe80::1%lo", config.Serve{}, nil},
		{"tftp", "203.0.113.1", config.Serve{}, nil},
		{"ftp", "9.9.9.9", config.Serve{}, nil},
		{"ftp", "10.0.0.1", config.Serve{Write: true}, []string{guests}},
		{"ftp", "10.0.0.1", config.Serve{Write: true, Users: []config.User{{Name: "amy"}}}, nil},
	} {
		var out bytes.Buffer
		warn(slog.New(slog.NewTextHandler(&out, nil)), c.cfg, []daemon.Endpoint{{Protocol: c.protocol, Addr: netip.AddrPortFrom(netip.MustParseAddr(c.addr), 69)}})
		for _, text := range []string{anyone, disk, public, guests, "may make files", "may make and replace files"} {
			want := strings.Contains(strings.Join(c.want, " "), text)
			if strings.Contains(out.String(), text) != want {
				t.Errorf("%s on %s with %+v: %q is there: %v\n%s", c.protocol, c.addr, c.cfg.TFTP, text, !want, &out)
			}
		}
	}
}

func TestWhatIsSaidOfAccess(t *testing.T) {
	amy := []config.User{{Name: "amy"}}
	some := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for want, cfg := range map[string]config.Serve{
		"read-only":  {Users: amy},
		"read-write": {Write: true, Users: amy},
		"read-write for users, read-only over TFTP":                  {Write: true, Users: amy, TFTP: config.TFTP{Write: config.TFTPWriteOff}},
		"read-only over FTP, read-write for anyone over TFTP":        {Write: true},
		"read-only over FTP, read-write over TFTP for some networks": {TFTP: config.TFTP{Write: config.TFTPWriteAll, WriteAllow: some}},
	} {
		if got := access(cfg); got != want {
			t.Errorf("%q; want %q", got, want)
		}
	}
}
