package ftpd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"time"

	"dray/ftp/ftpserver"
)

// Route is the address of data connections that clients of a network are told.
type Route struct {
	Network netip.Prefix // the zero value is all others
	Host    string       // an IPv4 address, or a name that is looked up
}

// Advertiser chooses the address that PASV tells, by where the client comes from: that of
// the smallest network that it is in. Names are looked up again when they are older than a
// minute, since their addresses change; one that is not found keeps the address that
// it had.
type Advertiser struct {
	routes []*route // the smallest networks first
	lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)
	log    *slog.Logger
}

type route struct {
	Route
	turn  chan struct{} // who holds it looks up, and may touch what follows
	addr  netip.Addr
	until time.Time
}

const (
	lookupAge     = time.Minute     // of an address that was looked up
	lookupTimeout = 5 * time.Second // of a lookup, for which a client waits
)

// NewAdvertiser has one route at most for each network.
func NewAdvertiser(routes []Route, log *slog.Logger) *Advertiser {
	a := &Advertiser{lookup: net.DefaultResolver.LookupNetIP, log: log}
	for _, r := range routes {
		a.routes = append(a.routes, &route{Route: r, turn: make(chan struct{}, 1)})
	}
	slices.SortStableFunc(a.routes, func(p, q *route) int { return q.Network.Bits() - p.Network.Bits() })
	return a
}

// AddressFor is for [ftpserver.Server.PassiveAddressFor].
func (a *Advertiser) AddressFor(ctx context.Context, c *ftpserver.Conn) (netip.Addr, error) {
	return a.addressFor(ctx, c.RemoteAddr().Addr())
}

// addressFor returns the zero address to clients for whom there is no route.
func (a *Advertiser) addressFor(ctx context.Context, client netip.Addr) (netip.Addr, error) {
	for _, r := range a.routes {
		if r.Network.Contains(client.Unmap().WithZone("")) || !r.Network.IsValid() {
			return a.resolve(ctx, r)
		}
	}
	return netip.Addr{}, nil
}

func (a *Advertiser) resolve(ctx context.Context, r *route) (netip.Addr, error) {
	if addr, err := netip.ParseAddr(r.Host); err == nil {
		return addr, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return netip.Addr{}, fmt.Errorf("looking up %s: %w", r.Host, ctx.Err())
	}
	if time.Now().Before(r.until) {
		return r.addr, nil
	}
	all, err := a.lookup(ctx, "ip4", r.Host)
	switch {
	case err == nil && len(all) == 0:
		err = errors.New("it has no IPv4 address")
	case err == nil:
		r.addr = all[0].Unmap()
	case !r.addr.IsValid():
	default:
		a.log.Warn("the passive address is not found, its former one stays in use", "host", r.Host, "address", r.addr, "error", err)
		err = nil
	}
	if err != nil {
		return netip.Addr{}, fmt.Errorf("looking up %s: %w", r.Host, err)
	}
	r.until = time.Now().Add(lookupAge)
	return r.addr, nil
}
