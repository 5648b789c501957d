package daemon

import (
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"testing"
	"time"

	"dray/internal/admission"
	"dray/internal/config"
	"dray/internal/identity"
	"dray/internal/store"
)

// inside is somebody with a session.
type inside struct {
	user string
	cut  bool
}

func (i *inside) Cut()                         { i.cut = true }
func (i *inside) Activity() admission.Activity { return admission.Activity{} }

// storing are people with a store.
func storing(s *store.Store) *people {
	p := new(people)
	p.store.Store(s)
	return p
}

// TestWatch changes users in every way, and sees whose sessions end.
func TestWatch(t *testing.T) {
	ctx := t.Context()
	s, err := store.Open(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	gate := admission.New(admission.Limits{}, nil)
	w := &watch{people: storing(s), gate: gate, now: func() time.Time { return now }, log: slog.New(slog.DiscardHandler), stopped: make(chan struct{})}
	read := func(names ...string) {
		var cfg config.Serve
		for _, name := range names {
			cfg.Users = append(cfg.Users, config.User{Name: name, Password: "secret"})
		}
		named, err := readRoster(cfg)
		if err != nil {
			t.Fatal(err)
		}
		w.people.roster.Store(named)
	}
	read("filed", "kept")
	for _, name := range []string{"amy", "bob", "carl", "dora"} {
		if err := s.Add(ctx, identity.Account{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	var all []*inside
	enter := func(user string) {
		i := &inside{user: user}
		session, err := gate.Arrive("sftp", user, netip.MustParseAddrPort("192.0.2.1:1"), i)
		if err := errors.Join(err, session.Login(user)); err != nil {
			t.Fatal(err)
		}
		all = append(all, i)
	}
	for _, user := range []string{"amy", "amy", "bob", "carl", "dora", "filed", "kept", identity.Guest} {
		enter(user)
	}
	change := func(name string, f func(*identity.Account)) {
		if err := s.Change(ctx, name, func(a *identity.Account) error { f(a); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		name   string
		change func()
		ended  []string // so far
	}{
		{"nothing", func() {}, nil},
		{"another thing", func() { change("bob", func(a *identity.Account) { a.Hash = "other" }) }, nil},
		{"removed", func() { _ = s.Remove(ctx, "amy") }, []string{"amy", "amy"}},
		{"a log-in that overtook it", func() { enter("amy") }, []string{"amy", "amy", "amy"}},
		{"disabled", func() { change("bob", func(a *identity.Account) { a.Disabled = true }) }, []string{"amy", "amy", "amy", "bob"}},
		{"not yet expired", func() { change("carl", func(a *identity.Account) { a.Expires = now.Add(time.Hour) }) }, []string{"amy", "amy", "amy", "bob"}},
		{"expired", func() { now = now.Add(time.Hour) }, []string{"amy", "amy", "amy", "bob", "carl"}},
		{"taken from the settings", func() { read("kept") }, []string{"amy", "amy", "amy", "bob", "carl", "filed"}},
		{"closed", func() { _ = w.close(); _ = s.Remove(ctx, "dora") }, []string{"amy", "amy", "amy", "bob", "carl", "filed"}},
	} {
		step.change()
		w.look()
		var ended []string
		for _, i := range all {
			if i.cut {
				ended = append(ended, i.user)
			}
		}
		if slices.Sort(ended); !slices.Equal(ended, step.ended) {
			t.Errorf("%s: ended %v; want %v", step.name, ended, step.ended)
		}
	}
}
