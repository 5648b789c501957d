package daemon

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dray/tftp"
)

// TestLimitsAreNamedAsSettings, whatever the engine calls them.
func TestLimitsAreNamedAsSettings(t *testing.T) {
	for field, want := range map[string]string{
		"MaxTransfers": "setting=tftp.max-transfers", "MaxUnproven": "setting=tftp.max-unproven",
		"MaxPerSource": "setting=tftp.max-per-source", "other": "limit=other",
	} {
		var out bytes.Buffer
		slog.New(limitNames{slog.NewTextHandler(&out, nil)}).With("protocol", "tftp").Warn("full", "limit", field, "remote", "a")
		if want = " msg=full protocol=tftp " + want + " remote=a\n"; !strings.HasSuffix(out.String(), want) {
			t.Errorf("%swant %s", &out, want)
		}
	}
}

// lines is where a log goes, a line at a time.
type lines chan string

func (l lines) Write(b []byte) (int, error) {
	l <- string(b)
	return len(b), nil
}

// TestLimitIsInTheLog: whoever is kept out by a setting finds its name there.
func TestLimitIsInTheLog(t *testing.T) {
	log, dir := make(lines, 100), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "image"), make([]byte, 4096), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg := configFor(t, dir)
	cfg.TFTP.MaxTransfers = 1
	d, err := Bind(cfg, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	drain, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(drain, drain) }()
	server := net.UDPAddrFromAddrPort(d.Endpoints()[1].Addr)
	first, second := listen(t), listen(t)
	request := tftp.RRQ{Name: "image"}.Append(nil)
	send(t, first, request, server)
	for n := range uint16(2) { // the answer to an ACK shows that the client is there
		if n > 0 {
			send(t, first, tftp.Ack{Block: n}.Append(nil), server)
		}
		_, from, err := first.ReadFromUDP(make([]byte, 1024))
		if err != nil {
			t.Fatal(err)
		}
		server = from
	}
	send(t, second, request, net.UDPAddrFromAddrPort(d.Endpoints()[1].Addr))
	for line := range log {
		if strings.Contains(line, "setting=tftp.max-transfers remote=127.0.0.1:") {
			break
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func listen(t *testing.T) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func send(t *testing.T, c *net.UDPConn, packet []byte, to *net.UDPAddr) {
	t.Helper()
	if _, err := c.WriteToUDP(packet, to); err != nil {
		t.Fatal(err)
	}
}
