package tftp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestServerTranscripts plays the conformance cases against a server in a network in
// memory, with virtual time.
func TestServerTranscripts(t *testing.T) {
	transcripts(t, "server-*.txt", func(t *testing.T, c *scene) (lines []string) {
		synctest.Test(t, func(t *testing.T) { lines = playServer(t, c) })
		return lines
	})
}

// The peer, another port of its host, and another host.
var peers = map[string]netip.AddrPort{
	"":  netip.MustParseAddrPort("192.0.2.1:2000"),
	"2": netip.MustParseAddrPort("192.0.2.1:2002"),
	"3": netip.MustParseAddrPort("192.0.2.3:2000"),
	"0": netip.MustParseAddrPort("192.0.2.1:0"),
	"9": netip.MustParseAddrPort("192.0.2.1:69"),
}

func playServer(t *testing.T, c *scene) []string {
	n := newMemoryNetwork()
	h := fixtures()
	s := &Server{Handler: h, noJitter: true, MaxBlockSize: 8192}
	ended := make(chan error)
	go func() { ended <- s.serve(n) }()
	d := &director{t: t, settle: synctest.Wait, now: time.Now}
	tids := map[netip.AddrPort][]int{} // that a peer has heard of
	n.deliver = func(tid int, b []byte, to netip.AddrPort) {
		for name, peer := range peers {
			if peer != to {
				continue
			}
			if tid > 0 && !slices.Contains(tids[to], tid) {
				tids[to] = append(tids[to], tid)
			}
			if i := slices.Index(tids[to], tid); i > 0 {
				name += fmt.Sprintf(" tid %d:", i+1)
			}
			d.received(name, b)
		}
	}
	d.send = func(port, packet string) { n.send(peers[port], parsePacket(t, packet)) }
	lines := d.play(c.lines, time.Sleep, func() []string {
		synctest.Wait()
		return h.report()
	})
	s.Close()
	if err := <-ended; !errors.Is(err, ErrServerClosed) {
		t.Errorf("serve: %v", err)
	}
	return lines
}

// memoryNetwork is a network of a server and its peers, without sockets.
type memoryNetwork struct {
	requests chan datagram
	closed   chan struct{}
	once     sync.Once
	path     int // the MTU of the way to the peers, 0 for not known

	mu      sync.Mutex
	ports   map[uint16]*inbox
	latest  map[netip.AddrPort]uint16 // the port that a peer talks to
	deliver func(tid int, b []byte, to netip.AddrPort)
}

func newMemoryNetwork() *memoryNetwork {
	return &memoryNetwork{requests: make(chan datagram), closed: make(chan struct{}),
		ports: map[uint16]*inbox{}, latest: map[netip.AddrPort]uint16{}}
}

// send brings a packet to the transfer of a peer, or to the listening port. The other
// ports of a host talk to the transfer of its first.
func (n *memoryNetwork) send(from netip.AddrPort, b []byte) {
	n.mu.Lock()
	p := n.ports[n.latest[from]]
	if p == nil {
		p = n.ports[n.latest[peers[""]]]
	}
	n.mu.Unlock()
	op, _, ok := split(b)
	if p == nil || !ok || op == opRRQ || op == opWRQ {
		n.requests <- datagram{content: b, remote: from, local: netip.MustParseAddr("198.51.100.1")}
		return
	}
	p.deliver(b, from)
}

func (n *memoryNetwork) readers() []func() (datagram, error) {
	return []func() (datagram, error){n.next}
}

func (n *memoryNetwork) next() (datagram, error) {
	select {
	case d := <-n.requests:
		return d, nil
	case <-n.closed:
		return datagram{}, net.ErrClosed
	}
}

func (n *memoryNetwork) answer(b []byte, d datagram) error {
	n.deliver(0, b, d.remote)
	return nil
}

func (n *memoryNetwork) open(d datagram, size int) (port, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	tid := len(n.ports) + 1
	p := newInbox(size, func(b []byte, size int, to netip.AddrPort) error {
		for len(b) > 0 {
			k := min(size, len(b))
			n.deliver(tid, b[:k], to)
			b = b[k:]
		}
		return nil
	}, func() {})
	n.ports[uint16(tid)] = p
	n.latest[d.remote] = uint16(tid)
	return p, nil
}

func (n *memoryNetwork) mtu(datagram) int { return n.path }
func (n *memoryNetwork) shared() bool     { return false }

func (n *memoryNetwork) close() error {
	n.once.Do(func() { close(n.closed) })
	return nil
}

// shelf is the Handler of the conformance cases.
type shelf struct {
	mu      sync.Mutex
	files   map[string][]byte
	stored  []string
	results []string
	endings map[string]int // of uploads: each has exactly one
	changed *sync.Cond     // results or stored
}

func fixtures() *shelf {
	h := &shelf{endings: map[string]int{}, files: map[string][]byte{
		"one": content(1), "f512": content(512), "f1024": content(1024), "f3000": content(3000),
		"big": content(100_000), "old": []byte("old"),
		"na.txt": []byte(strings.Repeat("a", 511) + "\n" + strings.Repeat("b", 510) + "\r" + "end\n"),
		"na512":  []byte(strings.Repeat("a", 510) + "\n"),
	}}
	h.changed = sync.NewCond(&h.mu)
	return h
}

func (h *shelf) ReadFile(_ context.Context, r *Request) (io.ReadCloser, int64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch r.Name {
	case "huge":
		return io.NopCloser(strings.NewReader("")), 5 << 30, nil
	case "locked":
		return nil, 0, &fs.PathError{Op: "open", Path: "/srv/tftp/locked", Err: fs.ErrPermission}
	case "panic":
		panic("the handler is broken")
	}
	b, ok := h.files[r.Name]
	if !ok {
		return nil, 0, &fs.PathError{Op: "open", Path: "/srv/tftp/" + r.Name, Err: fs.ErrNotExist}
	}
	return struct {
		*bytes.Reader
		io.Closer
	}{bytes.NewReader(b), io.NopCloser(nil)}, int64(len(b)), nil
}

func (h *shelf) WriteFile(_ context.Context, r *Request) (Upload, error) {
	switch {
	case r.Options.Size > 1<<40:
		return nil, ErrNoSpace
	case r.Name == "locked":
		return nil, fs.ErrPermission
	case r.Name == "there":
		return nil, fs.ErrExist
	case strings.HasPrefix(r.Name, "nodir/"):
		return nil, fs.ErrNotExist
	}
	return &shelfUpload{h: h, name: r.Name}, nil
}

func (h *shelf) Transferred(r *Request, t Transfer) {
	verb := "read"
	if r.Write {
		verb = "write"
	}
	words := []string{fmt.Sprintf("= %s %q: %d octets", verb, r.Name, t.Bytes)}
	if t.Negotiated != (Options{}) {
		words = append(words, t.Negotiated.String())
	}
	if t.Note != "" {
		words = append(words, t.Note)
	}
	if t.Err != nil {
		words = append(words, "failed: "+t.Err.Error())
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.results = append(h.results, strings.Join(words, "; "))
	h.changed.Broadcast()
}

// report returns the transfers that have ended and the files that were stored.
func (h *shelf) report() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Concat(h.results, h.stored)
}

type shelfUpload struct {
	bytes.Buffer
	h    *shelf
	name string
}

func (u *shelfUpload) Write(b []byte) (int, error) {
	if u.name == "full" && u.Len()+len(b) > 512 {
		return 0, ErrNoSpace
	}
	return u.Buffer.Write(b)
}

func (u *shelfUpload) Commit() error {
	u.end("stored")
	u.h.mu.Lock()
	defer u.h.mu.Unlock()
	u.h.files[u.name] = bytes.Clone(u.Bytes())
	return nil
}

func (u *shelfUpload) Abort() error {
	u.end("discarded")
	return nil
}

func (u *shelfUpload) end(how string) {
	u.h.mu.Lock()
	defer u.h.mu.Unlock()
	if u.h.endings[u.name]++; u.h.endings[u.name] > 1 {
		how = "ended again, and " + how
	}
	line := fmt.Sprintf("= %s %q, %d octets", how, u.name, u.Len())
	if u.Len() <= 24 {
		line += fmt.Sprintf(" %q", u.Bytes())
	} else {
		line += " " + checksum(u.Bytes())
	}
	u.h.stored = append(u.h.stored, line)
	u.h.changed.Broadcast()
}
