package tftp

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// seated returns a port that has taken a seat, and its peer.
func seated(t *testing.T, s *seats) (*udpPort, *net.UDPConn) {
	t.Helper()
	loopback := netip.MustParseAddr("127.0.0.1")
	p, err := openUDP(loopback, loopback, Ports{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.close() })
	p.line.join(s)
	p.arm(time.Now().Add(time.Hour))
	peer := raw(t)
	for i := range byte(seatAfter + 1) {
		if p.line.conn == nil {
			t.Fatalf("sits after %d datagrams", i)
		}
		turn(t, p, peer, i)
	}
	if p.line.conn != nil {
		t.Fatal("took no seat")
	}
	return p, peer
}

// turn has a datagram go to and fro.
func turn(t *testing.T, p *udpPort, peer *net.UDPConn, n byte) {
	t.Helper()
	if _, err := peer.WriteToUDPAddrPort([]byte{n}, address(t, p)); err != nil {
		t.Fatal(err)
	}
	b, from, err := p.receive()
	if err != nil || len(b) != 1 || b[0] != n {
		t.Fatalf("turn %d: % x, %v", n, b, err)
	}
	if err := p.send(b, len(b), from); err != nil {
		t.Fatal(err)
	}
	var back [2]byte
	if size, err := peer.Read(back[:]); err != nil || size != 1 || back[0] != n {
		t.Fatalf("turn %d came back as % x, %v", n, back[:size], err)
	}
}

// address returns where datagrams for a port go.
func address(t *testing.T, p *udpPort) netip.AddrPort {
	t.Helper()
	find := func(fd int) unix.Sockaddr {
		a, err := unix.Getsockname(fd)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	var a unix.Sockaddr
	if p.line.conn == nil {
		a = find(p.line.fd)
	} else if err := control(p.line.conn, func(fd int) error { a = find(fd); return nil }); err != nil {
		t.Fatal(err)
	}
	own := a.(*unix.SockaddrInet4)
	return netip.AddrPortFrom(netip.AddrFrom4(own.Addr), uint16(own.Port))
}

// TestSeatIsGivenUp when nothing comes in time, with the deadline, when somebody wakes the
// port and when there are more transfers than seats. The port works on, and sits again.
func TestSeatIsGivenUp(t *testing.T) {
	hour := time.Now().Add(time.Hour)
	for _, c := range []struct {
		why string
		act func(t *testing.T, p *udpPort, s *seats)
	}{
		{"deadline", func(t *testing.T, p *udpPort, _ *seats) {
			p.arm(time.Now().Add(2 * seatTime))
			if _, _, err := p.receive(); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%v", err)
			}
		}},
		{"deadline at once", func(t *testing.T, p *udpPort, _ *seats) {
			p.arm(time.Now())
			if _, _, err := p.receive(); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%v", err)
			}
		}},
		{"woken before", func(t *testing.T, p *udpPort, _ *seats) {
			p.wake()
			p.arm(hour)
			if _, _, err := p.receive(); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%v", err)
			}
		}},
		{"woken", func(t *testing.T, p *udpPort, _ *seats) {
			var wg sync.WaitGroup
			wg.Go(p.wake)
			defer wg.Wait()
			if _, _, err := p.receive(); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%v", err)
			}
		}},
		{"crowd", func(t *testing.T, p *udpPort, s *seats) {
			s.add(1)
			turn(t, p, raw(t), 7)
			s.add(-1)
		}},
	} {
		t.Run(c.why, func(t *testing.T) {
			s := &seats{max: 1}
			p, peer := seated(t, s)
			c.act(t, p, s)
			if p.line.conn == nil {
				t.Error("keeps its seat")
			}
			p.arm(hour)
			for i := range byte(seatAfter + 1) {
				turn(t, p, peer, i)
			}
			if p.line.conn != nil {
				t.Error("takes no seat again")
			}
			if got := s.busy.Load(); got != 1 {
				t.Errorf("%d transfers get on", got)
			}
			if err := p.close(); err != nil || s.busy.Load() != 0 {
				t.Errorf("closed: %v, %d transfers get on", err, s.busy.Load())
			}
		})
	}
}

// TestSeatHearsThatThePeerIsGone: an ICMP message ends the wait.
func TestSeatHearsThatThePeerIsGone(t *testing.T) {
	p, peer := seated(t, &seats{max: 1})
	gone := unmap(peer.LocalAddr().(*net.UDPAddr).AddrPort())
	peer.Close()
	if err := p.send([]byte{1}, 1, gone); err != nil {
		t.Fatal(err)
	}
	if _, from, err := p.receive(); !errors.Is(err, ErrGone) || from != gone {
		t.Errorf("from %v: %v, want %v", from, err, ErrGone)
	}
}

// TestNoSeat: with one processor, or for a client, nobody sits.
func TestNoSeat(t *testing.T) {
	for _, s := range []*seats{nil, {}} {
		loopback := netip.MustParseAddr("127.0.0.1")
		p, err := openUDP(loopback, loopback, Ports{}, 100)
		if err != nil {
			t.Fatal(err)
		}
		defer p.close()
		p.line.join(s)
		p.arm(time.Now().Add(time.Hour))
		peer := raw(t)
		for i := range byte(3 * seatAfter) {
			turn(t, p, peer, i)
		}
		if p.line.conn == nil {
			t.Error("takes a seat")
		}
	}
}
