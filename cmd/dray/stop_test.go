package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"dray/ftp/ftpclient"
)

// heldDownload is a download that stands still after its first octets.
type heldDownload struct {
	begun, free chan struct{}
	octets      int
	err         chan error
}

func (h *heldDownload) Write(b []byte) (int, error) {
	if h.octets == 0 {
		close(h.begun)
		<-h.free
	}
	h.octets += len(b)
	return len(b), nil
}

const heldSize = 32 << 20

// startHeld serves a big file by the real program, and begins to fetch it.
func startHeld(t *testing.T) (*exec.Cmd, *bufio.Reader, *heldDownload) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "big"), make([]byte, heldSize), 0o644); err != nil {
		t.Fatal(err)
	}
	ports := filepath.Join(t.TempDir(), "ports")
	cmd := exec.Command("dray", "serve", dir, "--listen", "127.0.0.1", "--ftp", "0", "--tftp", "off", "--tls", "off", "--ports-file", ports)
	log := start(t, cmd, "Ctrl-C")
	addr := addresses(t, ports)["ftp"]
	h := &heldDownload{begun: make(chan struct{}), free: make(chan struct{}), err: make(chan error, 1)}
	go func() {
		job := ftpclient.Retry{Address: addr, User: "anonymous", Password: "guest@"}
		_, err := job.Download(t.Context(), "big", 0, h)
		h.err <- err
	}()
	<-h.begun
	return cmd, log, h
}

func interrupt(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
}

func TestOneInterruptLetsTransfersEnd(t *testing.T) {
	cmd, log, h := startHeld(t)
	interrupt(t, cmd)
	await(t, log, "letting transfers end")
	close(h.free)
	if err := <-h.err; err != nil || h.octets != heldSize {
		t.Errorf("the transfer that was running: %v, %d of %d octets", err, h.octets, heldSize)
	}
	_, _ = io.Copy(io.Discard, log)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestTwoInterruptsCutTransfers(t *testing.T) {
	cmd, log, h := startHeld(t)
	interrupt(t, cmd)
	await(t, log, "letting transfers end")
	interrupt(t, cmd)
	await(t, log, "cutting transfers")
	_, _ = io.Copy(io.Discard, log)
	if err := cmd.Wait(); err != nil { // while the client holds its transfer
		t.Error(err)
	}
	close(h.free)
	if err := <-h.err; err == nil {
		t.Error("the client did not notice that its transfer was cut")
	}
}
