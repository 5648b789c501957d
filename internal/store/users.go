package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"dray/internal/identity"
)

// ErrExists is the answer to adding who or what is there already.
var ErrExists = errors.New("is there already")

// Lookup implements [identity.Directory]. It sees every change that was made before it is
// called, whoever made it.
func (s *Store) Lookup(ctx context.Context, name string) (identity.Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, err := s.number(ctx)
	if err != nil {
		return identity.Account{}, err
	}
	if v != s.version || s.known == nil || len(s.known) >= maxKnown {
		s.version, s.known = v, make(map[string]identity.Account)
	}
	if a, ok := s.known[name]; ok {
		return a, nil
	}
	a, err := user(ctx, s.db, name)
	if err == nil {
		s.known[name] = a
	}
	return a, err
}

// maxKnown bounds the accounts that are kept in memory.
const maxKnown = 10_000

// HasUsers reports whether there are any.
func (s *Store) HasUsers(ctx context.Context) (some bool, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM users)").Scan(&some)
	return some, err
}

// Users returns all accounts by their names.
func (s *Store) Users(ctx context.Context) ([]identity.Account, error) {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // nothing was changed
	names, err := texts(ctx, tx, "SELECT name FROM users ORDER BY name")
	if err != nil {
		return nil, err
	}
	var all []identity.Account
	for _, name := range names {
		a, err := user(ctx, tx, name)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
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
func user(ctx context.Context, q querier, name string) (a identity.Account, err error) {
	var expires int64
	err = q.QueryRowContext(ctx, `SELECT name, hash, totp, disabled, expires, dir, home, quota_bytes, quota_files,
			upload_rate, download_rate, max_sessions FROM users WHERE name = ?`, name).
		Scan(&a.Name, &a.Hash, &a.TOTP, &a.Disabled, &expires, &a.Dir, &a.Home, &a.QuotaBytes, &a.QuotaFiles,
			&a.UploadRate, &a.DownloadRate, &a.MaxSessions)
	if errors.Is(err, sql.ErrNoRows) {
		return identity.Account{}, identity.ErrUnknown
	}
	if err != nil {
		return identity.Account{}, err
	}
	if expires != 0 {
		a.Expires = time.Unix(expires, 0)
	}
	if err := lists(ctx, q, &a); err != nil {
		return identity.Account{}, err
	}
	return a, nil
}

// lists reads the lists of an account.
func lists(ctx context.Context, q querier, a *identity.Account) (err error) {
	if a.Groups, err = texts(ctx, q, `SELECT "group" FROM members WHERE user = ? ORDER BY "group"`, a.Name); err != nil {
		return err
	}
	const items = "SELECT value FROM user_items WHERE user = ? AND kind = ? ORDER BY position"
	if a.Keys, err = texts(ctx, q, items, a.Name, "key"); err != nil {
		return err
	}
	if a.Protocols, err = texts(ctx, q, items, a.Name, "protocol"); err != nil {
		return err
	}
	networks, err := texts(ctx, q, items, a.Name, "network")
	if err != nil {
		return err
	}
	for _, text := range networks {
		n, err := netip.ParsePrefix(text)
		if err != nil {
			return err
		}
		a.Networks = append(a.Networks, n)
	}
	rows, err := q.QueryContext(ctx, "SELECT at, dir, read_only FROM user_mounts WHERE user = ? ORDER BY at", a.Name)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var m identity.Mount
		if err := rows.Scan(&m.At, &m.Dir, &m.ReadOnly); err != nil {
			return err
		}
		a.Mounts = append(a.Mounts, m)
	}
	return rows.Err()
}

// texts are the rows of a query of one column.
func texts(ctx context.Context, q querier, query string, args ...any) (all []string, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
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
