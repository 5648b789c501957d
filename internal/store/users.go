package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"dray/internal/identity"
)

// ErrExists is the answer to adding who or what is there already.
var ErrExists = errors.New("is there already")

// Lookup implements [identity.Directory]. It sees every change that was made before it is
// called, whoever made it. All users are in memory until something changes, so that it
// takes no longer to know somebody than not to.
func (s *Store) Lookup(ctx context.Context, name string) (identity.Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := s.number(ctx)
	if err != nil {
		return identity.Account{}, err
	}
	if v != s.version || s.known == nil {
		known, err := s.all(ctx)
		if err != nil {
			return identity.Account{}, err
		}
		s.version, s.known = v, known // of v, or of a later version, which will be read again
	}
	return s.known.Lookup(ctx, name)
}

// HasUsers reports whether there are any.
func (s *Store) HasUsers(ctx context.Context) (some bool, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM users)").Scan(&some)
	return some, err
}

// Users returns all accounts by their names.
func (s *Store) Users(ctx context.Context) ([]identity.Account, error) {
	all, err := s.all(ctx)
	if err != nil {
		return nil, err
	}
	return slices.SortedFunc(maps.Values(all), func(a, b identity.Account) int { return strings.Compare(a.Name, b.Name) }), nil
}

// all reads all accounts as they are at one time.
func (s *Store) all(ctx context.Context) (identity.Accounts, error) {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // nothing was changed
	return read(ctx, tx, "")
}

// Add adds a user, whose groups have to be there. The error is ErrExists if the name is
// taken.
func (s *Store) Add(ctx context.Context, a identity.Account) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		_, err := user(ctx, tx, a.Name)
		switch {
		case err == nil:
			return fmt.Errorf("the user %s %w", a.Name, ErrExists)
		case !errors.Is(err, identity.ErrUnknown):
			return err
		}
		return put(ctx, tx, a)
	})
}

// Change lets f change a user. The error is [identity.ErrUnknown] if there is none of that
// name, and that of f if it returns one; then nothing is changed. The name stays.
func (s *Store) Change(ctx context.Context, name string, f func(*identity.Account) error) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		a, err := user(ctx, tx, name)
		if err != nil {
			return unknown(name, err)
		}
		if err := f(&a); err != nil {
			return err
		}
		a.Name = name
		if err := remove(ctx, tx, name); err != nil {
			return err
		}
		return put(ctx, tx, a)
	})
}

// Remove removes a user. The error is [identity.ErrUnknown] if there is none of that name.
func (s *Store) Remove(ctx context.Context, name string) error {
	return s.change(ctx, func(tx *sql.Tx) error { return unknown(name, remove(ctx, tx, name)) })
}

func unknown(name string, err error) error {
	if errors.Is(err, identity.ErrUnknown) {
		return fmt.Errorf("%s: %w", name, err)
	}
	return err
}

// remove removes a user with all that belongs to it.
func remove(ctx context.Context, tx *sql.Tx, name string) error {
	return one(tx.ExecContext(ctx, "DELETE FROM users WHERE name = ?", name))
}

// one is the error of a statement that has to meet one row.
func one(r sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := r.RowsAffected()
	if err == nil && n == 0 {
		return identity.ErrUnknown
	}
	return err
}

// user reads one account.
func user(ctx context.Context, tx *sql.Tx, name string) (identity.Account, error) {
	found, err := read(ctx, tx, name)
	if err != nil {
		return identity.Account{}, err
	}
	return found.Lookup(ctx, name)
}

// read reads one account, or all if only is "".
func read(ctx context.Context, tx *sql.Tx, only string) (identity.Accounts, error) {
	all := make(identity.Accounts)
	err := each(ctx, tx, only, `SELECT name, hash, totp, disabled, expires, dir, home, quota_bytes, quota_files,
			upload_rate, download_rate, max_sessions FROM users`, "name", func(rows *sql.Rows) error {
		var a identity.Account
		var expires int64
		err := rows.Scan(&a.Name, &a.Hash, &a.TOTP, &a.Disabled, &expires, &a.Dir, &a.Home, &a.QuotaBytes, &a.QuotaFiles,
			&a.UploadRate, &a.DownloadRate, &a.MaxSessions)
		if expires != 0 {
			a.Expires = time.Unix(expires, 0)
		}
		all[a.Name] = a
		return err
	})
	if err != nil {
		return nil, err
	}
	err = each(ctx, tx, only, `SELECT user, "group" FROM members`, `user, "group"`, func(rows *sql.Rows) error {
		var name, group string
		err := rows.Scan(&name, &group)
		a := all[name]
		a.Groups = append(a.Groups, group)
		all[name] = a
		return err
	})
	if err != nil {
		return nil, err
	}
	err = each(ctx, tx, only, "SELECT user, at, dir, read_only FROM user_mounts", "user, at", func(rows *sql.Rows) error {
		var name string
		var m identity.Mount
		err := rows.Scan(&name, &m.At, &m.Dir, &m.ReadOnly)
		a := all[name]
		a.Mounts = append(a.Mounts, m)
		all[name] = a
		return err
	})
	if err != nil {
		return nil, err
	}
	return all, each(ctx, tx, only, "SELECT user, kind, value FROM user_items", "user, kind, position", func(rows *sql.Rows) error {
		var name, kind, value string
		if err := rows.Scan(&name, &kind, &value); err != nil {
			return err
		}
		a := all[name]
		err := item(&a, kind, value)
		all[name] = a
		return err
	})
}

// item adds to a list of an account.
func item(a *identity.Account, kind, value string) error {
	switch kind {
	case "key":
		a.Keys = append(a.Keys, value)
	case "protocol":
		a.Protocols = append(a.Protocols, value)
	case "network":
		n, err := netip.ParsePrefix(value)
		if err != nil {
			return err
		}
		a.Networks = append(a.Networks, n)
	}
	return nil
}

// each calls f for the rows of a query, of one user if only is not "". The first of the
// columns that they are ordered by is the name of the user.
func each(ctx context.Context, tx *sql.Tx, only, query, order string, f func(*sql.Rows) error) error {
	var args []any
	if only != "" {
		column, _, _ := strings.Cut(order, ",")
		query, args = query+" WHERE "+column+" = ?", []any{only}
	}
	rows, err := tx.QueryContext(ctx, query+" ORDER BY "+order, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// texts are the rows of a query of one column.
func texts(ctx context.Context, tx *sql.Tx, query string, args ...any) (all []string, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, rows.Err()
}

// put writes an account that is not there.
func put(ctx context.Context, tx *sql.Tx, a identity.Account) error {
	var expires int64
	if !a.Expires.IsZero() {
		expires = a.Expires.Unix()
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO users VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		a.Name, a.Hash, a.TOTP, a.Disabled, expires, a.Dir, a.Home, a.QuotaBytes, a.QuotaFiles,
		a.UploadRate, a.DownloadRate, a.MaxSessions)
	if err != nil {
		return err
	}
	for _, group := range a.Groups {
		if err := join(ctx, tx, a.Name, group); err != nil {
			return err
		}
	}
	var networks []string
	for _, n := range a.Networks {
		networks = append(networks, n.String())
	}
	for kind, values := range map[string][]string{"key": a.Keys, "protocol": a.Protocols, "network": networks} {
		for i, value := range values {
			if _, err := tx.ExecContext(ctx, "INSERT INTO user_items VALUES (?, ?, ?, ?)", a.Name, kind, i, value); err != nil {
				return err
			}
		}
	}
	for _, m := range a.Mounts {
		if _, err := tx.ExecContext(ctx, "INSERT INTO user_mounts VALUES (?, ?, ?, ?)", a.Name, m.At, m.Dir, m.ReadOnly); err != nil {
			return err
		}
	}
	return nil
}

// join makes a user a member of a group that is there.
func join(ctx context.Context, tx *sql.Tx, user, group string) error {
	there, err := texts(ctx, tx, "SELECT name FROM user_groups WHERE name = ?", group)
	switch {
	case err != nil:
		return err
	case !slices.Contains(there, group):
		return fmt.Errorf("%s: %w", group, ErrNoGroup)
	}
	_, err = tx.ExecContext(ctx, "INSERT OR IGNORE INTO members VALUES (?, ?)", user, group)
	return err
}
