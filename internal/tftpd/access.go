package tftpd

import (
	"fmt"
	"net/netip"
)

// Access says which clients are let in. The zero value lets everybody in.
//
// Of the networks that hold a client, the smallest decides, in either list. A client in
// none is let in unless Allow names any. No network may stand in both lists.
type Access struct {
	Allow, Deny []netip.Prefix
}

// Check finds networks that are in both lists.
func (a Access) Check() error {
	for _, deny := range a.Deny {
		for _, allow := range a.Allow {
			if plain(deny) == plain(allow) {
				return fmt.Errorf("%s is both allowed and denied", plain(deny))
			}
		}
	}
	return nil
}

// Allows reports whether a client is let in.
func (a Access) Allows(client netip.Addr) bool {
	allow, deny := longest(a.Allow, client), longest(a.Deny, client)
	if allow < 0 && deny < 0 {
		return len(a.Allow) == 0
	}
	return allow > deny
}

// explain says why a client is not let in; the networks stand at the settings called name.
func (a Access) explain(client netip.Addr, name string) string {
	if p := longest(a.Deny, client); p >= 0 {
		return fmt.Sprintf("%s is in a network of %s-deny", plainAddr(client), name)
	}
	return fmt.Sprintf("%s is in no network of %s-allow", plainAddr(client), name)
}

// longest returns the length of the longest prefix that holds a client, -1 for none.
func longest(all []netip.Prefix, client netip.Addr) int {
	client = plainAddr(client)
	best := -1
	for _, p := range all {
		if p = plain(p); p.Contains(client) {
			best = max(best, p.Bits())
		}
	}
	return best
}

// plainAddr is an address as networks are compared with: without zone, IPv4 as such.
func plainAddr(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// plain is a network without the bits that mean nothing, IPv4 as such.
func plain(p netip.Prefix) netip.Prefix {
	const mapped = 96 // bits before an IPv4 address within IPv6
	if p.Addr().Is4In6() && p.Bits() >= mapped {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mapped)
	}
	return p.Masked()
}

// Quirk is what clients of a network cannot bear.
type Quirk struct {
	Clients       netip.Prefix
	NoOptions     bool // answer as if they had asked for no options, since they choke on an OACK
	MaxBlockSize  int  // grant no larger blksize, in octets; 0: no limit of theirs
	MaxWindowSize int  // grant no larger windowsize, in blocks; 0: no limit of theirs
}

// quirkOf returns that of the smallest network that holds a client.
func quirkOf(all []Quirk, client netip.Addr) (of Quirk) {
	best := -1
	for _, q := range all {
		if n := longest([]netip.Prefix{q.Clients}, client); n > best {
			best, of = n, q
		}
	}
	return of
}
