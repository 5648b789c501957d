package judges

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"testing"
)

// tool prepares a program that scripts/judges or scripts/peers installs. Where it is missing the test
// fails, unless SKIP_PEERS=1.
func tool(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("SKIP_PEERS") == "1" {
			t.Skip(err)
		}
		t.Fatalf("%v: run scripts/judges, or set SKIP_PEERS=1 to test without it", err)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	return cmd
}

// run runs a command that must succeed.
func run(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%q: %v\n%s", cmd.Args, err, out)
	}
}

// said runs a command without input and returns all that it printed, whatever its exit code.
func said(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatalf("%q: %v", cmd.Args, err)
	}
	return out.String()
}
