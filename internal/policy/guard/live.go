package guard

import (
	"sync/atomic"

	"dray/internal/identity"
	"dray/internal/policy"
	"dray/internal/vfs"
)

// Live is a decider whose place another one can take while it is used: it then decides for
// the sessions under way too. Set it before the first use.
type Live struct {
	now atomic.Pointer[policy.Decider]
}

// Set puts d in the place of the one before.
func (l *Live) Set(d policy.Decider) { l.now.Store(&d) }

// For implements [policy.Decider].
func (l *Live) For(s identity.Subject) policy.Grant { return &liveGrant{live: l, subject: s} }

// liveGrant is what the decider of now leaves to a subject.
type liveGrant struct {
	live    *Live
	subject identity.Subject
	last    atomic.Pointer[granted]
}

type granted struct {
	by    *policy.Decider
	grant policy.Grant
}

func (l *liveGrant) grant() policy.Grant {
	now := l.live.now.Load()
	last := l.last.Load()
	if last == nil || last.by != now {
		last = &granted{now, (*now).For(l.subject)}
		l.last.Store(last)
	}
	return last.grant
}

// At implements [policy.Grant].
func (l *liveGrant) At(p vfs.Path) policy.Rights { return l.grant().At(p) }

// Why implements [policy.Grant].
func (l *liveGrant) Why(op policy.Op, p vfs.Path) string { return l.grant().Why(op, p) }

// ByPath implements [policy.Grant].
func (l *liveGrant) ByPath() bool { return l.grant().ByPath() }

// Carries implements [policy.Grant].
func (l *liveGrant) Carries(from, to vfs.Path) (policy.Carriage, string) {
	return l.grant().Carries(from, to)
}
