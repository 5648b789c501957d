package tftp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestClientTranscripts plays what servers do to a client, with virtual time.
func TestClientTranscripts(t *testing.T) {
	transcripts(t, "client.txt", func(t *testing.T, c *scene) (lines []string) {
		synctest.Test(t, func(t *testing.T) { lines = playClient(t, c) })
		return lines
	})
}

// The server's transfer port, another port of its host, and another host. A client asks
// port 69 of 192.0.2.1.
var servers = map[string]netip.AddrPort{
	"":  netip.MustParseAddrPort("192.0.2.1:2000"),
	"2": netip.MustParseAddrPort("192.0.2.1:2002"),
	"3": netip.MustParseAddrPort("192.0.2.3:2000"),
}

// clientStage is where one transfer of a client is played.
type clientStage struct {
	t      *testing.T
	client Client
	server URL // without a name
	d      *director

	mu      sync.Mutex
	current *inbox
	results []string
}

func playClient(t *testing.T, c *scene) []string {
	s := &clientStage{t: t, server: URL{Host: "192.0.2.1"}}
	s.client.dial, s.client.noJitter = s.dial, true
	s.d = &director{t: t, settle: synctest.Wait, now: time.Now}
	var wg sync.WaitGroup
	s.d.send = func(port, line string) {
		words := splitWords(t, line)
		if words[0] == "get" || words[0] == "put" {
			wg.Go(func() { s.start(words) })
			return
		}
		s.mu.Lock()
		p := s.current
		s.mu.Unlock()
		p.deliver(parsePacket(t, line), servers[port])
	}
	lines := s.d.play(c.lines, time.Sleep, func() []string {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.results
	})
	s.mu.Lock()
	p := s.current
	s.mu.Unlock()
	p.deliver(parsePacket(t, `ERROR 1 "the play is over"`), servers[""])
	p.deliver(parsePacket(t, `ERROR 1 "the play is over"`), servers["3"])
	wg.Wait()
	s.client.Close()
	return lines
}

func (s *clientStage) dial(_ netip.AddrPort, size int) (port, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = newInbox(size, func(b []byte, size int, to netip.AddrPort) error {
		for len(b) > 0 {
			n := min(size, len(b))
			name := ""
			for k, a := range servers {
				if a == to {
					name = k
				}
			}
			if to.Port() == DefaultPort {
				name = " :69"
			}
			s.d.received(name, b[:n])
			b = b[n:]
		}
		return nil
	}, func() {})
	return s.current, nil
}

// start runs a transfer: get "name" mode …, or put "name" mode octets ….
func (s *clientStage) start(words []string) {
	ctx := context.Background()
	u := s.server.with(words[1])
	u.Mode, _ = ParseMode(words[2])
	size := -1
	for _, w := range words[3:] {
		name, value, _ := strings.Cut(w, "=")
		switch name {
		case "anyhost":
			s.client.AnyHost = true
		case "timeout":
			s.client.Timeout, _ = time.ParseDuration(value)
		case "cancel":
			after, _ := time.ParseDuration(value)
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, after)
			defer cancel()
		default:
			size, _ = strconv.Atoi(name)
		}
	}
	var got bytes.Buffer
	var tr Transfer
	var err error
	if words[0] == "get" {
		tr, err = s.client.Get(ctx, u, &got)
	} else {
		tr, err = s.client.Put(ctx, u, io.LimitReader(bytes.NewReader(content(size)), int64(size)), int64(size))
	}
	line := fmt.Sprintf("= %s: %d octets", words[0], tr.Bytes)
	if tr.Negotiated != (Options{}) {
		line += "; " + tr.Negotiated.String()
	}
	if err != nil {
		line += "; failed: " + err.Error()
	}
	if words[2] == "netascii" {
		line += fmt.Sprintf("; %q", got.Bytes())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.results = append(s.results, line)
}
