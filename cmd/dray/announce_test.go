package main

import (
	"net/netip"
	"strings"
	"testing"

	"dray/internal/config"
	"dray/internal/daemon"
)

func TestLinesToPaste(t *testing.T) {
	guests := config.Serve{}
	amy := config.Serve{Users: []config.User{{Name: "amy", Password: "secret"}}}
	secret := config.Serve{TLS: config.TLS{Mode: config.TLSRequired}}
	for _, c := range []struct {
		protocol  string
		port, std uint16
		addr      string
		cfg       config.Serve
		url, copy string
	}{
		{"ftp", 21, 21, "192.0.2.1", guests, "ftp://192.0.2.1/", "copy ftp://192.0.2.1/FILE flash:"},
		{"ftp", 2121, 21, "192.0.2.1", guests, "ftp://192.0.2.1:2121/", "copy ftp://192.0.2.1:2121/FILE flash:"},
		{"ftp", 21, 21, "2001:db8::1", guests, "ftp://[2001:db8::1]/", "copy ftp://[2001:db8::1]/FILE flash:"},
		{"ftp", 2121, 21, "fe80::1%eth0", guests, "ftp://[fe80::1%25eth0]:2121/", ""},
		{"ftp", 21, 21, "192.0.2.1", amy, "ftp://192.0.2.1/", "copy ftp://amy:PASSWORD@192.0.2.1/FILE flash:"},
		{"ftp", 21, 21, "192.0.2.1", secret, "ftpes://192.0.2.1/", "(Cisco devices have no FTP over TLS)"},
		{"ftps", 990, 990, "192.0.2.1", guests, "ftps://192.0.2.1/", ""},
		{"tftp", 69, 69, "192.0.2.1", amy, "tftp://192.0.2.1/", "copy tftp://192.0.2.1/FILE flash:"},
		{"tftp", 6969, 69, "192.0.2.1", guests, "tftp://192.0.2.1:6969/", "(Cisco devices ask port 69 only)"},
		{"tftp", 69, 69, "127.0.0.1", guests, "tftp://127.0.0.1/", ""},
	} {
		addr := netip.MustParseAddr(c.addr)
		e := daemon.Endpoint{Protocol: c.protocol, Addr: netip.AddrPortFrom(netip.IPv6Unspecified(), c.port), Standard: c.std}
		if got := baseURL(e, addr, c.cfg); got != c.url {
			t.Errorf("URL %s; want %s", got, c.url)
		}
		if got := ciscoCopy(e, addr, c.cfg); got != c.copy {
			t.Errorf("%s on %s: %q; want %q", c.protocol, c.addr, got, c.copy)
		}
	}
}

// Every address of the machine is there for an unspecified one, those that others reach
// first, and a specified one stands for itself.
func TestReachable(t *testing.T) {
	all := reachable(netip.IPv6Unspecified())
	if len(all) == 0 {
		t.Fatal("no address at all")
	}
	for i := 1; i < len(all); i++ {
		if distance(all[i-1]) > distance(all[i]) {
			t.Errorf("%v comes before %v", all[i-1], all[i])
		}
	}
	for _, a := range reachable(netip.IPv4Unspecified()) {
		if !a.Is4() {
			t.Errorf("%v is not reached at 0.0.0.0", a)
		}
	}
	if one := reachable(netip.MustParseAddr("::ffff:192.0.2.1")); len(one) != 1 || one[0].String() != "192.0.2.1" {
		t.Errorf("got %v", one)
	}
}

func TestDeniedPortSaysWhatToDo(t *testing.T) {
	e := daemon.Endpoint{Protocol: "tftp", Addr: netip.MustParseAddrPort("[::]:6969"), Standard: 69, Denied: true}
	if got := deniedHint(e); !strings.Contains(got, "port 69 needs root or CAP_NET_BIND_SERVICE") {
		t.Errorf("got %q", got)
	}
	// A test binary lies in a temporary folder, as one of `go run` does.
	if got := grantCommand(); !strings.HasPrefix(got, "sudo sysctl") {
		t.Errorf("got %q", got)
	}
}
