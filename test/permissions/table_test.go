package permissions

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dray/internal/identity"
	"dray/internal/policy"
	"dray/internal/policy/guard"
	"dray/internal/tree"
	"dray/internal/vfs/osfs"
)

var update = flag.Bool("update", false, "rewrite the table in docs/rules.md")

// row is something that a client asks for. It finds the files "/old", "/other" and "/full/file",
// each of which holds its own path, and the empty folder "/empty".
type row struct {
	verb    string // as the table of the server has it
	about   string // what is asked for
	takes   []policy.Op
	never   bool // it is refused whatever the permissions are
	changes bool // it changes the files

	// do asks. A refusal is an error whose text is the reply of the protocol.
	do func(c client) error

	says   string               // the refusal, if it is not that of the protocol
	lacks  map[policy.Op]string // the same for who lacks this permission
	exists bool                 // without overwrite it is that of a file that is there already
}

// client asks in the way of its protocol; each test has its own.
type client any

// protocol is how a table is asked for.
type protocol struct {
	name   string
	denied string // the reply to who lacks a permission
	exists string // the reply to who may not overwrite
	rows   []row
}

// world is a folder with the files of the rows, under the rules of the moment.
type world struct {
	dir   string
	files *osfs.FS
	rules guard.Live
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{dir: t.TempDir()}
	var err error
	w.files, err = osfs.Open(w.dir)
	ok(t, err)
	w.files.NoSync = true
	t.Cleanup(func() { ok(t, w.files.Close()) })
	return w
}

// Open implements the Trees of every protocol.
func (w *world) Open(ctx context.Context, s identity.Subject) (guard.Tree, error) {
	return (&tree.Trees{Files: w.files, Rules: &w.rules}).Open(ctx, s)
}

// begin makes the files anew and leaves everybody these rights: by rules about several
// paths, so that all that depends on a path is in use.
func (w *world) begin(t testing.TB, rights policy.Rights) {
	t.Helper()
	names, err := os.ReadDir(w.dir)
	ok(t, err)
	for _, e := range names {
		ok(t, os.RemoveAll(filepath.Join(w.dir, e.Name())))
	}
	for _, name := range []string{"full", "empty"} {
		ok(t, os.Mkdir(filepath.Join(w.dir, name), 0o755))
	}
	for _, name := range []string{"old", "other", "full/file"} {
		ok(t, os.WriteFile(filepath.Join(w.dir, name), []byte("/"+name), 0o644))
	}
	var rules []policy.Rule
	if denied := policy.ReadWrite &^ rights; denied != 0 {
		rules = append(rules, policy.Rule{Ops: denied, Paths: []policy.Pattern{pattern(t, "/old"), pattern(t, "/full/*"), pattern(t, "/")}})
	}
	w.under(t, rules...)
}

// under puts rules in effect. Where none speaks, all is allowed.
func (w *world) under(t testing.TB, rules ...policy.Rule) {
	t.Helper()
	compiled, err := policy.Compile(rules, func(identity.Subject) policy.Default {
		return policy.Default{Rights: policy.ReadWrite, Why: "all is allowed"}
	})
	ok(t, err)
	w.rules.Set(compiled)
}

func pattern(t testing.TB, text string) policy.Pattern {
	t.Helper()
	p, err := policy.ParsePattern(text)
	ok(t, err)
	return p
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// snapshot writes out all files, a line a name.
func (w *world) snapshot(t testing.TB) string {
	t.Helper()
	var b strings.Builder
	ok(t, filepath.WalkDir(w.dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case strings.HasPrefix(filepath.Base(name), ".dray-"): // of an upload that the server is giving up
			return nil
		case err != nil:
			return err
		}
		i, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %v", strings.TrimPrefix(name, w.dir), i.Mode())
		if i.Mode().IsRegular() {
			content, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " %v %q", i.ModTime(), content)
		}
		b.WriteByte('\n')
		return nil
	}))
	return b.String()
}

// run holds all rows to the table.
func (p protocol) run(t *testing.T, w *world, connect func(t *testing.T) (client, func())) {
	const none = 255 // no permission is missing
	for _, r := range p.rows {
		if r.never {
			p.try(t, w, connect, r, policy.ReadWrite, none)
			continue
		}
		p.try(t, w, connect, r, policy.Of(r.takes...), none)
		for _, op := range r.takes {
			p.try(t, w, connect, r, policy.ReadWrite.Without(op), op)
		}
	}
}

// try asks once, under these rights, of which one may be missing.
func (p protocol) try(t *testing.T, w *world, connect func(t *testing.T) (client, func()), r row, rights policy.Rights, missing policy.Op) {
	t.Helper()
	name := fmt.Sprintf("%s %s, %s, with %q", p.name, r.verb, r.about, rights)
	w.begin(t, rights)
	before := w.snapshot(t)
	c, end := connect(t)
	err := r.do(c)
	end()
	after := w.snapshot(t)
	works := !r.never && !slices.Contains(r.takes, missing)
	switch {
	case works:
		if err != nil || r.changes == (before == after) {
			t.Errorf("%s: %v; changed: %v", name, err, before != after)
		}
		return
	case before != after:
		t.Errorf("%s: refused, and the files became\n%sthey were\n%s", name, after, before)
	}
	want := p.denied
	switch {
	case r.lacks[missing] != "":
		want = r.lacks[missing]
	case r.exists && missing == policy.Overwrite:
		want = p.exists
	case r.says != "":
		want = r.says
	}
	if err == nil || err.Error() != want {
		t.Errorf("%s: %v; want %s", name, err, want)
	}
}

// covers fails for what the table of a server has and the rows do not, and the other way.
func (p protocol) covers(t *testing.T, verbs, without []string) {
	t.Helper()
	var rows []string
	for _, r := range p.rows {
		rows = append(rows, strings.Fields(r.verb)...)
	}
	for _, verb := range verbs {
		if slices.Contains(rows, verb) == slices.Contains(without, verb) {
			t.Errorf("%s: %s wants rows that say which permissions it takes, or a place among those that touch no file", p.name, verb)
		}
	}
	for _, verb := range slices.Concat(rows, without) {
		if !slices.Contains(verbs, verb) {
			t.Errorf("%s: the server knows no %s", p.name, verb)
		}
	}
}

// serve runs a server over loopback until the test ends.
func serve(t testing.TB, run func(net.Listener) error, stop func() error, ended error) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	done := make(chan error, 1)
	go func() { done <- run(l) }()
	t.Cleanup(func() {
		if err := errors.Join(stop(), ignore(<-done, ended)); err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

func ignore(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}

// anybody admits everybody.
type anybody struct{}

func (anybody) Authenticate(_ context.Context, c identity.Credentials) (identity.Subject, error) {
	return identity.Subject{Name: c.User}, nil
}

// TestPageIsCurrent: docs/rules.md ends with the table.
func TestPageIsCurrent(t *testing.T) {
	const page, mark = "../../docs/rules.md", "<!-- from here on made by go test ./test/permissions -update -->\n"
	b, err := os.ReadFile(page)
	ok(t, err)
	head, _, found := strings.Cut(string(b), mark)
	if !found {
		t.Fatalf("%s has no line %s", page, mark)
	}
	want := head + mark + printed()
	if *update {
		ok(t, os.WriteFile(page, []byte(want), 0o644))
	} else if string(b) != want {
		t.Errorf("%s is not what the tables say: go test ./test/permissions -update", page)
	}
}

func printed() string {
	var b strings.Builder
	for _, p := range []protocol{ftpTable(), sftpTable(), scpTable(), tftpTable()} {
		fmt.Fprintf(&b, "\n### %s\n\n| request | of | takes |\n|---|---|---|\n", strings.ToUpper(p.name))
		for _, r := range p.rows {
			takes := strings.ReplaceAll(policy.Of(r.takes...).String(), " ", ", ")
			switch {
			case r.never:
				takes = "refused to all"
			case takes == "":
				takes = "nothing"
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", r.verb, r.about, takes)
		}
	}
	return b.String()
}
