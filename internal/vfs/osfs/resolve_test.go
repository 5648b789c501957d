//go:build unix

package osfs_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dray/internal/vfs"
	"dray/internal/vfs/osfs"
)

// TestResolve says where names lead to, of which some are links.
func TestResolve(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/b", "secret/deep"} {
		ok(t, os.MkdirAll(filepath.Join(dir, name), 0o755))
	}
	ok(t, os.WriteFile(filepath.Join(dir, "secret/f"), nil, 0o644))
	for name, target := range map[string]string{
		"file": "secret/f", "a/up": "../secret", "a/b/far": "../up/deep/..", "here": "./a/./b/", "dangling": "none/of/it", "root": "a/..",
		"out": "../x", "deeply-out": "a/../../x", "absolute": "/etc", "me": "me", "one": "other", "other": "one", "chain": "here/far",
	} {
		ok(t, os.Symlink(target, filepath.Join(dir, name)))
	}
	fsys, err := osfs.Open(dir)
	ok(t, err)
	defer fsys.Close()
	for name, want := range map[string]string{
		"/": "/", "/a/b": "/a/b", "/a/none/x": "/a/none/x", "/secret/f/x": "/secret/f/x",
		"/file": "/secret/f", "/a/up": "/secret", "/a/up/f": "/secret/f", "/a/b/far": "/secret", "/a/b/far/deep/new": "/secret/deep/new",
		"/here": "/a/b", "/here/far/f": "/secret/f", "/dangling/x": "/none/of/it/x", "/root": "/", "/root/secret/f": "/secret/f", "/chain/f": "/secret/f",
		"/out": "", "/deeply-out": "", "/absolute/passwd": "", "/me": "", "/one/x": "",
	} {
		p, err := vfs.ParsePath(name)
		ok(t, err)
		got, err := fsys.Resolve(t.Context(), p)
		var op *vfs.OpError
		if want == "" && (!errors.As(err, &op) || !errors.Is(err, fs.ErrPermission) && !strings.Contains(err.Error(), "too many links")) {
			t.Errorf("%s leads to %v, %v", name, got, err)
		}
		if want != "" && (err != nil || got.String() != want) {
			t.Errorf("%s leads to %v, %v; want %s", name, got, err, want)
		}
	}
	root, _ := vfs.ParsePath("/")
	for i, err := range fsys.List(t.Context(), root) {
		ok(t, err)
		if link := i.Name != "a" && i.Name != "secret"; i.Link != link {
			t.Errorf("%s is said to be a link: %v", i.Name, i.Link)
		}
	}
}
