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

	mu      sync.Mutex
	entries map[netip.Addr]net.HardwareAddr
	read    time.Time // when entries were
}

// Open returns the table of this machine, or why it cannot be read: an error that is
// [errors.ErrUnsupported] where dray does not know how.
func Open() (*Table, error) {
	t := &Table{dump: dump}
	if _, err := t.dump(); err != nil {
		return nil, err
	}
	return t, nil
}

// How old what was read may be: an entry that is there, and one that is missing. A host
// that is missing may have come a moment ago; forged addresses should not make us read all
// the time.
const (
	freshFor    = time.Second
	missingsFor = 100 * time.Millisecond
)

// Lookup returns the hardware address of a host, nil if it is not in the table: it is on
// no network of this machine, or it is this machine.
func (t *Table) Lookup(host netip.Addr, now time.Time) (net.HardwareAddr, error) {
	host = host.Unmap().WithZone("")
	t.mu.Lock()
	defer t.mu.Unlock()
	age := now.Sub(t.read)
	found := t.entries[host]
	if t.entries != nil && (age < missingsFor || found != nil && age < freshFor) {
		return found, nil
	}
	entries, err := t.dump()
	if err != nil {
		return nil, err
	}
	t.entries, t.read = entries, now
	return entries[host], nil
}
