package daemon

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"

	"dray/internal/config"
)

// TestBanBehindProxy: a ban keeps one client out of all that come through a proxy, and not the proxy.
func TestBanBehindProxy(t *testing.T) {
	for _, headers := range []config.ProxyHeaders{config.ProxyRequire, config.ProxyUse} {
		cfg := configFor(t, t.TempDir())
		cfg.Proxy = config.Proxy{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Headers: headers}
		d, err := Bind(cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.gate.Ban(netip.MustParsePrefix("192.0.2.7/32"), 0, "by hand"); err != nil {
			t.Fatal(err)
		}
		stop, end := context.WithCancel(t.Context())
		ran := make(chan error, 1)
		go func() { ran <- d.Run(stop, stop) }()
		for header, want := range map[string]string{
			"PROXY TCP4 192.0.2.7 198.51.100.1 1234 21\r\n": "421 ",
			"PROXY TCP4 192.0.2.8 198.51.100.1 1234 21\r\n": "220 ",
			"PROXY UNKNOWN\r\n":                             "220 ",
		} {
			c, err := net.Dial("tcp", d.Endpoints()[0].Addr.String())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(c, header); err != nil {
				t.Error(err)
			}
			greeting, err := bufio.NewReader(c).ReadString('\n')
			if err != nil || !strings.HasPrefix(greeting, want) {
				t.Errorf("%s, %q: %q, %v; want %s", headers, header, greeting, err, want)
			}
			c.Close()
		}
		end()
		if err := <-ran; err != nil {
			t.Error(err)
		}
	}
}
