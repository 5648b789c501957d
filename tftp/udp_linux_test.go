package tftp

import (
	"net/netip"
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
