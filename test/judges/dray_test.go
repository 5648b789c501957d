package judges

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// patience ends a server that hangs. No test is expected to take that long.
const patience = 5 * time.Minute

// The one user of every FTP server.
const (
	user     = "user"
	password = "12345"
)

// drayPath is the binary under judgement. It is set once, before the tests start.
var drayPath string

func TestMain(m *testing.M) {
	code, err := testAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func testAll(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "judges-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	drayPath = filepath.Join(dir, "dray")
	build := exec.Command("go", "build", "-C", "../..", "-o", drayPath, "./cmd/dray")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%q: %w\n%s", build.Args, err, out)
	}
	return m.Run(), nil
}

// serve runs `dray serve` on an empty folder until the test has ended, and returns the
// address that the protocol is at. The server must let go without an error in the end.
// What it logged as wrong is shown if the test failed.
func serve(t *testing.T, protocol string, args ...string) (address string) {
	t.Helper()
	ports := filepath.Join(t.TempDir(), "ports")
	if !slices.Contains(args, "--listen") {
		args = append(args, "--listen", "127.0.0.1")
	}
	cmd := exec.Command(drayPath, append([]string{"serve", t.TempDir(),
		"--write", "--tftp-write", "all", "--state-dir", t.TempDir(), "--ports-file", ports}, args...)...)
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	rest := bufio.NewReader(out)
	t.Cleanup(func() {
		hang := time.AfterFunc(patience, func() { cmd.Process.Kill() })
		defer hang.Stop()
		cmd.Process.Signal(os.Interrupt)
		io.Copy(io.Discard, rest)
		if err := cmd.Wait(); err != nil {
			t.Errorf("dray serve ended with: %v", err)
		}
		if t.Failed() {
			t.Logf("dray serve logged:\n%s", wrongs(log.String()))
		}
	})
	// The ports are written before the last line of the greeting.
	for line := ""; !strings.HasPrefix(line, "Ctrl-C"); {
		if line, err = rest.ReadString('\n'); err != nil {
			t.Fatalf("dray serve ended before it was up: %v", err)
		}
	}
	text, err := os.ReadFile(ports)
	if err != nil {
		t.Fatal(err)
	}
	_, address, found := strings.Cut("\n"+string(text), "\n"+protocol+" ")
	if !found {
		t.Fatalf("dray does not serve %s, but %s", protocol, text)
	}
	address, _, _ = strings.Cut(address, "\n")
	return address
}

// wrongs drops the lines about what went well, which are thousands.
func wrongs(log string) string {
	var b strings.Builder
	for line := range strings.Lines(log) {
		if !strings.Contains(line, " level=INFO ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// dray runs a command of the client, which must succeed.
func dray(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), drayPath, args...).CombinedOutput(); err != nil {
		t.Fatalf("dray %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
