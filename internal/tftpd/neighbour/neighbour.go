// Package neighbour tells the hardware address of a host on a network of this machine, out
// of the kernel's neighbour table: what ARP found for IPv4, and neighbour discovery for
// IPv6. It reads the table on Linux (by rtnetlink, RTM_GETNEIGH); elsewhere [Open] says
// that it cannot. It sends nothing: a host that has just sent a packet from its network is
// in the table.
package neighbour

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// Table is the neighbour table. Use [Open] to make one.
type Table struct {
	dump func() (map[netip.Addr]net.HardwareAddr, error)
	now  func() time.Time

	mu      sync.Mutex
	entries map[netip.Addr]net.HardwareAddr
	begun   time.Time // when their reading began
}

// Open returns the table of this machine, or why it cannot be read: an error that is
// [errors.ErrUnsupported] where dray does not know how.
func Open() (*Table, error) {
	t := &Table{dump: dump, now: time.Now}
	if _, err := t.dump(); err != nil {
		return nil, err
	}
	return t, nil
}

// freshFor is how long an entry holds that was found.
const freshFor = time.Second

// Lookup returns the hardware address of a host, nil if it is not in the table: it is on
// no network of this machine, or it is this machine.
//
// For a host that is not known the table is read anew, since it may have come a moment
// ago. Of many who ask at once, one reads for all, so that forged addresses cost one
// reading at a time.
func (t *Table) Lookup(host netip.Addr) (net.HardwareAddr, error) {
	host = host.Unmap().WithZone("")
	asked := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	found := t.entries[host]
	if found != nil && asked.Sub(t.begun) < freshFor || t.begun.After(asked) {
		return found, nil
	}
	begun := t.now()
	entries, err := t.dump()
	if err != nil {
		return nil, err
	}
	t.entries, t.begun = entries, begun
	return entries[host], nil
}
