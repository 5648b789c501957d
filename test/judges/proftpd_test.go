package judges

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

const (
	passwordHash = "$6$judges$Eegmucm1kFu5Uj7dsyokadhJqlcrg5fF8/fQQ.Vq/XRcpsouymoHQMpMqcVQU.TCep7CeJ/tQcW3KipmsZeCf." // of password, by crypt(3)
	nobody       = 65534
)

// startProftpd runs a ProFTPD for each connection, as inetd(8) does for services of type
// "nowait": the listener is the test's, so its port is never lost.
func startProftpd(t *testing.T) string {
	t.Helper()
	program, conf := findProftpd(t), configureProftpd(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var sessions sync.WaitGroup
	sessions.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // closed, by the cleanup below
			}
			sessions.Go(func() { converse(t, c.(*net.TCPConn), exec.Command(program, "-c", conf)) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		sessions.Wait()
	})
	return l.Addr().String()
}

// converse lets cmd talk to c until the client has left.
func converse(t *testing.T, c *net.TCPConn, cmd *exec.Cmd) {
	f, err := c.File()
	c.Close()
	if err != nil {
		t.Error(err)
		return
	}
	defer f.Close()
	var faults bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = f, f, &faults
	if err := cmd.Run(); err != nil && faults.Len() > 0 {
		t.Logf("proftpd: %v\n%s", err, faults.String())
	}
}

// findProftpd returns the program that scripts/peers has unpacked.
func findProftpd(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../../.peers/usr/sbin/proftpd")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("SKIP_PEERS") == "1" {
			t.Skip(err)
		}
		t.Fatalf("%v: run scripts/peers, or set SKIP_PEERS=1 to judge dray alone", err)
	}
	return path
}

// configureProftpd returns a configuration that serves an empty folder to the one user.
func configureProftpd(t *testing.T) string {
	t.Helper()
	state, err := os.MkdirTemp("", "proftpd-") // t.TempDir is closed to the user that ProFTPD becomes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(state) })
	root, users, conf := filepath.Join(state, "root"), filepath.Join(state, "users"), filepath.Join(state, "conf")
	for _, step := range []error{
		os.Chmod(state, 0o755),
		os.Mkdir(root, 0o755),
		os.Chown(root, nobody, nobody),
		os.WriteFile(users, fmt.Appendf(nil, "%s:%s:%d:%[3]d::%s:/bin/sh\n", user, passwordHash, nobody, root), 0o600),
		os.WriteFile(conf, fmt.Appendf(nil, `
ServerType inetd
User nobody
Group nogroup
DefaultRoot ~
AuthOrder mod_auth_file.c
AuthUserFile %s
RequireValidShell off
AllowOverwrite on
AllowStoreRestart on
AllowRetrieveRestart on
DelayEngine off
UseReverseDNS off
WtmpLog off
ScoreboardFile %s/scoreboard
PidFile %[2]s/pid
SystemLog %[2]s/log
TransferLog none
`, users, state), 0o600),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	return conf
}
