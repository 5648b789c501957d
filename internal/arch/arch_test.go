package arch

import (
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

// TestRules holds every file of the module to every rule.
func TestRules(t *testing.T) {
	all := load(t)
	for name, rule := range rules() {
		t.Run(name, func(t *testing.T) {
			for _, s := range all {
				for _, wrong := range rule(s) {
					t.Error(wrong)
				}
			}
		})
	}
}

// TestProtocolsKnowNothingOfTheProduct: no row lets ftp or tftp out of their own subtree.
func TestProtocolsKnowNothingOfTheProduct(t *testing.T) {
	for pkg, r := range table() {
		tree, _, _ := strings.Cut(pkg, "/")
		if tree != "ftp" && tree != "tftp" {
			continue
		}
		for _, p := range strings.Fields(r.dray + " " + r.tests) {
			if p != tree && !strings.HasPrefix(p, tree+"/") {
				t.Errorf("%s may import %s", pkg, p)
			}
		}
		for _, p := range strings.Fields(r.outside) {
			if p != "golang.org/x/net" && p != "golang.org/x/sys" {
				t.Errorf("%s may import %s", pkg, p)
			}
		}
	}
}

// TestTableIsOfThisHouse: every name in the tables stands for something.
func TestTableIsOfThisHouse(t *testing.T) {
	packages, documented := make(map[string]bool), make(map[string]bool)
	variables := make(map[string]bool)
	all := load(t)
	for _, s := range all {
		packages[s.pkg()] = true
		if s.Doc.Text() != "" {
			documented[s.pkg()] = true
		}
		if !s.test() {
			for name := range s.variables {
				variables[s.pkg()+"."+name] = true
			}
		}
	}
	for pkg, r := range table() {
		if packages[pkg] && !documented[pkg] {
			t.Errorf("package %s has no package comment", pkg)
		}
		for _, p := range strings.Fields(r.dray + " " + r.tests) {
			first, _, _ := strings.Cut(p, "/")
			if _, ok := table()[p]; !ok && !strings.Contains(first, ".") {
				t.Errorf("%s may import %s, which has no row", pkg, p)
			}
		}
	}
	for name := range constants() {
		if !variables[name] {
			t.Errorf("there is no variable %s", name)
		}
	}
	for _, pattern := range pure() {
		if !slices.ContainsFunc(all, func(s source) bool { ok, _ := path.Match(pattern, s.name); return ok }) {
			t.Errorf("no file is called %s", pattern)
		}
	}
}

// TestNoCycles: the arrows of the table point one way.
func TestNoCycles(t *testing.T) {
	rows := table()
	var below func(pkg string, seen []string)
	below = func(pkg string, seen []string) {
		if slices.Contains(seen, pkg) {
			t.Fatalf("a cycle: %s", strings.Join(append(seen, pkg), " → "))
		}
		for _, p := range strings.Fields(rows[pkg].dray) {
			below(p, append(slices.Clone(seen), pkg))
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(rows)) {
		below(pkg, nil)
	}
}

// TestPackagesAreSmall, but for those that the table excuses.
func TestPackagesAreSmall(t *testing.T) {
	all := load(t)
	for _, wrong := range crowded(all) {
		t.Error(wrong)
	}
	half := "package x" + strings.Repeat("\n", maxPackage/2+1)
	two := []source{parse(t, "x/a.go", []byte(half)), parse(t, "x/b.go", []byte(half)), parse(t, "x/b_test.go", []byte(half))}
	if len(crowded(two)) != 1 || len(crowded(two[1:])) != 0 {
		t.Errorf("the rule does not bite: %q, %q", crowded(two), crowded(two[1:]))
	}
}

// TestRulesBite breaks each rule once and wants it to be noticed.
func TestRulesBite(t *testing.T) {
	long := strings.Repeat("\n", maxFile+1)
	for _, c := range []struct {
		rule, name, text string
		wrong            int
	}{
		{"imports", "nowhere/x.go", "package x", 1},
		{"imports", "ftp/x.go", `package ftp; import "dray/internal/vfs"`, 1},
		{"imports", "ftp/x.go", `package ftp; import "golang.org/x/sys/unix"`, 1},
		{"imports", "ftp/ftpserver/x.go", `package ftpserver; import ("golang.org/x/sys/unix"; "dray/ftp"; "net")`, 0},
		{"imports", "ftp/ftpserver/x.go", `package ftpserver; import "dray/ftp/ftptest"`, 1},
		{"imports", "ftp/ftpserver/x_test.go", `package ftpserver_test; import ("dray/ftp/ftptest"; "dray/ftp/ftpserver")`, 0},
		{"imports", "internal/vfs/osfs/x.go", `package osfs; import "golang.org/x/system"`, 1},
		{"purity", "internal/vfs/x.go", `package vfs; import ("net/netip"; "time"); var t time.Time`, 0},
		{"purity", "internal/vfs/x.go", `package vfs; import "net"`, 1},
		{"purity", "internal/vfs/x.go", `package vfs; import "math/rand/v2"`, 1},
		{"purity", "internal/vfs/x.go", `package vfs; import clock "time"; func f() { clock.Now() }`, 1},
		{"purity", "internal/vfs/x.go", `package vfs; func f() { go f() }`, 1},
		{"purity", "internal/vfs/osfs/x.go", `package osfs; import "os"; func f() { go f() }`, 0},
		{"host", "internal/event/x.go", `package event; import "os"; func f() { os.Open(""); os.Getenv("") }`, 2},
		{"host", "internal/vfs/osfs/x.go", `package osfs; import "os"; func f() { os.Open(""); os.Getenv("") }`, 1},
		{"host", "cmd/dray/x.go", `package main; import "os"; func f() { os.Open(""); os.Getenv("") }`, 0},
		{"sleep", "ftp/x_test.go", `package ftp; import "time"; func f() { time.Sleep(1) }`, 1},
		{"sleep", "ftp/x_test.go", `package ftp; import ("time"; "testing/synctest"); func f() { synctest.Wait(); time.Sleep(1) }`, 0},
		{"init", "ftp/x.go", `package ftp; func init() {}`, 1},
		{"init", "ftp/x.go", `package ftp; type t int; func (t) init() {}`, 0},
		{"variables", "ftp/x.go", `package ftp; var a int; var b = f(); var _ = b`, 2},
		{"variables", "ftp/x.go", `package ftp; import "errors"; var ErrA, ErrB = errors.New("a"), errors.New("b")`, 0},
		{"variables", "ftp/ftpserver/x.go", `package ftpserver; var verbIndex = index()`, 0},
		{"variables", "ftp/x.go", `package ftp; var a = [...]int{1}; var b = map[int]int{}; var c = []int{}`, 0},
		{"variables", "ftp/x.go", `package ftp; import "sync"; var a = sync.Mutex{}`, 1},
		{"assignments", "ftp/x.go", `package ftp; import "errors"; var ErrA = errors.New("a"); func f() { ErrA = nil }`, 1},
		{"assignments", "ftp/x.go", `package ftp; var a = []t{{1}}; func f() { a[0].x = 2; a[1]++; g(&a) }`, 3},
		{"assignments", "ftp/x.go", `package ftp; var a = []t{{1}}; func f(b int) { b = 1; c := a; c = nil }`, 0},
		{"assignments", "ftp/x.go", `package ftp; var a = []t{{1}}; func f() { a := 1; a = 2 }`, 0},
		{"budgets", "ftp/x.go", "package ftp" + long, 1},
		{"budgets", "ftp/x_test.go", "package ftp" + long, 0},
		{"budgets", "ftp/x.go", "package ftp; func f() {" + strings.Repeat("\n", maxFunction) + "}", 1},
		{"budgets", "ftp/x.go", "package ftp; type i interface{ A(); B(); C(); D(); E(); F(); G(); H(); I() }", 1},
	} {
		if wrong := rules()[c.rule](parse(t, c.name, []byte(c.text))); len(wrong) != c.wrong {
			t.Errorf("%s of %s: %.80s: got %q; want %d", c.rule, c.name, c.text, wrong, c.wrong)
		}
	}
}
