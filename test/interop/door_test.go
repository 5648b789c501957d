package interop

import (
	"net"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestTooManySessions: real clients say why they are not let in.
func TestTooManySessions(t *testing.T) {
	key := sshKey(t, "-t", "ed25519")
	d := serve(t, furnish(t), "--sftp", "0", "--authorized-keys", peerUser+"="+key+".pub", "--max-sessions-per-address", "1")
	ssh, ftp := d.speaking(t, "sftp"), d.speaking(t, "ftp")
	ssh.user, ssh.identity = peerUser, key
	place, err := net.Dial("tcp", net.JoinHostPort(ftp.host, ftp.port))
	if err != nil {
		t.Fatal(err)
	}
	defer place.Close()
	if _, err := place.Read(make([]byte, 1)); err != nil { // it is taken
		t.Fatal(err)
	}
	loud := slices.DeleteFunc(openSSHOptions(ssh), func(o string) bool { return o == "-q" })
	for _, c := range []struct {
		cmd  *exec.Cmd
		code int
	}{
		{exec.Command(peer(t, "ssh"), append(loud, "-p", ssh.port, ssh.user+"@"+ssh.host)...), 255},
		{exec.Command(peer(t, "curl"), "-sv", "ftp://"+net.JoinHostPort(ftp.host, ftp.port)+"/"), 28},
	} {
		out, code := runAny(t, c.cmd)
		if code != c.code || !strings.Contains(out, "Too many sessions from your address") {
			t.Errorf("%s: exit code %d\n%s", c.cmd.Args[0], code, out)
		}
	}
}

// TestKeysAreNoGuesses: OpenSSH offers what keys it has, and is not banned for it.
func TestKeysAreNoGuesses(t *testing.T) {
	e := endpoint{identity: sshKey(t, "-t", "ed25519")}
	key := sshKey(t, "-t", "ed25519")
	d := serve(t, furnish(t), "--sftp", "0", "--authorized-keys", peerUser+"="+key+".pub", "--ban-after", "1").speaking(t, "sftp")
	for range 3 {
		cmd := exec.Command(peer(t, "sftp"), append(openSSHOptions(e), "-i", sshKey(t, "-t", "ed25519"), "-i", key, "-P", d.port, "-b", "-", peerUser+"@"+d.host)...)
		cmd.Stdin = strings.NewReader("pwd\n")
		if out, code := runAny(t, cmd); code != 0 {
			t.Errorf("exit code %d\n%s", code, out)
		}
	}
}
