package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"dray/internal/identity"
)

// ErrNoGroup is the answer about a group that is not there.
var ErrNoGroup = errors.New("there is no such group")

// Group is a name for several users.
type Group struct {
	Name    string   `json:"name"`
	Members []string `json:"members"` // in order
}

// Groups returns all groups by their names.
func (s *Store) Groups(ctx context.Context) ([]Group, error) {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // nothing was changed
	names, err := texts(ctx, tx, "SELECT name FROM user_groups ORDER BY name")
	if err != nil {
		return nil, err
	}
	var all []Group
	for _, name := range names {
		members, err := texts(ctx, tx, `SELECT user FROM members WHERE "group" = ? ORDER BY user`, name)
		if err != nil {
			return nil, err
		}
		all = append(all, Group{name, append([]string{}, members...)})
	}
	return all, nil
}

// AddGroup adds a group without members. The error is ErrExists if the name is taken.
func (s *Store) AddGroup(ctx context.Context, name string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		err := one(tx.ExecContext(ctx, "INSERT OR IGNORE INTO user_groups VALUES (?)", name))
		if errors.Is(err, identity.ErrUnknown) {
			return fmt.Errorf("the group %s %w", name, ErrExists)
		}
		return err
	})
}

// RemoveGroup removes a group; its members are still there. The error is ErrNoGroup if
// there is none of that name.
func (s *Store) RemoveGroup(ctx context.Context, name string) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		err := one(tx.ExecContext(ctx, "DELETE FROM user_groups WHERE name = ?", name))
		if errors.Is(err, identity.ErrUnknown) {
			return fmt.Errorf("%s: %w", name, ErrNoGroup)
		}
		return err
	})
}
