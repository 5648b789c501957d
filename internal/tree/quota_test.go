package tree_test

import (
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"dray/internal/identity"
	"dray/internal/tree"
	"dray/internal/vfs"
	"dray/internal/vfs/quota"
	"dray/internal/vfs/vfstest"
)

// TestWhatCounts: for whom, and where, an upload is refused that would bring the files to
// more than 100 bytes. Each folder begins with a few bytes, its name.
func TestWhatCounts(t *testing.T) {
	const limit = 100
	dir := host(t, "served", "served/home/ann", "served/home/bob", "served/in", "lab", "shared")
	lab := identity.Mount{At: "/lab", Dir: filepath.Join(dir, "lab")}
	labReadOnly := lab
	labReadOnly.ReadOnly = true
	shared := identity.Mount{At: "/shared", Dir: filepath.Join(dir, "shared")}
	guest := identity.Subject{Name: "anonymous", Anonymous: true, Protocol: "tftp"}
	for about, c := range map[string]struct {
		who     identity.Subject
		account identity.Account
		all     quota.Budget // of everybody together
		user    quota.Budget // of each user
		uploads quota.Budget // to /in
		put     string
		counts  []string // the folders whose bytes count
	}{
		"no quota": {who: ann(), put: "/f"},
		"all that is served": {
			who: ann(), all: quota.Budget{Bytes: limit}, put: "/f", counts: []string{"served", "served/home/ann", "served/home/bob", "served/in", "lab", "shared"},
		},
		"all, for a guest": {
			who: guest, all: quota.Budget{Bytes: limit}, put: "/shared/f", counts: []string{"served", "served/home/ann", "served/home/bob", "served/in", "lab", "shared"},
		},
		"the home of a user": {
			who: ann(), account: identity.Account{Home: "/home/ann", QuotaBytes: limit}, put: "/f", counts: []string{"served/home/ann"},
		},
		"the quota of each user": {
			who: ann(), account: identity.Account{Home: "/home/ann"}, user: quota.Budget{Bytes: limit}, put: "/f", counts: []string{"served/home/ann"},
		},
		"a quota of one's own": {
			who: ann(), account: identity.Account{Home: "/home/ann", QuotaBytes: limit}, user: quota.Budget{Bytes: 1}, put: "/f", counts: []string{"served/home/ann"},
		},
		"no quota of one's own": {
			who: ann(), account: identity.Account{Home: "/home/ann", QuotaBytes: -1}, user: quota.Budget{Bytes: 1}, put: "/f",
		},
		"a guest is no user": {who: guest, user: quota.Budget{Bytes: 1}, put: "/f"},
		"what is mounted for a user": {
			who: ann(), account: identity.Account{Home: "/home/ann", QuotaBytes: limit, Mounts: []identity.Mount{lab}}, put: "/lab/f", counts: []string{"served/home/ann", "lab"},
		},
		"what is mounted to read does not count": {
			who: ann(), account: identity.Account{Home: "/home/ann", QuotaBytes: limit, Mounts: []identity.Mount{labReadOnly}}, put: "/f", counts: []string{"served/home/ann"},
		},
		"nor what is mounted for everybody": {
			who: ann(), account: identity.Account{Home: "/home/ann", QuotaBytes: 1}, put: "/shared/f",
		},
		"the folder of uploads": {who: guest, uploads: quota.Budget{Bytes: limit}, put: "/in/f", counts: []string{"served/in"}},
		"the largest file":      {who: guest, uploads: quota.Budget{FileSize: limit}, put: "/f", counts: []string{""}},
	} {
		t.Run(about, func(t *testing.T) {
			c.account.Name = "ann"
			ledger := quota.NewLedger(nil)
			defer ledger.Close()
			all := trees(t, dir, tree.Shared{
				Accounts: identity.Accounts{"ann": c.account}, Quotas: &tree.Quotas{Ledger: ledger, All: c.all, User: c.user},
			}, shared)
			if _, err := all.Shared.Folders.Open(lab.Dir); err != nil {
				t.Fatal(err)
			}
			if _, err := all.Shared.Folders.Open(shared.Dir); err != nil {
				t.Fatal(err)
			}
			all.Uploads, all.UploadFolder = c.uploads, vfstest.Path(t, "/in")
			all.Shared.Warm()
			fsys, err := all.Open(t.Context(), c.who)
			ok(t, err)
			fits := limit
			for _, counted := range c.counts {
				fits -= len(counted)
			}
			over := store(t, fsys, c.put, fits+1)
			if errors.Is(over, vfs.ErrQuota) != (c.counts != nil) || c.counts == nil && over != nil {
				t.Errorf("one byte more than fits: %v", over)
			}
			if err := store(t, fsys, c.put, fits); err != nil {
				t.Errorf("what fits: %v", err)
			}
		})
	}
}

// store tries to upload a file, and leaves nothing.
func store(t *testing.T, fsys vfs.FS, name string, size int) error {
	t.Helper()
	u, err := fsys.Create(t.Context(), vfstest.Path(t, name), vfs.CreateOptions{})
	ok(t, err)
	defer u.Abort()
	_, err = io.WriteString(u, strings.Repeat("x", size))
	return err
}
