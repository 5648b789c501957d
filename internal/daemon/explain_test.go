package daemon

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dray/internal/config"
	"dray/internal/policy"
)

// TestExplain asks what the settings say, and why.
func TestExplain(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"home/amy", "home/ben", "archive", "images"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../ben", filepath.Join(dir, "home/amy/link")); err != nil {
		t.Fatal(err)
	}
	cfg := config.Serve{
		Dir: dir, Write: true,
		Users: []config.User{{Name: "amy", Password: "x", Groups: []string{"noc"}}, {Name: "ben", Password: "x", Protocols: []string{"sftp"}}, {Name: "gone", Disabled: true}},
		Rules: []config.Rule{
			{Place: "f:1", Name: "the archive", Paths: []string{"/archive"}, Deny: []string{"change"}},
			{Place: "f:2", Users: []string{"amy", "ben"}, Paths: []string{"/home/{user}"}, Allow: []string{"all"}},
			{Place: "f:3", Paths: []string{"/home"}, Deny: []string{"all"}},
			{Place: "f:4", Groups: []string{"audit"}, Networks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}, Deny: []string{"read"}},
			{Place: "f:5", Protocols: []string{"tftp"}, Paths: []string{"/archive"}, Deny: []string{"all"}},
		},
	}
	cfg.Folders.Mounts = []config.Mount{{At: "/images", Dir: filepath.Join(dir, "images"), ReadOnly: true}}
	for _, c := range []struct {
		user, op, path string
		protocol, from string
		group          string
		want           string // "" is a question that nobody can answer
	}{
		{"amy", "write", "/home/amy/x", "", "", "", "allowed: rule 2 (f:2) allows it"},
		{"amy", "write", "/home//amy/../amy/x/", "", "", "", "allowed: rule 2 (f:2) allows it"},
		{"amy", "read", "/home/ben/x", "ftps", "", "", "denied: rule 3 (f:3) denies it"},
		{"amy", "list", "/home", "", "", "", "allowed: rule 2 (f:2) allows it"},
		{"amy", "delete", "/archive/x", "", "", "", `denied: rule 1 "the archive" (f:1) denies it`},
		{"amy", "delete", "/other", "", "", "", "allowed: no rule speaks of it, and write is on, which lets users do everything"},
		{"amy", "read", "/home/amy/link/x", "", "", "", "denied: it leads to /home/ben/x, and there rule 3 (f:3) denies it"},
		{"amy", "delete", "/home/amy/link", "", "", "", "allowed: rule 2 (f:2) allows it"}, // the link
		{"amy", "write", "/images/x", "", "", "", "denied: the folder is mounted read-only, which no rule changes"},
		{"amy", "read", "/images/x", "", "", "", "allowed: no rule speaks of it"},
		{"amy", "read", "/archive/x", "", "", "audit", "denied: rule 4 (f:4) denies it"},
		{"amy", "read", "/archive/x", "", "192.0.2.7", "audit", "allowed: no rule"},
		{"anonymous", "read", "/archive/x", "tftp", "", "", "denied: rule 5 (f:5) denies it"},
		{"anonymous", "write", "/x", "tftp", "", "", "allowed: no rule speaks of it, and uploads over TFTP make new files"},
		{"anonymous", "delete", "/x", "tftp", "", "", "denied: no rule"},
		{"anonymous", "read", "/x", "", "", "", "denied: where there are users, no guests are let in"},
		{"anonymous", "read", "/x", "sftp", "", "", "denied: SSH knows no guests"},
		{"ben", "read", "/x", "ftp", "", "", "denied: the user may not log in by this protocol"},
		{"gone", "read", "/x", "", "", "", "denied: the user is disabled"},
		{"carl", "read", "/x", "", "", "", ""},
		{"amy", "read", "/x", "tftp", "", "", ""},
		{"amy", "read", "/a\x00b", "", "", "", ""},
	} {
		op, err := policy.ParseOp(c.op)
		if err != nil {
			t.Fatal(err)
		}
		q := Question{User: c.user, Op: op, Path: c.path, Protocol: c.protocol}
		if c.from != "" {
			q.Remote = netip.MustParseAddr(c.from)
		}
		if c.group != "" {
			q.Groups = []string{c.group}
		}
		a, err := Explain(t.Context(), cfg, q)
		got := map[bool]string{true: "allowed: ", false: "denied: "}[a.Allowed] + a.Why
		if c.want == "" && !errors.Is(err, ErrAsked) || c.want != "" && (err != nil || !strings.HasPrefix(got, c.want) || a.Note != "") {
			t.Errorf("%s %s %s by %s: %s, %q, %v\nwant %s", c.user, c.op, c.path, c.protocol, got, a.Note, err, c.want)
		}
	}
}
