package config

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"dray/internal/config/value"
)

// User is a name, its proofs, and what is special about who has it.
type User struct {
	Name     string
	Password string   // "" where only a key is a proof, or a hash is there
	Hash     string   // of the password, in its place; "" is none
	Keys     []string // public keys, for SFTP
	TOTP     string   // the secret of one-time codes, in base 32; "" asks for none

	Groups       []string
	Disabled     bool
	Expires      time.Time      // the zero value is never
	Protocols    []string       // words of UserProtocols; none: all
	Networks     []netip.Prefix // none: everywhere
	Dir          string         // in place of the folder that is served; "" is that one
	Home         string         // what in it the user sees as the root; "" is all
	Mounts       []Mount
	QuotaBytes   Size
	QuotaFiles   int  // 0 is no limit
	UploadRate   Size // octets a second
	DownloadRate Size // octets a second
	MaxSessions  int  // 0 is no limit
}

// String leaves the password out, so that no log can hold it.
func (u User) String() string { return u.Name }

// Format leaves the password out of every fmt verb.
func (u User) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(u.Name)) }

// Folders are those of the host that the user alone may see.
func (u *User) Folders() []string {
	var all []string
	if u.Dir != "" {
		all = append(all, Mount{Dir: u.Dir}.Base())
	}
	for _, m := range u.Mounts {
		all = append(all, m.Base())
	}
	return all
}

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

func isControl(r rune) bool { return value.IsControl(r) }

// String is empty: it would show the passwords.
func (u *Users) String() string { return "" }

func (u *Users) clear() { *u = nil }

// Type names the value in a usage text.
func (u *Users) Type() string { return "NAME:PASSWORD" }

func userSettings(u *User) []Setting {
	return slices.Concat([]Setting{
		{Key: "name", Value: (*Text)(&u.Name), Required: true, Usage: "as it is typed at log-in"},
		{Key: "password", Value: (*Text)(&u.Password), Secret: true, Unset: "none, and then there are keys", Usage: "in clear; the file must be closed to others"},
		{Key: "password-hash", Value: (*Text)(&u.Hash), Secret: true, Unset: "none", Usage: "in place of password, its hash: argon2id, bcrypt, or of crypt(3) $y$, $6$, $5$ or $1$"},
		{Key: "keys", Value: (*keyLines)(&u.Keys), Unset: "none", Usage: "public keys for SFTP, each as the line in id_ed25519.pub"},
		{Key: "totp", Value: (*Text)(&u.TOTP), Secret: true, Unset: "none", Usage: "secret of one-time codes (RFC 6238, six digits), in base 32: SFTP asks for a code besides the password, FTP takes it behind the password"},
	}, accountSettings(u))
}

// accountSettings are those settings of a user that are no proofs. `dray user` has them as
// flags.
func accountSettings(u *User) []Setting {
	return []Setting{
		{Key: "groups", Flag: "group", Value: (*Names)(&u.Groups), Unset: "none", Usage: "groups that the user is a member of"},
		{Key: "disabled", Value: (*Switch)(&u.Disabled), Default: "false", Usage: "admit the user no more"},
		{Key: "expires", Flag: "expires", Value: (*Moment)(&u.Expires), Unset: "never", Usage: "admit the user no more from this time on, or after this day"},
		{Key: "protocols", Flag: "protocol", Value: (*userProtocols)(&u.Protocols), Unset: "all", Usage: "protocols that the user may come by: ftp also under TLS, ftps only so, sftp with scp"},
		{Key: "networks", Flag: "network", Value: (*networks)(&u.Networks), Unset: "everywhere", Usage: "networks that the user may come from"},
		{Key: "dir", Flag: "dir", Value: (*Folder)(&u.Dir), Unset: "the folder that is served", Usage: "folder of this machine that the user sees in place of the one that is served; {user} is the name"},
		{Key: "home", Flag: "home", Value: (*treePath)(&u.Home), Unset: "all of it", Usage: "the part of it that the user sees, as /"},
		{Key: "mounts", Flag: "mount", Value: (*mounts)(&u.Mounts), Unset: "none", Usage: "more folders of this machine, and where the user sees them"},
		{Key: "quota-bytes", Flag: "quota-bytes", Value: &u.QuotaBytes, Unset: "no limit", Usage: "space that files of the user may take"},
		{Key: "quota-files", Flag: "quota-files", Value: Count{&u.QuotaFiles, 1, 1 << 30}, Unset: "no limit", Usage: "number of files that the user may have"},
		{Key: "upload-rate", Flag: "upload-rate", Value: &u.UploadRate, Unset: "no limit", Usage: "octets a second to the server, in all sessions of the user together"},
		{Key: "download-rate", Flag: "download-rate", Value: &u.DownloadRate, Unset: "no limit", Usage: "octets a second from the server, in all sessions of the user together"},
		{Key: "max-sessions", Flag: "max-sessions", Value: Count{&u.MaxSessions, 1, 1 << 20}, Unset: "no limit", Usage: "sessions of the user at once"},
	}
}

// UserFlags are the settings of a user as flags of a command line, but for the proofs.
func UserFlags() (all []*Flag) {
	for _, s := range accountSettings(new(User)) {
		if s.Flag != "" {
			all = append(all, &Flag{Setting: s, resets: true})
		}
	}
	return all
}

// Said reports whether any of the flags was given.
func Said(flags []*Flag) bool {
	return slices.ContainsFunc(flags, func(f *Flag) bool { return f.said != nil })
}

// Apply changes what the flags say. An empty value takes back what was set.
func (u *User) Apply(flags []*Flag) error {
	rows := accountSettings(u)
	for _, f := range flags {
		i := slices.IndexFunc(rows, func(s Setting) bool { return s.Key == f.Key })
		if f.said == nil || i < 0 {
			continue
		}
		rows[i].reset()
		for _, text := range f.said {
			if text == "" {
				rows[i].reset()
				continue
			}
			if err := rows[i].Value.Set(text); err != nil {
				return fmt.Errorf("%s: %w", f.name(), err)
			}
		}
	}
	return nil
}

// reset takes back what was set.
func (s *Setting) reset() {
	switch v := s.Value.(type) {
	case Count:
		*v.int = 0
	default:
		reflect.ValueOf(v).Elem().SetZero()
	}
}

// checkUsers finds what single values of users cannot show.
func (s *Serve) checkUsers() error {
	seen := map[string]bool{}
	for _, u := range s.Users {
		proven := u.Password != "" || u.Hash != ""
		switch {
		case seen[u.Name]:
			return &Conflict{"users", fmt.Sprintf("has %q twice", u.Name)}
		case u.Password != "" && u.Hash != "":
			return &Conflict{"users", "has a password and a password-hash for " + u.Name + ", of which one is too many"}
		case !proven && len(u.Keys) == 0:
			return &Conflict{"users", "has " + u.Name + " without a password and without keys"}
		case !proven && u.TOTP != "":
			return &Conflict{"users", "has one-time codes for " + u.Name + " without a password, which they go with"}
		}
		seen[u.Name] = true
	}
	return nil
}

// Names is a list of names, of groups for instance.
type Names []string

// Set adds a name.
func (n *Names) Set(s string) error {
	if err := CheckName(s); err != nil {
		return err
	}
	if !slices.Contains(*n, s) {
		*n = append(*n, strings.Clone(s))
	}
	return nil
}

// CheckName returns why a text is no name of a user or a group, nil if it is one.
func CheckName(s string) error {
	if s == "" || len(s) > 255 || strings.ContainsFunc(s, func(r rune) bool { return isControl(r) || strings.ContainsRune(` :/\,"'`, r) }) {
		return errors.New(`want a name, without spaces, quotes, and : / \ ,`)
	}
	return nil
}

func (n *Names) String() string { return strings.Join(*n, " ") }

func (n *Names) clear() { *n = nil }

// Type names the value in a usage text.
func (n *Names) Type() string { return "NAME" }

// userProtocols is a list of protocols that users log in by.
type userProtocols []string

// Set adds a protocol.
func (p *userProtocols) Set(s string) error {
	if !slices.Contains(p.Words(), s) {
		return fmt.Errorf("want %s", oneOf(p.Words()))
	}
	if !slices.Contains(*p, s) {
		*p = append(*p, strings.Clone(s))
	}
	return nil
}

func (p *userProtocols) String() string { return strings.Join(*p, " ") }

func (p *userProtocols) clear() { *p = nil }

// Words are what Set takes.
func (p *userProtocols) Words() []string { return []string{"ftp", "ftps", "sftp"} }

// Type names the value in a usage text.
func (p *userProtocols) Type() string { return "ftp|ftps|sftp" }

// Moment is a point in time. The zero value is none.
type Moment time.Time

// Set takes a day, which means its end here, or a time as of RFC 3339.
func (m *Moment) Set(s string) error {
	if day, err := time.ParseInLocation(time.DateOnly, s, time.Local); err == nil {
		*m = Moment(day.AddDate(0, 0, 1))
		return nil
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return errors.New("want a day such as 2027-01-31, or a time such as 2027-01-31T18:00:00Z")
	}
	*m = Moment(at)
	return nil
}

func (m *Moment) String() string {
	if t := time.Time(*m); !t.IsZero() {
		return t.Format(time.RFC3339)
	}
	return ""
}

// Type names the value in a usage text.
func (m *Moment) Type() string { return "DAY|TIME" }
