package guard_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"dray/internal/identity"
	"dray/internal/policy"
	"dray/internal/policy/guard"
	"dray/internal/vfs"
	"dray/internal/vfs/memfs"
	"dray/internal/vfs/vfstest"
)

// TestContract: with all rights, a guard is the FS that it guards.
func TestContract(t *testing.T) {
	vfstest.Run(t, func(*testing.T) vfs.FS {
		return guard.New(memfs.New(), policy.ReadWrite, identity.Subject{})
	})
}

// operations says of everything that can be asked of an FS which rights it takes. The
// tree holds /old (a file), /other (a file), /full/file and /empty.
func operations() []operation {
	return []operation{
		{"stat", []policy.Op{policy.Stat}, func(t *testing.T, fsys vfs.FS) error {
			_, err := fsys.Stat(t.Context(), vfstest.Path(t, "/old"))
			return err
		}},
		{"free space", []policy.Op{policy.Stat}, func(t *testing.T, fsys vfs.FS) error {
			_, err := fsys.(vfs.SpaceReporter).FreeSpace(t.Context(), vfstest.Path(t, "/"))
			return err
		}},
		{"list", []policy.Op{policy.List}, func(t *testing.T, fsys vfs.FS) error {
			for _, err := range fsys.List(t.Context(), vfstest.Path(t, "/full")) {
				if err != nil {
					return err
				}
			}
			return nil
		}},
		{"read", []policy.Op{policy.Read}, func(t *testing.T, fsys vfs.FS) error {
			f, err := fsys.Open(t.Context(), vfstest.Path(t, "/old"))
			if err != nil {
				return err
			}
			return f.Close()
		}},
		{"digest", []policy.Op{policy.Read}, func(t *testing.T, fsys vfs.FS) error {
			_, err := fsys.(vfs.Digester).Digest(t.Context(), vfstest.Path(t, "/old"), "md5")
			return err
		}},
		{"mkdir", []policy.Op{policy.Mkdir}, func(t *testing.T, fsys vfs.FS) error {
			return fsys.Mkdir(t.Context(), vfstest.Path(t, "/new"))
		}},
		{"remove", []policy.Op{policy.Delete}, func(t *testing.T, fsys vfs.FS) error {
			return fsys.Remove(t.Context(), vfstest.Path(t, "/old"))
		}},
		{"remove a folder", []policy.Op{policy.Delete}, func(t *testing.T, fsys vfs.FS) error {
			return fsys.RemoveDir(t.Context(), vfstest.Path(t, "/empty"))
		}},
		{"set the time", []policy.Op{policy.SetStat}, func(t *testing.T, fsys vfs.FS) error {
			return fsys.(vfs.TimeSetter).SetTimes(t.Context(), vfstest.Path(t, "/old"), time.Time{}, time.Unix(1, 0))
		}},
		{"set the mode", []policy.Op{policy.SetStat}, func(t *testing.T, fsys vfs.FS) error {
			return fsys.(vfs.ModeSetter).SetMode(t.Context(), vfstest.Path(t, "/old"), 0o600)
		}},
		{"create", []policy.Op{policy.Create}, create("/new", vfs.CreateOptions{})},
		{"append to a new file", []policy.Op{policy.Create}, create("/new", vfs.CreateOptions{InPlace: true, Offset: vfs.OffsetEnd})},
		{"overwrite", []policy.Op{policy.Overwrite}, create("/old", vfs.CreateOptions{})},
		{"resume", []policy.Op{policy.Overwrite}, create("/old", vfs.CreateOptions{InPlace: true, Offset: 1})},
		{"append", []policy.Op{policy.Overwrite}, create("/old", vfs.CreateOptions{InPlace: true, Offset: vfs.OffsetEnd})},
		{"rename to a free name", []policy.Op{policy.Rename, policy.Create}, rename("/old", "/new")},
		{"rename a folder", []policy.Op{policy.Rename, policy.Create}, rename("/full", "/new")},
		{"rename over a file", []policy.Op{policy.Rename, policy.Overwrite}, rename("/old", "/other")},
	}
}

type operation struct {
	name  string
	takes []policy.Op
	do    func(t *testing.T, fsys vfs.FS) error
}

func create(name string, o vfs.CreateOptions) func(*testing.T, vfs.FS) error {
	return func(t *testing.T, fsys vfs.FS) error {
		u, err := fsys.Create(t.Context(), vfstest.Path(t, name), o)
		if err != nil {
			return err
		}
		defer u.Abort()
		if _, err := io.WriteString(u, "changed"); err != nil {
			return err
		}
		return u.Commit()
	}
}

func rename(from, to string) func(*testing.T, vfs.FS) error {
	return func(t *testing.T, fsys vfs.FS) error {
		return fsys.Rename(t.Context(), vfstest.Path(t, from), vfstest.Path(t, to), vfs.RenameOptions{})
	}
}

// TestMatrix: an operation works with the rights that it takes and no others, and without
// any one of them it is refused and changes nothing.
func TestMatrix(t *testing.T) {
	for _, o := range operations() {
		t.Run(o.name, func(t *testing.T) {
			enough := policy.Rights(0)
			for _, op := range o.takes {
				enough |= 1 << op
			}
			if err := o.do(t, guard.New(layout(t), enough, identity.Subject{})); err != nil {
				t.Errorf("with %v: %v", o.takes, err)
			}
			for _, missing := range o.takes {
				fsys := layout(t)
				before := snapshot(t, fsys)
				err := o.do(t, guard.New(fsys, policy.ReadWrite.Without(missing), identity.Subject{}))
				reason := fs.ErrPermission
				if missing == policy.Overwrite {
					reason = fs.ErrExist
				}
				var op *vfs.OpError
				if !errors.Is(err, reason) || !errors.As(err, &op) {
					t.Errorf("without %v: %v; want %v", missing, err, reason)
				}
				if after := snapshot(t, fsys); after != before {
					t.Errorf("without %v the tree became\n%s; it was\n%s", missing, after, before)
				}
			}
		})
	}
}

// TestNoRightAtAll: a target that may be neither made nor overwritten is refused.
func TestNoRightAtAll(t *testing.T) {
	for _, o := range operations() {
		err := o.do(t, guard.New(layout(t), policy.Rights(0), identity.Subject{}))
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v", o.name, err)
		}
	}
}

// TestNoOverwriteHasNoGap: a file that appears while a subject without Overwrite uploads
// stays what it is.
func TestNoOverwriteHasNoGap(t *testing.T) {
	fsys := memfs.New()
	g := guard.New(fsys, policy.ReadWrite.Without(policy.Overwrite), identity.Subject{})
	u, err := g.Create(t.Context(), vfstest.Path(t, "/f"), vfs.CreateOptions{})
	ok(t, err)
	ok(t, create("/f", vfs.CreateOptions{})(t, fsys))
	if err := u.Commit(); !errors.Is(err, fs.ErrExist) {
		t.Errorf("committed over a file: %v", err)
	}
}

// TestOntoItselfNothingIsOverwritten: such a rename changes nothing.
func TestOntoItselfNothingIsOverwritten(t *testing.T) {
	g := guard.New(layout(t), policy.ReadWrite.Without(policy.Overwrite), identity.Subject{})
	ok(t, rename("/old", "/old")(t, g))
}

// only is a Decider that knows one subject and hides the paths below one folder.
type only struct {
	subject string
	hidden  vfs.Path
}

func (d only) For(s identity.Subject) policy.Grant { return onlyFor{policy.ReadWrite, d, s} }

type onlyFor struct {
	policy.Rights
	only    only
	subject identity.Subject
}

func (o onlyFor) At(p vfs.Path) policy.Rights {
	if o.subject.Name != o.only.subject || p.Within(o.only.hidden) {
		return 0
	}
	return o.Rights
}

func TestDeciderSeesSubjectAndPath(t *testing.T) {
	d := only{subject: "ann", hidden: vfstest.Path(t, "/full")}
	ann := guard.New(layout(t), d, identity.Subject{Name: "ann"})
	var names []string
	for i, err := range ann.List(t.Context(), vfstest.Path(t, "/")) {
		ok(t, err)
		names = append(names, i.Name)
	}
	if want := []string{"empty", "old", "other"}; !slices.Equal(names, want) {
		t.Errorf("ann sees %q; want %q", names, want)
	}
	if _, err := ann.Stat(t.Context(), vfstest.Path(t, "/full/file")); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("ann stats what is hidden: %v", err)
	}
	if err := rename("/old", "/full/old")(t, ann); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("ann moves a file to where it is hidden: %v", err)
	}
	bob := guard.New(layout(t), d, identity.Subject{Name: "bob"})
	if _, err := bob.Stat(t.Context(), vfstest.Path(t, "/old")); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("bob stats: %v", err)
	}
}

// plain is an FS that can do no more than it must.
type plain struct{ vfs.FS }

func TestSpaceIsReportedOnlyWhereItIsKnown(t *testing.T) {
	if _, ok := guard.New(plain{memfs.New()}, policy.ReadWrite, identity.Subject{}).(vfs.SpaceReporter); ok {
		t.Error("a guard knows more than what it guards")
	}
}

// TestAttributesAreSetOnlyWhereTheyCanBe: nobody is told that what did not happen did.
func TestAttributesAreSetOnlyWhereTheyCanBe(t *testing.T) {
	g := guard.New(plain{layout(t)}, policy.ReadWrite, identity.Subject{})
	for name, err := range map[string]error{
		"times": g.(vfs.TimeSetter).SetTimes(t.Context(), vfstest.Path(t, "/old"), time.Time{}, time.Unix(1, 0)),
		"mode":  g.(vfs.ModeSetter).SetMode(t.Context(), vfstest.Path(t, "/old"), 0o600),
	} {
		var op *vfs.OpError
		if !errors.Is(err, errors.ErrUnsupported) || !errors.As(err, &op) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// layout returns the tree that operations is about.
func layout(t *testing.T) *memfs.FS {
	t.Helper()
	fsys := memfs.New()
	for _, dir := range []string{"/full", "/empty"} {
		ok(t, fsys.Mkdir(t.Context(), vfstest.Path(t, dir)))
	}
	for _, name := range []string{"/old", "/other", "/full/file"} {
		u, err := fsys.Create(t.Context(), vfstest.Path(t, name), vfs.CreateOptions{})
		ok(t, err)
		_, err = io.WriteString(u, name)
		ok(t, errors.Join(err, u.Commit()))
	}
	return fsys
}

// snapshot writes out the tree, a line a name.
func snapshot(t *testing.T, fsys vfs.FS) string {
	t.Helper()
	var b strings.Builder
	var walk func(dir vfs.Path)
	walk = func(dir vfs.Path) {
		for i, err := range fsys.List(t.Context(), dir) {
			ok(t, err)
			p, err := dir.Join(i.Name)
			ok(t, err)
			fmt.Fprintf(&b, "%s %v %v ", p, i.Mode, i.ModTime.UnixNano())
			if i.IsDir() {
				b.WriteString("\n")
				walk(p)
				continue
			}
			f, err := fsys.Open(t.Context(), p)
			ok(t, err)
			content, err := io.ReadAll(f)
			ok(t, errors.Join(err, f.Close()))
			b.Write(append(content, '\n'))
		}
	}
	walk(vfs.Path{})
	return b.String()
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
