package linediff

import (
	"strings"
	"testing"
)

func TestCompare(t *testing.T) {
	lines := func(s string) string { return strings.Join(strings.Fields(s), "\n") + "\n" }
	for _, c := range []struct {
		before, after  string
		added, removed int
		text           string
	}{
		{lines("a b c"), lines("a b c"), 0, 0, ""},
		{"", lines("a b"), 2, 0, "@@ -0,0 +1,2 @@\n+a\n+b\n"},
		{lines("a b"), "", 0, 2, "@@ -1,2 +0,0 @@\n-a\n-b\n"},
		{lines("a b c"), lines("a x c"), 1, 1, "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"},
		{lines("1 2 3 4 5 6 7 8 9"), lines("1 2 3 4 5 6 7 8 x"), 1, 1, "@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+x\n"},
		{lines("1 2 3 4 5 6 7 8 9 10 11 12"), lines("0 1 2 3 4 5 6 7 8 9 10 11"), 1, 1,
			"@@ -1,3 +1,4 @@\n+0\n 1\n 2\n 3\n@@ -9,4 +10,3 @@\n 9\n 10\n 11\n-12\n"},
		{lines("1 2 3 4 5 6"), lines("x 2 3 4 5 y"), 2, 2, "@@ -1,6 +1,6 @@\n-1\n+x\n 2\n 3\n 4\n 5\n-6\n+y\n"},
	} {
		d := Compare(c.before, c.after)
		if d.Added != c.added || d.Removed != c.removed || d.Text != c.text {
			t.Errorf("%q to %q: %+v", c.before, c.after, d)
		}
	}
}

// TestLong: what differs too much is replaced, and takes no time.
func TestLong(t *testing.T) {
	d := Compare(strings.Repeat("a\n", 20_000), strings.Repeat("b\n", 20_000))
	if d.Added != 20_000 || d.Removed != 20_000 {
		t.Errorf("%d, %d", d.Added, d.Removed)
	}
}

// FuzzCompare: who follows the steps comes from one text to the other, and texts that are
// alike have none.
func FuzzCompare(f *testing.F) {
	f.Add("a\nb\nc\n", "a\nc\nd\n")
	f.Add("", "x")
	f.Fuzz(func(t *testing.T, before, after string) {
		a, b := split(before), split(after)
		var from, to []string
		for _, s := range script(a, b) {
			if s.op != '+' {
				from = append(from, s.line)
			}
			if s.op != '-' {
				to = append(to, s.line)
			}
		}
		if strings.Join(from, "\n") != strings.Join(a, "\n") || strings.Join(to, "\n") != strings.Join(b, "\n") {
			t.Errorf("%q to %q goes by %q to %q", a, b, from, to)
		}
		if d := Compare(before, after); (d.Text == "") != (d.Added+d.Removed == 0) || before == after && d.Text != "" {
			t.Errorf("%+v", d)
		}
	})
}
