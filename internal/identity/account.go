package identity

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"
)

// ErrUnknown is the answer of a [Directory] about somebody it does not know.
var ErrUnknown = errors.New("there is no such user")

// Account is all that is known of a user. The zero value is nobody.
type Account struct {
	Name     string
	Hash     string   // of the password, see package password; "" where only a key is a proof
	Keys     []string // public keys for SFTP, each as the line in id_ed25519.pub
	TOTP     string   // the secret of one-time codes, in base 32; "" asks for none
	Groups   []string // in order
	Disabled bool
	Expires  time.Time // from then on nobody is admitted; the zero value is never

	Protocols []string       // "ftp" (with TLS or without), "ftps" (with TLS only), "sftp" (scp too); none: all
	Networks  []netip.Prefix // where the user may come from; none: from everywhere

	Dir    string  // a folder of the host in place of the one that is served; "" is that one; {user} is the name
	Home   string  // a folder in it that the user sees as the root, such as "/home/amy"; "" is all
	Mounts []Mount // more folders in what the user sees

	QuotaBytes   int64 // that files may take; 0 is what holds for everybody, less is no limit
	QuotaFiles   int64 // that there may be; 0 is what holds for everybody, less is no limit
	UploadRate   int64 // octets a second, of all sessions together; 0 is that of everybody, less is no limit
	DownloadRate int64 // octets a second, of all sessions together; 0 is that of everybody, less is no limit
	MaxSessions  int   // at once; 0 is no limit
}

// Mount joins a folder of the host to what a user sees.
type Mount struct {
	At       string // where the user sees it, such as "/images"
	Dir      string // the folder of the host
	ReadOnly bool
}

// Directory knows users.
type Directory interface {
	// Lookup returns the account with exactly this name, and ErrUnknown if there is none.
	// Any other error means that it could not find out. The lists of the account belong to
	// the directory, and are not to be changed.
	Lookup(ctx context.Context, name string) (Account, error)
}

// Valid returns why the account admits nobody at this time, nil if it does. Sessions that
// are under way end when it no longer does.
func (a *Account) Valid(now time.Time) error {
	switch {
	case a.Disabled:
		return errors.New("the user is disabled")
	case !a.Expires.IsZero() && !now.Before(a.Expires):
		return errors.New("the user has expired")
	}
	return nil
}

// Admits returns why the account does not admit a peer that comes by this protocol from
// this address, nil if it does. The protocols are those of [Account.Protocols], and "scp".
func (a *Account) Admits(protocol string, remote netip.Addr) error {
	if len(a.Protocols) > 0 && !slices.ContainsFunc(a.Protocols, func(p string) bool { return covers(p, protocol) }) {
		return errors.New("the user may not log in by this protocol")
	}
	remote = remote.Unmap().WithZone("")
	if len(a.Networks) > 0 && !slices.ContainsFunc(a.Networks, func(n netip.Prefix) bool { return n.Contains(remote) }) {
		return errors.New("the user may not log in from this network")
	}
	return nil
}

// covers reports whether leave for one protocol is leave for another.
func covers(leave, protocol string) bool {
	return leave == protocol || leave == "ftp" && protocol == "ftps" || leave == "sftp" && protocol == "scp"
}

// Accounts is a directory of users by name. It must not change while it is asked.
type Accounts map[string]Account

// Lookup implements [Directory].
func (m Accounts) Lookup(_ context.Context, name string) (Account, error) {
	if a, ok := m[name]; ok && name != "" {
		return a, nil
	}
	return Account{}, ErrUnknown
}
