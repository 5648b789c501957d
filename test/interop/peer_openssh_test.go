package interop

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
)

// openSSHOptions let a client of OpenSSH in by the key of the endpoint, and by nothing else.
func openSSHOptions(e endpoint) []string {
	return []string{
		"-F", "none", "-q", "-i", e.identity, "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "BatchMode=yes",
		"-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
	}
}

// sftpOf is OpenSSH's sftp.
func sftpOf(name string, options ...string) client {
	command := func(e endpoint, batch string, args ...any) *exec.Cmd {
		all := append(append(openSSHOptions(e), options...), "-P", e.port, "-b", "-", e.user+"@"+e.host)
		cmd := exec.Command("sftp", all...)
		cmd.Stdin = strings.NewReader(fmt.Sprintf(batch, args...))
		return cmd
	}
	return client{
		name: name, program: "sftp", protocol: "sftp", missing: 1,
		get:  func(e endpoint, remote, local string) *exec.Cmd { return command(e, "get %s %s", remote, local) },
		put:  func(e endpoint, local, remote string) *exec.Cmd { return command(e, "put %s %s", local, remote) },
		list: func(e endpoint, dir string) *exec.Cmd { return command(e, "ls -la %s", dir) },
	}
}

// scpOf is OpenSSH's scp: over SFTP, or with -O as it was.
func scpOf(name string, options ...string) client {
	command := func(e endpoint, from, to string) *exec.Cmd {
		return exec.Command("scp", append(append(openSSHOptions(e), options...), "-P", e.port, from, to)...)
	}
	at := func(e endpoint, remote string) string { return e.user + "@" + e.host + ":" + remote }
	return client{
		name: name, program: "scp", protocol: "sftp", missing: 1,
		get: func(e endpoint, remote, local string) *exec.Cmd { return command(e, at(e, remote), local) },
		put: func(e endpoint, local, remote string) *exec.Cmd { return command(e, local, at(e, remote)) },
	}
}

// openSSH is sshd, which serves one connection as inetd(8) would have it.
var openSSH = server{name: "openssh", protocol: "sftp", start: func(t *testing.T, root string) endpoint {
	program := peer(t, "sshd")
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 { // what its package makes when it is installed
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := user.Lookup("sshd"); err != nil {
			t.Fatal("sshd wants a user of that name: run scripts/peers")
		}
	}
	host, key := sshKey(t, "-t", "ed25519"), sshKey(t, "-t", "ed25519")
	e := inetd(t, "sftp", program, "-i", "-e", "-f", configFile(t, "sshd_config", fmt.Sprintf(`
HostKey %s
AuthorizedKeysFile %s.pub
StrictModes no
UsePAM no
PermitRootLogin yes
PrintMotd no
PrintLastLog no
Subsystem sftp internal-sftp
`, host, key)))
	e.user, e.identity, e.hostKey = me.Username, key, fingerprint(t, host)
	e.base = strings.TrimPrefix(filepath.ToSlash(root), "/") + "/"
	return e
}}

// openSSHByPassword is sshd with a user of its own, who logs in by password: simulated
// devices know nothing else. The user is in files that sshd takes for those of the system.
var openSSHByPassword = server{name: "openssh", protocol: "sftp", start: func(t *testing.T, root string) endpoint {
	program := peer(t, "sshd")
	if os.Getuid() == 0 { // what its package makes when it is installed
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	crypted := strings.TrimSpace(run(t, exec.Command(peer(t, "openssl"), "passwd", "-6", peerPassword)))
	text, err := os.ReadFile("/etc/passwd")
	if err != nil {
		t.Fatal(err)
	}
	passwd := configFile(t, "passwd", string(text)+fmt.Sprintf("%s:x:%d:%d::%s:/bin/sh\n", peerUser, os.Getuid(), os.Getgid(), root))
	shadow := configFile(t, "shadow", fmt.Sprintf("%s:%s:19000:0:99999:7:::\n", peerUser, crypted))
	config := configFile(t, "sshd_config", fmt.Sprintf("HostKey %s\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nPrintMotd no\nPrintLastLog no\n", sshKey(t, "-t", "ed25519")))
	e := inetd(t, "sftp", "env", "LD_PRELOAD=libnss_wrapper.so", "NSS_WRAPPER_PASSWD="+passwd, "NSS_WRAPPER_GROUP=/etc/group", "NSS_WRAPPER_SHADOW="+shadow,
		program, "-i", "-e", "-f", config)
	e.user, e.password = peerUser, peerPassword
	return e
}}
