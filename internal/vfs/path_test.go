package vfs_test

import (
	"errors"
	"strings"
	"testing"

	"dray/internal/vfs"
)

func TestParsePath(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"", "/"},
		{"/", "/"},
		{".", "/"},
		{"..", "/"},
		{"/../..", "/"},
		{"../../etc/passwd", "/etc/passwd"},
		{"a/../../../b", "/b"},
		{"//a///b/", "/a/b"},
		{"/a/./b", "/a/b"},
		{"....//x", "/..../x"},
		{"%2e%2e/secret", "/%2e%2e/secret"},
		{" a b ", "/ a b "},
		{`dir\file`, `/dir\file`},
		{`C:\x`, `/C:\x`},
		{"\xff\xfe", "/\xff\xfe"},
		{"größe", "/größe"},
		{strings.Repeat("a", vfs.MaxPath), "/" + strings.Repeat("a", vfs.MaxPath)},
	} {
		p, err := vfs.ParsePath(c.name)
		if err != nil || p.String() != c.want {
			t.Errorf("ParsePath(%q) = %q, %v; want %q", c.name, p, err, c.want)
		}
	}
}

func TestParsePathRefuses(t *testing.T) {
	for _, name := range []string{
		"a\x00b", "a\nb", "a\rb", "\x1b[2J", "a\x7f", "\t",
		`..\secret`, `a\..\..\secret`, `a/b\..`, `\..`, `..\`,
		strings.Repeat("a", vfs.MaxPath+1),
	} {
		p, err := vfs.ParsePath(name)
		if !errors.Is(err, vfs.ErrBadName) || !p.IsRoot() {
			t.Errorf("ParsePath(%q) = %q, %v; want the zero path and ErrBadName", name, p, err)
		}
	}
}

func TestJoin(t *testing.T) {
	for _, c := range []struct{ dir, name, want string }{
		{"/a", "b", "/a/b"},
		{"/a", "/b", "/b"},
		{"/a/b", "..", "/a"},
		{"/a", "../../..", "/"},
		{"/", "b/", "/b"},
		{"/a", "", "/a"},
	} {
		p, err := must(t, c.dir).Join(c.name)
		if err != nil || p.String() != c.want {
			t.Errorf("%q.Join(%q) = %q, %v; want %q", c.dir, c.name, p, err, c.want)
		}
	}
}

// TestValidName: what is valid joins to a path one deeper, and parses to the same.
func TestValidName(t *testing.T) {
	dir := must(t, "/a")
	for _, c := range []struct {
		name  string
		valid bool
	}{
		{"b", true}, {"größe", true}, {"\xff\xfe", true}, {" ", true}, {"...", true}, {"..b", true},
		{`back\slash`, true}, {`..\up`, false}, {`b\..`, false},
		{"", false}, {".", false}, {"..", false}, {"/", false}, {"b/c", false}, {"/b", false},
		{"a\nb", false}, {"\x00", false}, {"\x7f", false}, {"\u0085", true},
		{strings.Repeat("a", vfs.MaxPath), true}, {strings.Repeat("a", vfs.MaxPath+1), false},
	} {
		if got := vfs.ValidName(c.name); got != c.valid {
			t.Errorf("ValidName(%q) = %v", c.name, got)
		}
		joined, err := dir.Join(c.name)
		parsed, err2 := vfs.ParsePath("/a/" + c.name)
		if !strings.HasPrefix(c.name, "/") && (joined != parsed || (err == nil) != (err2 == nil)) {
			t.Errorf("Join makes %q, %v of %q; ParsePath %q, %v", joined, err, c.name, parsed, err2)
		}
		if c.valid && err == nil && (joined.Dir() != dir || joined.Base() != c.name) {
			t.Errorf("%q joins to %q", c.name, joined)
		}
	}
}

func TestPathParts(t *testing.T) {
	for _, c := range []struct{ name, rel, base, dir string }{
		{"/", ".", "/", "/"},
		{"/a", "a", "a", "/"},
		{"/a/b", "a/b", "b", "/a"},
	} {
		p := must(t, c.name)
		if p.Rel() != c.rel || p.Base() != c.base || p.Dir().String() != c.dir {
			t.Errorf("%q: Rel %q Base %q Dir %q; want %q %q %q", c.name, p.Rel(), p.Base(), p.Dir(), c.rel, c.base, c.dir)
		}
	}
}

func TestWithinComparesWholeElements(t *testing.T) {
	for _, c := range []struct {
		name, dir string
		want      bool
	}{
		{"/", "/", true},
		{"/a", "/", true},
		{"/a", "/a", true},
		{"/a/b", "/a", true},
		{"/home/user2", "/home/user", false},
		{"/", "/a", false},
		{"/a", "/a/b", false},
	} {
		if got := must(t, c.name).Within(must(t, c.dir)); got != c.want {
			t.Errorf("%q within %q = %v; want %v", c.name, c.dir, got, c.want)
		}
	}
}

func TestBelowIsThePathFromAFolder(t *testing.T) {
	for _, c := range []struct{ name, dir, want string }{
		{"/a/b/c", "/", "/a/b/c"},
		{"/a/b/c", "/a", "/b/c"},
		{"/a/b/c", "/a/b/c", "/"},
		{"/", "/", "/"},
	} {
		if got := must(t, c.name).Below(must(t, c.dir)); got != must(t, c.want) {
			t.Errorf("%q below %q is %q; want %q", c.name, c.dir, got, c.want)
		}
	}
}

func TestOpErrorSaysWhatItWraps(t *testing.T) {
	err := error(&vfs.OpError{Op: "stat", Path: "/a\nb", Err: vfs.ErrNotDir})
	if !errors.Is(err, vfs.ErrNotDir) || err.Error() != `stat "/a\nb": not a directory` {
		t.Errorf("got %v", err)
	}
}

// FuzzParsePath: a path that parses is rooted, clean, free of "..", and parses to itself.
func FuzzParsePath(f *testing.F) {
	for _, s := range []string{"", "/", "../..", "a//b/./c/..", `a\..\b`, "....//", "a\x00", "/home/user2", strings.Repeat("a", vfs.MaxPath)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		p, err := vfs.ParsePath(name)
		if err != nil {
			if !errors.Is(err, vfs.ErrBadName) || p != (vfs.Path{}) {
				t.Fatalf("ParsePath(%q) = %q, %v", name, p, err)
			}
			return
		}
		if joined, err := must(t, "/d").Join(p.Rel()); err == nil && !p.IsRoot() && (joined.Rel() != "d/"+p.Rel() || !joined.Within(must(t, "/d"))) {
			t.Fatalf("%q joins to %q", p, joined)
		}
		if again, err := vfs.ParsePath(p.String()); err != nil || again != p {
			t.Fatalf("%q parses to %q, and that to %q, %v", name, p, again, err)
		}
		if !p.Within(vfs.Path{}) || !p.Within(p.Dir()) || !strings.HasPrefix(p.String(), "/") {
			t.Fatalf("%q parses to %q, which is not rooted", name, p)
		}
		for elem := range strings.SplitSeq(p.Rel(), "/") {
			if elem == ".." || elem == "" || elem == "." && !p.IsRoot() {
				t.Fatalf("%q parses to %q", name, p)
			}
		}
	})
}

func must(t testing.TB, name string) vfs.Path {
	t.Helper()
	p, err := vfs.ParsePath(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
