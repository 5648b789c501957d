package reach_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"dray/internal/device/iossim/rack"
	"dray/internal/device/reach"
	"dray/internal/device/term"
	"dray/internal/sshclient"
)

// TestReach works at a simulated device by both ways, as its inventory says.
func TestReach(t *testing.T) {
	at := netip.MustParseAddr("127.0.0.1")
	devices, err := rack.Standard(1).Expand(at)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rack.Bind(rack.Config{Listen: at, Devices: devices})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	v, err := reach.ParseInventory([]byte(rack.Inventory(r.Endpoints())))
	if err != nil {
		t.Fatal(err)
	}
	e, ok := v.Find("R1")
	if !ok {
		t.Fatal(v)
	}
	key, err := reach.Fingerprint(e.HostKey)
	if err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(e.SSH)
	n, _ := strconv.Atoi(port)
	dialer := &sshclient.Dialer{HostKey: key, User: e.User, Password: e.Password}
	cfg := term.Config{User: e.User, Password: e.Password, Enable: e.Enable}

	conn, err := reach.SSH(t.Context(), dialer, sshclient.Target{Host: host, Port: n})
	if err != nil {
		t.Fatal(err)
	}
	work(t, func() (*term.Session, error) { return term.Open(t.Context(), conn, cfg) })
	conn, err = reach.Telnet(t.Context(), e.Telnet)
	if err != nil {
		t.Fatal(err)
	}
	work(t, func() (*term.Session, error) { return term.Open(t.Context(), conn, cfg) })

	dialer.HostKey = "SHA256:AAAA"
	if _, err := reach.SSH(t.Context(), dialer, sshclient.Target{Host: host, Port: n}); !errors.Is(err, sshclient.ErrPin) {
		t.Errorf("another key: %v", err)
	}
	if _, err := reach.Telnet(t.Context(), "127.0.0.1:1"); !errors.Is(err, reach.ErrConnect) {
		t.Error(err)
	}
}

// work gives a command that is longer than a usual terminal is wide.
func work(t *testing.T, open func() (*term.Session, error)) {
	t.Helper()
	s, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	out, err := s.Run(t.Context(), term.Command{Text: "show running-config | include hostname" + strings.Repeat("|none of these words", 10)})
	if err != nil || out.Text() != "hostname R1\n" {
		t.Errorf("%q, %v", out.Text(), err)
	}
}

func TestInventories(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "there is none",
		"{":                     "",
		"devices:\n  - nam: x":  "nam",
		"devices:\n  - ssh: x":  "has no name",
		"devices:\n  - name: x": "neither ssh nor telnet",
		"devices:\n  - name: x\n    ssh: y\n  - name: x\n    ssh: z": "twice",
		"devices:\n  - name: x\n    ssh: y\n    host-key: none":      "host-key of x",
	} {
		if _, err := reach.ParseInventory([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %q", text, err, want)
		}
	}
	for in, want := range map[string]string{"r1": "r1:23", "r1:2300": "r1:2300", "[::1]": "[::1]:23", "[::1]:5": "[::1]:5", "192.0.2.1": "192.0.2.1:23"} {
		if got := reach.WithPort(in, "23"); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}
