package store

import (
	"context"
	"database/sql"
	"fmt"
)

// migrations are what makes each version of the schema out of the one before. Version n,
// which the database has as its user_version, is after the first n. Those that were ever
// released are not to be changed.
func migrations() []string {
	return []string{`
CREATE TABLE users (
	name          TEXT PRIMARY KEY,
	hash          TEXT NOT NULL,            -- of the password; '' for none
	totp          TEXT NOT NULL,            -- base 32; '' for none
	disabled      INTEGER NOT NULL,
	expires       INTEGER NOT NULL,         -- seconds since 1970; 0 for never
	dir           TEXT NOT NULL,
	home          TEXT NOT NULL,
	quota_bytes   INTEGER NOT NULL,
	quota_files   INTEGER NOT NULL,
	upload_rate   INTEGER NOT NULL,
	download_rate INTEGER NOT NULL,
	max_sessions  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE user_items (                   -- lists, in order
	user     TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
	kind     TEXT NOT NULL CHECK (kind IN ('key', 'protocol', 'network')),
	position INTEGER NOT NULL,
	value    TEXT NOT NULL,
	PRIMARY KEY (user, kind, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE user_mounts (
	user      TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
	at        TEXT NOT NULL,
	dir       TEXT NOT NULL,
	read_only INTEGER NOT NULL,
	PRIMARY KEY (user, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE user_groups (
	name TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE members (
	user    TEXT NOT NULL REFERENCES users ON DELETE CASCADE,
	"group" TEXT NOT NULL REFERENCES user_groups ON DELETE CASCADE,
	PRIMARY KEY (user, "group")
) STRICT, WITHOUT ROWID;

CREATE INDEX members_by_group ON members ("group");
`}
}

// migrate brings the schema up to date.
func (s *Store) migrate(ctx context.Context) error {
	all := migrations()
	at, err := schema(ctx, s.db)
	if err != nil || at == len(all) {
		return err
	}
	return s.change(ctx, func(tx *sql.Tx) error {
		at, err := schema(ctx, tx) // again: another process may have been here
		if err != nil {
			return err
		}
		if at > len(all) {
			return fmt.Errorf("they were written by a newer version of dray (schema %d, here %d)", at, len(all))
		}
		for ; at < len(all); at++ {
			if _, err := tx.ExecContext(ctx, all[at]); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", at))
		return err
	})
}

// querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func schema(ctx context.Context, q querier) (version int, err error) {
	err = q.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version)
	return version, err
}
