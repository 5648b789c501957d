package show

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/*.json")

// parsers are the functions, by the folder of their captures.
func parsers() map[string]func(string) (any, error) {
	return map[string]func(string) (any, error){
		"version":     func(s string) (any, error) { return ParseVersion(s) },
		"dir":         func(s string) (any, error) { return ParseDir(s) },
		"flash":       func(s string) (any, error) { return ParseDir(s) },
		"filesystems": func(s string) (any, error) { return ParseFileSystems(s) },
		"boot":        func(s string) (any, error) { return ParseBoot(s) },
		"inventory":   func(s string) (any, error) { return ParseInventory(s) },
		"switch":      func(s string) (any, error) { return ParseSwitch(s) },
		"redundancy":  func(s string) (any, error) { return ParseRedundancy(s) },
		"install":     func(s string) (any, error) { return ParseInstall(s) },
		"installed":   func(s string) (any, error) { return said(ParseInstalled(s)) },
		"copied":      func(s string) (any, error) { return said(ParseCopy(s)) },
	}
}

// said is a result, or what the device says against it.
func said[T any](v T, err error) (any, error) {
	if e := new(ActError); errors.As(err, &e) {
		return e.Error(), nil
	}
	return v, err
}

// captures are the files of a folder, by their name.
func captures(t testing.TB, folder string) map[string]string {
	t.Helper()
	all := map[string]string{}
	names, err := filepath.Glob(filepath.Join("testdata/captures", folder, "*.txt"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(name), ".txt")] = string(text)
	}
	return all
}

// TestCaptures reads what real devices have printed, all of it, and compares with
// testdata/FOLDER.json.
func TestCaptures(t *testing.T) {
	for folder, parse := range parsers() {
		t.Run(folder, func(t *testing.T) {
			got := map[string]any{}
			for name, text := range captures(t, folder) {
				v, err := parse(text)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				got[name] = v
			}
			var b bytes.Buffer
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			e.SetIndent("", "\t")
			if err := e.Encode(got); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", folder+".json")
			if *update {
				if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(b.Bytes(), want) {
				t.Errorf("%s is something else: run with -update, and read the difference", golden)
			}
		})
	}
}

// TestOtherTexts: what is no output of the command is an error that shows the line.
func TestOtherTexts(t *testing.T) {
	for folder, parse := range parsers() {
		for _, text := range []string{"", "\n\n", "% Invalid input detected at '^' marker.\n", "%Error opening flash:/x (No such file or directory)\n", "something else\n"} {
			_, err := parse(text)
			var p *ParseError
			if folder == "installed" || folder == "copied" {
				continue // they have prose around what counts
			}
			if !errors.As(err, &p) {
				t.Errorf("%s of %q: %v", folder, text, err)
			} else if line := strings.TrimSpace(text); line != "" && folder != "version" && !strings.Contains(err.Error(), line) {
				t.Errorf("%s of %q does not show the line: %v", folder, text, err)
			}
		}
	}
}
