package digest

import (
	"testing"
	"time"
)

// TestPace: chunks that take their time are no reason to stop, chunks that take longer than
// they need are.
func TestPace(t *testing.T) {
	for about, c := range map[string]struct {
		took func(i int) time.Duration
		want bool
	}{
		"steady":       {func(int) time.Duration { return time.Second }, false},
		"of no length": {func(int) time.Duration { return 0 }, false},
		"one in four":  {func(i int) time.Duration { return time.Duration(1+3*(i%4/3)) * time.Millisecond }, false},
		"every other":  {func(i int) time.Duration { return time.Duration(1+9*(i%2)) * time.Millisecond }, true},
		"slow later":   {func(i int) time.Duration { return time.Duration(1+3*min(1, i/16)) * time.Millisecond }, true},
	} {
		var p pace
		busy := false
		for i := range 64 {
			busy = p.busy(c.took(i)) || busy
		}
		if busy != c.want {
			t.Errorf("%s: busy is %v", about, busy)
		}
	}
}
