package policy_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"dray/internal/identity"
	"dray/internal/policy"
	"dray/internal/vfs"
	"dray/internal/vfs/vfstest"
)

// say reads rules as a person notes them: one a line, "allow" or "deny", the operations,
// the paths, and what else they are about.
func say(t testing.TB, text string, otherwise policy.Rights) *policy.Rules {
	t.Helper()
	var rules []policy.Rule
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		var r policy.Rule
		for i, word := range strings.Fields(line) {
			key, value, _ := strings.Cut(word, "=")
			switch {
			case i == 0:
				r.Allow = word == "allow"
			case word == "all":
				r.Ops = policy.ReadWrite
			case strings.HasPrefix(word, "/"):
				p, err := policy.ParsePattern(word)
				ok(t, err)
				r.Paths = append(r.Paths, p)
			case key == "user":
				r.Users = append(r.Users, value)
			case key == "group":
				r.Groups = append(r.Groups, value)
			case key == "protocol":
				r.Protocols = append(r.Protocols, value)
			case key == "network":
				r.Networks = append(r.Networks, netip.MustParsePrefix(value))
			default:
				op, err := policy.ParseOp(word)
				ok(t, err)
				r.Ops |= policy.Of(op)
			}
		}
		rules = append(rules, r)
	}
	all, err := policy.Compile(rules, func(identity.Subject) policy.Default {
		return policy.Default{Rights: otherwise, Why: "that is the rest"}
	})
	ok(t, err)
	return all
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// amy comes over SFTP from the laboratory.
func amy() identity.Subject {
	return identity.Subject{Name: "amy", Groups: []string{"lab", "noc"}, Protocol: "sftp", Remote: netip.MustParseAddr("192.0.2.7")}
}

// TestPatterns says which paths a pattern stands for.
func TestPatterns(t *testing.T) {
	for _, c := range []struct{ pattern, is, isNot string }{
		{"/", "/ /a /a/b", ""},
		{"/images", "/images /images/a /images/a/b", "/ /image /images2 /a/images /Images"},
		{"/images/", "/images /images/a", "/"},
		{"/images/**", "/images /images/a/b", "/ /images2"},
		{"/images/*", "/images/a /images/a/b /images/.a", "/images /"},
		{"/images/*/**", "/images/a /images/a/b", "/images"},
		{"/images/*.bin", "/images/a.bin /images/.bin /images/a.bin/b", "/images/a.bi /images/x/a.bin"},
		{"/**/*.cfg", "/a.cfg /x/a.cfg /x/y/a.cfg/z", "/a.cf /x/cfg"},
		{"/**", "/ /a", ""},
		{"/a/**/z", "/a/z /a/b/z /a/b/c/z/d", "/a /a/b /z"},
		{"/a/**/b/**/c", "/a/b/c /a/x/b/y/z/c", "/a/b /a/c"},
		{"/a/**/**/c", "/a/c /a/b/c", "/a/b"},
		{"/?", "/a /é /a/b", "/ /ab"},
		{"/a?c*", "/abc /aécd", "/ac"},
		{"/*a*b*", "/ab /xaxbx /ab/c", "/ba /"},
		{"/home/{user}", "/home/amy /home/amy/f", "/home/amyx /home/bob /home"},
		{"/home/{user}.d/x", "/home/amy.d/x", "/home/amy/x"},
		{"/groups/{group}", "/groups/lab /groups/noc/f", "/groups/root /groups"},
		{"/clients/{address}", "/clients/192.0.2.7/f", "/clients/192.0.2.8"},
		{"/{user}*", "/amy /amyx", "/bob"},
		{`/a\b`, `/a\b`, "/a /a/b"},
	} {
		grant := say(t, "allow read "+c.pattern, 0).For(amy())
		for _, name := range strings.Fields(c.is) {
			if !grant.At(vfstest.Path(t, name)).Has(policy.Read) {
				t.Errorf("%s does not stand for %s", c.pattern, name)
			}
		}
		for _, name := range strings.Fields(c.isNot) {
			if grant.At(vfstest.Path(t, name)).Has(policy.Read) {
				t.Errorf("%s stands for %s", c.pattern, name)
			}
		}
	}
}

func TestPatternsThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		"":              "want a path from the root on",
		"images":        "such as /images, or /**/images",
		"./*.cfg":       "such as /*.cfg, or /**/*.cfg",
		"//a":           "",
		"/a//b":         "two slashes",
		"/a/../b":       `".."`,
		"/a/./b":        `"."`,
		"/a/**.cfg":     "stands alone",
		"/a/{usr}":      "of {user}, {group} or {address}",
		"/a/{user":      "of {user}",
		"/a/b}":         "of {user}",
		"/a\nb":         "control characters",
		"/a\xff":        "UTF-8",
		"/{user}/**/a*": "",
	} {
		_, err := policy.ParsePattern(text)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %q", text, err, want)
		}
	}
}

// TestNamesThatSubjectsCannotUse: a user whose name looks like a path or a pattern gets no
// more than a folder of that very name.
func TestNamesThatSubjectsCannotUse(t *testing.T) {
	rules := say(t, "allow read /home/{user}", 0)
	for name, path := range map[string]string{"*": "/home/bob", "..": "/", "": "/home", "bob/x": "/home/bob/x", "?ob": "/home/bob", "**": "/home/bob"} {
		if rules.For(identity.Subject{Name: name}).At(vfstest.Path(t, path)).Has(policy.Read) {
			t.Errorf("a user called %q reads %s", name, path)
		}
	}
	if !rules.For(identity.Subject{Name: "*"}).At(vfstest.Path(t, "/home/*/f")).Has(policy.Read) {
		t.Error("a user called * does not read in /home/*")
	}
}

// TestTheFirstRuleThatSpeaksDecides is the order of rules, and who they are about.
func TestTheFirstRuleThatSpeaksDecides(t *testing.T) {
	for _, c := range []struct {
		rules string
		path  string
		want  string // of a subject who may do nothing by default
	}{
		{"", "/f", ""},
		{"allow read list", "/f", "list read"},
		{"deny read\nallow read list", "/f", "list"},
		{"allow read\ndeny all\nallow list", "/f", "read"},
		{"allow all /images\ndeny all", "/images/f", "stat list read write overwrite delete rename mkdir setstat"},
		{"allow all /images\ndeny all", "/f", ""},
		{"deny delete rename /images/*\nallow delete rename mkdir /images", "/images", "delete rename mkdir"},
		{"deny delete rename /images/*\nallow delete rename mkdir /images", "/images/f", "mkdir"},
		{"allow read user=amy", "/f", "read"},
		{"allow read user=bob", "/f", ""},
		{"allow read user=bob user=amy", "/f", "read"},
		{"allow read group=noc", "/f", "read"},
		{"allow read group=root", "/f", ""},
		{"allow read user=bob group=noc", "/f", "read"},
		{"allow read protocol=sftp", "/f", "read"},
		{"allow read protocol=scp protocol=ftps", "/f", ""},
		{"allow read network=192.0.2.0/24", "/f", "read"},
		{"allow read network=198.51.100.0/24 network=192.0.2.0/28", "/f", "read"},
		{"allow read network=198.51.100.0/24", "/f", ""},
		{"allow read user=amy network=198.51.100.0/24", "/f", ""},
		// A folder on the way to what is allowed may be looked at, at the place of the rule.
		{"allow read /images/cisco\ndeny all", "/images", "stat list"},
		{"allow read /images/cisco\ndeny all", "/", "stat list"},
		{"allow read /images/cisco\ndeny all", "/images/juniper", ""},
		{"deny all /images\nallow read /images/cisco", "/images", ""},
		{"allow read /images/*/a\ndeny all", "/images", "stat list"},
		{"allow read /images/*/a\ndeny all", "/images/b", ""},
		{"allow read /home/{user}\ndeny all", "/home", "stat list"},
		{"allow read /home/{user}/x\ndeny all", "/home/bob", ""},
		// Who denies looks at no case: the host may not either.
		{"deny read /Secret\nallow read", "/sEcReT/f", ""},
		{"deny read /ÄB\nallow read", "/äb", ""},
		{"deny read /K\nallow read", "/\u212a", ""}, // the sign for Kelvin
		{"deny read /*.KEY\nallow read", "/a.key", ""},
		{"allow read /Public", "/public", ""},
	} {
		if got := say(t, c.rules, 0).For(amy()).At(vfstest.Path(t, c.path)).String(); got != c.want {
			t.Errorf("%s\nat %s: %q; want %q", c.rules, c.path, got, c.want)
		}
	}
}

// TestWhereNoRuleSpeaks: the default holds, for each subject its own.
func TestWhereNoRuleSpeaks(t *testing.T) {
	rules, err := policy.Compile([]policy.Rule{{Ops: policy.Of(policy.Read)}}, func(s identity.Subject) policy.Default {
		if s.Anonymous {
			return policy.Default{Rights: policy.ReadOnly, Why: "guests read"}
		}
		return policy.Default{Rights: policy.ReadWrite, Why: "users write"}
	})
	ok(t, err)
	if got := rules.For(identity.Subject{Anonymous: true}).At(vfs.Path{}); got != policy.ReadOnly.Without(policy.Read) {
		t.Errorf("a guest may %v", got)
	}
	g := rules.For(amy())
	if got := g.At(vfs.Path{}); got != policy.ReadWrite.Without(policy.Read) || g.ByPath() {
		t.Errorf("amy may %v", got)
	}
	if got := g.Why(policy.Delete, vfs.Path{}) + "; " + g.Why(policy.Read, vfs.Path{}); got != "users write; rule 1 denies it" {
		t.Errorf("why: %s", got)
	}
	if _, err := policy.Compile(make([]policy.Rule, 1), nil); err == nil {
		t.Error("a rule about nothing is taken")
	}
}

// TestUnknownAddress: nobody gets round a rule by coming from nowhere.
func TestUnknownAddress(t *testing.T) {
	grant := say(t, "deny read network=192.0.2.0/24\nallow read list network=192.0.2.0/24", 0).For(identity.Subject{Name: "amy"})
	if got := grant.At(vfs.Path{}); got != 0 {
		t.Errorf("somebody from nowhere may %v", got)
	}
}

// TestCarries says which folders may be moved with what they hold.
func TestCarries(t *testing.T) {
	for _, c := range []struct {
		rules, from, to string
		want            policy.Carriage
	}{
		{"", "/a", "/b", policy.Free},
		{"deny read /secret", "/a", "/b", policy.Free},
		{"allow all /home/{user}\ndeny all /home", "/home/amy/a", "/home/amy/b", policy.Free},
		{"deny read /a/secret", "/a", "/b", policy.Barred},
		{"deny read /a/secret", "/b", "/a", policy.Barred},
		{"allow read /b/open", "/a", "/b", policy.Barred},
		{"deny read /a/x/secret", "/a/x", "/a/y", policy.Barred},
		{"deny read /a/x/secret", "/a/y", "/a/z", policy.Free},
		{"deny read /**/secret", "/a", "/b", policy.Free},
		{"deny rename /**/secret", "/a", "/b", policy.Asks},
		{"deny write /site/*/log", "/site/a", "/site/b", policy.Asks},
		{"deny all /site/*/log", "/site/a", "/b", policy.Barred},
		{"allow read /a\ndeny read /**/x\nallow read /b", "/b", "/a", policy.Barred},
	} {
		grant := say(t, c.rules, policy.ReadWrite).For(amy())
		if got, rule := grant.Carries(vfstest.Path(t, c.from), vfstest.Path(t, c.to)); got != c.want || (got == policy.Free) != (rule == "") {
			t.Errorf("%s\n%s to %s: %v for %q; want %v", c.rules, c.from, c.to, got, rule, c.want)
		}
	}
}

// TestExplain says in words what decides, and why the rules before do not.
func TestExplain(t *testing.T) {
	rules := say(t, `
		deny all protocol=tftp
		allow all user=bob group=root
		deny read network=198.51.100.0/24
		deny read /images
		deny list
		allow stat /home/amy
		deny stat`, policy.ReadOnly)
	for _, c := range []struct {
		op   policy.Op
		path string
		want string
	}{
		{policy.Stat, "/home", `true 6 rule 6 allows it
1 passes: it is about tftp, not sftp
2 passes: it is about users bob and groups root, and amy is in lab, noc
3 passes: it is about clients of 198.51.100.0/24, not 192.0.2.7
4 passes: its paths do not match
5 passes: it is about list, not stat
6 allows: the path is on the way to what it allows
7 is not reached: `},
		{policy.Read, "/f", `true 0 no rule speaks of it, and that is the rest
1 passes: it is about tftp, not sftp
2 passes: it is about users bob and groups root, and amy is in lab, noc
3 passes: it is about clients of 198.51.100.0/24, not 192.0.2.7
4 passes: its paths do not match
5 passes: it is about list, not read
6 passes: its paths do not match
7 passes: it is about stat, not read`},
	} {
		e := rules.Explain(amy(), c.op, vfstest.Path(t, c.path))
		got := fmt.Sprint(e.Allowed, e.Rule, " ", e.Why)
		for _, s := range e.Steps {
			got += fmt.Sprintf("\n%d %s: %s", s.Rule, s.Verdict, s.Reason)
		}
		if got != c.want {
			t.Errorf("%v %s:\n%s\nwant\n%s", c.op, c.path, got, c.want)
		}
	}
}

// TestIndexDecidesAsTheListReads holds the index to the list that is read rule by rule, by
// rules and paths of few names.
func TestIndexDecidesAsTheListReads(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(words ...string) string { return words[random.IntN(len(words))] }
	some := func(n int, elem func() string) (text string) {
		for range random.IntN(n + 1) {
			text += "/" + elem()
		}
		return text
	}
	name := func() string { return pick("a", "A", "ab", "b.x", "amy", "ß") }
	pattern := func() string {
		return pick("a", "B.x", "**", "*", "a*", "*x", "?", "?b", "{user}", "{group}", "*a*", "ß")
	}
	for range 700 {
		var text strings.Builder
		for range random.IntN(6) {
			fmt.Fprintf(&text, "%s %s %s /%s %s\n", pick("allow", "deny"), pick("read", "stat", "list delete", "all"),
				pick("", "user=amy", "group=noc", "user=bob", "protocol=sftp", "network=192.0.2.0/24"), strings.TrimPrefix(some(4, pattern), "/"), some(3, pattern))
		}
		rules := say(t, text.String(), policy.Rights(random.IntN(1<<9)))
		grant := rules.For(amy())
		for range 5 {
			p := vfstest.Path(t, "/"+some(5, name))
			for _, op := range policy.Ops() {
				e := rules.Explain(amy(), op, p)
				if grant.At(p).Has(op) != e.Allowed || !strings.HasSuffix(e.Why, grant.Why(op, p)) {
					t.Fatalf("%s%v %v: the index says %v, %s; the list %v, %s", text.String(), op, p, !e.Allowed, grant.Why(op, p), e.Allowed, e.Why)
				}
			}
		}
	}
}

// TestOrderOfOps: words and numbers are the same everywhere.
func TestOrderOfOps(t *testing.T) {
	for i, op := range policy.Ops() {
		if got, err := policy.ParseOp(op.String()); err != nil || got != op || int(op) != i {
			t.Errorf("%v: %v, %v", op, got, err)
		}
	}
	if _, err := policy.ParseOp("create"); err == nil || !strings.Contains(err.Error(), "write") {
		t.Errorf("a word that is none: %v", err)
	}
	if !slices.Equal(policy.Words(), strings.Fields(policy.ReadWrite.String())) {
		t.Error("words are not the rights")
	}
}

// BenchmarkList asks about the entries of a folder of 50,000 with 5,000 rules by path.
func BenchmarkList(b *testing.B) {
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, "deny read /site%d/secret\nallow read /images/c%d-*.bin\ndeny delete /**/*.%d\nallow all user=u%d /home/u%[4]d\nallow read /site%[1]d/{user}\n", i, i, i, i)
	}
	rules := say(b, text.String(), policy.ReadOnly)
	grant := rules.For(amy())
	dir, names := vfstest.Path(b, "/images"), make([]string, 50_000)
	for i := range names {
		names[i] = fmt.Sprintf("c%d-universalk9.bin", i)
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, name := range names {
			p, _ := dir.Join(name)
			if !grant.At(p).Has(policy.Stat) {
				b.Fatal(p)
			}
		}
	}
}

// BenchmarkLogin makes a grant of 5,000 rules.
func BenchmarkLogin(b *testing.B) {
	var text strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&text, "allow all user=u%d /home/{user}\n", i)
	}
	rules := say(b, text.String(), policy.ReadOnly)
	b.ReportAllocs()
	for b.Loop() {
		if rules.For(amy()).At(vfs.Path{}) == 0 {
			b.Fatal("nothing")
		}
	}
}
