package config

import (
	"errors"
	"fmt"
	"strings"
)

// User is a name and its proofs.
type User struct {
	Name     string
	Password string   // "" where only a key is a proof
	Keys     []string // public keys, for SFTP
	TOTP     string   // the secret of one-time codes, in base 32; "" asks for none
}

// String leaves the password out, so that no log can hold it.
func (u User) String() string { return u.Name }

// Format leaves the password out of every fmt verb.
func (u User) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(u.Name)) }

// Users is a list of users as a flag that can be repeated.
type Users []User

// Set adds NAME:PASSWORD. The password may hold colons; neither may be empty.
func (u *Users) Set(s string) error {
	name, password, found := strings.Cut(s, ":")
	if !found || name == "" || password == "" || strings.ContainsFunc(s, isControl) {
		return errors.New("want NAME:PASSWORD, neither of them empty")
	}
	// A copy of its own: the command line that s lies in is wiped (see cmd/dray).
	*u = append(*u, User{Name: strings.Clone(name), Password: strings.Clone(password)})
	return nil
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7f }

// String is empty: it would show the passwords.
func (u *Users) String() string { return "" }

func (u *Users) clear() { *u = nil }

// Type names the value in a usage text.
func (u *Users) Type() string { return "NAME:PASSWORD" }

func userSettings(u *User) []Setting {
	return []Setting{
		{Key: "name", Value: (*Text)(&u.Name), Required: true, Usage: "as it is typed at log-in"},
		{Key: "password", Value: (*Text)(&u.Password), Secret: true, Unset: "none, and then there are keys", Usage: "in clear; the file must be closed to others"},
		{Key: "keys", Value: (*keyLines)(&u.Keys), Unset: "none", Usage: "public keys for SFTP, each as the line in id_ed25519.pub"},
		{Key: "totp", Value: (*Text)(&u.TOTP), Secret: true, Unset: "none", Usage: "secret of one-time codes (RFC 6238, six digits), in base 32: SFTP asks for a code besides the password, FTP takes it behind the password"},
	}
}
