package neighbour

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"
)

// TestLookupReadsSeldom: what is found holds for a second, what is missing for a tenth.
func TestLookupReadsSeldom(t *testing.T) {
	reads := 0
	known := map[netip.Addr]net.HardwareAddr{}
	table := Table{dump: func() (map[netip.Addr]net.HardwareAddr, error) {
		reads++
		entries := map[netip.Addr]net.HardwareAddr{}
		for host, mac := range known {
			entries[host] = mac
		}
		return entries, nil
	}}
	host, mac := netip.MustParseAddr("192.0.2.7"), net.HardwareAddr{2, 0, 0, 0, 0, 7}
	for _, c := range []struct {
		at    time.Duration
		come  bool
		host  string
		found bool
		reads int
	}{
		{0, false, "192.0.2.7", false, 1},
		{50 * time.Millisecond, true, "192.0.2.7", false, 1},
		{100 * time.Millisecond, true, "192.0.2.7", true, 2},
		{150 * time.Millisecond, true, "::ffff:192.0.2.7", true, 2},
		{900 * time.Millisecond, false, "192.0.2.7", true, 2},
		{950 * time.Millisecond, false, "192.0.2.8", false, 3},
		{1000 * time.Millisecond, false, "192.0.2.7", false, 3},
		{1100 * time.Millisecond, true, "192.0.2.7", true, 4},
		{2200 * time.Millisecond, true, "192.0.2.7", true, 5},
	} {
		clear(known)
		if c.come {
			known[host] = mac
		}
		got, err := table.Lookup(netip.MustParseAddr(c.host), time.Unix(0, 0).Add(c.at))
		if err != nil || (got != nil) != c.found || reads != c.reads {
			t.Errorf("%v: %s is %v, %v after %d reads; want found %v, %d", c.at, c.host, got, err, reads, c.found, c.reads)
		}
	}
}

func TestLookupTellsFaults(t *testing.T) {
	broken := errors.New("no netlink")
	table := Table{dump: func() (map[netip.Addr]net.HardwareAddr, error) { return nil, broken }}
	if _, err := table.Lookup(netip.MustParseAddr("192.0.2.7"), time.Unix(0, 0)); !errors.Is(err, broken) {
		t.Error(err)
	}
}
