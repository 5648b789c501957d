package interop

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// sshKey makes a key in a folder of its own, and returns the file; the public one has .pub
// behind its name.
func sshKey(t *testing.T, kind ...string) string {
	t.Helper()
	file := filepath.Join(folder(t), "key")
	run(t, exec.Command(peer(t, "ssh-keygen"), append([]string{"-q", "-N", "", "-f", file}, kind...)...))
	return file
}

// fingerprint is that of a key.
func fingerprint(t *testing.T, file string) string {
	t.Helper()
	return strings.Fields(run(t, exec.Command(peer(t, "ssh-keygen"), "-l", "-f", file)))[1]
}

// drayServerSSH lets its user in by a key and by a password.
func drayServerSSH() server {
	return server{name: "dray", protocol: "sftp", brief: true, start: func(t *testing.T, root string) endpoint {
		key := sshKey(t, "-t", "ed25519")
		d := serve(t, root, "--sftp", "0", "--write", "--user", peerUser+":"+peerPassword, "--authorized-keys", peerUser+"="+key+".pub")
		e := d.speaking(t, "sftp")
		e.user, e.password, e.identity = peerUser, peerPassword, key
		e.hostKey = fingerprint(t, filepath.Join(d.state, "ssh_host_ed25519_key"))
		return e
	}}
}

// TestNoShell: there is nothing but files, and ssh says so.
func TestNoShell(t *testing.T) {
	e := drayServerSSH().start(t, furnish(t))
	for _, args := range [][]string{{}, {"ls", "-la"}} {
		out, code := runAny(t, exec.Command(peer(t, "ssh"), append(append(openSSHOptions(e), "-p", e.port, e.user+"@"+e.host), args...)...))
		if code != 1 || !strings.Contains(out, "this server moves files only") {
			t.Errorf("%q: exit code %d\n%s", args, code, out)
		}
	}
	for _, forward := range [][]string{{"-N", "-R", "0:127.0.0.1:9"}, {"-W", "127.0.0.1:9"}} {
		args := append(append(openSSHOptions(e), "-o", "ExitOnForwardFailure=yes", "-p", e.port), forward...)
		if out, code := runAny(t, exec.Command(peer(t, "ssh"), append(args, e.user+"@"+e.host)...)); code != 255 {
			t.Errorf("%q: exit code %d\n%s", forward, code, out)
		}
	}
}

// TestAudit: ssh-audit has nothing against the algorithms, but that it does not know the
// newest, which came after it, and that one MAC does not cover the ciphertext: curl with
// libssh2 before 1.11 has no better one.
func TestAudit(t *testing.T) {
	e := drayServerSSH().start(t, furnish(t))
	out, _ := runAny(t, exec.Command(peer(t, "ssh-audit"), "-n", "-p", e.port, e.host))
	for line := range strings.Lines(out) {
		known := strings.Contains(line, "mlkem768x25519-sha256 ") || strings.Contains(line, "kex-strict-s-v00@openssh.com ") ||
			strings.Contains(line, "hmac-sha2-256 ")
		if strings.Contains(line, "[fail]") || strings.Contains(line, "[warn]") && !known {
			t.Errorf("ssh-audit: %s", line)
		}
	}
	for _, want := range []string{"(kex) mlkem768x25519-sha256", "(key) ssh-ed25519", "(enc) aes128-gcm@openssh.com"} {
		if !strings.Contains(out, want) {
			t.Errorf("ssh-audit does not see %s:\n%s", want, out)
		}
	}
}

// TestLegacy: what a device of 2012 insists on is there for its network, and for no other.
func TestLegacy(t *testing.T) {
	root := furnish(t)
	old := []string{
		"-o", "KexAlgorithms=diffie-hellman-group14-sha1", "-o", "HostKeyAlgorithms=ssh-rsa",
		"-o", "Ciphers=aes128-cbc", "-o", "MACs=hmac-sha1",
	}
	for network, want := range map[string]int{"127.0.0.0/8": 0, "192.0.2.0/24": 1} {
		key := sshKey(t, "-t", "ed25519")
		e := serve(t, root, "--sftp", "0", "--authorized-keys", "device="+key+".pub", "--ssh-legacy", network).speaking(t, "sftp")
		e.user, e.identity = "device", key
		c := scpOf("scp -O", append(old, "-O")...)
		if out, code := runAny(t, c.get(e, "1024.bin", filepath.Join(folder(t), "got"))); code != want {
			t.Errorf("with %s: exit code %d; want %d\n%s", network, code, want, out)
		}
	}
}

// TestPosture: what OpenSSH's sftp asks of a server, one thing after the other.
func TestPosture(t *testing.T) {
	root := furnish(t)
	e := drayServerSSH().start(t, root)
	cmd := exec.Command(peer(t, "sftp"), append(openSSHOptions(e), "-P", e.port, "-b", "-", e.user+"@"+e.host)...)
	cmd.Stdin = strings.NewReader(strings.Join([]string{
		"version", "cd incoming", "put -p " + filepath.Join(files[3].dir, files[3].name) + " a", "rename a b", "mkdir d", "rename b d/c",
		"chmod 600 d/c", "ls -la d", "df", "cp d/c d/e", "-ln d/c d/l", "-symlink d/c d/s", "-mkdir d", "-rmdir d", "-get nothing",
		"rm d/c", "rm d/e", "rmdir d", "pwd",
	}, "\n"))
	out := run(t, cmd)
	for _, want := range []string{
		"SFTP protocol version 3", "-rw-------", "%Capacity", "Remote working directory: /incoming",
		"does not support hardlink", `"/incoming/d/s": Operation unsupported`, `mkdir "/incoming/d": Failure`,
		`rmdir "/incoming/d": Failure`, `File "/incoming/nothing" not found`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("sftp does not say %q:\n%s", want, out)
		}
	}
}
