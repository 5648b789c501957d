package admission

import (
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// Reason is why somebody is refused.
type Reason string

// The reasons.
const (
	Banned  Reason = "banned"  // its address is
	Crowded Reason = "crowded" // one session more than a limit allows
)

// RefusedError says why somebody is not let in.
type RefusedError struct {
	Reason Reason
	Detail string // for the log: which limit, until when
	Phrase string // for the peer, in one line
	Quiet  bool   // the same was told of the same address less than a minute ago
}

func (e *RefusedError) Error() string { return string(e.Reason) + ": " + e.Detail }

// retell is how long refusals of one address stay quiet after one was told.
const retell = time.Minute

// Gate is the door. Its methods may be called from any goroutine, and none of them waits.
type Gate struct {
	now     func() time.Time
	changed chan struct{} // holds one if the bans have changed

	mu       sync.Mutex
	limits   Limits
	failures *failures
	bans     *bans
	sessions map[*Session]bool
	sources  map[netip.Prefix]*sourceCount
	users    map[string]int
	crowded  time.Time // when it was last told that there are too many in all
}

// sourceCount is of a source that has sessions.
type sourceCount struct {
	sessions int
	told     time.Time // when it was last told that there are too many
}

// New makes a Gate. now is the clock; nil is the real one.
func New(l Limits, now func() time.Time) *Gate {
	l = l.filled()
	if now == nil {
		now = time.Now
	}
	return &Gate{
		limits: l, now: now, changed: make(chan struct{}, 1),
		failures: newFailures(l.BanWithin), bans: newBans(),
		sessions: make(map[*Session]bool), sources: make(map[netip.Prefix]*sourceCount), users: make(map[string]int),
	}
}

// Set has other limits hold from now on. Sessions that there are go on, and so do bans, but of
// networks that are allowed now.
func (g *Gate) Set(l Limits) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limits = l.filled()
	g.failures.within = g.limits.BanWithin
}

// Arrive lets a connection begin a session, before anything is said on it. The error is a
// *RefusedError. Who is let in ends the session with [Session.Leave]. A nil Gate lets in
// everybody, with a nil Session.
func (g *Gate) Arrive(protocol, id string, remote netip.AddrPort, peer Peer) (*Session, error) {
	if g == nil {
		return nil, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	addr := clean(remote.Addr())
	if err := g.banned(addr, now); err != nil {
		return nil, err
	}
	if len(g.sessions) >= g.limits.Sessions {
		return nil, tooMany(&g.crowded, now, "Too many sessions, try again later",
			fmt.Sprintf("there may be %d sessions in all", g.limits.Sessions))
	}
	p := source(addr)
	of := g.sources[p]
	if of == nil {
		of = new(sourceCount)
	}
	if p.IsValid() {
		if of.sessions >= g.limits.PerAddress {
			return nil, tooMany(&of.told, now, "Too many sessions from your address, try again later",
				fmt.Sprintf("there may be %d sessions from %s", g.limits.PerAddress, p))
		}
		of.sessions++
		g.sources[p] = of
	}
	s := &Session{gate: g, id: id, protocol: protocol, remote: netip.AddrPortFrom(addr, remote.Port()), since: now, peer: peer}
	g.sessions[s] = true
	return s, nil
}

// tooMany is the error of one session more than a limit allows; told is when it was last.
func tooMany(told *time.Time, now time.Time, phrase, detail string) error {
	return &RefusedError{Reason: Crowded, Detail: detail, Phrase: phrase, Quiet: !tell(told, now)}
}

func tell(told *time.Time, now time.Time) bool {
	if !told.IsZero() && now.Sub(*told) < retell {
		return false
	}
	*told = now
	return true
}

// banned is the error of an address that is, else nil.
func (g *Gate) banned(addr netip.Addr, now time.Time) error {
	one := g.bans.find(addr, now)
	if one == nil || g.limits.allows(addr) {
		return nil
	}
	one.Refused++
	return &RefusedError{Reason: Banned, Detail: describe(one), Phrase: "Your address is banned", Quiet: !tell(&one.told, now)}
}

func describe(one *Ban) string {
	until := "until it is lifted"
	if !one.Until.IsZero() {
		until = "until " + one.Until.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("%s, %s, %s; %d connections refused", one.Network, one.Reason, until, one.Refused)
}

// failed notes a failed log-in of s, and bans its address if it is one too many.
func (g *Gate) failed(s *Session) (time.Duration, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	addr := s.remote.Addr()
	p := source(addr)
	if !p.IsValid() || g.limits.allows(addr) || g.limits.BanAfter < 0 {
		return 0, nil
	}
	if err := g.banned(addr, now); err != nil {
		return 0, err
	}
	n := g.failures.add(p, now)
	if n < g.limits.BanAfter {
		return delay(n), nil
	}
	one := Ban{Network: p, Since: now, Until: now.Add(g.limits.BanFor), told: now,
		Reason: fmt.Sprintf("%d failed log-ins within %v", n, g.limits.BanWithin)}
	g.failures.forget(g.failures.by[p])
	g.bans.add(one)
	g.note()
	for other := range g.sessions {
		if other != s && other.user == "" && source(other.remote.Addr()) == p {
			other.peer.Cut() // who has logged in goes on: many may be behind one address
		}
	}
	return 0, &RefusedError{Reason: Banned, Detail: describe(&one), Phrase: "Too many log-ins refused"}
}

// note says that the bans have changed. g.mu is held.
func (g *Gate) note() {
	select {
	case g.changed <- struct{}{}:
	default:
	}
}

// Changed receives when the bans have changed since the last time.
func (g *Gate) Changed() <-chan struct{} { return g.changed }

// Bans returns the bans that hold, the oldest first.
func (g *Gate) Bans() []Ban {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.bans.all(g.now())
}

// Restore sets bans again that Bans has returned, as far as they still hold.
func (g *Gate) Restore(all []Ban) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	for _, one := range all {
		if one.Network = one.Network.Masked(); one.Network.IsValid() && !one.over(now) {
			g.bans.add(one)
		}
	}
}

// Ban keeps a network out for d, or until it is lifted if d is 0. Sessions of it go on. An
// error says what is allowed.
func (g *Gate) Ban(network netip.Prefix, d time.Duration, reason string) (Ban, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	one := Ban{Network: network.Masked(), Since: now, Reason: reason, ByHand: true}
	if d > 0 {
		one.Until = now.Add(d)
	}
	for _, n := range g.limits.Allow {
		if n.Overlaps(one.Network) {
			return Ban{}, fmt.Errorf("%s is never banned: bans.allow has %s", one.Network, n)
		}
	}
	if !one.Network.IsValid() {
		return Ban{}, fmt.Errorf("no network to ban")
	}
	if !g.bans.add(one) {
		return Ban{}, fmt.Errorf("there are %d bans set by hand already: lift some, or ban a larger network", maxByHand)
	}
	g.note()
	return one, nil
}

// Unban lifts the bans of a network and of all within it, forgets its failed log-ins, and
// returns how many bans there were.
func (g *Gate) Unban(network netip.Prefix) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.bans.expire(g.now())
	network = network.Masked()
	if network.IsSingleIP() {
		if p := source(network.Addr()); g.bans.by[p] != nil {
			network = p // the ban of an IPv6 address is that of its network
		}
	}
	g.failures.drop(network)
	n := g.bans.lift(network)
	if n > 0 {
		g.note()
	}
	return n
}
