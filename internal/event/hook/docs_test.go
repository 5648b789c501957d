package hook

import (
	"os"
	"strings"
	"testing"
)

// TestTriggersAreDocumented: docs/hooks.md has each.
func TestTriggersAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../../docs/hooks.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, trigger := range Triggers() {
		if !strings.Contains(string(page), "`"+string(trigger)+"`") {
			t.Errorf("%s is not there", trigger)
		}
	}
}
