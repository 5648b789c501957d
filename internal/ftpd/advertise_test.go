package ftpd

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// TestAdvertiser: the smallest network that the client is in decides.
func TestAdvertiser(t *testing.T) {
	a := NewAdvertiser([]Route{
		{prefix("10.0.0.0/8"), "192.0.2.10"},
		{prefix("10.1.0.0/16"), "192.0.2.11"},
		{netip.Prefix{}, "192.0.2.1"},
		{prefix("2001:db8::/32"), "192.0.2.6"},
	}, slog.New(slog.DiscardHandler))
	for client, want := range map[string]string{
		"10.2.3.4": "192.0.2.10", "10.1.2.3": "192.0.2.11", "::ffff:10.1.2.3": "192.0.2.11",
		"203.0.113.9": "192.0.2.1", "2001:db8::1": "192.0.2.6", "fe80::1%lo": "192.0.2.1",
	} {
		if got, err := a.addressFor(t.Context(), netip.MustParseAddr(client)); err != nil || got.String() != want {
			t.Errorf("%s is told %v, %v; want %s", client, got, err, want)
		}
	}
	if got, err := NewAdvertiser([]Route{{prefix("10.0.0.0/8"), "192.0.2.10"}}, nil).addressFor(t.Context(), netip.MustParseAddr("192.0.2.3")); err != nil || got.IsValid() {
		t.Errorf("without a route: %v, %v", got, err)
	}
}

// TestAdvertiserLooksUp: a name is asked for once a minute, and one that is gone keeps
// its address.
func TestAdvertiserLooksUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := netip.MustParseAddr("192.0.2.3")
		var asked int
		answer, trouble := "192.0.2.1", error(nil)
		a := NewAdvertiser([]Route{{Host: "nas"}}, slog.New(slog.DiscardHandler))
		a.lookup = func(_ context.Context, network, host string) ([]netip.Addr, error) {
			asked++
			if network != "ip4" || host != "nas" {
				t.Errorf("looked up %s of %s", network, host)
			}
			if answer == "" {
				return nil, trouble
			}
			return []netip.Addr{netip.MustParseAddr(answer)}, trouble
		}
		step := func(wait time.Duration, answered string, err error, want string, wantAsked int) {
			t.Helper()
			time.Sleep(wait)
			answer, trouble = answered, err
			got, err := a.addressFor(t.Context(), client)
			if (err == nil) != (want != "") || err == nil && got.String() != want || asked != wantAsked {
				t.Errorf("told %v, %v after %d lookups; want %s after %d", got, err, asked, want, wantAsked)
			}
		}
		gone := errors.New("no such host")
		step(0, "", gone, "", 1)
		step(0, "", nil, "", 2)
		step(0, "192.0.2.1", nil, "192.0.2.1", 3)
		step(lookupAge-1, "192.0.2.2", nil, "192.0.2.1", 3)
		step(1, "192.0.2.2", nil, "192.0.2.2", 4)
		step(lookupAge, "", gone, "192.0.2.2", 5)
		step(0, "192.0.2.3", nil, "192.0.2.2", 5)
		step(lookupAge, "192.0.2.3", nil, "192.0.2.3", 6)
	})
}

// TestAdvertiserWaitsNoLonger: a resolver that hangs holds nobody for ever, those who
// wait for it included.
func TestAdvertiserWaitsNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAdvertiser([]Route{{Host: "nas"}}, slog.New(slog.DiscardHandler))
		a.lookup = func(ctx context.Context, _, _ string) ([]netip.Addr, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		begun := time.Now()
		errs := make(chan error)
		for range 2 {
			go func() {
				_, err := a.addressFor(t.Context(), netip.MustParseAddr("192.0.2.3"))
				errs <- err
			}()
		}
		for range 2 {
			if err := <-errs; !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		}
		if waited := time.Since(begun); waited != lookupTimeout {
			t.Errorf("waited %v", waited)
		}
	})
}
