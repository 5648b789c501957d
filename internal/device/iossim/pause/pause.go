// Package pause waits, as long as a real device would or a part of that. It returns early
// when somebody has no more use for it.
package pause

import (
	"context"
	"time"
)

// Speed is how much faster than a real device a simulated one is; 0 means 1.
type Speed float64

// For waits for what takes a real device so long, or until ctx ends, whose error it
// returns then.
func (s Speed) For(ctx context.Context, long time.Duration) error {
	if s > 0 {
		long = time.Duration(float64(long) / float64(s))
	}
	return For(ctx, long)
}

// For waits so long, or until ctx ends, whose error it returns then.
func For(ctx context.Context, long time.Duration) error {
	t := time.NewTimer(long)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
