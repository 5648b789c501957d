// Package bandwidth bounds how fast content moves, in each direction, by session, by user
// and in all. It stands on golang.org/x/time/rate.
//
// Who moves content waits for room in every limit that holds for it, a little at a time: so
// sessions that share a limit get the same of it, whatever the size of their buffers. What
// waits ends with the context of the file or the upload.
package bandwidth

import (
	"context"
	"sync"

	"golang.org/x/time/rate"
)

// Rates are octets a second, up to the server and down from it; 0 or less is no limit.
type Rates struct{ Up, Down int64 }

// Limiter bounds the content that moves for some sessions. It may be used from any
// goroutine. nil bounds nothing.
type Limiter struct{ up, down *rate.Limiter }

// New returns a limiter of so much.
func New(r Rates) *Limiter {
	l := &Limiter{rate.NewLimiter(rate.Inf, 0), rate.NewLimiter(rate.Inf, 0)}
	l.Set(r)
	return l
}

// Set changes the limits, for content that moves already too.
func (l *Limiter) Set(r Rates) {
	set(l.up, r.Up)
	set(l.down, r.Down)
}

func set(l *rate.Limiter, octets int64) {
	if octets <= 0 {
		l.SetLimit(rate.Inf)
		return
	}
	l.SetBurst(max(int(min(octets/burst, 1<<30)), quantum))
	l.SetLimit(rate.Limit(octets))
}

const (
	// burst is the part of a second that may be made up for at once: timers are not exact.
	burst = 20

	// quantum is how many octets take their turn at once, the same for all.
	quantum = 8 << 10
)

// Users are the limiters of users, which all their sessions share. The zero value has none.
type Users struct {
	mu  sync.Mutex
	all map[string]*Limiter
}

// Of returns the limiter of a user, nil if they have no limits and never had.
func (u *Users) Of(name string, r Rates) *Limiter {
	u.mu.Lock()
	defer u.mu.Unlock()
	l := u.all[name]
	switch {
	case l != nil:
		l.Set(r)
	case r.Up > 0 || r.Down > 0:
		if u.all == nil {
			u.all = map[string]*Limiter{}
		}
		l = New(r)
		u.all[name] = l
	}
	return l
}

// lane is what bounds one direction of a session.
type lane []*rate.Limiter

// lanes are those of the limiters that bound a direction at this time.
func lanes(limits []*Limiter) (up, down lane) {
	for _, l := range limits {
		if l == nil {
			continue
		}
		if l.up.Limit() != rate.Inf {
			up = append(up, l.up)
		}
		if l.down.Limit() != rate.Inf {
			down = append(down, l.down)
		}
	}
	return up, down
}

// pay waits until n octets may move, or ctx ends.
func (l lane) pay(ctx context.Context, n int) error {
	for n > 0 {
		part := min(n, quantum)
		for _, limit := range l {
			if limit.WaitN(ctx, part) == nil {
				continue
			}
			if err := context.Cause(ctx); err != nil {
				return err
			}
			return context.DeadlineExceeded // as it would be before it is their turn
		}
		n -= part
	}
	return nil
}
