package iossim

import (
	"errors"
	"strings"
	"testing"

	"dray/internal/device/iossim/cli"
)

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

// FuzzCommandLine types any line at the command lines of all models, in every mode: what is
// wrong is within the line, and Tab takes nothing away.
func FuzzCommandLine(f *testing.F) {
	for _, s := range []string{
		"copy tftp: flash:", "sh run | sec interface", "reload at 10:00 3 feb x", "delete /force /recursive flash:a/", "copy scp: flash: vrf x",
		"interface range gi1/0/1 - 4", "int g0/0.10", "boot system switch all flash:x;flash:y", "username a privilege 15 secret 5 $1$a$b", "no ip ftp password",
		"archive download-sw /overwrite /reload tftp://h/x", "install add file flash:x activate commit prompt-level none", "|", "\x00", "sh\tver", "ping ip x",
	} {
		f.Add(s, uint8(15))
		f.Add(s, uint8(1))
	}
	all := allGrammars()
	f.Fuzz(func(t *testing.T, s string, level uint8) {
		for name, g := range all {
			_, err := g.exec.Parse(s, int(level))
			within(t, name, s, err)
			_, err = g.exec.Question(s, int(level))
			within(t, name, s, err)
			if full, ok := g.exec.Complete(s, int(level)); ok && !strings.HasPrefix(strings.ToLower(full), strings.ToLower(s)) {
				t.Errorf("%s: %q completes to %q", name, s, full)
			}
			for mode, g := range g.modes {
				_, err := g.Parse(s, 15)
				within(t, name+" "+mode, s, err)
				_, err = g.Question(s, 15)
				within(t, name+" "+mode, s, err)
			}
		}
	})
}

func within(t *testing.T, where, s string, err error) {
	t.Helper()
	var e *cli.Error
	if err != nil && (!errors.As(err, &e) || e.At < 0 || e.At > len(s)) {
		t.Errorf("%s: %q: %v", where, s, err)
	}
}
