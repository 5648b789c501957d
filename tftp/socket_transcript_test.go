package tftp

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestServerTranscriptsOverSockets plays the conformance cases against a server on
// loopback, with a port for each transfer and with one for all. What takes time is left
// to virtual time.
func TestServerTranscriptsOverSockets(t *testing.T) {
	for _, single := range []bool{false, true} {
		t.Run(fmt.Sprintf("single port %v", single), func(t *testing.T) {
			played := 0
			transcripts(t, "server-*.txt", func(t *testing.T, c *scene) []string {
				if *update || !playable(c, single) {
					return c.lines
				}
				played++
				return playSockets(t, c, single)
			})
			if played < 40 && !*update {
				t.Errorf("played %d cases only", played)
			}
		})
	}
}

// playable reports whether real sockets can play a case: no ports that one cannot have,
// no waits that bring anything or are long, and nothing that needs a port of its own.
func playable(c *scene, single bool) bool {
	if single && slices.Contains([]string{"D4", "D11"}, c.id()) {
		return false // what a stranger sends to the one port is no part of any transfer
	}
	for i, line := range c.lines {
		if strings.HasPrefix(line, ">0") || strings.HasPrefix(line, ">9") {
			return false
		}
		wait, ok := strings.CutPrefix(line, "~ ")
		if !ok {
			continue
		}
		d, err := time.ParseDuration(wait)
		if err != nil || d > 300*time.Millisecond || i+1 < len(c.lines) && strings.HasPrefix(c.lines[i+1], "<") {
			return false
		}
	}
	return true
}

// actor is a peer's socket.
type actor struct {
	conn   *net.UDPConn
	server net.Addr // the transfer's port
	seen   map[string]bool
}

func playSockets(t *testing.T, c *scene, single bool) (out []string) {
	h := fixtures()
	u := serve(t, &Server{Handler: h, noJitter: true, MaxBlockSize: 8192, SinglePort: single, MaxUnproven: 100, MaxPerSource: 100})
	listening := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: u.Port}
	actors := map[string]*actor{}
	for _, name := range []string{"", "2", "3"} {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		actors[name] = &actor{conn: conn, seen: map[string]bool{}}
	}
	for i, line := range c.lines {
		head, rest, _ := strings.Cut(line, " ")
		switch {
		case strings.HasPrefix(head, ">"):
			to := actors[head[1:]].server
			if to == nil {
				to = actors[""].server
			}
			b := parsePacket(t, rest)
			if op, _, ok := split(b); to == nil || !ok || op == opRRQ || op == opWRQ {
				to = listening
			}
			if _, err := actors[head[1:]].conn.WriteTo(b, to); err != nil {
				t.Fatal(err)
			}
		case head == "~":
			for name, a := range actors {
				if got := a.receive(t, nil, 20*time.Millisecond); got != "" {
					out = append(out, "<"+name+" "+got)
				}
			}
		case strings.HasPrefix(head, "<"):
			want := rest
			if _, after, ok := strings.Cut(rest, ": "); ok {
				want = after // a port of its own, or not
			}
			a := actors[head[1:]]
			if got := a.receive(t, &want, 20*time.Second); got != want {
				out = append(out, head+" "+got)
				continue
			}
		case head == "=":
			return append(out, h.await(c.lines[i:])...)
		}
		out = append(out, line)
	}
	return out
}

// receive returns the next packet, or "" for none in time. What has come before is
// passed over unless it is wanted: a busy machine lets timers run out.
func (a *actor) receive(t *testing.T, want *string, timeout time.Duration) string {
	if err := a.conn.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		t.Fatal(err)
	}
	var b [maxDatagram]byte
	for {
		n, from, err := a.conn.ReadFrom(b[:])
		if err != nil {
			return ""
		}
		got := describe(b[:n])
		if a.seen[got] && (want == nil || got != *want) {
			continue
		}
		a.seen[got] = true
		a.server = from
		return got
	}
}

// await waits until as many results as there are in want have come. Those of different
// transfers come in any order.
func (h *shelf) await(want []string) []string {
	h.mu.Lock()
	for len(h.results)+len(h.stored) < len(want) {
		h.changed.Wait()
	}
	h.mu.Unlock()
	got := h.report()
	if slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
		return want
	}
	return got
}
