package tftp

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestServerTranscriptsOverSockets plays the conformance cases against a server on
// loopback, with a port for each transfer and with one for all.
func TestServerTranscriptsOverSockets(t *testing.T) {
	for _, single := range []bool{false, true} {
		t.Run(fmt.Sprintf("single port %v", single), func(t *testing.T) {
			t.Parallel()
			overSockets(t, "server-*.txt", 81, func(c *scene) ([]string, error) { return playServerSockets(t, c, single) })
		})
	}
}

// TestClientTranscriptsOverSockets plays what servers do to a client, on loopback.
func TestClientTranscriptsOverSockets(t *testing.T) {
	t.Parallel()
	overSockets(t, "client*.txt", 23, func(c *scene) ([]string, error) { return playClientSockets(t, c) })
}

// overSockets plays many cases at once, since some take seconds. Of those that take minutes
// it plays the beginning; the rest is left to virtual time, as is how long a wait is.
func overSockets(t *testing.T, pattern string, atLeast int64, play func(c *scene) ([]string, error)) {
	if *update {
		t.Skip("what is played over sockets is written nowhere")
	}
	names, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil {
		t.Fatal(err)
	}
	var played atomic.Int64
	var cases sync.WaitGroup
	atOnce := make(chan struct{}, 32)
	for _, name := range names {
		for _, c := range readTranscript(t, name).cases {
			if slices.ContainsFunc(c.lines, needsServerPorts) {
				continue
			}
			cases.Go(func() {
				atOnce <- struct{}{}
				defer func() { <-atOnce }()
				got, err := play(c)
				if got, want := strings.Join(got, "\n"), strings.Join(c.lines, "\n"); err != nil || got != want {
					t.Errorf("%s: %s: %v\n--- got\n%s\n--- want\n%s", name, c.title, err, got, want)
				}
				played.Add(1)
			})
		}
	}
	cases.Wait()
	if played.Load() < atLeast {
		t.Errorf("played %d cases only, want %d", played.Load(), atLeast)
	}
}

// needsServerPorts reports whether a line sends from port 0 or 69: see TestServersAreNoClients.
func needsServerPorts(line string) bool {
	return strings.HasPrefix(line, ">0") || strings.HasPrefix(line, ">9")
}

// cast are the sockets of those who talk to the side under test.
type cast map[string]*actor

// actor is one socket.
type actor struct {
	conn *net.UDPConn
	peer net.Addr // who talked to it last
	seen map[string]bool
}

func (c cast) hire(name, host string) error {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(host)})
	if err != nil {
		return err
	}
	c[name] = &actor{conn: conn, seen: map[string]bool{}}
	return nil
}

func (c cast) dismiss() {
	for _, a := range c {
		a.conn.Close()
	}
}

// longWait ends a play: what comes so late is left to virtual time.
const longWait = 4 * time.Second

// patience is longer than anything takes.
const patience = time.Minute

// offset is the time at which something is received, after the line before.
var offset = regexp.MustCompile(`^\+(\S+) `)

// play plays the lines up to the results. It returns those that came true; over tells that
// the rest takes too long. send sends a packet of an actor.
func (c cast) play(lines []string, send func(a *actor, packet string) error) (out []string, over bool, err error) {
	begun := time.Now()
	for i, line := range lines {
		head, rest, _ := strings.Cut(line, " ")
		switch {
		case strings.HasPrefix(head, ">"):
			if err := send(c[head[1:]], rest); err != nil {
				return out, false, err
			}
		case head == "~":
			if i+1 < len(lines) && strings.HasPrefix(lines[i+1], "<") {
				break // that will be waited for
			}
			for name, a := range c {
				if got := a.receive("", 20*time.Millisecond); got != "" {
					out = append(out, "<"+name+" "+got)
				}
			}
		case strings.HasPrefix(head, "<"):
			name := head[1:]
			if port, after, ok := strings.Cut(rest, " "); ok && strings.HasPrefix(port, ":") {
				name, rest = port, after
			}
			if at := offset.FindStringSubmatch(rest); at != nil {
				if d, err := time.ParseDuration(at[1]); err != nil || max(d, time.Since(begun)) > longWait {
					return append(out, lines[i:]...), true, err
				}
				rest = rest[len(at[0]):]
			}
			if port, after, ok := strings.Cut(rest, ": "); ok && strings.HasPrefix(port, "tid ") {
				rest = after // a port of its own, or not
			}
			if got := c[name].receive(rest, patience); got != rest {
				return append(out, head+" "+got), false, nil
			}
		case head == "=":
			return out, false, nil
		}
		out = append(out, line)
	}
	return out, false, nil
}

// receive returns the next packet, or "" for none in time. What has come before is
// passed over unless it is wanted: a busy machine lets timers run out.
func (a *actor) receive(want string, timeout time.Duration) string {
	if err := a.conn.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return err.Error()
	}
	var b [maxDatagram]byte
	for {
		n, from, err := a.conn.ReadFrom(b[:])
		if err != nil {
			return ""
		}
		got := describe(b[:n])
		if a.seen[got] && got != want {
			continue
		}
		a.seen[got] = true
		a.peer = from
		return got
	}
}

func playServerSockets(t *testing.T, c *scene, single bool) (out []string, err error) {
	h := fixtures()
	u := serve(t, &Server{Handler: h, noJitter: true, MaxBlockSize: 8192, SinglePort: single, MaxUnproven: 100, MaxPerSource: 100})
	listening := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: u.Port}
	peers := cast{}
	defer peers.dismiss()
	if err := errors.Join(peers.hire("", "127.0.0.1"), peers.hire("2", "127.0.0.1"), peers.hire("3", "127.0.0.1")); err != nil {
		return nil, err
	}
	lines := c.lines
	if single { // what a stranger sends to the one port is no part of any transfer
		lines = slices.DeleteFunc(slices.Clone(lines), isUnknownTID)
	}
	out, over, err := peers.play(lines, func(a *actor, packet string) error {
		to := a.peer
		if to == nil {
			to = peers[""].peer
		}
		b := parsePacket(t, packet)
		if op, _, ok := split(b); to == nil || !ok || op == opRRQ || op == opWRQ {
			to = listening
		}
		_, err := a.conn.WriteTo(b, to)
		return err
	})
	switch {
	case err != nil:
		return out, err
	case over || len(out) < len(lines) && lines[len(out)][0] != '=':
		return out, nil
	}
	out = append(out, h.await(lines[len(out):])...)
	if slices.Equal(out, lines) {
		return c.lines, nil
	}
	return out, nil
}

func isUnknownTID(line string) bool { return strings.HasPrefix(line, "<2 ERROR 5 ") }

// await waits until as many results as there are in want have come. Those of different
// transfers come in any order.
func (h *shelf) await(want []string) []string {
	h.mu.Lock()
	for len(h.results)+len(h.stored) < len(want) {
		h.changed.Wait()
	}
	h.mu.Unlock()
	got := h.report()
	if len(want) == 0 { // how it ends is not told
		return nil
	}
	if slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
		return want
	}
	return got
}

// playClientSockets plays a server: one socket takes the requests, and others answer, one
// of them from another host.
func playClientSockets(t *testing.T, c *scene) (out []string, err error) {
	servers := cast{}
	defer servers.dismiss()
	if err := errors.Join(servers.hire(":69", "127.0.0.1"), servers.hire("", "127.0.0.1"), servers.hire("2", "127.0.0.1"), servers.hire("3", "127.0.0.2")); err != nil {
		return nil, err
	}
	s := &clientStage{t: t}
	s.client.noJitter = true
	s.server = URL{Host: "127.0.0.1", Port: servers[":69"].conn.LocalAddr().(*net.UDPAddr).Port}
	results := make(chan struct{})
	out, over, err := servers.play(c.lines, func(a *actor, packet string) error {
		if words := splitWords(t, packet); words[0] == "get" || words[0] == "put" {
			go func() {
				defer close(results)
				s.start(words)
			}()
			return nil
		}
		to := servers[":69"].peer
		_, err := a.conn.WriteTo(parsePacket(t, packet), to)
		return err
	})
	told := len(out) < len(c.lines) && c.lines[len(out)][0] == '='
	if !told || over { // nobody waits for its end
		for _, name := range []string{"", "3"} {
			if to := servers[":69"].peer; to != nil {
				_, err = servers[name].conn.WriteTo((&Error{CodeNotFound, "the play is over"}).Append(nil), to)
			}
		}
	}
	<-results
	s.client.Close()
	if told {
		out = append(out, s.results...)
	}
	return out, err
}
