package tftp

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestConformancePage: the tests and transcripts that docs/tftp-conformance.md names are there.
func TestConformancePage(t *testing.T) {
	page, err := os.ReadFile("../docs/tftp-conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	for _, pattern := range []string{"*_test.go", "../internal/tftpd/*_test.go", "../test/interop/*_test.go", "../cmd/dray/*_test.go"} {
		for _, b := range contents(t, pattern) {
			tests.Write(b)
		}
	}
	cases := map[string]bool{}
	for _, b := range contents(t, "testdata/*.txt") {
		for _, m := range regexp.MustCompile(`(?m)^== ([A-Z]\d+)[a-z]? `).FindAllSubmatch(b, -1) {
			cases[string(m[1])] = true
		}
	}
	rows := regexp.MustCompile(`(?m)^\| ([A-Z]\d+[^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|$`).FindAllStringSubmatch(string(page), -1)
	if len(rows) < 20 {
		t.Errorf("%d rows", len(rows))
	}
	for _, row := range rows {
		where := row[3] + row[4]
		if strings.TrimSpace(row[4]) == "" {
			t.Errorf("%s: not over sockets", row[1])
		}
		for id := range strings.FieldsSeq(row[1]) {
			if strings.Contains(where, "transcript") && !cases[id] {
				t.Errorf("%s has no transcript", id)
			}
		}
		for _, m := range regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(where, -1) {
			if !strings.Contains(tests.String(), "func "+m[1]+"(t *testing.T)") {
				t.Errorf("%s: there is no %s", row[1], m[1])
			}
		}
	}
}

// contents reads the files that match.
func contents(t *testing.T, pattern string) (all [][]byte) {
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: %v", pattern, err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}
