package tftp

import (
	"errors"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
)

// TestTrainWithoutOffload: where there is no segmentation offload, sendmmsg sends.
func TestTrainWithoutOffload(t *testing.T) {
	to := raw(t)
	p, err := openUDP(netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.1"), Ports{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	sendTrain(t, p, to, content(20*512+7), 512)
	if p.line.out.noSegments {
		t.Skip("this kernel has none anyway")
	}
	sendTrain(t, p, to, content(200*8), 8) // more segments than the kernel takes
	if !p.line.out.noSegments {
		t.Error("200 segments went out in one call")
	}
	sendTrain(t, p, to, content(20*512+7), 512)
}

// TestRouteMTU asks for the MTU of loopback.
func TestRouteMTU(t *testing.T) {
	local := netip.MustParseAddr("127.0.0.1")
	if got := routeMTU(local, netip.AddrPortFrom(local, 1)); got < 1500 {
		t.Errorf("MTU of loopback: %d", got)
	}
}

// TestLanes: in single-port mode there is a socket for each processor, and a client keeps
// to one of them.
func TestLanes(t *testing.T) {
	if runtime.GOMAXPROCS(0) < 2 {
		t.Skip("there is one processor")
	}
	const clients, each = 64, 3
	conn := raw(t)
	n := newSharedNetwork(conn)
	type arrival struct {
		lane *lane
		from netip.AddrPort
	}
	arrivals := make(chan arrival, clients*each)
	var wg sync.WaitGroup
	for _, next := range n.readers() {
		wg.Go(func() {
			for d, err := next(); !errors.Is(err, net.ErrClosed); d, err = next() {
				arrivals <- arrival{d.lane, d.remote}
			}
		})
	}
	for range clients {
		c := raw(t)
		for range each {
			if _, err := c.WriteTo(RRQ{Name: "f"}.Append(nil), conn.LocalAddr()); err != nil {
				t.Fatal(err)
			}
		}
	}
	lanes, used := make(map[netip.AddrPort]*lane), make(map[*lane]bool)
	for range clients * each {
		a := <-arrivals
		if before := lanes[a.from]; before != nil && before != a.lane {
			t.Errorf("%v came by two sockets", a.from)
		}
		lanes[a.from], used[a.lane] = a.lane, true
	}
	if len(used) < 2 {
		t.Errorf("%d of %d sockets have got anything", len(used), len(n.lanes))
	}
	if err := n.close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
}
