// Package tree puts together what a subject sees: the files, and what wraps them, with the
// guard of the rules outermost. The protocols open a tree for each subject that they
// admit, and reach no file by another way.
package tree

import (
	"context"
	"errors"
	"fmt"

	"dray/internal/identity"
	"dray/internal/policy"
	"dray/internal/policy/guard"
	"dray/internal/vfs"
	"dray/internal/vfs/digest"
	"dray/internal/vfs/mount"
	"dray/internal/vfs/osfs"
	"dray/internal/vfs/quota"
)

// Trees gives every subject its files, as the rules leave them. Files and Rules must be
// set, and no field be changed after the first Open.
type Trees struct {
	Files  vfs.FS           // an [*osfs.FS] if users have homes
	Rules  policy.Decider   // about paths as the subject sees them
	Mounts []identity.Mount // that everybody sees
	Shared *Shared          // nil: nobody has anything of their own, and there are no mounts

	// Uploads bounds what is uploaded to UploadFolder by way of these trees.
	Uploads      quota.Budget
	UploadFolder vfs.Path
}

// Shared is what all trees of a server have in common.
type Shared struct {
	Folders   *osfs.Pool
	Accounts  identity.Directory // nil: there are none
	Home      string             // of users whose account names none, as [identity.Account] has it; "" is none
	MakeHomes bool               // make the home of a user at the first log-in
	Quotas    *Quotas            // nil: there are none
	Rates     *Rates             // nil: there are none
	Ready     func() error       // asked before anybody gets files; its error refuses them. nil: never
	Digests   *digest.Keeper     // nil: none are kept
}

// Open returns the files of s, until ctx ends. It may be called from any goroutine.
func (t *Trees) Open(ctx context.Context, s identity.Subject) (guard.Tree, error) {
	files, err := t.Bare(ctx, s)
	if err != nil {
		return nil, err
	}
	return guard.New(files, t.Rules, s), nil
}

func (s *Shared) ready() error {
	if s.Ready == nil {
		return nil
	}
	return s.Ready()
}

// Bare returns the files of s without the guard, for those who explain what it does. No
// peer is handed them.
func (t *Trees) Bare(ctx context.Context, s identity.Subject) (vfs.FS, error) {
	if t.Shared == nil {
		return t.Files, nil
	}
	if err := t.Shared.ready(); err != nil {
		return nil, err
	}
	a, err := t.Shared.account(ctx, s)
	if err == nil {
		var files vfs.FS
		if files, err = t.join(ctx, a); err == nil {
			return files, nil
		}
	}
	return nil, fmt.Errorf("the files of %s: %w", s.Name, err)
}

// account is what is known of a subject; of a guest that is nothing.
func (s *Shared) account(ctx context.Context, subject identity.Subject) (identity.Account, error) {
	if subject.Anonymous {
		return identity.Account{}, nil
	}
	a := identity.Account{Name: subject.Name}
	if s.Accounts != nil {
		known, err := s.Accounts.Lookup(ctx, subject.Name)
		switch {
		case err == nil:
			a = known
		case !errors.Is(err, identity.ErrUnknown):
			return identity.Account{}, err
		}
	}
	if a.Home == "" {
		a.Home = s.Home
	}
	return a, nil
}

// join is what a user sees: their root, and what is mounted.
func (t *Trees) join(ctx context.Context, a identity.Account) (vfs.FS, error) {
	root, err := t.root(ctx, a)
	if err != nil {
		return nil, err
	}
	points, err := t.Shared.points(ctx, t.mounts(a), a.Name)
	if err != nil {
		return nil, err
	}
	budgets := t.budgets(a, root, points, len(a.Mounts))
	for i := range points {
		if p := &points[i]; p.FS != nil {
			p.FS = t.Shared.wrap(p.FS, budgets)
		}
	}
	files, err := mount.New(t.Shared.wrap(root, budgets), points)
	if err != nil {
		return nil, err
	}
	return t.Shared.Rates.paced(a, files), nil
}

// wrap wraps one folder, as far as there is a need.
func (s *Shared) wrap(files vfs.FS, budgets []quota.Budget) vfs.FS {
	at := host(files)
	if s.Digests != nil {
		files = s.Digests.Wrap(files)
	}
	if s.Quotas.counts(budgets) {
		files = s.Quotas.Ledger.Wrap(files, at, budgets...)
	}
	return files
}

// Close ends what goes on in the background.
func (s *Shared) Close() {
	if s.Quotas != nil {
		s.Quotas.Ledger.Close()
	}
	if s.Digests != nil {
		s.Digests.Close()
	}
}

// mounts are those of everybody and those of the user, which go before.
func (t *Trees) mounts(a identity.Account) []identity.Mount {
	all := a.Mounts
	own := map[string]bool{}
	for _, m := range a.Mounts {
		own[m.At] = true
	}
	for _, m := range t.Mounts {
		if !own[m.At] {
			all = append(all[:len(all):len(all)], m)
		}
	}
	return all
}

// root is the folder that a user sees as "/".
func (t *Trees) root(ctx context.Context, a identity.Account) (vfs.FS, error) {
	dir := a.Dir
	if dir == "" {
		if a.Home == "" {
			return t.Files, nil
		}
		served, ok := t.Files.(*osfs.FS)
		if !ok {
			return nil, errors.New("there are no homes in files that are no folder")
		}
		dir = served.Dir()
	}
	return t.Shared.folder(ctx, dir, a.Home, a.Name)
}
