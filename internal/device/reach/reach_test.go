package reach_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

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

	gate, known := forwarder(t)
	through := sshclient.Dialer{KnownHosts: []string{known}, Identities: []string{gate.identity}, User: "amy"}
	conn, err = reach.TelnetThrough(t.Context(), through, gate.addr, e.Telnet)
	if err != nil {
		t.Fatal(err)
	}
	work(t, func() (*term.Session, error) { return term.Open(t.Context(), conn, cfg) })
	if _, err := reach.TelnetThrough(t.Context(), through, gate.addr, "127.0.0.1:1"); !errors.Is(err, reach.ErrConnect) {
		t.Errorf("a device that is not behind the gate: %v", err)
	}
	if _, err := reach.TelnetThrough(t.Context(), sshclient.Dialer{User: "amy"}, gate.addr, e.Telnet); !errors.Is(err, sshclient.ErrHostKeyUnknown) {
		t.Errorf("a gate that is not known: %v", err)
	}

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

// gate is an SSH server that forwards connections, and nothing else.
type gate struct{ addr, identity string }

// forwarder runs a gate that admits one key, and returns a file that knows its own.
func forwarder(t *testing.T) (g gate, known string) {
	t.Helper()
	_, hostKey, err1 := ed25519.GenerateKey(rand.Reader)
	host, err2 := ssh.NewSignerFromKey(hostKey)
	_, userKey, err3 := ed25519.GenerateKey(rand.Reader)
	block, err4 := ssh.MarshalPrivateKey(userKey, "")
	l, err5 := net.Listen("tcp", "127.0.0.1:0")
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		t.Fatal(err)
	}
	g = gate{l.Addr().String(), filepath.Join(t.TempDir(), "id")}
	known = filepath.Join(t.TempDir(), "known_hosts")
	line := knownhosts.Line([]string{knownhosts.Normalize(g.addr)}, host.PublicKey())
	if err := errors.Join(os.WriteFile(g.identity, pem.EncodeToMemory(block), 0o600), os.WriteFile(known, []byte(line), 0o600)); err != nil {
		t.Fatal(err)
	}
	cfg := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if k, ok := key.(ssh.CryptoPublicKey); ok && userKey.Public().(ed25519.PublicKey).Equal(k.CryptoPublicKey()) {
			return nil, nil
		}
		return nil, errors.New("another key")
	}}
	cfg.AddHostKey(host)
	var all sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { forward(conn, cfg) })
		}
	})
	return g, known
}

func forward(conn net.Conn, cfg *ssh.ServerConfig) {
	defer conn.Close()
	_, channels, requests, err := ssh.NewServerConn(conn, cfg)
	if err != nil {
		return
	}
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() { ssh.DiscardRequests(requests) })
	for n := range channels {
		var to struct {
			Host   string
			Port   uint32
			Origin string
			From   uint32
		}
		if ssh.Unmarshal(n.ExtraData(), &to) != nil {
			return
		}
		out, err := net.Dial("tcp", net.JoinHostPort(to.Host, strconv.Itoa(int(to.Port))))
		if err != nil {
			_ = n.Reject(ssh.ConnectionFailed, err.Error())
			continue
		}
		in, requests, err := n.Accept()
		if err != nil {
			out.Close()
			return
		}
		all.Go(func() { ssh.DiscardRequests(requests) })
		all.Go(func() { _, _ = io.Copy(out, in); out.Close() })
		all.Go(func() { _, _ = io.Copy(in, out); in.Close() })
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
