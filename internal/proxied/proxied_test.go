package proxied

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"
)

// v2 is a header of version 2.
func v2(t *testing.T, h *proxyproto.Header) string {
	t.Helper()
	b, err := h.Format()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestHeaders: what a balancer sends, where the connection then comes from, and what is left
// for the protocol behind.
func TestHeaders(t *testing.T) {
	client, server := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7).To4(), Port: 4711}, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1).To4(), Port: 21}
	tcp4 := &proxyproto.Header{Version: 2, Command: proxyproto.PROXY, TransportProtocol: proxyproto.TCPv4, SourceAddr: client, DestinationAddr: server}
	check := &proxyproto.Header{Version: 2, Command: proxyproto.LOCAL, TransportProtocol: proxyproto.UNSPEC}
	const here = "balancer" // the address of the connection itself
	for name, c := range map[string]struct {
		sent             string
		trusted, want    string // the address, or closed
		rest             string
		wantIfItIsNoDuty string
	}{
		"version 1":         {"PROXY TCP4 192.0.2.7 192.0.2.1 4711 21\r\nUSER amy", "127.0.0.0/8", "192.0.2.7:4711", "USER amy", ""},
		"version 1, IPv6":   {"PROXY TCP6 2001:db8::7 2001:db8::1 4711 21\r\nx", "127.0.0.0/8", "[2001:db8::7]:4711", "x", ""},
		"version 1, itself": {"PROXY UNKNOWN\r\nx", "127.0.0.0/8", here, "x", ""},
		"version 2":         {v2(t, tcp4) + "\x16\x03\x01", "127.0.0.0/8", "192.0.2.7:4711", "\x16\x03\x01", ""},
		"version 2, itself": {v2(t, check) + "x", "127.0.0.0/8", here, "x", ""},
		"none":              {"USER amy", "127.0.0.0/8", "closed", "USER amy", here},
		"almost one":        {"PROXIMA", "127.0.0.0/8", "closed", "PROXIMA", here},
		"cut":               {"PROXY TCP4 192.0.2.7", "127.0.0.0/8", "closed", "", "closed"},
		"without an end":    {"PROXY TCP4 " + string(make([]byte, 200)), "127.0.0.0/8", "closed", "", "closed"},
		"nonsense":          {"PROXY TCP4 me you 1 2\r\n", "127.0.0.0/8", "closed", "", "closed"},
		"endless version 2": {v2(t, tcp4)[:14] + "\xff\xff", "127.0.0.0/8", "closed", "", "closed"},
		"of a stranger":     {"PROXY TCP4 192.0.2.7 192.0.2.1 4711 21\r\nx", "192.0.2.0/24", here, "PROXY TCP4 192.0.2.7 192.0.2.1 4711 21\r\nx", ""},
	} {
		for _, optional := range []bool{false, true} {
			want := c.want
			if optional && c.wantIfItIsNoDuty != "" {
				want = c.wantIfItIsNoDuty
			}
			got, rest := through(t, &Trust{Networks: []netip.Prefix{netip.MustParsePrefix(c.trusted)}, Optional: optional, Log: slog.New(slog.DiscardHandler)}, c.sent)
			if got != want || got != "closed" && rest != c.rest {
				t.Errorf("%s, optional %v: %s, %q; want %s, %q", name, optional, got, rest, want, c.rest)
			}
		}
	}
}

// through sends something through a listener, and returns where that came from and what
// was left of it.
func through(t *testing.T, trust *Trust, sent string) (from, rest string) {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := trust.Listen(inner)
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, sent); err != nil {
		t.Fatal(err)
	}
	_ = c.(*net.TCPConn).CloseWrite() // unless it has been closed already
	accepted := make(chan net.Conn, 1)
	go func() {
		if in, err := l.Accept(); err == nil {
			accepted <- in
		}
	}()
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, c) // ends when the other side closes
		close(ended)
	}()
	select {
	case in := <-accepted:
		defer in.Close()
		b, err := io.ReadAll(in)
		if err != nil {
			t.Error(err)
		}
		if in.RemoteAddr().String() == c.LocalAddr().String() {
			return "balancer", string(b)
		}
		return in.RemoteAddr().String(), string(b)
	case <-ended:
		return "closed", ""
	}
}

// TestSilence: who sends no header holds up nobody, and is sent away, or served where a
// header is no duty, when its time is over.
func TestSilence(t *testing.T) {
	for _, optional := range []bool{false, true} {
		inner, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		trust := &Trust{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Optional: optional, Log: slog.New(slog.DiscardHandler), Timeout: time.Millisecond}
		l := trust.Listen(inner)
		silent, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if optional {
			c, err := l.Accept()
			if err != nil || c.RemoteAddr().String() != silent.LocalAddr().String() {
				t.Errorf("%v, %v", c, err)
			}
		} else if _, err := io.Copy(io.Discard, silent); err != nil {
			t.Error(err)
		}
		if err := errors.Join(silent.Close(), l.Close()); err != nil {
			t.Error(err)
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("after the end: %v", err)
		}
	}
}
