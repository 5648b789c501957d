package iossim

import "testing"

// TestEverythingIsExplained: "?" has a text for each keyword of each model.
func TestEverythingIsExplained(t *testing.T) {
	for name, g := range allGrammars() {
		for _, path := range g.exec.Undocumented() {
			t.Errorf("%s: no help on %s", name, path)
		}
		for mode, g := range g.modes {
			for _, path := range g.Undocumented() {
				t.Errorf("%s, mode %q: no help on %s", name, mode, path)
			}
		}
	}
}
