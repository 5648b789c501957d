package quota

import (
	"slices"
	"strings"
	"sync"
)

// name is a file with an upload under way, or with a change just now.
type name struct {
	sync.Mutex // held by who changes what is there

	// The rest belongs to the ledger.
	at     string // path of the host; "" when something else has taken the name
	users  int
	credit *claim     // the upload that counts on the room of what is there
	open   []*inPlace // that change what is there; also guarded by the lock of the name
}

// lock returns the name at a path, with its lock held, until unlock.
func (l *Ledger) lock(at string) *name {
	for {
		n := l.take(at)
		n.Lock()
		l.mu.Lock()
		current := l.names[at] == n
		l.mu.Unlock()
		if current {
			return n
		}
		l.unlock(n)
	}
}

func (l *Ledger) unlock(n *name) {
	n.Unlock()
	l.leave(n)
}

// lockBoth is lock for two different paths. One at a time holds two: a name that is waited
// for may be moved meanwhile, so that no order of theirs would hold.
func (l *Ledger) lockBoth(a, b string) (*name, *name) {
	l.moves.Lock()
	return l.lock(a), l.lock(b)
}

func (l *Ledger) unlockBoth(a, b *name) {
	l.unlock(a)
	l.unlock(b)
	l.moves.Unlock()
}

// take returns the name at a path, which stays until leave.
func (l *Ledger) take(at string) *name {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.names[at]
	if n == nil {
		n = &name{at: at}
		l.names[at] = n
	}
	n.users++
	return n
}

func (l *Ledger) leave(n *name) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n.users--; n.users == 0 && l.names[n.at] == n {
		delete(l.names, n.at)
	}
}

// gone tells the uploads that change a file in place that it has lost its name. The caller
// has locked n.
func (n *name) gone() {
	for _, u := range n.open {
		u.lost = true
	}
	n.open = nil
}

// moved gives the file at a the name of b, whose file is gone. The caller has locked both.
func (l *Ledger) moved(a, b *name) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b.gone()
	delete(l.names, a.at)
	a.at, b.at = b.at, ""
	l.names[a.at] = a
}

// movedFolder renames what lies in a folder. The caller holds changes, for writing.
func (l *Ledger) movedFolder(from, to string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var inside []*name
	for at, n := range l.names {
		if strings.HasPrefix(at, from+"/") {
			inside = append(inside, n)
			delete(l.names, at)
		}
	}
	for _, n := range inside {
		n.at = to + strings.TrimPrefix(n.at, from)
		l.names[n.at] = n
	}
}

// path is where the name is now.
func (l *Ledger) path(n *name) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return n.at
}

// closed forgets an upload that changes a file in place. The caller has locked n.
func (n *name) closed(u *inPlace) {
	if i := slices.Index(n.open, u); i >= 0 {
		n.open = slices.Delete(n.open, i, i+1)
	}
}
