//go:build unix

package guard_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dray/internal/identity"
	"dray/internal/policy"
	"dray/internal/policy/guard"
	"dray/internal/vfs"
	"dray/internal/vfs/osfs"
	"dray/internal/vfs/vfstest"
)

// rules are one a line: "allow" or "deny", operations, paths. Where none speaks, everything is
// allowed.
func rules(t testing.TB, text string) *policy.Rules {
	t.Helper()
	var all []policy.Rule
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		r := policy.Rule{Allow: words[0] == "allow"}
		for _, word := range words[1:] {
			switch {
			case word == "all":
				r.Ops = policy.ReadWrite
			case strings.HasPrefix(word, "/"):
				p, err := policy.ParsePattern(word)
				ok(t, err)
				r.Paths = append(r.Paths, p)
			default:
				op, err := policy.ParseOp(word)
				ok(t, err)
				r.Ops |= policy.Of(op)
			}
		}
		all = append(all, r)
	}
	compiled, err := policy.Compile(all, func(identity.Subject) policy.Default {
		return policy.Default{Rights: policy.ReadWrite, Why: "the rest is allowed"}
	})
	ok(t, err)
	return compiled
}

// host is a folder with links into places that rules are about:
//
//	/secret/f  /full/file  /full/deep/x  /in/deep/x  /old  /pub -> secret  /latest -> full/file  /full/up -> ../secret
func host(t *testing.T) *osfs.FS {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"secret", "full/deep", "in/deep"} {
		ok(t, os.MkdirAll(filepath.Join(dir, name), 0o755))
	}
	for _, name := range []string{"secret/f", "full/file", "full/deep/x", "in/deep/x", "old"} {
		ok(t, os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644))
	}
	for name, target := range map[string]string{"pub": "secret", "latest": "full/file", "full/up": "../secret"} {
		ok(t, os.Symlink(target, filepath.Join(dir, name)))
	}
	fsys, err := osfs.Open(dir)
	ok(t, err)
	fsys.NoSync = true
	t.Cleanup(func() { ok(t, fsys.Close()) })
	return fsys
}

type do = func(t *testing.T, fsys vfs.FS) error

func stat(name string) do {
	return func(t *testing.T, fsys vfs.FS) error {
		_, err := fsys.Stat(t.Context(), vfstest.Path(t, name))
		return err
	}
}

func read(name string) do {
	return func(t *testing.T, fsys vfs.FS) error {
		f, err := fsys.Open(t.Context(), vfstest.Path(t, name))
		if err != nil {
			return err
		}
		return f.Close()
	}
}

func list(name string) do {
	return func(t *testing.T, fsys vfs.FS) error {
		for _, err := range fsys.List(t.Context(), vfstest.Path(t, name)) {
			return err
		}
		return nil
	}
}

func mkdir(name string) do {
	return func(t *testing.T, fsys vfs.FS) error { return fsys.Mkdir(t.Context(), vfstest.Path(t, name)) }
}

func remove(name string) do {
	return func(t *testing.T, fsys vfs.FS) error { return fsys.Remove(t.Context(), vfstest.Path(t, name)) }
}

func chmod(name string) do {
	return func(t *testing.T, fsys vfs.FS) error {
		return fsys.(vfs.ModeSetter).SetMode(t.Context(), vfstest.Path(t, name), 0o600)
	}
}

func touch(name string) do {
	return func(t *testing.T, fsys vfs.FS) error {
		return fsys.(vfs.TimeSetter).SetTimes(t.Context(), vfstest.Path(t, name), time.Time{}, time.Unix(1, 0))
	}
}

func space(name string) do {
	return func(t *testing.T, fsys vfs.FS) error {
		_, err := fsys.(vfs.SpaceReporter).FreeSpace(t.Context(), vfstest.Path(t, name))
		return err
	}
}

// trial is something that is done under rules.
type trial struct {
	rules string
	allow bool
	do    do
}

func (c trial) run(t *testing.T, i int) {
	t.Helper()
	fsys := host(t)
	before := snapshot(t, fsys)
	err := c.do(t, guard.New(fsys, rules(t, c.rules), identity.Subject{}))
	if c.allow != (err == nil) || err != nil && !errors.Is(err, fs.ErrPermission) {
		t.Errorf("%d. %s: %v", i, c.rules, err)
	}
	if after := snapshot(t, fsys); !c.allow && after != before {
		t.Errorf("%d. %s: refused, and the tree became\n%s; it was\n%s", i, c.rules, after, before)
	}
}

// TestALinkIsNoWayRound: what may not be done where a link leads to may not be done by it.
func TestALinkIsNoWayRound(t *testing.T) {
	inPlace := vfs.CreateOptions{InPlace: true, Offset: vfs.OffsetEnd}
	for i, c := range []trial{
		{"deny read /secret", false, read("/pub/f")},
		{"deny read /secret", true, stat("/pub/f")},
		{"deny read /pub", true, read("/secret/f")},
		{"deny read /pub", false, read("/pub/f")},
		{"deny read /full", false, read("/latest")},
		{"deny stat /secret", false, stat("/pub")},
		{"deny stat /secret/f", false, stat("/pub/f")},
		{"deny stat /secret", false, space("/pub")},
		{"deny list /secret", false, list("/pub")},
		{"deny list /secret", false, list("/full/up")},
		{"deny write /secret", false, create("/pub/new", vfs.CreateOptions{})},
		{"deny overwrite /full", true, create("/latest", vfs.CreateOptions{})}, // the link is replaced, not the file
		{"deny write overwrite /full", false, create("/latest", inPlace)},
		{"deny read /full", false, create("/latest", vfs.CreateOptions{InPlace: true, Keep: true, Readable: true})},
		{"deny mkdir /secret", false, mkdir("/pub/new")},
		{"deny delete /secret", false, remove("/pub/f")},
		{"deny delete /full", true, remove("/latest")}, // the link, which is its own
		{"deny setstat /full", false, chmod("/latest")},
		{"deny setstat /full", false, touch("/latest")},
		{"deny rename /secret", false, rename("/pub/f", "/in/f")},
		{"deny write /secret", false, rename("/old", "/pub/new")},
		{"deny read /secret", false, rename("/pub/f", "/in/f")}, // where it could be read
		{"deny read /elsewhere", true, rename("/pub/f", "/in/f")},
	} {
		c.run(t, i)
	}
}

// TestListingsHideWhatLinksLeadTo: a name is not shown whose target may not be looked at, and
// neither is what lies in a folder that is listed by a link.
func TestListingsHideWhatLinksLeadTo(t *testing.T) {
	for _, c := range []struct{ rules, dir, want string }{
		{"deny stat /elsewhere", "/", "full in latest old pub secret"},
		{"deny stat /secret", "/", "full in latest old"},
		{"deny stat /full/file", "/", "full in old pub secret"},
		{"deny stat /secret/f", "/pub", ""},
		{"deny stat /secret", "/full", "deep file"},
	} {
		var names []string
		for i, err := range guard.New(host(t), rules(t, c.rules), identity.Subject{}).List(t.Context(), vfstest.Path(t, c.dir)) {
			ok(t, err)
			names = append(names, i.Name)
		}
		slices.Sort(names)
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%s: %s shows %q; want %q", c.rules, c.dir, got, c.want)
		}
	}
}

// TestAMoveBringsNoRight: what may not be done to a file where it is cannot be done after it
// has been moved, by itself or with the folder that holds it.
func TestAMoveBringsNoRight(t *testing.T) {
	for i, c := range []trial{
		{"deny read /secret", false, rename("/secret/f", "/in/f")},
		{"deny overwrite /secret", false, rename("/secret/f", "/in/f")},
		{"deny delete /secret", false, rename("/secret/f", "/in/f")},
		{"deny setstat /secret", false, rename("/secret/f", "/in/f")},
		{"deny stat /secret", false, rename("/secret/f", "/in/f")},
		{"deny read /secret", true, rename("/secret/f", "/secret/g")},
		{"deny read /in", true, rename("/secret/f", "/in/f")}, // it may lose one
		{"deny read /in/deep", false, rename("/in", "/new")},
		{"deny read /in/deep", false, rename("/in/deep", "/new")},
		{"deny read /in/deep", true, rename("/old", "/in/new")},
		{"deny write /new/deep", false, rename("/in", "/new")}, // x would be put there
		{"deny rename /**/x", false, rename("/in", "/new")},
		{"deny rename /**/y", true, rename("/in", "/new")},
		{"deny write /**/deep", false, rename("/in", "/new")},
		{"deny mkdir /**/deep", false, rename("/in", "/new")},
		{"deny read /**/x", true, rename("/in", "/new")}, // it is x still
		// A link could come to where a folder has just been looked at.
		{"deny read /elsewhere", false, rename("/latest", "/in/latest")},
		{"deny read /elsewhere", false, rename("/full", "/new")},
		{"deny setstat", true, rename("/latest", "/in/latest")}, // no rule looks at paths
		{"deny setstat", true, rename("/full", "/new")},
	} {
		c.run(t, i)
	}
}

// TestRefusalsNameTheRule: the log says which one it was, and where a link led.
func TestRefusalsNameTheRule(t *testing.T) {
	for _, c := range []struct {
		rules, want string
		do          do
	}{
		{"deny read /full", `open "/full/file": permission denied by the rules: rule 1 denies it`, read("/full/file")},
		{"deny list\ndeny read /full", `open "/latest": permission denied by the rules: it leads to "/full/file", and there rule 2 denies it`, read("/latest")},
		{"deny read /full/deep", `rename "/full": permission denied by the rules: rule 1 is about paths in the folder, here or at the new place: what it holds has to be moved one by one`, rename("/full", "/new")},
		{"deny read /secret", `rename "/secret/f": permission denied by the rules: at the new place it would get the right to read, which it does not have here: rule 1 denies it`, rename("/secret/f", "/f")},
	} {
		if err := c.do(t, guard.New(host(t), rules(t, c.rules), identity.Subject{})); err == nil || err.Error() != c.want {
			t.Errorf("%v\nwant %s", err, c.want)
		}
	}
}

// TestLive: other rules hold at once for who is there already.
func TestLive(t *testing.T) {
	var live guard.Live
	live.Set(policy.ReadWrite)
	g := guard.New(host(t), &live, identity.Subject{})
	ok(t, read("/latest")(t, g))
	live.Set(rules(t, "deny read /full"))
	if err := read("/latest")(t, g); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("under the new rules: %v", err)
	}
	live.Set(policy.ReadWrite)
	ok(t, read("/latest")(t, g))
}
