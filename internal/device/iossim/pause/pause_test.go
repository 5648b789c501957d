package pause

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestSpeedShortensAPause(t *testing.T) {
	for speed, want := range map[Speed]time.Duration{0: time.Minute, 1: time.Minute, 10: 6 * time.Second, 0.5: 2 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			begun := time.Now()
			if err := speed.For(t.Context(), time.Minute); err != nil || time.Since(begun) != want {
				t.Errorf("at speed %v a minute takes %v, %v", speed, time.Since(begun), err)
			}
		})
	}
}

func TestPauseEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := For(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
