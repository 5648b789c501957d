package admission

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"
)

// Peer is a connection, as its server knows it. Both methods are called from any goroutine.
type Peer interface {
	Cut() // ends it at once, and does not wait for that; it may call nothing of the Gate
	Activity() Activity
}

// Activity is what a session does.
type Activity struct {
	Op    string `json:"op,omitzero"`   // "read", "write", …; "" for nothing
	Path  string `json:"path,omitzero"` // of the file, as the peer sees it
	Bytes int64  `json:"bytes"`         // content that went over the wire so far
}

// Session is somebody at the door, or inside. Its methods may be called on nil, which is a
// session without limits.
type Session struct {
	gate   *Gate
	id     string
	remote netip.AddrPort
	since  time.Time
	peer   Peer

	// Under gate.mu.
	protocol string
	trying   string // who is logging in
	user     string // who has
}

// Try says that somebody is about to prove who they are, and by which protocol they came in the
// end: it may be under TLS by now. From then on [Gate.End] finds the session by that name, so
// that no log-in slips through while a user is removed.
func (s *Session) Try(user, protocol string) {
	if s == nil {
		return
	}
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	s.trying, s.protocol = user, protocol
}

// Login lets in who has proven to be user. The error is a *RefusedError.
func (s *Session) Login(user string) error {
	if s == nil {
		return nil
	}
	g := s.gate
	most := g.userSessions(user) // which may have to be looked up
	g.mu.Lock()
	defer g.mu.Unlock()
	s.trying = ""
	if err := g.banned(s.remote.Addr(), g.now()); err != nil {
		return err
	}
	if user == s.user {
		return nil
	}
	if most > 0 && g.users[user] >= most {
		return &RefusedError{Reason: Crowded, Detail: fmt.Sprintf("there may be %d sessions of the user", most),
			Phrase: "Too many sessions of this user, try again later"}
	}
	g.forgetUser(s)
	s.user = user
	g.users[user]++
	return nil
}

func (g *Gate) userSessions(user string) int {
	g.mu.Lock()
	l := g.limits
	g.mu.Unlock()
	own := 0
	if l.UserSessions != nil {
		own = l.UserSessions(user)
	}
	return cmp.Or(own, l.PerUser)
}

// Failed notes a failed log-in: the answer is to be held back for so long. A *RefusedError
// says that the address is banned now; then the connection is to be closed.
func (s *Session) Failed() (time.Duration, error) {
	if s == nil {
		return 0, nil
	}
	return s.gate.failed(s)
}

// Leave ends the session. Later calls do nothing.
func (s *Session) Leave() {
	if s == nil {
		return
	}
	g := s.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.sessions[s] {
		return
	}
	delete(g.sessions, s)
	g.forgetUser(s)
	p := source(s.remote.Addr())
	if of := g.sources[p]; of != nil {
		if of.sessions--; of.sessions == 0 {
			delete(g.sources, p)
		}
	}
}

func (g *Gate) forgetUser(s *Session) {
	if s.user == "" {
		return
	}
	if g.users[s.user]--; g.users[s.user] == 0 {
		delete(g.users, s.user)
	}
	s.user = ""
}

// Info is a session as a person wants to see it.
type Info struct {
	ID       string         `json:"id"`
	Protocol string         `json:"protocol"`
	User     string         `json:"user,omitzero"` // "" before log-in
	Remote   netip.AddrPort `json:"remote"`
	Since    time.Time      `json:"since"`
	Activity
}

// Sessions returns the sessions that there are, the oldest first.
func (g *Gate) Sessions() []Info {
	var all []Info
	for _, s := range g.find(func(*Session) bool { return true }) {
		s.info.Activity = s.peer.Activity()
		all = append(all, s.info)
	}
	slices.SortFunc(all, func(a, b Info) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID)) })
	return all
}

// Users returns the names of those who are logged in, in no order.
func (g *Gate) Users() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Collect(maps.Keys(g.users))
}

// found is a session, and what is known of it.
type found struct {
	info Info
	peer Peer
}

// find returns the sessions that match.
func (g *Gate) find(match func(*Session) bool) (all []found) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for s := range g.sessions {
		if match(s) {
			all = append(all, found{Info{ID: s.id, Protocol: s.protocol, User: s.user, Remote: s.remote, Since: s.since}, s.peer})
		}
	}
	return all
}

// Match says which sessions are meant. One of its fields is set, or it matches none.
type Match struct {
	ID      string       `json:"id,omitzero"`
	User    string       `json:"user,omitzero"`
	Network netip.Prefix `json:"network,omitzero"`
}

// Check says what is wrong with a Match.
func (m Match) Check() error {
	n := 0
	for _, set := range []bool{m.ID != "", m.User != "", m.Network.IsValid()} {
		if set {
			n++
		}
	}
	if n != 1 {
		return errors.New("want a session, a user, or a network")
	}
	return nil
}

func (m Match) matches(s *Session) bool {
	switch {
	case m.Check() != nil:
		return false
	case m.ID != "":
		return s.id == m.ID
	case m.User != "":
		return s.user == m.User || s.trying == m.User
	}
	return m.Network.Contains(s.remote.Addr())
}

// End cuts the sessions that match, at once, their transfers too, and returns how many there
// were. Who comes back is let in if nothing else is against it.
func (g *Gate) End(m Match) int {
	all := g.find(m.matches)
	for _, s := range all {
		s.peer.Cut()
	}
	return len(all)
}
