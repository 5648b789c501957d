// Package userkeys reads the public keys by which users log in over SSH, and those of the
// authorities that sign certificates for users: files and lines in the form of OpenSSH's
// authorized_keys. It keeps no private key.
package userkeys

import (
	"bytes"
	"fmt"
	"os"

	"golang.org/x/crypto/ssh"
)

// Ring has the keys of users. The zero value has none.
type Ring struct {
	keys []entry
}

type entry struct {
	user string // "" means every user
	key  []byte
}

// Add gives a user a key, which is a line as in id_ed25519.pub.
func (r *Ring) Add(user, line string) error {
	return r.add(user, []byte(line), fmt.Sprintf("the key of %s", user))
}

// AddFile gives a user the keys in a file, or every user if user is "".
func (r *Ring) AddFile(user, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return r.add(user, text, file)
}

func (r *Ring) add(user string, text []byte, where string) error {
	keys, err := parse(text, where)
	for _, k := range keys {
		r.keys = append(r.keys, entry{user, k.Marshal()})
	}
	return err
}

// Len is how many keys there are.
func (r *Ring) Len() int { return len(r.keys) }

// Authorized reports whether the key is one of the user's.
func (r *Ring) Authorized(user string, key ssh.PublicKey) bool {
	wire := key.Marshal()
	for _, e := range r.keys {
		if (e.user == "" || e.user == user) && bytes.Equal(e.key, wire) {
			return true
		}
	}
	return false
}

// Authorities reads the keys of those who sign certificates for users.
func Authorities(file string) ([]ssh.PublicKey, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return parse(text, file)
}

// parse reads one key a line. Empty lines and those with "#" in front are skipped; any
// other that is no key is an error, and so is one with options, since a restriction that
// is not kept must not be taken. What there is none of here anyway may be restricted.
func parse(text []byte, where string) ([]ssh.PublicKey, error) {
	var keys []ssh.PublicKey
	number := 0
	for line := range bytes.Lines(text) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		key, _, options, _, err := ssh.ParseAuthorizedKey(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: this is no public key in the form of OpenSSH", where, number)
		}
		for _, o := range options {
			if !harmless(o) {
				return nil, fmt.Errorf("%s:%d: the option %s is not kept here: take it out, or the key", where, number, o)
			}
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s: there is no key in it", where)
	}
	return keys, nil
}

// harmless reports whether an option forbids only what nobody may here.
func harmless(option string) bool {
	switch option {
	case "restrict", "no-pty", "no-port-forwarding", "no-agent-forwarding", "no-X11-forwarding", "no-user-rc":
		return true
	}
	return false
}
