package identity

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// ErrCode says, besides ErrRefused, that the password was right and that a one-time code
// is missing. Only who can ask for one tells the peer.
var ErrCode = errors.New("a one-time code is missing")

// Codes asks some users for a one-time code (RFC 6238: six digits, thirty seconds, SHA-1)
// besides their password. Whose protocol cannot ask for it writes it behind the password.
// A key or a certificate needs no code. A code is good once, for a minute and a half.
type Codes struct {
	users   Authenticator
	secrets map[string]string
	now     func() time.Time

	mu   sync.Mutex
	last map[string]int64 // the step of the last code that was good, by user
}

const (
	digits = 6
	step   = 30 // seconds
)

// NewCodes asks the users of secrets, which are in base 32, and lets all others be. now is
// the clock, nil the real one. A secret that is none is an error that does not show it.
func NewCodes(users Authenticator, secrets map[string]string, now func() time.Time) (*Codes, error) {
	if now == nil {
		now = time.Now
	}
	c := &Codes{users: users, secrets: secrets, now: now, last: make(map[string]int64)}
	for user, secret := range secrets {
		if _, err := code(secret, 0); err != nil {
			return nil, fmt.Errorf("the secret for one-time codes of %s is not in base 32", user)
		}
	}
	return c, nil
}

// Authenticate implements [Authenticator].
func (c *Codes) Authenticate(ctx context.Context, cred Credentials) (Subject, error) {
	secret, asked := c.secrets[cred.User]
	if !asked || cred.Proven != "" {
		return c.users.Authenticate(ctx, cred)
	}
	if cred.Code == "" {
		if _, err := c.users.Authenticate(ctx, cred); err == nil {
			return Subject{}, errors.Join(ErrRefused, ErrCode)
		}
		if n := len(cred.Password) - digits; n > 0 {
			cred.Password, cred.Code = cred.Password[:n], cred.Password[n:]
		}
	}
	s, err := c.users.Authenticate(ctx, cred)
	switch {
	case err != nil:
		return Subject{}, err
	case !c.redeem(cred.User, secret, cred.Code):
		return Subject{}, ErrRefused
	}
	return s, nil
}

// redeem reports whether a code is that of now, or of the step before or after, for clocks
// that are not the same, and later than the last one.
func (c *Codes) redeem(user, secret, given string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.now().Unix() / step
	for _, s := range [...]int64{at - 1, at, at + 1} {
		want, err := code(secret, s)
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(given)) == 1 && s > c.last[user] {
			c.last[user] = s
			return true
		}
	}
	return false
}

func code(secret string, s int64) (string, error) {
	return totp.GenerateCodeCustom(secret, time.Unix(s*step, 0), totp.ValidateOpts{
		Period: step, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
	})
}
