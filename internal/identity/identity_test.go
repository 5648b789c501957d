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
