package remap_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"dray/internal/tftpd/remap"
)

// TestRules shows what every operator and escape does.
func TestRules(t *testing.T) {
	const v4, v6, mapped = "192.0.2.169", "2001:db8::1", "::ffff:192.0.2.169"
	for _, c := range []struct{ rules, from, name, want string }{
		{"", v4, "f", "f"},
		{"r b x", v4, "abab", "axab"},
		{"rg b x", v4, "abab", "axax"},
		{"ri B x", v4, "abab", "axab"},
		{`r ^\\ /`, v4, `\f`, "/f"},
		{`rg \\ /`, v4, `\a\b`, "/a/b"},
		{"re ^a b\nr b c", v4, "a", "b"},
		{"r ^a b\nr b c", v4, "a", "c"},
		{"e ^ro\nr ^ rw/", v4, "ro", "ro"},
		{"e ^ro\nr ^ rw/", v4, "x", "rw/x"},
		{"r ^x$ y\nrs ^(x+)x$ \\1", v4, "xxxx", "y"},
		{"a ^etc", v4, "etc/passwd", "!"},
		{`a ^etc no\ way`, v4, "etc/passwd", "!no way"},
		{`a ^(e..) no\ \1`, v4, "etc/passwd", "!no etc"},
		{`~a ^[a-z]+$ letters`, v4, "F", "!letters"},
		{"~a ^[a-z]+$", v4, "f", "f"},
		{"~e ^b\nr ^ x", v4, "a", "a"},
		{"~e ^b\nr ^ x", v4, "b", "xb"},
		{"rG ^ get/\nrP ^ put/", v4, "f", "get/f"},
		{"r4 ^ four/\nr6 ^ six/", v4, "f", "four/f"},
		{"r4 ^ four/\nr6 ^ six/", v6, "f", "six/f"},
		{"r4 ^ four/\nr6 ^ six/", mapped, "f", "four/f"},
		{`r .* \i-\x`, v4, "f", "192.0.2.169-C00002A9"},
		{`r .* \i-\x`, v6, "f", "2001:db8::1-20010DB8000000000000000000000001"},
		{`r .* \i`, "fe80::1%eth0", "f", "fe80::1"},
		{`r (.)(.) [\2\1\0\3]`, v4, "ab", "[baab]"},
		{`r .* \U\0\L-\0\E-\0`, v4, "aBé", "ABé-abé-aBé"},
		{`r \ b\# x\ y\#z\\ # not this`, v4, "a b#", `ax y#z\`},
		{`r b x\`, v4, "abc", `ax\c`},
		{`r b`, v4, "abc", "ac"},
		{"i B\nig B\n", v4, "abc", "abc"},
		{"rg a a", v4, "a", "!Remap table failure"},
		{"rs a a", v4, "a", "!Remap table failure"},
		{`rg ^(.*)$ \1\1`, v4, "a", "!Remap table failure"},
		{"rg ^a", v4, strings.Repeat("a", remap.MaxSteps-1) + "b", "b"},
		{"rg ^a", v4, strings.Repeat("a", remap.MaxSteps) + "b", "!Remap table failure"},
		{"r x|xy|xyz _", v4, "axyzb", "a_b"}, // the longest, not the first
		{"r ^.$ byte", v4, "\xff", "byte"},   // an expression sees octets
		{"ri ^é x", v4, "É", "É"},
	} {
		rules, err := remap.Parse(c.rules)
		if err != nil {
			t.Errorf("%q: %v", c.rules, err)
			continue
		}
		got := rules.Apply(remap.Request{Name: c.name, Client: netip.MustParseAddr(c.from)})
		if s := show(got); s != c.want {
			t.Errorf("%q takes %q from %s to %q; want %q", c.rules, c.name, c.from, s, c.want)
		}
	}
}

func show(r remap.Result) string {
	if r.Refused {
		return "!" + r.Message
	}
	return r.Name
}

func TestWritesHaveRulesOfTheirOwn(t *testing.T) {
	rules, err := remap.Parse("rG ^ get/\nrP ^ put/\naP ^put/secret")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"f": "put/f", "secret": "!"} {
		if got := show(rules.Apply(remap.Request{Name: name, Write: true})); got != want {
			t.Errorf("%q becomes %q; want %q", name, got, want)
		}
	}
}

// TestParseRefuses: the error names the line, and what is wrong with it.
func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"\n# fine\nr\n", "line 3: there is no regular expression"},
		{"rz a b", `line 1: operator 'z' is not one of`},
		{"E a", `line 1: operator 'E' is not one of`},
		{"~r a b", "line 1: r cannot go with ~"},
		{"GP a", "line 1: no request is both G and P"},
		{"46 a", "line 1: no client is both 4 and 6"},
		{"rgg a b", "line 1: g twice"},
		{"r (a b", "line 1: regular expression (a: ( without )"},
		{"r [a b", "[ without ]"},
		{"r [[:nope:]] b", "there is no class [:nope:]"},
		{"r [[.ab.]] b", "[.ab.] is not one character"},
		{"r [b-a] b", "the range b-a ends before it begins"},
		{"r [a- b", "[ without ]"},
		{"r *a b", "nothing to repeat before *"},
		{"r ^+a b", "nothing to repeat before +"},
		{"r a|?b c", "nothing to repeat before ?"},
		{"r a{2 b", "{ without }"},
		{"r a{x} b", "{x} is no interval"},
		{"r a{3,2} b", "{3,2} ends before it begins"},
		{"r a{1001} b", "repeats more than 1000 times"},
		{"r ((a{1000}){1000}) b", "too large"},
		{`r a\`, "a backslash at the end"},
		{`r (a)\1 b`, "back-references"},
		{`r \<a b`, "word borders"},
		{"r (\nz b\n", "line 1: regular expression (: ( without )\nline 2: operator 'z'"},
	} {
		if _, err := remap.Parse(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v; want %q", c.text, err, c.want)
		}
	}
}

// TestExplain shows the way of two names, rule by rule.
func TestExplain(t *testing.T) {
	rules, err := remap.Parse("# boot loaders of Windows\nr ^\\\\ /\nrP ^ in/\nrg \\\\ /\nrse OLD new\na ^/private go\\ away\n")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	tell := func(s remap.Step) { fmt.Fprintf(&got, "%d %s: %s -> %s\n", s.Line, s.Rule, s.Action, s.Name) }
	for _, name := range []string{`\Boot\OLD`, `/private`} {
		fmt.Fprintf(&got, "= %q\n", rules.Explain(remap.Request{Name: name}, tell).Name)
	}
	const want = `2 r ^\\ /: replaced -> /Boot\OLD
3 rP ^ in/: skipped: for writes only -> /Boot\OLD
4 rg \\ /: replaced -> /Boot/OLD
5 rse OLD new: replaced -> /Boot/new
5 rse OLD new: end -> /Boot/new
= "/Boot/new"
2 r ^\\ /: no match -> /private
3 rP ^ in/: skipped: for writes only -> /private
4 rg \\ /: no match -> /private
5 rse OLD new: no match -> /private
6 a ^/private go\ away: refused -> /private
= ""
`
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}

// FuzzRemap: no map file and no name make it fail, run for ever or grow without bound.
func FuzzRemap(f *testing.F) {
	f.Add("r ^\\\\ /\nrg \\\\ /\n", `\Boot\BCD`, false)
	f.Add("ri [[:alpha:]a-f]{2,}(x|y)*$ \\U\\1\\x\nrs a a", "aa\xffx", true)
	f.Add("~a [^]a-] \\i\\0", "]", false)
	f.Fuzz(func(t *testing.T, text, name string, write bool) {
		if len(text) > 512 || len(name) > 64 {
			return // what is slow, but ends, is no news
		}
		rules, err := remap.Parse(text)
		if err != nil {
			return
		}
		q := remap.Request{Name: name, Write: write, Client: netip.MustParseAddr("192.0.2.1")}
		steps := 0
		explained := rules.Explain(q, func(remap.Step) { steps++ })
		if got := rules.Apply(q); got != explained {
			t.Errorf("Apply says %+v, Explain %+v", got, explained)
		}
		if len(explained.Name) > max(remap.MaxName, len(name)) || steps > 2*remap.MaxSteps*(rules.Len()+1) {
			t.Errorf("%d octets after %d steps", len(explained.Name), steps)
		}
		if explained.Refused && explained.Name != "" {
			t.Errorf("refused, and yet %q", explained.Name)
		}
	})
}
