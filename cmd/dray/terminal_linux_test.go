package main

import (
	"io"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// SIGHUP of a person reloads, SIGHUP of a terminal that is closed ends the server.
func TestServerEndsWithItsTerminal(t *testing.T) {
	keyboard, screen := terminal(t)
	cmd := exec.Command("dray", "serve", t.TempDir(), "--config", "none", "--listen", "127.0.0.1", "--ftp", "0", "--tftp", "off",
		"--state-dir", filepath.Join(t.TempDir(), "state"))
	cmd.Stdin = screen
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	log := start(t, cmd, "Ctrl-C")
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	await(t, log, "are read again")
	if err := screen.Close(); err != nil {
		t.Error(err)
	}
	if err := keyboard.Close(); err != nil {
		t.Error(err)
	}
	await(t, log, "the terminal is closed")
	_, _ = io.Copy(io.Discard, log)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
