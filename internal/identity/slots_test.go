package identity

import (
	"context"
	"errors"
	"testing"

	"dray/internal/identity/password"
)

// TestEveryRefusalCostsAHash: while all hashes that may be at work at once are, nobody is
// refused, whoever it is; and who need not wait for one comes in.
func TestEveryRefusalCostsAHash(t *testing.T) {
	hash, err := password.Hash("secret")
	other, wrong := password.Hash("secret")
	if err := errors.Join(err, wrong); err != nil {
		t.Fatal(err)
	}
	u := NewUsers(Accounts{
		"clear": {Name: "clear", Hash: password.Digest("secret")}, "hash": {Name: "hash", Hash: hash}, "key": {Name: "key"},
		"disabled": {Name: "disabled", Hash: hash, Disabled: true}, "fresh": {Name: "fresh", Hash: other},
	}, nil)
	if _, err := u.Authenticate(t.Context(), Credentials{User: "fresh", Password: "secret"}); err != nil {
		t.Fatal(err)
	}
	for range cap(u.slots) {
		u.slots <- struct{}{}
	}
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		user, password string
		waits          bool
	}{
		{"nobody", "secret", true},
		{"clear", "wrong", true},
		{"clear", "secret", false},
		{"hash", "wrong", true},
		{"hash", "secret", true},
		{"key", "secret", true},
		{"disabled", "wrong", true},
		{"fresh", "wrong", true},
		{"fresh", "secret", false},
	} {
		_, err := u.Authenticate(impatient, Credentials{User: c.user, Password: c.password})
		if c.waits && !errors.Is(err, context.Canceled) || !c.waits && err != nil {
			t.Errorf("%s with %s: %v", c.user, c.password, err)
		}
	}
}
