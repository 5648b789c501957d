package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync/atomic"

	"dray/internal/config"
	"dray/internal/identity"
	"dray/internal/identity/password"
	"dray/internal/store"
	"dray/internal/userkeys"
)

// Stored reports whether there are users in the store of a state folder.
func Stored(stateDir string) (bool, error) {
	s, err := openStore(stateDir)
	if err != nil || s == nil {
		return false, err
	}
	some, err := s.HasUsers(context.Background())
	return some, errors.Join(err, s.Close())
}

// openStore opens the store if there is one, else it returns nil.
func openStore(stateDir string) (*store.Store, error) {
	if stateDir == "" {
		return nil, nil
	}
	if there, err := store.There(stateDir); err != nil || !there {
		return nil, err
	}
	return store.Open(context.Background(), stateDir)
}

// people are all users: those of the settings, then those of the store, then those of whom
// nothing but keys is named.
type people struct {
	roster atomic.Pointer[roster]
	store  atomic.Pointer[store.Store] // nil: there is none yet, see adopt
}

// roster are the users that the settings name.
type roster struct {
	accounts identity.Accounts
	keyed    identity.Accounts // of whom nothing but keys is named
}

// readRoster finds out what the settings say of users.
func readRoster(cfg config.Serve) (*roster, error) {
	all, err := accounts(cfg.Users)
	return &roster{all, byKeyAlone(cfg)}, err
}

// Lookup implements [identity.Directory].
func (p *people) Lookup(ctx context.Context, name string) (identity.Account, error) {
	stored, err := identity.Account{}, identity.ErrUnknown
	if s := p.store.Load(); s != nil { // it is asked about everybody, or the time would tell who is in the settings
		stored, err = s.Lookup(ctx, name)
	}
	named := p.roster.Load()
	if a, err := named.accounts.Lookup(ctx, name); err == nil {
		return a, nil
	}
	if errors.Is(err, identity.ErrUnknown) {
		return named.keyed.Lookup(ctx, name)
	}
	return stored, err
}

// keys returns what finds the keys of a user. That they cannot be found is for the log.
func (p *people) keys(log *slog.Logger) func(user string) []string {
	return func(user string) []string {
		a, err := p.Lookup(context.Background(), user)
		if err != nil && !errors.Is(err, identity.ErrUnknown) {
			log.Error("the keys of a user cannot be read", "user", user, "error", err)
		}
		return a.Keys
	}
}

// mayHaveKeys reports whether somebody has keys with these settings, or may yet be given
// some.
func (p *people) mayHaveKeys(cfg config.Serve) bool {
	return p.store.Load() != nil || slices.ContainsFunc(cfg.Users, func(u config.User) bool { return len(u.Keys) > 0 })
}

// Close closes the store.
func (p *people) Close() error {
	if s := p.store.Load(); s != nil {
		return s.Close()
	}
	return nil
}

// adopt opens the store of a state folder as soon as there is one. Only one goroutine may
// call it at a time, and nobody after Close.
func (p *people) adopt(stateDir string) (adopted bool, err error) {
	if p.store.Load() != nil {
		return false, nil
	}
	s, err := openStore(stateDir)
	if err != nil || s == nil {
		return false, err
	}
	p.store.Store(s)
	return true, nil
}

// addUsers finds out who the users are.
func (d *Daemon) addUsers(cfg config.Serve, log *slog.Logger) (err error) {
	if _, err = d.people.adopt(cfg.StateDir); err != nil {
		return err
	}
	d.users = identity.NewUsers(&d.people, nil)
	d.doorman.people, d.doorman.users = &d.people, d.users
	d.doorman.guests.Store(cfg.AdmitsGuests())
	named, err := readRoster(cfg)
	d.people.roster.Store(named)
	d.reloads(d.reloadUsers, "users", "sftp.authorized-keys")
	if err != nil {
		return err
	}
	return d.people.strangers(context.Background(), cfg.Rules, log)
}

// reloadUsers has other users in the settings. Sessions of those who are no longer there
// end, see addWatch.
func (d *Daemon) reloadUsers(cfg config.Serve) (change, error) {
	named, err := readRoster(cfg)
	return change{apply: func() {
		d.people.roster.Store(named)
		if !cfg.AdmitsGuests() {
			d.doorman.guests.Store(false)
		}
	}}, err
}

// doorman admits users, and guests until there are users: those of the settings, or the
// first that somebody adds to the store. When all are removed again, guests stay out.
type doorman struct {
	guests atomic.Bool // there were no users when it was last looked
	people *people
	users  identity.Authenticator
}

// Authenticate implements [identity.Authenticator].
func (d *doorman) Authenticate(ctx context.Context, c identity.Credentials) (identity.Subject, error) {
	if stored := d.people.store.Load(); d.guests.Load() && stored != nil {
		some, err := stored.HasUsers(ctx)
		if err != nil {
			return identity.Subject{}, err
		}
		if some {
			d.guests.Store(false)
		}
	}
	if d.guests.Load() {
		return identity.Guests{}.Authenticate(ctx, c)
	}
	return d.users.Authenticate(ctx, c)
}

// Account is what the settings say of a user. Its error says what cannot be used, and shows
// no secret.
func Account(u config.User) (identity.Account, error) {
	a := identity.Account{
		Name: u.Name, Hash: u.Hash, Keys: u.Keys, TOTP: u.TOTP, Groups: slices.Sorted(slices.Values(u.Groups)), Disabled: u.Disabled, Expires: u.Expires,
		Protocols: u.Protocols, Networks: u.Networks, Home: u.Home,
		QuotaBytes: int64(u.QuotaBytes), QuotaFiles: int64(u.QuotaFiles),
		UploadRate: int64(u.UploadRate), DownloadRate: int64(u.DownloadRate), MaxSessions: u.MaxSessions,
	}
	if u.Password != "" {
		a.Hash = password.Digest(u.Password)
	}
	if u.Hash != "" {
		if err := password.Check(u.Hash); err != nil {
			return a, fmt.Errorf("the password-hash of %s: %w", u.Name, err)
		}
	}
	if u.TOTP != "" {
		if err := identity.CheckTOTP(u.TOTP); err != nil {
			return a, fmt.Errorf("the secret for one-time codes of %s is %w", u.Name, err)
		}
	}
	for _, line := range u.Keys {
		if _, err := userkeys.Parse(line); err != nil {
			return a, fmt.Errorf("a key of %s: %w", u.Name, err)
		}
	}
	var err error
	if u.Dir != "" {
		if a.Dir, err = filepath.Abs(u.Dir); err != nil {
			return a, err
		}
	}
	for _, m := range u.Mounts {
		dir, err := filepath.Abs(m.Dir)
		if err != nil {
			return a, err
		}
		a.Mounts = append(a.Mounts, identity.Mount{At: m.At, Dir: dir, ReadOnly: m.ReadOnly})
	}
	return a, nil
}

// User is an account as settings have it: what [Account] makes the account of. Proofs are
// those of the account.
func User(a identity.Account) config.User {
	u := config.User{
		Name: a.Name, Hash: a.Hash, Keys: a.Keys, TOTP: a.TOTP, Groups: a.Groups, Disabled: a.Disabled, Expires: a.Expires,
		Protocols: a.Protocols, Networks: a.Networks, Dir: a.Dir, Home: a.Home,
		QuotaBytes: config.Size(a.QuotaBytes), QuotaFiles: int(a.QuotaFiles),
		UploadRate: config.Size(a.UploadRate), DownloadRate: config.Size(a.DownloadRate), MaxSessions: a.MaxSessions,
	}
	for _, m := range a.Mounts {
		u.Mounts = append(u.Mounts, config.Mount(m))
	}
	return u
}

// accounts are the users of the settings.
func accounts(users []config.User) (identity.Accounts, error) {
	all := identity.Accounts{}
	for _, u := range users {
		a, err := Account(u)
		if err != nil {
			return nil, &config.At{Key: "users", Err: err}
		}
		all[u.Name] = a
	}
	return all, nil
}

// byKeyAlone are the users of whom the settings name nothing but keys.
func byKeyAlone(cfg config.Serve) identity.Accounts {
	all := identity.Accounts{}
	for _, k := range cfg.SFTP.AuthorizedKeys {
		if k.User != "" {
			all[k.User] = identity.Account{Name: k.User}
		}
	}
	return all
}
