package config

import (
	"os"
	"strings"
	"testing"
)

// TestLimitsAreDocumented: docs/limits.md has every limit, with its default.
func TestLimitsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	var s Serve
	for _, row := range append(append(limitSettings(&s.Limits), sftpLimits(&s.Limits)...), banSettings(&s.Bans)...) {
		want := "| `" + row.Key + "` | " + row.Default
		if row.Default == "" {
			want = "| `" + row.Key + "` | none |"
		}
		if !strings.Contains(string(page), want) {
			t.Errorf("there is no %q", want)
		}
	}
}

func TestTally(t *testing.T) {
	for in, want := range map[string]string{"off": "off", "1": "1", "100": "100", "0": "!", "101": "!", "-1": "!", "": "!", "ten": "!"} {
		var n int
		v := tally{&n, 1, 100}
		err := v.Set(in)
		if got := v.String(); (err == nil) != (want != "!") || err == nil && got != want {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}
