package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestUnits has systemd read the units of the packages, and say how much the service could
// do if it were taken over: 10 is everything.
func TestUnits(t *testing.T) {
	analyze := peer(t, "systemd-analyze")
	root := t.TempDir()
	units := filepath.Join(root, "etc/systemd/system")
	for name, text := range map[string]string{"usr/bin/dray": "#!/bin/sh\n", "usr/lib/systemd/system/.keep": "", "etc/systemd/system/.keep": ""} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, target := range []string{"network-online", "sysinit", "basic", "shutdown", "sockets", "multi-user"} {
		text, err := os.ReadFile("/usr/lib/systemd/system/" + target + ".target")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(units, target+".target"), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, unit := range []string{"dray.service", "dray.socket"} {
		text, err := os.ReadFile("../../packaging/" + unit)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(units, unit), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out := run(t, exec.Command(analyze, "verify", "--root="+root, "dray.service", "dray.socket")); out != "" {
		t.Errorf("systemd says:\n%s", out)
	}
	run(t, exec.Command(analyze, "security", "--offline=true", "--threshold=20", filepath.Join(units, "dray.service"))) // 2.0
}
