package identity

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

// Account is a user and the password that proves it.
type Account struct{ Name, Password string }

// Passwords admits the users of a fixed list. It keeps no password, only a keyed digest
// of it, and does the same work for a user it does not know. The zero value admits
// nobody.
type Passwords struct {
	key    []byte
	digest map[string][]byte // of the password, by user name
}

// NewPasswords takes the accounts. A name or a password that is empty, and a name that
// comes twice, are errors.
func NewPasswords(accounts ...Account) (*Passwords, error) {
	p := &Passwords{key: make([]byte, sha256.Size), digest: make(map[string][]byte, len(accounts))}
	rand.Read(p.key) // never fails
	for _, a := range accounts {
		switch {
		case a.Name == "":
			return nil, errors.New("account without a name")
		case a.Password == "":
			return nil, fmt.Errorf("account %q: no password", a.Name)
		case p.digest[a.Name] != nil:
			return nil, fmt.Errorf("account %q: given twice", a.Name)
		}
		p.digest[a.Name] = p.sum(a.Password)
	}
	return p, nil
}

func (p *Passwords) sum(password string) []byte {
	mac := hmac.New(sha256.New, p.key)
	mac.Write([]byte(password))
	return mac.Sum(nil)
}

// Authenticate implements [Authenticator].
func (p *Passwords) Authenticate(_ context.Context, c Credentials) (Subject, error) {
	want, known := p.digest[c.User]
	if !known {
		want = make([]byte, sha256.Size) // as long to compare as any
	}
	if !hmac.Equal(p.sum(c.Password), want) || !known {
		return Subject{}, ErrRefused
	}
	return Subject{Name: c.User}, nil
}
