package identity_test

import (
	"errors"
	"reflect"
	"testing"

	"dray/internal/identity"
)

func TestGuests(t *testing.T) {
	for _, c := range []struct {
		user  string
		admit bool
	}{
		{"anonymous", true},
		{"Anonymous", true},
		{"ftp", true},
		{"", false},
		{"root", false},
		{"ftp ", false},
		{"anonymous\x00", false},
	} {
		for _, password := range []string{"", "someone@example.org"} {
			s, err := identity.Guests{}.Authenticate(t.Context(), identity.Credentials{User: c.user, Password: password})
			want := identity.Subject{}
			if c.admit {
				want = identity.Subject{Name: "anonymous", Anonymous: true}
			}
			if !reflect.DeepEqual(s, want) || c.admit != (err == nil) || err != nil && !errors.Is(err, identity.ErrRefused) {
				t.Errorf("%q: %+v, %v", c.user, s, err)
			}
		}
	}
}

func TestPasswords(t *testing.T) {
	users := identity.NewPasswords(map[string]string{
		"ann": "secret", "bob": "pass:word", "dora": "", "": "secret",
	})
	for _, c := range []struct {
		user, password string
		admit          bool
	}{
		{"ann", "secret", true},
		{"bob", "pass:word", true},
		{"ann", "", false},
		{"ann", "Secret", false},
		{"ann", "secret\x00", false},
		{"ann", "secret ", false},
		{"ann", "pass:word", false},
		{"Ann", "secret", false},
		{"ann\x00", "secret", false},
		{"", "", false},
		{"", "secret", false},
		{"dora", "", false},
		{"carl", "", false},
		{"carl", "secret", false},
		{"anonymous", "secret", false},
	} {
		s, err := users.Authenticate(t.Context(), identity.Credentials{User: c.user, Password: c.password})
		want := identity.Subject{}
		if c.admit {
			want.Name = c.user
		}
		if !reflect.DeepEqual(s, want) || c.admit != (err == nil) || err != nil && !errors.Is(err, identity.ErrRefused) {
			t.Errorf("%q with %q: %+v, %v", c.user, c.password, s, err)
		}
	}
}

func TestZeroPasswordsAdmitNobody(t *testing.T) {
	var nobody identity.Passwords
	if s, err := nobody.Authenticate(t.Context(), identity.Credentials{}); !errors.Is(err, identity.ErrRefused) {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestProven: a certificate stands for the password of the very user that it names, if
// there is one.
func TestProven(t *testing.T) {
	users := identity.NewPasswords(map[string]string{"ann": "secret", "bob": "pass", "dora": ""})
	for _, c := range []struct {
		user, proven string
		admit        bool
	}{
		{"ann", "ann", true},
		{"ann", "bob", false},
		{"ann", "", false},
		{"dora", "dora", true},
		{"dora", "", false},
		{"carl", "carl", false},
		{"", "", false},
	} {
		s, err := users.Authenticate(t.Context(), identity.Credentials{User: c.user, Proven: c.proven})
		if (err == nil) != c.admit || c.admit && s.Name != c.user {
			t.Errorf("%q proven %q: %+v, %v", c.user, c.proven, s, err)
		}
	}
}
