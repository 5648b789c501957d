package store_test

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"dray/internal/identity"
	"dray/internal/store"
)

func open(t *testing.T, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dir)
	ok(t, err)
	t.Cleanup(func() { ok(t, s.Close()) })
	return s
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// full has something in every field.
func full() identity.Account {
	return identity.Account{
		Name: "amy", Hash: "$argon2id$…", Keys: []string{"ssh-ed25519 B second", "ssh-ed25519 A first"}, TOTP: "GEZDGNBV",
		Groups: []string{"lab", "ops"}, Disabled: true, Expires: time.Unix(1_800_000_000, 0),
		Protocols: []string{"sftp", "ftp"}, Networks: []netip.Prefix{netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("192.0.2.0/24")},
		Dir: "/srv/amy", Home: "/home/amy", Mounts: []identity.Mount{{At: "/images", Dir: "/srv/images", ReadOnly: true}, {At: "/logs", Dir: "/var/log"}},
		QuotaBytes: 1, QuotaFiles: 2, UploadRate: 3, DownloadRate: 4, MaxSessions: 5,
	}
}

// TestEveryFieldIsKept: what is added is what is looked up, by another process too.
func TestEveryFieldIsKept(t *testing.T) {
	v := reflect.ValueOf(full())
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("the test says nothing of %s", v.Type().Field(i).Name)
		}
	}
	dir := t.TempDir()
	one, other := open(t, dir), open(t, dir)
	ok(t, errors.Join(one.AddGroup(t.Context(), "ops"), one.AddGroup(t.Context(), "lab"), one.Add(t.Context(), full())))
	for _, s := range []*store.Store{one, other} {
		if a, err := s.Lookup(t.Context(), "amy"); err != nil || !reflect.DeepEqual(a, full()) {
			t.Errorf("got  %+v, %v\nwant %+v", a, err, full())
		}
	}
	for _, name := range []string{"", "Amy", "amy ", "bob", "amy' OR '1'='1"} {
		if _, err := one.Lookup(t.Context(), name); !errors.Is(err, identity.ErrUnknown) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestChanges has each change that one process makes, and what another sees of it at once.
func TestChanges(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	writer, reader := open(t, dir), open(t, dir)
	state := func() string {
		a, err := reader.Lookup(ctx, "amy")
		if err != nil {
			return err.Error()
		}
		return strings.Join(append(a.Groups, a.Hash), " ")
	}
	for _, c := range []struct {
		name   string
		change func() error
		wrong  error
		want   string
	}{
		{"no user", func() error { return nil }, nil, "there is no such user"},
		{"a user", func() error { return writer.Add(ctx, identity.Account{Name: "amy", Hash: "one"}) }, nil, "one"},
		{"the same", func() error { return writer.Add(ctx, identity.Account{Name: "amy"}) }, store.ErrExists, "one"},
		{"a hash", func() error {
			return writer.Change(ctx, "amy", func(a *identity.Account) error { a.Hash, a.Name = "two", "eve"; return nil })
		}, nil, "two"},
		{"a change that fails", func() error {
			return writer.Change(ctx, "amy", func(a *identity.Account) error { a.Hash = "three"; return os.ErrPermission })
		}, os.ErrPermission, "two"},
		{"no such group", func() error {
			return writer.Change(ctx, "amy", func(a *identity.Account) error { a.Groups = []string{"lab"}; return nil })
		}, store.ErrNoGroup, "two"},
		{"a group", func() error { return writer.AddGroup(ctx, "lab") }, nil, "two"},
		{"the same group", func() error { return writer.AddGroup(ctx, "lab") }, store.ErrExists, "two"},
		{"a member", func() error {
			return writer.Change(ctx, "amy", func(a *identity.Account) error { a.Groups = []string{"lab"}; return nil })
		}, nil, "lab two"},
		{"without the group", func() error { return writer.RemoveGroup(ctx, "lab") }, nil, "two"},
		{"without it twice", func() error { return writer.RemoveGroup(ctx, "lab") }, store.ErrNoGroup, "two"},
		{"removed", func() error { return writer.Remove(ctx, "amy") }, nil, "there is no such user"},
		{"removed twice", func() error { return writer.Remove(ctx, "amy") }, identity.ErrUnknown, "there is no such user"},
		{"changed when removed", func() error { return writer.Change(ctx, "amy", func(*identity.Account) error { return nil }) }, identity.ErrUnknown, "there is no such user"},
	} {
		before, err := reader.Version(ctx)
		ok(t, err)
		if err := c.change(); !errors.Is(err, c.wrong) {
			t.Errorf("%s: %v; want %v", c.name, err, c.wrong)
		}
		if got := state(); got != c.want {
			t.Errorf("%s: %s; want %s", c.name, got, c.want)
		}
		if after, err := reader.Version(ctx); err != nil || c.name != "no user" && c.wrong == nil && after == before {
			t.Errorf("%s: the version stays %d, %v", c.name, after, err)
		}
	}
}

func TestLists(t *testing.T) {
	ctx := t.Context()
	s := open(t, t.TempDir())
	if some, err := s.HasUsers(ctx); err != nil || some {
		t.Errorf("%v, %v", some, err)
	}
	ok(t, errors.Join(s.AddGroup(ctx, "lab"), s.AddGroup(ctx, "empty"),
		s.Add(ctx, identity.Account{Name: "bob", Groups: []string{"lab"}}), s.Add(ctx, identity.Account{Name: "amy", Groups: []string{"lab"}})))
	users, err := s.Users(ctx)
	if err != nil || len(users) != 2 || users[0].Name != "amy" || users[1].Groups[0] != "lab" {
		t.Errorf("%+v, %v", users, err)
	}
	groups, err := s.Groups(ctx)
	if want := []store.Group{{Name: "empty", Members: []string{}}, {Name: "lab", Members: []string{"amy", "bob"}}}; err != nil || !reflect.DeepEqual(groups, want) {
		t.Errorf("%+v, %v", groups, err)
	}
	if some, err := s.HasUsers(ctx); err != nil || !some {
		t.Errorf("%v, %v", some, err)
	}
}

// TestManyAtOnce: processes that change the same user wait for each other.
func TestManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	ok(t, open(t, dir).Add(t.Context(), identity.Account{Name: "amy"}))
	var all sync.WaitGroup
	for range 4 {
		s := open(t, dir)
		all.Go(func() {
			for range 5 {
				if err := s.Change(t.Context(), "amy", func(a *identity.Account) error { a.QuotaFiles++; return nil }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if a, err := open(t, dir).Lookup(t.Context(), "amy"); err != nil || a.QuotaFiles != 20 {
		t.Errorf("%d, %v", a.QuotaFiles, err)
	}
}

// TestFile: the file is made for its owner alone, and not opened when others may read it,
// nor when it is no store, or one of a later version.
func TestFile(t *testing.T) {
	t.Chdir(t.TempDir())
	dir := "state with space?#%"
	if there, err := store.There(dir); err != nil || there {
		t.Errorf("%v, %v", there, err)
	}
	ok(t, open(t, dir).Add(t.Context(), identity.Account{Name: "amy"}))
	if there, err := store.There(dir); err != nil || !there {
		t.Errorf("%v, %v", there, err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	ok(t, err)
	for _, name := range files {
		if info, err := os.Stat(name); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	for want, spoil := range map[string]func(name string) error{
		"chmod 600":                  func(name string) error { return os.Chmod(name, 0o640) },
		"file is not a database":     func(name string) error { return os.WriteFile(name, []byte(strings.Repeat("no store ", 100)), 0o600) },
		"by a newer version of dray": func(name string) error { return patch(name, 60, []byte{0, 0, 0, 99}) },
	} {
		dir := t.TempDir()
		s, err := store.Open(t.Context(), dir)
		ok(t, err)
		ok(t, s.Close())
		ok(t, spoil(store.File(dir)))
		if _, err := store.Open(t.Context(), dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
}

// patch writes over a part of a file: the header of a database has its user_version at 60.
func patch(name string, at int64, b []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(b, at)
	return errors.Join(err, f.Close())
}
