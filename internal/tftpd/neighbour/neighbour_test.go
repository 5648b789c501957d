package neighbour

import (
	"errors"
	"maps"
	"net"
	"net/netip"
	"testing"
	"time"
)

// TestLookupReadsSeldom: what is found holds for a second, what is missing not at all.
func TestLookupReadsSeldom(t *testing.T) {
	reads := 0
	var clock time.Time
	known := map[netip.Addr]net.HardwareAddr{}
	table := Table{now: func() time.Time { return clock }, dump: func() (map[netip.Addr]net.HardwareAddr, error) {
		reads++
		return maps.Clone(known), nil
	}}
	host, mac := netip.MustParseAddr("192.0.2.7"), net.HardwareAddr{2, 0, 0, 0, 0, 7}
	for _, c := range []struct {
		at    time.Duration
		there bool
		host  string
		found bool
		reads int
	}{
		{0, false, "192.0.2.7", false, 1},
		{1 * time.Millisecond, true, "192.0.2.7", true, 2},
		{150 * time.Millisecond, true, "::ffff:192.0.2.7", true, 2},
		{900 * time.Millisecond, false, "192.0.2.7", true, 2},
		{950 * time.Millisecond, false, "192.0.2.8", false, 3},
		{960 * time.Millisecond, false, "192.0.2.7", false, 4},
		{970 * time.Millisecond, true, "192.0.2.7", true, 5},
		{1970 * time.Millisecond, true, "192.0.2.7", true, 6},
	} {
		clear(known)
		if c.there {
			known[host] = mac
		}
		clock = time.Unix(0, 0).Add(c.at)
		got, err := table.Lookup(netip.MustParseAddr(c.host))
		if err != nil || (got != nil) != c.found || reads != c.reads {
			t.Errorf("%v: %s is %v, %v after %d reads; want found %v, %d", c.at, c.host, got, err, reads, c.found, c.reads)
		}
	}
}

// TestOneReadsForAll who asked before the reading began, and waited for their turn.
func TestOneReadsForAll(t *testing.T) {
	reads := 0
	var clock []int // seconds
	table := Table{
		now: func() time.Time {
			now := clock[0]
			clock = clock[1:]
			return time.Unix(int64(now), 0)
		},
		dump: func() (map[netip.Addr]net.HardwareAddr, error) {
			reads++
			return map[netip.Addr]net.HardwareAddr{}, nil
		},
	}
	for _, c := range []struct {
		clock []int // asked, and began to read
		reads int
	}{
		{[]int{1, 5}, 1},
		{[]int{2}, 1},
		{[]int{4}, 1},
		{[]int{5, 6}, 2}, // while it was read the host may have come
		{[]int{7, 8}, 3},
	} {
		clock = c.clock
		mac, err := table.Lookup(netip.MustParseAddr("192.0.2.7"))
		if mac != nil || err != nil || reads != c.reads || len(clock) > 0 {
			t.Errorf("asked and read at %v: %v, %v, %d readings; want %d", c.clock, mac, err, reads, c.reads)
		}
	}
}

func TestLookupTellsFaults(t *testing.T) {
	broken := errors.New("no netlink")
	table := Table{now: time.Now, dump: func() (map[netip.Addr]net.HardwareAddr, error) { return nil, broken }}
	if _, err := table.Lookup(netip.MustParseAddr("192.0.2.7")); !errors.Is(err, broken) {
		t.Error(err)
	}
}
