package identity

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
)

// Passwords admits the users of a fixed list, by their password or a proof in its place. It keeps no password, only a keyed digest
// of it, and does the same work for a user it does not know. The zero value admits
// nobody.
type Passwords struct {
	key    []byte
	digest map[string][]byte // of the password, by user name
}

// NewPasswords takes the password of each user by name. An entry with an empty name
// admits nobody, one with an empty password only by a proof in its place.
func NewPasswords(users map[string]string) *Passwords {
	p := &Passwords{key: make([]byte, sha256.Size), digest: make(map[string][]byte, len(users))}
	rand.Read(p.key) // never fails
	for name, password := range users {
		switch {
		case name == "":
		case password == "":
			p.digest[name] = make([]byte, sha256.Size) // of no password
		default:
			p.digest[name] = p.sum(password)
		}
	}
	return p
}

func (p *Passwords) sum(password string) []byte {
	mac := hmac.New(sha256.New, p.key)
	mac.Write([]byte(password))
	return mac.Sum(nil)
}

// Authenticate implements [Authenticator].
func (p *Passwords) Authenticate(_ context.Context, c Credentials) (Subject, error) {
	want, known := p.digest[c.User]
	if known && c.Proven == c.User {
		return Subject{Name: c.User}, nil
	}
	if !known {
		want = make([]byte, sha256.Size) // as long to compare as any, and no digest
	}
	if !hmac.Equal(p.sum(c.Password), want) {
		return Subject{}, ErrRefused
	}
	return Subject{Name: c.User}, nil
}
