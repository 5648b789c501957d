// Package store keeps users and groups in an SQLite database, users.db in the state folder,
// which commands change while a server reads it. It keeps hashes of passwords, never a
// password, and it is the only package that sees SQL.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"modernc.org/sqlite" // also the driver
	sqlite3 "modernc.org/sqlite/lib"

	"dray/internal/identity"
)

// Store is an open database. Its methods may be called from any goroutine; what they change
// is on the disk when they return.
type Store struct {
	db *sql.DB

	mu      sync.Mutex
	look    *sql.Conn         // on which nothing is changed: there, changes have a number
	version int64             // the number at which known was read
	known   identity.Accounts // all; nil: not read yet
}

// File is the name of the database in a state folder.
func File(dir string) string { return filepath.Join(dir, "users.db") }

// There reports whether there is a store in a state folder. Not to be able to tell is an
// error: who cannot see the users must not take it that there are none.
func There(dir string) (bool, error) {
	_, err := os.Stat(File(dir))
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return false, nil
	case err != nil:
		return false, err
	}
	return true, nil
}

// Open opens the store in a state folder, and makes both if they are not there. Only their
// owner may read what it makes, and only that does it open.
func Open(ctx context.Context, dir string) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	name := File(dir)
	if err := obtain(dir, name); err != nil {
		return nil, err
	}
	query := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(10000)", "journal_mode(wal)", "foreign_keys(1)", "synchronous(full)"}}
	at := url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(filepath.ToSlash(name), "/"), RawQuery: query.Encode()}
	db, err := sql.Open("sqlite", at.String())
	if err != nil {
		return nil, broken(name, err)
	}
	s := &Store{db: db}
	if err = s.migrate(ctx); err == nil {
		s.look, err = db.Conn(ctx)
	}
	if err != nil {
		return nil, errors.Join(broken(name, err), s.Close())
	}
	return s, nil
}

// broken says whose error it is, and what to do where SQLite's words do not.
func broken(name string, err error) error {
	var of *sqlite.Error
	if errors.As(err, &of) {
		switch of.Code() & 0xff {
		case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
			return fmt.Errorf("the users in %s are not for this user to read and change, or their folder is not: %w", name, err)
		}
	}
	return fmt.Errorf("the users in %s: %w", name, err)
}

// obtain makes the file if it is not there. Made by root, it belongs to whom the folder
// belongs to: the server runs as that user. A file that is there is not opened, not even to
// look: to close it would end every lock that this process has on it.
func obtain(dir, name string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case err == nil:
		return errors.Join(likeFolder(f, dir), f.Close())
	case !errors.Is(err, fs.ErrExist):
		return err
	}
	info, err := os.Stat(name)
	if err == nil && info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		err = fmt.Errorf("%s holds hashes of passwords and others may read it: chmod 600 %[1]s", name)
	}
	return err
}

// Close closes the store.
func (s *Store) Close() error {
	var err error
	if s.look != nil {
		err = s.look.Close()
	}
	return errors.Join(err, s.db.Close())
}

// Version is a number that changes whenever somebody, this process or another, has changed
// the store. It is worth asking for several times a second.
func (s *Store) Version(ctx context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.number(ctx)
}

func (s *Store) number(ctx context.Context) (v int64, err error) {
	err = s.look.QueryRowContext(ctx, "PRAGMA data_version").Scan(&v)
	return v, err
}

// change runs f in one transaction, in which nobody else changes anything.
func (s *Store) change(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
