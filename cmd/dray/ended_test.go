package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/crypto/ssh"

	"dray/ftp/ftpclient"
)

// command runs one command line here, with this on standard input.
func command(t *testing.T, in string, args ...string) {
	t.Helper()
	var out, errs strings.Builder
	if code := run(context.Background(), args, stdio{strings.NewReader(in), &out, &errs}); code != 0 {
		t.Fatalf("dray %s: exit code %d, %s", strings.Join(args, " "), code, errs.String())
	}
}

// TestSessionsEndWithTheirUser disables a user, removes one, and takes one out of the
// settings, while a running server sends them files. A fourth goes on.
func TestSessionsEndWithTheirUser(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	t.Chdir(t.TempDir())
	if err := os.WriteFile(filepath.Join(dir, "big"), make([]byte, heldSize), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"amy", "bob", "carl"} {
		command(t, "secret\n", "user", "add", user, "--password-stdin", "--state-dir", state, "--config", "none")
	}
	settings := filepath.Join(t.TempDir(), "dray.yaml")
	named := func(users string) {
		if err := os.WriteFile(settings, []byte("users:\n"+users), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	named("  - {name: dora, password: secret}\n  - {name: eve, password: secret}\n")
	ports := filepath.Join(t.TempDir(), "ports")
	cmd := exec.Command("dray", "serve", dir, "--listen", "127.0.0.1", "--ftp", "0", "--tftp", "off", "--sftp", "0", "--tls", "off",
		"--state-dir", state, "--config", settings, "--ports-file", ports)
	log := start(t, cmd, "Ctrl-C")
	at := addresses(t, ports)

	transfers := map[string]*heldDownload{}
	shells := map[string]*ssh.Client{}
	for _, user := range []string{"amy", "bob", "carl", "dora"} {
		h := &heldDownload{begun: make(chan struct{}), free: make(chan struct{}), err: make(chan error, 1)}
		go func() {
			job := ftpclient.Retry{Address: at["ftp"], User: user, Password: "secret"}
			_, err := job.Download(t.Context(), "big", 0, h)
			h.err <- err
		}()
		<-h.begun
		transfers[user] = h
		c, err := ssh.Dial("tcp", at["sftp"], &ssh.ClientConfig{
			User: user, Auth: []ssh.AuthMethod{ssh.Password("secret")}, HostKeyCallback: ssh.InsecureIgnoreHostKey(),
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		shells[user] = c
	}

	for user, end := range map[string]func(){
		"amy": func() { command(t, "", "user", "disable", "amy", "--state-dir", state, "--config", "none") },
		"bob": func() { command(t, "", "user", "remove", "bob", "--state-dir", state, "--config", "none") },
		"dora": func() {
			named("  - {name: eve, password: secret}\n")
			if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
		},
	} {
		end()
		await(t, log, `msg="sessions ended with their user" user=`+user+" sessions=2")
		_ = shells[user].Wait() // hangs if the session does not end
		close(transfers[user].free)
		if err := <-transfers[user].err; err == nil {
			t.Errorf("%s has got the whole file", user)
		}
	}
	close(transfers["carl"].free)
	if err := <-transfers["carl"].err; err != nil {
		t.Errorf("who was left alone: %v", err)
	}
	if s, err := shells["carl"].NewSession(); err != nil {
		t.Errorf("who was left alone: %v", err)
	} else {
		_ = s.Close()
	}
}
