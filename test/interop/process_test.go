package interop

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// What hangs is ended: a program after patience, a wait for a line of its log after
// attention. Nothing is expected to take that long.
const (
	patience  = 3 * time.Minute
	attention = time.Minute
)

// peer returns the path of another project's program: unpacked by scripts/peers, or
// installed. A test whose peer is missing fails, unless SKIP_PEERS=1.
func peer(t *testing.T, name string) string {
	t.Helper()
	for _, dir := range []string{"usr/sbin", "usr/bin"} {
		path, err := filepath.Abs(filepath.Join("../../.peers", dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("SKIP_PEERS") == "1" {
		t.Skipf("%s is not installed", name)
	}
	t.Fatalf("%s is not installed: run scripts/peers, or set SKIP_PEERS=1 to test without it", name)
	return ""
}

// run runs a command that must succeed and returns what it printed.
func run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, code := runAny(t, cmd)
	if code != 0 {
		t.Fatalf("%q: exit code %d\n%s", cmd.Args, code, out)
	}
	return out
}

// runAny runs a command and returns what it printed and its exit code.
func runAny(t *testing.T, cmd *exec.Cmd) (string, int) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "LC_ALL=C", "TZ=UTC")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	hang := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer hang.Stop()
	err := cmd.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("%q: %v\n%s", cmd.Args, err, out.String())
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// daemon starts a command that runs until the test has ended.
func daemon(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
}

// serving starts a command that runs until the test has ended, and returns true when it
// has printed a line that ready accepts, false if it ended before. ready is not called
// again after that. Standard error counts too, unless the command has one.
func serving(t *testing.T, cmd *exec.Cmd, ready func(line string) bool) bool {
	t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = in
	if cmd.Stderr == nil {
		cmd.Stderr = in
	}
	served := make(chan bool, 1)
	var reader sync.WaitGroup
	t.Cleanup(reader.Wait)
	t.Cleanup(func() { out.Close() })
	daemon(t, cmd)
	in.Close()
	reader.Go(func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if ready(lines.Text()) {
				served <- true
				io.Copy(io.Discard, out)
				return
			}
		}
		served <- false
	})
	select {
	case ok := <-served:
		return ok
	case <-time.After(attention):
		t.Fatalf("%q said nothing", cmd.Args)
		return false
	}
}
