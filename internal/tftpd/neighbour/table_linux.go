package neighbour

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// dump reads the whole table.
func dump() (map[netip.Addr]net.HardwareAddr, error) {
	answer, err := syscall.NetlinkRIB(syscall.RTM_GETNEIGH, syscall.AF_UNSPEC)
	if err != nil {
		return nil, fmt.Errorf("the neighbour table cannot be read: %w", err)
	}
	messages, err := syscall.ParseNetlinkMessage(answer)
	if err != nil {
		return nil, fmt.Errorf("the neighbour table cannot be read: %w", err)
	}
	entries := make(map[netip.Addr]net.HardwareAddr)
	for _, m := range messages {
		if m.Header.Type != syscall.RTM_NEWNEIGH {
			continue
		}
		if host, mac, ok := parse(m.Data); ok {
			entries[host] = mac
		}
	}
	return entries, nil
}

// Of struct ndmsg and its attributes, in <linux/neighbour.h>.
const (
	ndmsgSize   = 12
	stateAt     = 8
	incomplete  = 0x01
	failed      = 0x20
	noARP       = 0x40
	destination = 1
	linkLayer   = 2
)

// parse reads one entry. It is false for one without a hardware address that holds.
func parse(b []byte) (host netip.Addr, mac net.HardwareAddr, ok bool) {
	if len(b) < ndmsgSize || binary.NativeEndian.Uint16(b[stateAt:])&(incomplete|failed|noARP) != 0 {
		return host, nil, false
	}
	for b = b[ndmsgSize:]; len(b) >= 4; {
		size := int(binary.NativeEndian.Uint16(b))
		if size < 4 || size > len(b) {
			return host, nil, false
		}
		switch value := b[4:size]; binary.NativeEndian.Uint16(b[2:]) {
		case destination:
			host, _ = netip.AddrFromSlice(value)
		case linkLayer:
			mac = net.HardwareAddr(append([]byte(nil), value...))
		}
		b = b[min((size+3)&^3, len(b)):]
	}
	return host, mac, host.IsValid() && len(mac) > 0
}
