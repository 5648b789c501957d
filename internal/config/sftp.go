package config

import (
	"errors"
	"net/netip"
	"strings"
)

// SFTP is how SFTP and scp are served.
type SFTP struct {
	Port              Port             // the zero value is the standard port, or 2022 where that cannot be had
	AuthorizedKeys    []AuthorizedKeys // by which users log in
	UserCA            string           // file: whose certificates for users are good; "" is nobody's
	Legacy            []netip.Prefix   // networks whose clients may use old algorithms
	Banner            string           // shown before log-in
	LenientAttributes bool             // answer changes of attributes that are not allowed as done
}

// AuthorizedKeys is a file of public keys.
type AuthorizedKeys struct {
	User string // "" is every user that there is
	File string
}

// ServesSFTP reports whether there is SFTP: it is not switched off, and there are users.
func (s *Serve) ServesSFTP() bool { return !s.SFTP.Port.Off() && s.hasUsers() }

func (s *Serve) hasUsers() bool {
	for _, k := range s.SFTP.AuthorizedKeys {
		if k.User != "" {
			return true
		}
	}
	return len(s.Users) > 0 || s.Stored
}

// AdmitsGuests reports whether FTP admits guests: there are no users.
func (s *Serve) AdmitsGuests() bool { return len(s.Users) == 0 && !s.Stored }

// checkSFTP finds what single values of SFTP cannot show.
func (s *Serve) checkSFTP() error {
	_, asked := s.SFTP.Port.Number()
	for _, use := range []struct {
		key string
		set bool
	}{{"sftp.port", asked}, {"sftp.authorized-keys", len(s.SFTP.AuthorizedKeys) > 0}, {"sftp.user-ca", s.SFTP.UserCA != ""}} {
		if use.set && !s.hasUsers() {
			return &Conflict{use.key, "needs users, since SSH knows no guests: name them with users (--user NAME:PASSWORD), with their keys (--authorized-keys NAME=FILE), or add them to the store (dray user add NAME)"}
		}
	}
	return nil
}

// authorizedKeys are AuthorizedKeys as a flag that can be repeated.
type authorizedKeys []AuthorizedKeys

// Set adds [USER=]FILE.
func (l *authorizedKeys) Set(s string) error {
	user, file, found := strings.Cut(s, "=")
	if !found {
		user, file = "", s
	}
	if file == "" || found && user == "" || strings.ContainsFunc(s, isControl) {
		return errors.New("want a file of public keys, or USER=FILE")
	}
	*l = append(*l, AuthorizedKeys{strings.Clone(user), strings.Clone(file)})
	return nil
}

func (l *authorizedKeys) String() string {
	var all []string
	for _, k := range *l {
		if k.User != "" {
			k.File = k.User + "=" + k.File
		}
		all = append(all, k.File)
	}
	return strings.Join(all, " ")
}

func (l *authorizedKeys) clear() { *l = nil }

// Type names the value in a usage text.
func (l *authorizedKeys) Type() string { return "[USER=]FILE" }

// networks is a list of networks.
type networks []netip.Prefix

// Set adds a network.
func (l *networks) Set(s string) error {
	var n Network
	if err := n.Set(s); err != nil {
		return err
	}
	*l = append(*l, netip.Prefix(n))
	return nil
}

func (l *networks) String() string {
	var all []string
	for _, n := range *l {
		all = append(all, n.String())
	}
	return strings.Join(all, " ")
}

func (l *networks) clear() { *l = nil }

// Type names the value in a usage text.
func (l *networks) Type() string { return "NETWORK" }

// keyLines are public keys, each as a line of OpenSSH's.
type keyLines []string

// Set adds a key.
func (l *keyLines) Set(s string) error {
	if strings.ContainsFunc(s, isControl) || len(strings.Fields(s)) < 2 {
		return errors.New("want a public key, such as the line in id_ed25519.pub")
	}
	*l = append(*l, s)
	return nil
}

func (l *keyLines) String() string { return strings.Join(*l, " ") }

func (l *keyLines) clear() { *l = nil }

func (l *keyLines) items() []string { return *l }

// Type names the value in a usage text.
func (l *keyLines) Type() string { return "KEY" }
