package interop

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestTrailOnAFullDisk: who wants nobody in without an audit trail has nobody in while its disk
// is full, and everybody as soon as there is room; and the trail is whole.
func TestTrailOnAFullDisk(t *testing.T) {
	c, f, logs := curl("curl", "ftp"), files[1], folder(t)
	peer(t, c.program)
	mount(t, logs)
	trail, fill := filepath.Join(logs, "audit.jsonl"), filepath.Join(logs, "fill")
	t.Run("serve", func(t *testing.T) { // at its end the server ends, and has written its trail
		settings := configFile(t, "settings.yaml", "audit:\n  on-failure: refuse\n")
		e := drayServer("ftp", "--tls", "off", "--config", settings, "--audit", trail).start(t, furnish(t))
		get := func() (string, int) { return runAny(t, c.get(e, f.name, filepath.Join(t.TempDir(), "got"))) }
		said := func(text string) {
			e.events.await(t, text, func(log string) bool { return strings.Contains(log, text) })
		}
		if out, code := get(); code != 0 {
			t.Fatalf("at first: exit code %d\n%s", code, out)
		}
		if err := os.WriteFile(fill, bytes.Repeat([]byte("x"), 2<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("the disk is not full: %v", err)
		}
		get() // its end cannot be forced to the disk
		said("the audit trail cannot be kept")
		if out, code := get(); code != 67 {
			t.Errorf("on a full disk: exit code %d\n%s", code, out)
		}
		if err := os.Remove(fill); err != nil {
			t.Fatal(err)
		}
		get()
		said("the audit trail is kept again")
		if out, code := get(); code != 0 {
			t.Errorf("with room again: exit code %d\n%s", code, out)
		}
	})
	if out := run(t, exec.Command(drayPath, "audit", "verify", trail)); !strings.HasPrefix(out, "right: ") {
		t.Errorf("dray audit verify says\n%s", out)
	}
}
