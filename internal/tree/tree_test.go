package tree_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dray/internal/identity"
	"dray/internal/policy"
	"dray/internal/tree"
	"dray/internal/vfs"
	"dray/internal/vfs/bandwidth"
	"dray/internal/vfs/digest"
	"dray/internal/vfs/memfs"
	"dray/internal/vfs/osfs"
	"dray/internal/vfs/quota"
	"dray/internal/vfs/vfstest"
)

// host is a folder of the host with one file in each of its folders, which says where it is.
func host(t *testing.T, dirs ...string) (dir string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	ok(t, err)
	for _, d := range dirs {
		ok(t, os.MkdirAll(filepath.Join(dir, d), 0o755))
		ok(t, os.WriteFile(filepath.Join(dir, d, "where"), []byte(d), 0o644))
	}
	return dir
}

// trees serves the folder served of dir.
func trees(t *testing.T, dir string, shared tree.Shared, mounts ...identity.Mount) *tree.Trees {
	t.Helper()
	shared.Folders = new(osfs.Pool)
	t.Cleanup(func() { ok(t, shared.Folders.Close()) })
	files, err := shared.Folders.Open(filepath.Join(dir, "served"))
	ok(t, err)
	return &tree.Trees{Files: files, Rules: policy.ReadWrite, Mounts: mounts, Shared: &shared}
}

func ann() identity.Subject { return identity.Subject{Name: "ann", Protocol: "ftp"} }

// TestWhatUsersSee: the file "where" of each folder says which of the host it is.
func TestWhatUsersSee(t *testing.T) {
	dir := host(t, "served", "served/home/ann", "served/home/bob", "own/ann", "own/ann/in", "images", "lab")
	at := func(name string) string { return filepath.Join(dir, name) }
	images := identity.Mount{At: "/images", Dir: at("images"), ReadOnly: true}
	for about, c := range map[string]struct {
		account identity.Account
		home    string // of everybody
		who     identity.Subject
		mounts  []identity.Mount // of everybody
		want    map[string]string
	}{
		"the folder that is served": {
			who: ann(), want: map[string]string{"/where": "served"},
		},
		"a home in it": {
			account: identity.Account{Home: "/home/ann"}, who: ann(), want: map[string]string{"/where": "served/home/ann", "/../bob/where": ""},
		},
		"a home for everybody": {
			home: "/home/{user}", who: ann(), want: map[string]string{"/where": "served/home/ann"},
		},
		"a home goes before that": {
			account: identity.Account{Home: "/home/bob"}, home: "/home/{user}", who: ann(), want: map[string]string{"/where": "served/home/bob"},
		},
		"a guest has no home": {
			home: "/home/{user}", who: identity.Subject{Name: "anonymous", Anonymous: true}, want: map[string]string{"/where": "served"},
		},
		"a folder of the user": {
			account: identity.Account{Dir: at("own/{user}")}, who: ann(), want: map[string]string{"/where": "own/ann"},
		},
		"a home in that": {
			account: identity.Account{Dir: at("own/{user}"), Home: "in"}, who: ann(), want: map[string]string{"/where": "own/ann/in"},
		},
		"a mount for everybody": {
			who: identity.Subject{Name: "anonymous", Anonymous: true}, mounts: []identity.Mount{images},
			want: map[string]string{"/where": "served", "/images/where": "images"},
		},
		"mounts of a user, which go before": {
			account: identity.Account{Mounts: []identity.Mount{{At: "/images", Dir: at("lab")}, {At: "/my/{user}", Dir: at("own/{user}")}}},
			who:     ann(), mounts: []identity.Mount{images},
			want: map[string]string{"/where": "served", "/images/where": "lab", "/my/ann/where": "own/ann"},
		},
		"a mount that is not there": {
			who: ann(), mounts: []identity.Mount{images, {At: "/gone", Dir: at("gone")}},
			want: map[string]string{"/images/where": "images", "/gone/where": ""},
		},
	} {
		t.Run(about, func(t *testing.T) {
			c.account.Name = "ann"
			all := trees(t, dir, tree.Shared{Home: c.home, Accounts: identity.Accounts{"ann": c.account}}, c.mounts...)
			fsys, err := all.Open(t.Context(), c.who)
			ok(t, err)
			for name, want := range c.want {
				if got := read(t, fsys, name); got != want {
					t.Errorf("%s is that of %q; want %q", name, got, want)
				}
			}
		})
	}
}

// TestHomesAreMade when that is asked for.
func TestHomesAreMade(t *testing.T) {
	dir := host(t, "served", "own")
	if _, err := trees(t, dir, tree.Shared{Home: "/home/{user}"}).Open(t.Context(), ann()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a home that nobody made: %v", err)
	}
	fsys, err := trees(t, dir, tree.Shared{Home: "/home/{user}", MakeHomes: true}).Open(t.Context(), ann())
	ok(t, err)
	vfstest.Put(t, fsys, "/f", "content")
	b, err := os.ReadFile(filepath.Join(dir, "served", "home", "ann", "f"))
	if err != nil || string(b) != "content" {
		t.Errorf("the home holds %q, %v", b, err)
	}
}

// TestNamesThatLeadElsewhere have no home: who can choose a name chooses no folder.
func TestNamesThatLeadElsewhere(t *testing.T) {
	dir := host(t, "served", "served/home/ann")
	all := trees(t, dir, tree.Shared{Home: "/home/{user}", MakeHomes: true})
	for _, name := range []string{"", ".", "..", "../x", "ann/../..", `a\..\b`, "a\x00", ".dray-x", "C:x"} {
		if _, err := all.Open(t.Context(), identity.Subject{Name: name}); err == nil {
			t.Errorf("%q has a home", name)
		}
	}
}

// unsure is a directory that cannot find out.
type unsure struct{}

func (unsure) Lookup(context.Context, string) (identity.Account, error) {
	return identity.Account{}, errors.New("the directory is down")
}

// TestADirectoryThatIsDownOpensNothing: nobody gets the whole for lack of a home.
func TestADirectoryThatIsDownOpensNothing(t *testing.T) {
	all := trees(t, host(t, "served"), tree.Shared{Accounts: unsure{}})
	if _, err := all.Open(t.Context(), ann()); err == nil {
		t.Error("somebody was let in")
	}
}

func TestBase(t *testing.T) {
	for pattern, want := range map[string]string{
		"/srv/images":       "/srv/images",
		"/srv/home/{user}":  "/srv/home",
		"/srv/x-{user}/in":  "/srv",
		"/srv/{user}/files": "/srv",
	} {
		if got := tree.Base(filepath.FromSlash(pattern)); got != filepath.FromSlash(want) {
			t.Errorf("the base of %s is %s; want %s", pattern, got, want)
		}
	}
}

// TestDownloadsReachTheFile of the host, and with it sendfile, in homes and mounts, whatever
// is counted, and unless what goes down is bounded.
func TestDownloadsReachTheFile(t *testing.T) {
	dir := host(t, "served", "served/home/ann", "images")
	ledger := quota.NewLedger(nil)
	defer ledger.Close()
	for about, c := range map[string]struct {
		quotas *tree.Quotas
		rates  *tree.Rates
		direct bool
	}{
		"nothing":            {nil, nil, true},
		"no limits":          {&tree.Quotas{Ledger: ledger}, &tree.Rates{Users: new(bandwidth.Users), All: bandwidth.New(bandwidth.Rates{})}, true},
		"a quota":            {&tree.Quotas{Ledger: ledger, All: quota.Budget{Bytes: 1}, User: quota.Budget{Files: 1}}, nil, true},
		"a limit up":         {nil, &tree.Rates{Users: new(bandwidth.Users), Session: bandwidth.Rates{Up: 1}, User: bandwidth.Rates{Up: 1}}, true},
		"a limit for all":    {nil, &tree.Rates{Users: new(bandwidth.Users), All: bandwidth.New(bandwidth.Rates{Down: 1})}, false},
		"one for a session":  {nil, &tree.Rates{Users: new(bandwidth.Users), Session: bandwidth.Rates{Down: 1}}, false},
		"one for every user": {nil, &tree.Rates{Users: new(bandwidth.Users), User: bandwidth.Rates{Down: 1}}, false},
	} {
		t.Run(about, func(t *testing.T) {
			all := trees(t, dir, tree.Shared{Home: "/home/{user}", Quotas: c.quotas, Rates: c.rates}, identity.Mount{At: "/images", Dir: filepath.Join(dir, "images")})
			fsys, err := all.Open(t.Context(), ann())
			ok(t, err)
			for _, name := range []string{"/where", "/images/where"} {
				f, err := fsys.Open(t.Context(), vfstest.Path(t, name))
				ok(t, err)
				if _, direct := f.(*osfs.File); direct != c.direct {
					t.Errorf("%s is a %T", name, f)
				}
				ok(t, f.Close())
			}
			if _, knows := fsys.(vfs.SpaceReporter); !knows {
				t.Error("the tree does not know its space")
			}
		})
	}
}

// TestRatesOfAccounts go before those of everybody, and guests have those of sessions.
func TestRatesOfAccounts(t *testing.T) {
	guest := identity.Subject{Name: "anonymous", Anonymous: true}
	for about, c := range map[string]struct {
		who     identity.Subject
		account identity.Account
		want    time.Duration
	}{
		"of everybody": {ann(), identity.Account{}, 10 * time.Second},
		"of the user":  {ann(), identity.Account{DownloadRate: 1 << 20}, 5 * time.Second},
		"none":         {ann(), identity.Account{DownloadRate: -1}, time.Second},
		"of a guest":   {guest, identity.Account{}, time.Second},
	} {
		t.Run(about, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				files := memfs.New()
				vfstest.Put(t, files, "/f", strings.Repeat("x", 5<<20))
				c.account.Name = "ann"
				all := &tree.Trees{Files: files, Rules: policy.ReadOnly, Shared: &tree.Shared{
					Accounts: identity.Accounts{"ann": c.account},
					Rates:    &tree.Rates{Users: new(bandwidth.Users), User: bandwidth.Rates{Down: 1 << 19}, Session: bandwidth.Rates{Down: 5 << 20}},
				}}
				fsys, err := all.Open(t.Context(), c.who)
				ok(t, err)
				begun := time.Now()
				read(t, fsys, "/f")
				if took := time.Since(begun); took > c.want || took < c.want-c.want/10 {
					t.Errorf("it took %v; want %v", took, c.want)
				}
			})
		})
	}
}

// TestContract: all wrappers at once, over a folder of the host, are the folder.
func TestContract(t *testing.T) {
	vfstest.Run(t, func(t *testing.T) vfs.FS {
		dir := t.TempDir()
		ok(t, os.MkdirAll(filepath.Join(dir, "served"), 0o755))
		all := trees(t, dir, tree.Shared{
			Accounts: identity.Accounts{"ann": {Name: "ann", Home: "/home/ann", QuotaBytes: 1 << 30}}, MakeHomes: true,
			Digests: digest.NewKeeper(digest.Algorithms()),
			Quotas:  &tree.Quotas{Ledger: quota.NewLedger(nil), All: quota.Budget{Bytes: 1 << 40, Files: 1 << 20}},
			Rates:   &tree.Rates{Users: new(bandwidth.Users), User: bandwidth.Rates{Up: 1 << 40, Down: 1 << 40}},
		})
		all.Files.(*osfs.FS).NoSync = true
		t.Cleanup(all.Shared.Close)
		fsys, err := all.Open(t.Context(), ann())
		ok(t, err)
		return fsys
	})
}

// TestDigestsAreKnown through all that wraps the files, to who may read.
func TestDigestsAreKnown(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("extended attributes of other systems")
	}
	dir := host(t, "served", "images")
	ledger, keeper := quota.NewLedger(nil), digest.NewKeeper(digest.Algorithms())
	all := trees(t, dir, tree.Shared{
		Digests: keeper, Quotas: &tree.Quotas{Ledger: ledger, All: quota.Budget{Bytes: 1 << 20}},
		Rates: &tree.Rates{Users: new(bandwidth.Users), Session: bandwidth.Rates{Up: 1 << 20, Down: 1 << 20}},
	}, identity.Mount{At: "/images", Dir: filepath.Join(dir, "images")})
	defer all.Shared.Close()
	fsys, err := all.Open(t.Context(), ann())
	ok(t, err)
	for _, name := range []string{"/f", "/images/f"} {
		vfstest.Put(t, fsys, name, "abc")
		sum, err := fsys.(vfs.Digester).Digest(t.Context(), vfstest.Path(t, name), "md5")
		if err != nil || fmt.Sprintf("%x", sum) != "900150983cd24fb0d6963f7d28e17f72" {
			t.Errorf("%s: %x, %v", name, sum, err)
		}
	}
	all.Rules = policy.ReadWrite.Without(policy.Read)
	fsys, err = all.Open(t.Context(), ann())
	ok(t, err)
	if _, err := fsys.(vfs.Digester).Digest(t.Context(), vfstest.Path(t, "/f"), "md5"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("to who may not read: %v", err)
	}
}

// read returns the content of a file, "" for one that is not there.
func read(t *testing.T, fsys vfs.FS, name string) string {
	t.Helper()
	f, err := fsys.Open(t.Context(), vfstest.Path(t, name))
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	ok(t, err)
	b, err := io.ReadAll(f)
	ok(t, errors.Join(err, f.Close()))
	return string(b)
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
