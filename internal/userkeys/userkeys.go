// Package userkeys reads the public keys by which users log in over SSH, and those of the
// authorities that sign certificates for users: files and lines in the form of OpenSSH's
// authorized_keys. It keeps no private key.
package userkeys

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"
)

// Ring has the keys of users. The zero value has none.
type Ring struct {
	// Lines returns more keys of a user, each as a line in id_ed25519.pub. It is asked each
	// time, from any goroutine; nil: there are no more. A line that is no key is skipped.
	Lines func(user string) []string

	keys []entry
}

type entry struct {
	user string // "" means every user
	key  []byte
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
	if r.Lines == nil {
		return false
	}
	for _, line := range r.Lines(user) {
		if k, err := parseLine([]byte(line)); err == nil && bytes.Equal(k.Marshal(), wire) {
			return true
		}
	}
	return false
}

// Parse reads one key, a line as in id_ed25519.pub.
func Parse(line string) (ssh.PublicKey, error) {
	if strings.ContainsAny(strings.TrimSpace(line), "\r\n") {
		return nil, errors.New("want one key, in one line")
	}
	return parseLine([]byte(line))
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
		key, err := parseLine(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", where, number, err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s: there is no key in it", where)
	}
	return keys, nil
}

func parseLine(line []byte) (ssh.PublicKey, error) {
	key, _, options, _, err := ssh.ParseAuthorizedKey(line)
	if err != nil {
		return nil, errors.New("this is no public key in the form of OpenSSH")
	}
	for _, o := range options {
		if !harmless(o) {
			return nil, fmt.Errorf("the option %s is not kept here: take it out, or the key", o)
		}
	}
	return key, nil
}

// harmless reports whether an option forbids only what nobody may here.
func harmless(option string) bool {
	switch option {
	case "restrict", "no-pty", "no-port-forwarding", "no-agent-forwarding", "no-X11-forwarding", "no-user-rc":
		return true
	}
	return false
}
