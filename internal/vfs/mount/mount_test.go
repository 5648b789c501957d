package mount_test

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"slices"
	"testing"
	"time"

	"dray/internal/vfs"
	"dray/internal/vfs/memfs"
	"dray/internal/vfs/mount"
	"dray/internal/vfs/vfstest"
)

// TestContract: what is mounted is the tree that it is, at any depth.
func TestContract(t *testing.T) {
	for _, at := range []string{"/mnt", "/deep/in/nothing"} {
		t.Run(at, func(t *testing.T) {
			vfstest.Run(t, func(t *testing.T) vfs.FS {
				return inside{join(t, memfs.New(), mount.Point{At: vfstest.Path(t, at), FS: memfs.New()}), vfstest.Path(t, at)}
			})
		})
	}
}

// inside is what lies in a folder of a tree, as a tree.
type inside struct {
	fs  vfs.FS
	dir vfs.Path
}

func (f inside) in(p vfs.Path) vfs.Path {
	q, err := f.dir.Join(p.Rel())
	if err != nil {
		panic(err)
	}
	return q
}

func (f inside) Stat(ctx context.Context, p vfs.Path) (vfs.Info, error) {
	i, err := f.fs.Stat(ctx, f.in(p))
	if p.IsRoot() {
		i.Name = "/"
	}
	return i, err
}

func (f inside) List(ctx context.Context, p vfs.Path) iter.Seq2[vfs.Info, error] {
	return f.fs.List(ctx, f.in(p))
}

func (f inside) Open(ctx context.Context, p vfs.Path) (vfs.File, error) {
	return f.fs.Open(ctx, f.in(p))
}

func (f inside) Create(ctx context.Context, p vfs.Path, o vfs.CreateOptions) (vfs.Upload, error) {
	return f.fs.Create(ctx, f.in(p), o)
}
func (f inside) Mkdir(ctx context.Context, p vfs.Path) error  { return f.fs.Mkdir(ctx, f.in(p)) }
func (f inside) Remove(ctx context.Context, p vfs.Path) error { return f.fs.Remove(ctx, f.in(p)) }
func (f inside) RemoveDir(ctx context.Context, p vfs.Path) error {
	return f.fs.RemoveDir(ctx, f.in(p))
}

func (f inside) Rename(ctx context.Context, from, to vfs.Path, o vfs.RenameOptions) error {
	return f.fs.Rename(ctx, f.in(from), f.in(to), o)
}

func (f inside) SetTimes(ctx context.Context, p vfs.Path, accessed, modified time.Time) error {
	return f.fs.(vfs.TimeSetter).SetTimes(ctx, f.in(p), accessed, modified)
}

func (f inside) SetMode(ctx context.Context, p vfs.Path, mode fs.FileMode) error {
	return f.fs.(vfs.ModeSetter).SetMode(ctx, f.in(p), mode)
}

// TestMountsAreSeen: in every folder on the way, whether it is there or not, and instead
// of what they cover.
func TestMountsAreSeen(t *testing.T) {
	root, images, old := memfs.New(), memfs.New(), memfs.New()
	mkdir(t, root, "/images", "/a")
	vfstest.Put(t, root, "/images/covered", "")
	vfstest.Put(t, root, "/a/file", "")
	vfstest.Put(t, root, "/covered", "")
	vfstest.Put(t, images, "/new.bin", "image")
	vfstest.Put(t, old, "/old.bin", "older")
	tree := join(t, root,
		mount.Point{At: vfstest.Path(t, "/images"), FS: images},
		mount.Point{At: vfstest.Path(t, "/images/archive/2019"), FS: old},
		mount.Point{At: vfstest.Path(t, "/a/b/c"), FS: old},
		mount.Point{At: vfstest.Path(t, "/covered/x"), FS: old})
	for dir, want := range map[string][]string{
		"/":                    {"a", "covered", "images"},
		"/images":              {"archive", "new.bin"},
		"/images/archive":      {"2019"},
		"/images/archive/2019": {"old.bin"},
		"/a":                   {"b", "file"},
		"/a/b":                 {"c"},
		"/covered":             {"x"},
	} {
		if got := names(t, tree, dir); !slices.Equal(got, want) {
			t.Errorf("%s holds %q; want %q", dir, got, want)
		}
		i, err := tree.Stat(t.Context(), vfstest.Path(t, dir))
		if err != nil || !i.IsDir() || i.Name != vfstest.Path(t, dir).Base() {
			t.Errorf("%s is %+v, %v; want a folder", dir, i, err)
		}
	}
	if got := vfstest.Read(t, tree, "/images/archive/2019/old.bin"); got != "older" {
		t.Errorf("read %q", got)
	}
	vfstest.Put(t, tree, "/images/put.bin", "put")
	if got := vfstest.Read(t, images, "/put.bin"); got != "put" {
		t.Errorf("what is put into a mounted folder is %q there", got)
	}
}

// TestMountsStay: nothing moves, removes or replaces them, or what leads to them.
func TestMountsStay(t *testing.T) {
	root := memfs.New()
	mkdir(t, root, "/a", "/dir")
	vfstest.Put(t, root, "/file", "content")
	tree := join(t, root, mount.Point{At: vfstest.Path(t, "/a/m"), FS: memfs.New()}, mount.Point{At: vfstest.Path(t, "/v/m"), FS: memfs.New()})
	vfstest.Put(t, tree, "/a/m/f", "in a mount")
	rename := func(from, to string) error {
		return tree.Rename(t.Context(), vfstest.Path(t, from), vfstest.Path(t, to), vfs.RenameOptions{})
	}
	create := func(name string) error {
		u, err := tree.Create(t.Context(), vfstest.Path(t, name), vfs.CreateOptions{})
		if err == nil {
			err = errors.Join(errors.New("it can be written"), u.Abort())
		}
		return err
	}
	for about, c := range map[string]struct{ got, want error }{
		"remove a mount as a folder":      {tree.RemoveDir(t.Context(), vfstest.Path(t, "/a/m")), fs.ErrPermission},
		"remove a mount as a file":        {tree.Remove(t.Context(), vfstest.Path(t, "/a/m")), vfs.ErrIsDir},
		"remove what leads to it":         {tree.RemoveDir(t.Context(), vfstest.Path(t, "/a")), fs.ErrPermission},
		"remove what is there for it":     {tree.RemoveDir(t.Context(), vfstest.Path(t, "/v")), fs.ErrPermission},
		"rename a mount":                  {rename("/a/m", "/b"), fs.ErrPermission},
		"rename what leads to it":         {rename("/a", "/b"), fs.ErrPermission},
		"rename to a mount":               {rename("/dir", "/a/m"), fs.ErrExist},
		"rename to what leads to it":      {rename("/dir", "/v"), fs.ErrExist},
		"make a mount":                    {tree.Mkdir(t.Context(), vfstest.Path(t, "/a/m")), fs.ErrExist},
		"make what leads to it":           {tree.Mkdir(t.Context(), vfstest.Path(t, "/v")), fs.ErrExist},
		"write a mount":                   {create("/a/m"), vfs.ErrIsDir},
		"write into what is there for it": {create("/v/f"), fs.ErrPermission},
		"make in what is there for it":    {tree.Mkdir(t.Context(), vfstest.Path(t, "/v/d")), fs.ErrPermission},
		"move into what is there for it":  {rename("/file", "/v/f"), fs.ErrPermission},
		"set the time of a mount":         {tree.(vfs.TimeSetter).SetTimes(t.Context(), vfstest.Path(t, "/a/m"), time.Time{}, time.Unix(1, 0)), fs.ErrPermission},
		"set the mode of a mount":         {tree.(vfs.ModeSetter).SetMode(t.Context(), vfstest.Path(t, "/a/m"), 0o700), fs.ErrPermission},
		"move into a mount":               {rename("/file", "/a/m/file"), vfs.ErrCrossMount},
		"move out of a mount":             {rename("/a/m/f", "/f"), vfs.ErrCrossMount},
		"move from mount to mount":        {rename("/a/m/f", "/v/m/f"), vfs.ErrCrossMount},
		"move nothing into a mount":       {rename("/nothing", "/a/m/file"), fs.ErrNotExist},
	} {
		var op *vfs.OpError
		if !errors.Is(c.got, c.want) || !errors.As(c.got, &op) {
			t.Errorf("%s: %v; want %v", about, c.got, c.want)
		}
	}
	if got := vfstest.Read(t, tree, "/file") + vfstest.Read(t, tree, "/a/m/f"); got != "contentin a mount" {
		t.Errorf("the files became %q", got)
	}
	if err := rename("/a/m/f", "/a/m/g"); err != nil {
		t.Errorf("within a mount: %v", err)
	}
}

func TestReadOnlyMounts(t *testing.T) {
	images := memfs.New()
	vfstest.Put(t, images, "/f", "content")
	mkdir(t, images, "/d")
	tree := join(t, memfs.New(), mount.Point{At: vfstest.Path(t, "/m"), FS: images, ReadOnly: true})
	_, created := tree.Create(t.Context(), vfstest.Path(t, "/m/g"), vfs.CreateOptions{})
	for about, err := range map[string]error{
		"create":     created,
		"mkdir":      tree.Mkdir(t.Context(), vfstest.Path(t, "/m/e")),
		"remove":     tree.Remove(t.Context(), vfstest.Path(t, "/m/f")),
		"remove dir": tree.RemoveDir(t.Context(), vfstest.Path(t, "/m/d")),
		"rename":     tree.Rename(t.Context(), vfstest.Path(t, "/m/f"), vfstest.Path(t, "/m/g"), vfs.RenameOptions{}),
		"time":       tree.(vfs.TimeSetter).SetTimes(t.Context(), vfstest.Path(t, "/m/f"), time.Time{}, time.Unix(1, 0)),
		"mode":       tree.(vfs.ModeSetter).SetMode(t.Context(), vfstest.Path(t, "/m/f"), 0o600),
	} {
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v", about, err)
		}
	}
	if got := vfstest.Read(t, tree, "/m/f"); got != "content" {
		t.Errorf("read %q", got)
	}
}

// broken is a tree that has gone.
type broken struct{ vfs.FS }

var errGone = errors.New("stale file handle")

func (broken) Stat(context.Context, vfs.Path) (vfs.Info, error) { return vfs.Info{}, errGone }
func (broken) List(context.Context, vfs.Path) iter.Seq2[vfs.Info, error] {
	return func(yield func(vfs.Info, error) bool) { yield(vfs.Info{}, errGone) }
}
func (broken) Open(context.Context, vfs.Path) (vfs.File, error) { return nil, errGone }

// TestALostFolderBreaksOnlyItself: it can still be seen.
func TestALostFolderBreaksOnlyItself(t *testing.T) {
	root := memfs.New()
	vfstest.Put(t, root, "/f", "content")
	tree := join(t, root,
		mount.Point{At: vfstest.Path(t, "/gone"), FS: broken{memfs.New()}},
		mount.Point{At: vfstest.Path(t, "/never"), Err: errGone})
	if got := names(t, tree, "/"); !slices.Equal(got, []string{"f", "gone", "never"}) {
		t.Errorf("the root holds %q", got)
	}
	if got := vfstest.Read(t, tree, "/f"); got != "content" {
		t.Errorf("read %q", got)
	}
	for _, dir := range []string{"/gone", "/never"} {
		var failed error
		for _, err := range tree.List(t.Context(), vfstest.Path(t, dir)) {
			failed = err
		}
		_, opened := tree.Open(t.Context(), vfstest.Path(t, dir+"/f"))
		for _, err := range []error{failed, opened} {
			var op *vfs.OpError
			if !errors.Is(err, errGone) || !errors.As(err, &op) {
				t.Errorf("%s: %v", dir, err)
			}
		}
	}
}

func TestSpaceIsThatOfTheMount(t *testing.T) {
	root, images := memfs.New(), memfs.New()
	root.Capacity, images.Capacity = 100, 7
	tree := join(t, root, mount.Point{At: vfstest.Path(t, "/v/m"), FS: images})
	for dir, want := range map[string]int64{"/": 100, "/v/m": 7, "/v": 0} {
		got, err := tree.(vfs.SpaceReporter).FreeSpace(t.Context(), vfstest.Path(t, dir))
		if got != want || err != nil {
			t.Errorf("%s: %d free, %v; want %d", dir, got, err, want)
		}
	}
	if _, ok := join(t, root, mount.Point{At: vfstest.Path(t, "/m"), FS: plain{images}}).(vfs.SpaceReporter); ok {
		t.Error("a tree knows the space of one that does not")
	}
}

// plain is an FS that can do no more than it must.
type plain struct{ vfs.FS }

func TestErrorsNameThePathThatWasAskedFor(t *testing.T) {
	tree := join(t, memfs.New(), mount.Point{At: vfstest.Path(t, "/m"), FS: memfs.New()})
	_, err := tree.Stat(t.Context(), vfstest.Path(t, "/m/nothing"))
	if err == nil || err.Error() != `stat "/m/nothing": file does not exist` {
		t.Error(err)
	}
}

func TestNew(t *testing.T) {
	root := memfs.New()
	if got, err := mount.New(root, nil); got != vfs.FS(root) || err != nil {
		t.Errorf("without mounts there is a wrapper: %T, %v", got, err)
	}
	for _, at := range [][]string{{"/"}, {"/a", "/b", "/a"}} {
		var points []mount.Point
		for _, name := range at {
			points = append(points, mount.Point{At: vfstest.Path(t, name), FS: memfs.New()})
		}
		if _, err := mount.New(root, points); err == nil {
			t.Errorf("mounted at %q", at)
		}
	}
}

func join(t *testing.T, root vfs.FS, points ...mount.Point) vfs.FS {
	t.Helper()
	tree, err := mount.New(root, points)
	ok(t, err)
	return tree
}

func names(t *testing.T, fsys vfs.FS, dir string) (all []string) {
	t.Helper()
	for i, err := range fsys.List(t.Context(), vfstest.Path(t, dir)) {
		ok(t, err)
		all = append(all, i.Name)
	}
	slices.Sort(all)
	return all
}

func mkdir(t *testing.T, fsys vfs.FS, dirs ...string) {
	t.Helper()
	for _, dir := range dirs {
		ok(t, fsys.Mkdir(t.Context(), vfstest.Path(t, dir)))
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// linked is a tree in which every name is a link to the folder "there".
type linked struct{ vfs.FS }

func (linked) Resolve(_ context.Context, p vfs.Path) (vfs.Path, error) {
	if p.IsRoot() {
		return p, nil
	}
	return vfs.ParsePath("/there" + p.String())
}

// TestResolve: a link leads to a path of the tree that it is in.
func TestResolve(t *testing.T) {
	joined := join(t, linked{memfs.New()}, mount.Point{At: vfstest.Path(t, "/a/mnt"), FS: linked{memfs.New()}}, mount.Point{At: vfstest.Path(t, "/b"), FS: memfs.New()})
	for name, want := range map[string]string{
		"/": "/", "/x/y": "/there/x/y", "/a/mnt": "/a/mnt", "/a/mnt/x": "/a/mnt/there/x", "/a": "/there/a", "/b/x": "/b/x",
	} {
		if got, err := joined.(vfs.Resolver).Resolve(t.Context(), vfstest.Path(t, name)); err != nil || got.String() != want {
			t.Errorf("%s leads to %v, %v; want %s", name, got, err, want)
		}
	}
}

// known is a tree that knows a digest of everything.
type known struct {
	vfs.FS
	sum string
}

func (k known) Digest(_ context.Context, p vfs.Path, algorithm string) ([]byte, error) {
	return []byte(k.sum + algorithm + p.String()), nil
}

func TestDigestsAreThoseOfTheMount(t *testing.T) {
	joined := join(t, known{memfs.New(), "root:"}, mount.Point{At: vfstest.Path(t, "/m"), FS: known{memfs.New(), "mount:"}}, mount.Point{At: vfstest.Path(t, "/n"), FS: memfs.New()})
	for name, want := range map[string]string{"/f": "root:md5/f", "/m/f": "mount:md5/f", "/n/f": ""} {
		if got, err := joined.(vfs.Digester).Digest(t.Context(), vfstest.Path(t, name), "md5"); err != nil || string(got) != want {
			t.Errorf("of %s it is %q, %v; want %q", name, got, err, want)
		}
	}
}
