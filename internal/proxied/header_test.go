package proxied

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// v2 is a header of version 2: its version and command, its family, and what stands
// behind its length.
func binary2(command, family byte, behind string) string {
	return "\r\n\r\n\x00\r\nQUIT\n" + string([]byte{command, family, byte(len(behind) >> 8), byte(len(behind))}) + behind
}

const (
	local, proxy = 0x20, 0x21
	tcp4, tcp6   = 0x11, 0x21

	from4 = "\xc0\x00\x02\x07\xc6\x33\x64\x01\x04\xd2\x00\x15" // 192.0.2.7:1234 to 198.51.100.1:21
	from6 = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07" +
		"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x04\xd2\x00\x15"
	mapped = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xc0\x00\x02\x07" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xc6\x33\x64\x01\x04\xd2\x00\x15"
)

// TestRead: each header, and who the client is. What follows it is never read.
func TestRead(t *testing.T) {
	const proxyItself = ""
	for name, row := range map[string]struct{ header, client string }{
		"v1 over IPv4":         {"PROXY TCP4 192.0.2.7 198.51.100.1 1234 21\r\n", "192.0.2.7:1234"},
		"v1 over IPv6":         {"PROXY TCP6 2001:db8::7 2001:db8::1 1234 21\r\n", "[2001:db8::7]:1234"},
		"v1 unknown":           {"PROXY UNKNOWN\r\n", proxyItself},
		"v1 unknown, the most": {"PROXY UNKNOWN " + strings.Repeat("f", 107-16) + "\r\n", proxyItself},
		"v2 over IPv4":         {binary2(proxy, tcp4, from4), "192.0.2.7:1234"},
		"v2 over IPv6":         {binary2(proxy, tcp6, from6), "[2001:db8::7]:1234"},
		"v2 with IPv4 in IPv6": {binary2(proxy, tcp6, mapped), "192.0.2.7:1234"},
		"v2 with more":         {binary2(proxy, tcp4, from4+"\x02\x00\x04host\x04\x00\x00"), "192.0.2.7:1234"},
		"v2, the most":         {binary2(proxy, tcp4, from4+"\x04\x0f\xf1"+strings.Repeat("\x00", 0xff1)), "192.0.2.7:1234"},
		"v2 local":             {binary2(local, 0, ""), proxyItself},
		"v2 local with more":   {binary2(local, tcp4, "skip"), proxyItself},
	} {
		const rest = "PROXY is not read twice"
		for _, in := range []io.Reader{strings.NewReader(row.header + rest), iotest.OneByteReader(strings.NewReader(row.header + rest))} {
			h, _, err := read(in)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			client := proxyItself
			if !h.Command.IsLocal() {
				client = source(h).String()
			}
			if client != row.client {
				t.Errorf("%s: the client is %q; want %q", name, client, row.client)
			}
			if left, _ := io.ReadAll(in); string(left) != rest {
				t.Errorf("%s: what follows is %q", name, left)
			}
		}
	}
}

// TestReadBad: what is no header, or none that can be believed. Nothing is waited for that
// cannot make it good.
func TestReadBad(t *testing.T) {
	for name, row := range map[string]struct{ text, why string }{
		"a command":           {"USER anna\r\n", "begins with no PROXY header"},
		"one octet":           {"Q", "begins with no PROXY header"},
		"SSH":                 {"SSH-2.0-OpenSSH_9.2\r\n", "begins with no PROXY header"},
		"TLS":                 {"\x16\x03\x01", "begins with no PROXY header"},
		"nearly v2":           {"\r\n\r\n\x00\r\nQUIX", "begins with no PROXY header"},
		"cut short":           {"PROXY TCP4 192.0.2.7", "ends after 20 octets"},
		"v1 without end":      {"PROXY TCP4 " + strings.Repeat("1", 1000), "longer than 107 octets"},
		"v1 by LF":            {"PROXY TCP4 192.0.2.7 198.51.100.1 1234 21\n", "must end with"},
		"v1 of UDP":           {"PROXY UDP4 192.0.2.7 198.51.100.1 1234 21\r\n", ""},
		"v1 with a name":      {"PROXY TCP4 localhost 198.51.100.1 1234 21\r\n", "invalid address"},
		"v1 with a zone":      {"PROXY TCP6 fe80::7%eth0 fe80::1 1234 21\r\n", "invalid address"},
		"v1 with a port":      {"PROXY TCP4 192.0.2.7 198.51.100.1 65536 21\r\n", "invalid port"},
		"v1 from nowhere":     {"PROXY TCP4 0.0.0.0 198.51.100.1 1234 21\r\n", "not the address of a client"},
		"v1 from many":        {"PROXY TCP4 224.0.0.1 198.51.100.1 1234 21\r\n", "not the address of a client"},
		"v1 from all":         {"PROXY TCP4 255.255.255.255 198.51.100.1 1234 21\r\n", "not the address of a client"},
		"v2 of UDP":           {binary2(proxy, 0x12, from4), "not about a connection of TCP"},
		"v2 of UNIX":          {binary2(proxy, 0x31, "/run/a"+strings.Repeat("\x00", 102)+"/run/b"+strings.Repeat("\x00", 102)), "not about a connection of TCP"},
		"v2 of nothing":       {binary2(proxy, 0, ""), "unsupported address family"},
		"v2 of what":          {binary2(proxy, 0x13, from4), "unsupported address family"},
		"v2, version 3":       {binary2(0x31, tcp4, from4), "unsupported"},
		"v2, a new command":   {binary2(0x22, tcp4, from4), "unsupported"},
		"v2 without address":  {binary2(proxy, tcp4, from4[:11]), "invalid length"},
		"v2 too long":         {binary2(proxy, tcp4, from4+strings.Repeat("\x04\x00\x00", 1400)), "the most is 4096"},
		"v2 local, too long":  {binary2(local, tcp4, strings.Repeat("x", 4097)), "the most is 4096"},
		"v2 with half a more": {binary2(proxy, tcp4, from4+"\x02\x00\x09host"), ""},
		"v2 cut short":        {binary2(proxy, tcp4, from4)[:20], "ends after 20 octets"},
	} {
		h, _, err := read(strings.NewReader(row.text))
		if !errors.Is(err, errHeader) && !errors.Is(err, errNone) || !strings.Contains(err.Error(), row.why) {
			t.Errorf("%s: %v, %v; want %q", name, h, err, row.why)
		}
	}
	if _, _, err := read(strings.NewReader("")); !errors.Is(err, errSilent) {
		t.Errorf("nothing at all: %v", err)
	}
}

// FuzzRead: a header is never longer than is allowed, and its client is a host.
func FuzzRead(f *testing.F) {
	f.Add([]byte("PROXY TCP4 192.0.2.7 198.51.100.1 1234 21\r\nUSER"))
	f.Add([]byte(binary2(proxy, tcp6, from6) + "SSH"))
	f.Add([]byte(binary2(local, 0, "")))
	f.Fuzz(func(t *testing.T, text []byte) {
		in := bytes.NewReader(text)
		h, _, err := read(in)
		if read := len(text) - in.Len(); read > fixed+maxBehind {
			t.Fatalf("%d octets were read", read)
		}
		if err != nil || h.Command.IsLocal() {
			return
		}
		if from := source(h); !isHost(from.Addr()) || from.Addr().Is4In6() {
			t.Fatalf("the client is %v", from)
		}
	})
}
