package identity

import (
	"crypto/subtle"
	"errors"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// ErrCode says, besides ErrRefused, that the password was right and that a one-time code
// is missing. Only who can ask for one tells the peer.
var ErrCode = errors.New("a one-time code is missing")

const (
	digits = 6
	step   = 30 // seconds
)

// CheckTOTP returns why a secret of one-time codes is none, nil if it is one. The error
// does not show it.
func CheckTOTP(secret string) error {
	if _, err := code(secret, 0); err != nil || secret == "" {
		return errors.New("not in base 32")
	}
	return nil
}

// NewTOTP makes a secret for a user of the server that is called issuer, and the URI by
// which an app takes it.
func NewTOTP(issuer, user string) (secret, uri string, err error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: user, Period: step, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		return "", "", err
	}
	return key.Secret(), key.URL(), nil
}

// codeBehind splits a password into what may be one, and the code behind it.
func codeBehind(c Credentials) (password, code string, ok bool) {
	n := len(c.Password) - digits
	if c.Code != "" || n <= 0 || strings.Trim(c.Password[n:], "0123456789") != "" {
		return "", "", false
	}
	return c.Password[:n], c.Password[n:], true
}

// redeem reports whether a code is that of now, or of the step before or after, for clocks
// that are not the same, and later than the last one.
func (u *Users) redeem(user, secret, given string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	at := u.now().Unix() / step
	for _, s := range [...]int64{at - 1, at, at + 1} {
		want, err := code(secret, s)
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(given)) == 1 && s > u.codes[user] {
			u.codes[user] = s
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
