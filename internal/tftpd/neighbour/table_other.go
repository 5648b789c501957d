//go:build !linux

package neighbour

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
)

func dump() (map[netip.Addr]net.HardwareAddr, error) {
	return nil, fmt.Errorf("the neighbour table cannot be read on %s, only on Linux: %w", runtime.GOOS, errors.ErrUnsupported)
}
