package tree_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"dray/internal/identity"
	"dray/internal/policy"
	"dray/internal/tree"
	"dray/internal/vfs/bandwidth"
	"dray/internal/vfs/digest"
	"dray/internal/vfs/quota"
	"dray/internal/vfs/vfstest"
)

// TestRulesSeeWhereLinksLead: whatever wraps the files, the guard finds out where a link
// leads to. A wrapper that hides it would be a way round the rules.
func TestRulesSeeWhereLinksLead(t *testing.T) {
	dir := host(t, "served/secret", "served/home/ann/secret", "lab/secret")
	for _, at := range []string{"served", "served/home/ann", "lab"} {
		ok(t, os.Symlink("secret", filepath.Join(dir, at, "open")))
	}
	var secret policy.Rule
	for _, text := range []string{"/secret", "/lab/secret"} {
		p, err := policy.ParsePattern(text)
		ok(t, err)
		secret.Paths = append(secret.Paths, p)
	}
	secret.Ops = policy.Of(policy.Read)
	rules, err := policy.Compile([]policy.Rule{secret}, func(identity.Subject) policy.Default { return policy.Default{Rights: policy.ReadWrite} })
	ok(t, err)
	ledger := quota.NewLedger(nil)
	defer ledger.Close()
	for about, shared := range map[string]tree.Shared{
		"nothing": {},
		"homes":   {Home: "/home/{user}"},
		"quotas":  {Quotas: &tree.Quotas{Ledger: ledger, All: quota.Budget{Bytes: 1 << 30}, User: quota.Budget{Files: 100}}},
		"digests": {Digests: digest.NewKeeper(digest.Algorithms())},
		"rates":   {Rates: &tree.Rates{All: bandwidth.New(bandwidth.Rates{Up: 1 << 30, Down: 1 << 30})}},
	} {
		t.Run(about, func(t *testing.T) {
			shared.Accounts = identity.Accounts{"ann": {Name: "ann", Mounts: []identity.Mount{{At: "/lab", Dir: filepath.Join(dir, "lab")}}}}
			all := trees(t, dir, shared)
			all.Rules = rules
			fsys, err := all.Open(t.Context(), ann())
			ok(t, err)
			for _, name := range []string{"/open/where", "/lab/open/where"} {
				p := vfstest.Path(t, name)
				if _, err := fsys.Stat(t.Context(), p); err != nil {
					t.Errorf("%s is not there: %v", name, err)
				}
				if _, err := fsys.Open(t.Context(), p); !errors.Is(err, fs.ErrPermission) {
					t.Errorf("%s is read by a link: %v", name, err)
				}
			}
		})
	}
}
