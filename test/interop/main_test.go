package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// drayPath is the binary under test. It is set once, before the tests start.
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
	dir, err := os.MkdirTemp("", "interop-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if err := makeFiles(dir); err != nil {
		return 0, err
	}
	// A program built with -race lingers for a second before it ends.
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil {
		return 0, err
	}
	drayPath = filepath.Join(dir, "dray")
	args := append([]string{"build", "-o", drayPath}, buildFlags...)
	build := exec.Command("go", append(args, "dray/cmd/dray")...)
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go build: %w\n%s", err, out)
	}
	return m.Run(), nil
}
