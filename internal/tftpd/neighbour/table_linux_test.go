package neighbour

import (
	"encoding/hex"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
)

// TestParse reads entries as a kernel on a little-endian machine writes them.
func TestParse(t *testing.T) {
	const (
		before4   = "02000000" + "02000000"
		head4     = before4 + "0200" + "0001"
		head6     = "0a000000" + "02000000" + "0400" + "8001"
		dst4      = "0800" + "0100" + "c0000207"
		dst6      = "1400" + "0100" + "20010db8000000000000000000000007"
		mac       = "0a00" + "0200" + "001122334455" + "0000"
		cacheInfo = "1400" + "0300" + "00000000000000000000000000000000"
	)
	for _, c := range []struct{ entry, host, mac string }{
		{head4 + dst4 + mac + cacheInfo, "192.0.2.7", "00:11:22:33:44:55"},
		{head6 + cacheInfo + mac + dst6, "2001:db8::7", "00:11:22:33:44:55"},
		{head4 + dst4, "", ""},
		{head4 + mac, "", ""},
		{head4, "", ""},
		{head4[:10], "", ""},
		{"", "", ""},
		{before4 + "0100" + "0001" + dst4 + mac, "", ""}, // incomplete
		{before4 + "2000" + "0001" + dst4 + mac, "", ""}, // failed
		{before4 + "4000" + "0001" + dst4 + mac, "", ""}, // loopback
		{head4 + dst4 + "ff00" + "0200" + "0011", "", ""},
		{head4 + dst4 + "0300" + "0200" + "0011", "", ""},
	} {
		b, err := hex.DecodeString(c.entry)
		if err != nil {
			t.Fatal(err)
		}
		host, hw, ok := parse(b)
		if ok != (c.host != "") || ok && (host.String() != c.host || hw.String() != c.mac) {
			t.Errorf("%s: %v %v %v; want %s %s", c.entry, host, hw, ok, c.host, c.mac)
		}
	}
}

// TestTableOfThisMachine: every neighbour in the kernel's own rendering is found.
func TestTableOfThisMachine(t *testing.T) {
	table, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	if mac, err := table.Lookup(netip.MustParseAddr("127.0.0.1")); err != nil || mac != nil {
		t.Errorf("this machine is its own neighbour: %v, %v", mac, err)
	}
	arp, err := os.ReadFile("/proc/net/arp")
	if err != nil {
		t.Fatal(err)
	}
	const complete = "0x2"
	for line := range strings.Lines(string(arp)) {
		f := strings.Fields(line)
		if len(f) < 4 || f[2] != complete {
			continue
		}
		want, err := net.ParseMAC(f[3])
		if err != nil {
			t.Fatal(err)
		}
		got, err := table.Lookup(netip.MustParseAddr(f[0]))
		if err != nil || got.String() != want.String() {
			t.Errorf("%s is %v, %v; /proc/net/arp says %v", f[0], got, err, want)
		}
	}
}
