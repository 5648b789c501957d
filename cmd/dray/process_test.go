package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// start runs a program until the test ends, returns when it prints what says that it is
// ready, and lets its log be read.
func start(t *testing.T, cmd *exec.Cmd, ready string) (log *bufio.Reader) {
	t.Helper()
	out, err1 := cmd.StdoutPipe()
	errs, err2 := cmd.StderrPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	await(t, bufio.NewReader(out), ready)
	return bufio.NewReader(errs)
}

// await reads lines until one holds what is wanted.
func await(t *testing.T, r *bufio.Reader, want string) {
	t.Helper()
	for {
		line, err := r.ReadString('\n')
		if strings.Contains(line, want) {
			return
		}
		if err != nil {
			t.Fatalf("%q was not said: %v", want, err)
		}
	}
}

// addresses reads the file of --ports-file.
func addresses(t *testing.T, file string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]string{}
	for line := range strings.Lines(string(text)) {
		protocol, addr, _ := strings.Cut(strings.TrimSpace(line), " ")
		at[protocol] = addr
	}
	return at
}
