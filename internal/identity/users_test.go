package identity_test

import (
	"context"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"dray/internal/identity"
	"dray/internal/identity/password"
)

func hash(t *testing.T, clear string) string {
	t.Helper()
	h, err := password.Hash(clear)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestUsers says who is admitted, and what the log reads of the others.
func TestUsers(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	users := identity.NewUsers(identity.Accounts{
		"ann":  {Name: "ann", Hash: password.Digest("secret"), Groups: []string{"lab"}},
		"bob":  {Name: "bob", Hash: hash(t, "pass:word")},
		"dora": {Name: "dora"},
		"eve":  {Name: "eve", Hash: password.Digest("secret"), Disabled: true},
		"fred": {Name: "fred", Hash: password.Digest("secret"), Expires: now},
		"gus":  {Name: "gus", Hash: password.Digest("secret"), Protocols: []string{"sftp"}},
		"hal":  {Name: "hal", Hash: password.Digest("secret"), Networks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}},
		"":     {Hash: password.Digest("secret")},
	}, func() time.Time { return now })
	for _, c := range []struct {
		user, password, proven string
		refused                string // "" is admitted
	}{
		{"ann", "secret", "", ""},
		{"ann", "", "ann", ""},
		{"ann", "secret", "bob", "log-in refused"},
		{"ann", "", "", "log-in refused"},
		{"ann", "Secret", "", "log-in refused"},
		{"ann", "secret\x00", "", "log-in refused"},
		{"ann", "pass:word", "", "log-in refused"},
		{"Ann", "secret", "", "log-in refused"},
		{"ann\x00", "secret", "", "log-in refused"},
		{"bob", "pass:word", "", ""},
		{"bob", "pass", "", "log-in refused"},
		{"dora", "", "", "log-in refused"},
		{"dora", "", "dora", ""},
		{"carl", "secret", "", "log-in refused"},
		{"carl", "", "carl", "log-in refused"},
		{"", "secret", "", "log-in refused"},
		{"", "", "", "log-in refused"},
		{"eve", "wrong", "", "log-in refused"},
		{"eve", "secret", "", "log-in refused: the user is disabled"},
		{"eve", "", "eve", "log-in refused: the user is disabled"},
		{"fred", "secret", "", "log-in refused: the user has expired"},
		{"gus", "secret", "", "log-in refused: the user may not log in by this protocol"},
		{"hal", "secret", "", "log-in refused: the user may not log in from this network"},
	} {
		s, err := users.Authenticate(t.Context(), identity.Credentials{
			User: c.user, Password: c.password, Proven: c.proven, Protocol: "ftp", Remote: netip.MustParseAddrPort("[::ffff:192.0.2.1]:2121"),
		})
		switch {
		case c.refused != "" && (!errors.Is(err, identity.ErrRefused) || err.Error() != c.refused || s.Name != ""):
			t.Errorf("%q with %q: %+v, %v; want %s", c.user, c.password, s, err, c.refused)
		case c.refused == "" && (err != nil || s.Name != c.user || s.Protocol != "ftp" || s.Remote != netip.MustParseAddr("192.0.2.1")):
			t.Errorf("%q with %q: %+v, %v", c.user, c.password, s, err)
		case c.user == "ann" && err == nil && !reflect.DeepEqual(s.Groups, []string{"lab"}):
			t.Errorf("groups %v", s.Groups)
		}
	}
}

// lost is a directory that cannot be read.
type lost struct{}

func (lost) Lookup(context.Context, string) (identity.Account, error) {
	return identity.Account{}, errors.New("disk on fire")
}

func TestDirectoryThatFails(t *testing.T) {
	_, err := identity.NewUsers(lost{}, nil).Authenticate(t.Context(), identity.Credentials{User: "ann", Password: "secret"})
	if err == nil || errors.Is(err, identity.ErrRefused) || !strings.Contains(err.Error(), "on fire") {
		t.Error(err)
	}
}

// TestManyAtOnce: no log-in is lost where there are more than hashes may be at work.
func TestManyAtOnce(t *testing.T) {
	users := identity.NewUsers(identity.Accounts{"bob": {Name: "bob", Hash: hash(t, "secret")}}, nil)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, err := users.Authenticate(t.Context(), identity.Credentials{User: "bob", Password: "secret"}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := users.Authenticate(over, identity.Credentials{User: "bob", Password: "secret"}); err != nil {
		t.Errorf("who was admitted just now: %v", err)
	}
}

// TestNewPassword: what was right before is not, as soon as the hash is another.
func TestNewPassword(t *testing.T) {
	accounts := identity.Accounts{"bob": {Name: "bob", Hash: hash(t, "former")}}
	users := identity.NewUsers(accounts, nil)
	try := func(clear string) error {
		_, err := users.Authenticate(t.Context(), identity.Credentials{User: "bob", Password: clear})
		return err
	}
	if err := errors.Join(try("former"), try("former")); err != nil {
		t.Fatal(err)
	}
	accounts["bob"] = identity.Account{Name: "bob", Hash: hash(t, "new")}
	if try("former") == nil || try("new") != nil {
		t.Error("the former password is as good as the new one")
	}
}
