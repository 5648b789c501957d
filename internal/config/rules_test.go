package config

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"dray/internal/policy"
)

// TestRules: a rule knows where it stands, and what its words stand for.
func TestRules(t *testing.T) {
	s := set{files: map[string]string{"dray.yaml": `dir: images
rules:
  - name: the laboratory
    groups: [lab]
    networks: 192.0.2.0/24
    paths: ["/images/**", "/my files"]
    allow: [read]
  - deny: change
    protocols: [tftp, ftp]

  - users: amy
    allow: all
`}}
	l, err := s.load(t, "")
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		origin string
		ops    policy.Rights
		allow  bool
		paths  int
	}{
		{"dray.yaml:3", policy.Of(policy.Read, policy.Stat), true, 2},
		{"dray.yaml:8", policy.ReadWrite &^ policy.ReadOnly, false, 0},
		{"dray.yaml:11", policy.ReadWrite, true, 0},
	}
	for i, w := range want {
		got, err := l.Rules[i].Policy()
		if err != nil || got.Origin != w.origin || got.Ops != w.ops || got.Allow != w.allow || len(got.Paths) != w.paths {
			t.Errorf("rule %d is %+v, %v; want %+v", i+1, got, err, w)
		}
	}
	var printed bytes.Buffer
	if err := l.Print(&printed); err != nil || !strings.Contains(printed.String(), `rules: # dray.yaml:2
  - name: "the laboratory"
    groups: [lab]
    networks: [192.0.2.0/24]
    paths: ["/images/**", "/my files"]
    allow: [read]
  - protocols: [tftp, ftp]
    deny: [change]
  - users: [amy]
    allow: [all]
`) {
		t.Errorf("printed, %v:\n%s", err, printed.String())
	}
}

// TestRulesOfThePage: the example of docs/rules.md is one.
func TestRulesOfThePage(t *testing.T) {
	page, err := os.ReadFile("../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(page), "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	l, err := set{files: map[string]string{"dray.yaml": example}}.load(t, "")
	if err != nil || len(l.Rules) != 6 {
		t.Fatalf("%v\n%s", err, example)
	}
	for _, r := range l.Rules { // as the page quotes them
		if !strings.Contains(string(page), "("+r.Place+")") {
			t.Errorf("the page knows no rule at %s", r.Place)
		}
	}
}

func TestRulesThatAreWrong(t *testing.T) {
	for text, want := range map[string]string{
		"- users: [amy]":                        "dray.yaml:2:8: rules[1]: want one of allow and deny",
		"- {allow: read, deny: list}":           "rules[1]: want one of allow and deny",
		"- allow: create":                       "dray.yaml:2:10: rules[1].allow: want stat, list, read, write, overwrite, delete, rename, mkdir, setstat, change or all",
		"- deny: [read, foo]":                   "dray.yaml:2:16: rules[1].deny[2]: want stat",
		"- {allow: read, paths: [/a, images]}":  "rules[1].paths[2]: want a path from the root on, such as /images",
		"- {allow: read, paths: /a/../b}":       `rules[1].paths: has ".."`,
		"- {allow: read, protocols: http}":      "rules[1].protocols: want ftp, ftps, sftp, scp or tftp",
		"- {allow: read, networks: 10.0.0.1/8}": "rules[1].networks: want a network: perhaps 10.0.0.0/8",
		"- {allow: read, user: amy}":            "rules[1].user: there is no such setting",
		"- read":                                "rules[1]: want a mapping with name, users, groups",
		"- allow: []":                           "rules[1]: want one of allow and deny",
	} {
		_, err := set{files: map[string]string{"dray.yaml": "rules:\n" + text + "\n"}}.load(t, "")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s", text, err, want)
		}
	}
}
