package identity_test

import (
	"errors"
	"testing"
	"time"

	"dray/internal/identity"
	"dray/internal/identity/password"
)

// The secret of RFC 6238, appendix B, in base 32, and its codes as six digits.
const rfc6238 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

func TestCodes(t *testing.T) {
	now := time.Unix(59, 0) // in step 1
	users := identity.NewUsers(identity.Accounts{
		"ann": {Name: "ann", Hash: password.Digest("secret"), TOTP: rfc6238},
		"bob": {Name: "bob", Hash: password.Digest("pass")},
		"eve": {Name: "eve", Hash: password.Digest("secret"), TOTP: rfc6238, Disabled: true},
	}, func() time.Time { return now })
	for _, c := range []struct {
		name           string
		at             int64
		c              identity.Credentials
		admit, missing bool
	}{
		{"without the code", 59, identity.Credentials{User: "ann", Password: "secret"}, false, true},
		{"a wrong password", 59, identity.Credentials{User: "ann", Password: "Secret", Code: "287082"}, false, false},
		{"a wrong code", 59, identity.Credentials{User: "ann", Password: "secret", Code: "287083"}, false, false},
		{"the code", 59, identity.Credentials{User: "ann", Password: "secret", Code: "287082"}, true, false},
		{"the code once more", 60, identity.Credentials{User: "ann", Password: "secret", Code: "287082"}, false, false},
		{"behind the password", 1111111109, identity.Credentials{User: "ann", Password: "secret081804"}, true, false},
		{"behind it, once more", 1111111109, identity.Credentials{User: "ann", Password: "secret081804"}, false, false},
		{"behind it, not six digits", 1111111109, identity.Credentials{User: "ann", Password: "secretO81804"}, false, false},
		{"by a clock that is late", 1111111111 + 30, identity.Credentials{User: "ann", Password: "secret", Code: "050471"}, true, false},
		{"too late", 1234567890 + 61, identity.Credentials{User: "ann", Password: "secret", Code: "005924"}, false, false},
		{"by a key", 1234567890, identity.Credentials{User: "ann", Proven: "ann"}, true, false},
		{"by another's key", 1234567890, identity.Credentials{User: "ann", Proven: "bob"}, false, false},
		{"who needs none", 59, identity.Credentials{User: "bob", Password: "pass"}, true, false},
		{"who needs none and gives one", 59, identity.Credentials{User: "bob", Password: "pass287082"}, false, false},
		{"who is not there", 59, identity.Credentials{User: "carl", Password: "secret", Code: "287082"}, false, false},
		{"who is disabled is not asked", 59, identity.Credentials{User: "eve", Password: "secret"}, false, false},
	} {
		now = time.Unix(c.at, 0)
		s, err := users.Authenticate(t.Context(), c.c)
		if (err == nil) != c.admit || errors.Is(err, identity.ErrCode) != c.missing || err != nil && !errors.Is(err, identity.ErrRefused) {
			t.Errorf("%s: %+v, %v", c.name, s, err)
		}
	}
	for secret, good := range map[string]bool{rfc6238: true, "no base 32!": false, "": false} {
		if err := identity.CheckTOTP(secret); (err == nil) != good {
			t.Errorf("%q: %v", secret, err)
		}
	}
}
