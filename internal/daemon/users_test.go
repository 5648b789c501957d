package daemon

import (
	"errors"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"dray/internal/config"
	"dray/internal/identity"
	"dray/internal/identity/password"
	"dray/internal/store"
)

// credentials of a client on loopback.
func credentials(user, secret string) identity.Credentials {
	return identity.Credentials{User: user, Password: secret, Protocol: "ftp", Remote: netip.MustParseAddrPort("127.0.0.1:50000")}
}

// TestGuestsUntilThereAreUsers: guests come in over FTP while nobody is in the settings and
// nobody in the store, and not again when all users are gone that the server began with.
func TestGuestsUntilThereAreUsers(t *testing.T) {
	cfg := configFor(t, t.TempDir())
	if err := cfg.SFTP.Port.Set("0"); err != nil { // other tests may have the usual ones
		t.Fatal(err)
	}
	people, err := store.Open(t.Context(), cfg.StateDir)
	if err != nil {
		t.Fatal(err)
	}
	defer people.Close()
	bind := func() (*Daemon, identity.Authenticator) {
		cfg.Stored, err = Stored(cfg.StateDir)
		if err != nil {
			t.Fatal(err)
		}
		d, err := Bind(cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		return d, &d.doorman
	}
	try := func(users identity.Authenticator, user string, admit bool) {
		t.Helper()
		_, err := users.Authenticate(t.Context(), credentials(user, "secret"))
		if (err == nil) != admit || err != nil && !errors.Is(err, identity.ErrRefused) {
			t.Errorf("%s: %v", user, err)
		}
	}
	d, users := bind()
	if d.HostKeys() != nil {
		t.Error("there is SFTP without users")
	}
	try(users, "anonymous", true)
	try(users, "amy", false)
	hash, err := password.Hash("secret")
	if err := errors.Join(err, people.Add(t.Context(), identity.Account{Name: "amy", Hash: hash})); err != nil {
		t.Fatal(err)
	}
	try(users, "anonymous", false)
	try(users, "amy", true)

	d, users = bind()
	if d.HostKeys() == nil {
		t.Error("there is no SFTP with a user in the store")
	}
	try(users, "amy", true)
	if err := people.Remove(t.Context(), "amy"); err != nil {
		t.Fatal(err)
	}
	try(users, "amy", false)
	try(users, "anonymous", false)
}

// TestTheFirstUserOfAServerThatRuns is admitted, and guests are no more, without a restart.
func TestTheFirstUserOfAServerThatRuns(t *testing.T) {
	cfg := configFor(t, t.TempDir())
	d, err := Bind(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	w := &watch{people: &d.people, dir: cfg.StateDir, gate: d.gate, now: time.Now, log: slog.New(slog.DiscardHandler), stopped: make(chan struct{})}
	look := func(guest, amy bool) {
		t.Helper()
		w.look()
		for user, want := range map[string]bool{"anonymous": guest, "amy": amy} {
			if _, err := d.doorman.Authenticate(t.Context(), credentials(user, "secret")); (err == nil) != want {
				t.Errorf("%s: %v", user, err)
			}
		}
	}
	look(true, false)
	people, err := store.Open(t.Context(), cfg.StateDir)
	if err != nil {
		t.Fatal(err)
	}
	defer people.Close()
	look(true, false)
	hash, err := password.Hash("secret")
	if err := errors.Join(err, people.Add(t.Context(), identity.Account{Name: "amy", Hash: hash})); err != nil {
		t.Fatal(err)
	}
	look(false, true)
}

// TestWhoGoesFirst: the settings before the store, and both before a name that only keys
// stand for.
func TestWhoGoesFirst(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, name := range []string{"amy", "bob"} {
		if err := s.Add(t.Context(), identity.Account{Name: name, Home: "/store"}); err != nil {
			t.Fatal(err)
		}
	}
	p := storing(s)
	named, err := readRoster(config.Serve{
		Users: []config.User{{Name: "amy", Home: "/settings"}},
		SFTP:  config.SFTP{AuthorizedKeys: []config.AuthorizedKeys{{User: "amy"}, {User: "bob"}, {User: "carl"}, {User: ""}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.roster.Store(named)
	for name, home := range map[string]string{"amy": "/settings", "bob": "/store", "carl": ""} {
		if a, err := p.Lookup(t.Context(), name); err != nil || a.Name != name || a.Home != home {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
	for _, name := range []string{"", "dora"} {
		if _, err := p.Lookup(t.Context(), name); !errors.Is(err, identity.ErrUnknown) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
