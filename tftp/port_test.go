package tftp

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"
)

// TestTrain sends trains of every shape: each arrives as datagrams of the right sizes.
func TestTrain(t *testing.T) {
	for _, c := range []struct {
		why         string
		octets, cut int
	}{
		{"one", 100, 516}, {"two, the last full", 200, 100}, {"the last shorter", 250, 100},
		{"44 Ethernet frames", 44 * 1472, 1472}, {"64 small ones and a bit", 64*12 - 8, 12},
	} {
		t.Run(c.why, func(t *testing.T) {
			to := raw(t)
			p, err := openUDP(netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.1"), Ports{}, 100)
			if err != nil {
				t.Fatal(err)
			}
			defer p.close()
			sendTrain(t, p, to, content(c.octets), c.cut)
		})
	}
}

func sendTrain(t *testing.T, p *udpPort, to *net.UDPConn, train []byte, cut int) {
	t.Helper()
	if err := p.send(train, cut, unmap(to.LocalAddr().(*net.UDPAddr).AddrPort())); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, maxDatagram)
	for rest := train; len(rest) > 0; {
		n, err := to.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		if want := rest[:min(cut, len(rest))]; !bytes.Equal(b[:n], want) {
			t.Fatalf("a datagram of %d octets, want %d, %d before the end", n, len(want), len(rest))
		}
		rest = rest[min(cut, len(rest)):]
	}
}

// TestPortGivesUp: with its deadline, or when it is woken, before receive or in it.
func TestPortGivesUp(t *testing.T) {
	udp, err := openUDP(netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.1"), Ports{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]port{"udp": udp, "inbox": newInbox(100, nil, func() {})} {
		t.Run(name, func(t *testing.T) {
			hour := time.Now().Add(time.Hour)
			p.arm(time.Now())
			if _, _, err := p.receive(); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("deadline: %v", err)
			}
			p.wake()
			p.arm(hour)
			if _, _, err := p.receive(); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("woken before: %v", err)
			}
			p.arm(hour)
			var wg sync.WaitGroup
			wg.Go(p.wake)
			if _, _, err := p.receive(); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("woken: %v", err)
			}
			wg.Wait()
			if err := p.close(); err != nil {
				t.Error(err)
			}
			if _, _, err := p.receive(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("closed: %v", err)
			}
		})
	}
}

func TestInboxDropsWhatIsTooMuch(t *testing.T) {
	p := newInbox(100, nil, func() {})
	for i := range maxLetters + 10 {
		p.deliver([]byte{byte(i)}, peers[""])
	}
	p.arm(time.Now())
	for i := range maxLetters {
		if b, from, err := p.receive(); err != nil || b[0] != byte(i) || from != peers[""] {
			t.Fatalf("letter %d: %v from %v, %v", i, b, from, err)
		}
	}
	if b, _, err := p.receive(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("one too many: %v, %v", b, err)
	}
	p.deliver(make([]byte, 500), peers[""])
	if b, _, err := p.receive(); err != nil || len(b) != 101 {
		t.Errorf("a long letter: %d octets, %v; want one more than there may be", len(b), err)
	}
}

// pattern is a file of any size that takes no room.
type pattern int64

func (p pattern) ReadAt(b []byte, offset int64) (int, error) {
	for i := range b {
		if offset+int64(i) >= int64(p) {
			return i, io.EOF
		}
		b[i] = byte((offset + int64(i)) * 31 >> 8)
	}
	return len(b), nil
}

// TestFileBeyond4GiB reads where 32 bits do not reach.
func TestFileBeyond4GiB(t *testing.T) {
	const size = 5<<30 + 100
	s := fileSource{r: pattern(size), size: size, block: 1428}
	b, want := make([]byte, 2*1428), make([]byte, 2*1428)
	const block = 5 << 30 / 1428
	if n, err := s.read(b, block); err != nil || n != 1428+size-block*1428 {
		t.Errorf("the last blocks: %d octets, %v", n, err)
	}
	for _, first := range []int64{1, 1 << 20, 3<<30/1428 + 1, 4<<30/1428 + 1} {
		if n, err := s.read(b, first); n != len(b) || err != nil {
			t.Fatal(n, err)
		}
		if _, err := pattern(size).ReadAt(want, (first-1)*1428); err != nil || !bytes.Equal(b, want) {
			t.Errorf("block %d is another one", first)
		}
	}
}

// TestSources read the same octets as often as they are asked, until they are released.
func TestSources(t *testing.T) {
	file := content(100)
	for name, s := range map[string]source{
		"file":           &fileSource{r: bytes.NewReader(file), size: 100, block: 8},
		"file, ahead":    &fileSource{r: bytes.NewReader(file), size: 100, block: 8, buffers: &sync.Pool{New: newAheadBuffer}, runs: aheadAfter},
		"stream":         newStreamSource(bytes.NewReader(file), 100, 8),
		"stream, no end": newStreamSource(bytes.NewReader(file), -1, 8),
	} {
		t.Run(name, func(t *testing.T) {
			for _, c := range []struct{ release, first, blocks, want int64 }{
				{1, 1, 4, 32}, {1, 3, 4, 32}, {1, 1, 1, 8}, {3, 3, 2, 16}, {5, 5, 9, 68}, {13, 13, 3, 4}, {13, 13, 1, 4},
			} {
				s.release(c.release)
				b := make([]byte, c.blocks*8)
				n, err := s.read(b, c.first)
				if err != nil || int64(n) != c.want || !bytes.Equal(b[:n], file[(c.first-1)*8:][:n]) {
					t.Errorf("%d blocks from %d: %d octets, %v; want %d", c.blocks, c.first, n, err, c.want)
				}
			}
			if s.octets() != 100 {
				t.Errorf("%d octets in all", s.octets())
			}
		})
	}
	for name, s := range map[string]source{
		"file":   &fileSource{r: bytes.NewReader(file), size: 200, block: 8},
		"stream": newStreamSource(bytes.NewReader(file), 200, 8),
	} {
		if _, err := s.read(make([]byte, 200), 1); !errors.Is(err, ErrTruncated) {
			t.Errorf("%s that is shorter than it was: %v", name, err)
		}
	}
}

// stillPort takes everything and has nothing.
type stillPort struct{ sent int }

func (p *stillPort) arm(time.Time) {}
func (p *stillPort) receive() ([]byte, netip.AddrPort, error) {
	return nil, netip.AddrPort{}, os.ErrDeadlineExceeded
}
func (p *stillPort) send(b []byte, _ int, _ netip.AddrPort) error {
	p.sent += len(b)
	return nil
}
func (p *stillPort) wake()        {}
func (p *stillPort) close() error { return nil }

// TestPacketsTakeNoMemory: neither side allocates for a packet.
func TestPacketsTakeNoMemory(t *testing.T) {
	x := &exchange{port: new(stillPort), peer: peers[""]}
	buffers := sync.Pool{New: newTrainBuffer}
	o := Options{BlockSize: 512, WindowSize: 4}
	s := sending{exchange: x, machine: newSender(1, time.Now()), buffers: &buffers, file: &fileSource{r: pattern(1 << 40), size: 1 << 40, block: 512, buffers: &sync.Pool{New: newAheadBuffer}}}
	s.negotiate(o)
	ack := make([]byte, headerSize)
	if n := testing.AllocsPerRun(1000, func() {
		if err := s.flush(time.Now()); err != nil {
			t.Fatal(err)
		}
		appendHeader(ack[:0], opACK, s.machine.rollover.wire(s.machine.next-1))
		if err := s.take(ack, time.Now()); err != nil {
			t.Fatal(err)
		}
	}); n >= 1 {
		t.Errorf("sending a window allocates %v times", n)
	}
	r := receiving{exchange: x, machine: newReceiver(0, time.Now()), file: io.Discard}
	r.machine.negotiate(o)
	data := Data{1, content(512)}.Append(nil)
	if n := testing.AllocsPerRun(1000, func() {
		if err := r.flush(); err != nil {
			t.Fatal(err)
		}
		appendHeader(data[:0], opDATA, r.machine.rollover.wire(r.machine.want))
		r.machine.recv(data, time.Now())
		if err := r.store(time.Now()); err != nil {
			t.Fatal(err)
		}
	}); n >= 1 {
		t.Errorf("receiving a block allocates %v times", n)
	}
}
