// Package admission stands at the door, one for all protocols of a server: it counts
// sessions, by address, by user and in all; it slows down who fails to log in, and then bans the
// address; and it knows the sessions that there are, so that they can be listed and ended.
// Who somebody is (package identity) and what they may (package policy) is not asked here.
//
// An IPv4 address counts by itself, an IPv6 address as its network of 64 bits, which is what
// one customer gets at least. All tables are bounded: when one is full, what is oldest goes.
package admission

import (
	"net/netip"
	"slices"
	"time"
)

// Limits are those of a [Gate].
type Limits struct {
	Sessions   int // in all; 0 is 8192
	PerAddress int // of an address; 0 is 200
	PerUser    int // of a user; 0 is no limit

	// UserSessions is how many sessions a user may have, 0 for PerUser. nil is PerUser for all.
	UserSessions func(user string) int

	BanAfter  int           // failed log-ins of an address; 0 is 10, negative is never; at most 100
	BanWithin time.Duration // the time in which they fall; 0 is 10 minutes
	BanFor    time.Duration // 0 is 15 minutes

	// Allow lists networks that are never banned nor slowed down. The numbers of sessions
	// hold for them too.
	Allow []netip.Prefix
}

// The bounds of what is remembered.
const (
	maxFailing = 1 << 14 // addresses with failed log-ins
	maxBans    = 1 << 16 // that came about by themselves
	maxByHand  = 1 << 10 // bans that a person has set
	maxAfter   = 100
)

func (l Limits) filled() Limits {
	fill(&l.Sessions, 8192)
	fill(&l.PerAddress, 200)
	fill(&l.BanAfter, 10)
	fill(&l.BanWithin, 10*time.Minute)
	fill(&l.BanFor, 15*time.Minute)
	l.BanAfter = min(l.BanAfter, maxAfter)
	return l
}

func fill[T int | time.Duration](v *T, zero T) {
	if *v == 0 {
		*v = zero
	}
}

func (l *Limits) allows(a netip.Addr) bool {
	return slices.ContainsFunc(l.Allow, func(n netip.Prefix) bool { return n.Contains(a) })
}

// clean is an address as it is compared: without a zone, and IPv4 never as IPv6.
func clean(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// source is what counts as one: an IPv4 address, or an IPv6 network of 64 bits. It is zero
// for an address that is not valid, which counts nowhere.
func source(a netip.Addr) netip.Prefix {
	a = clean(a)
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // fails for the zero address alone
	return p
}
