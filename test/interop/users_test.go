package interop

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// userCommand runs dray user on the store of a state folder, with this on standard input.
func userCommand(t *testing.T, state, in string, args ...string) {
	t.Helper()
	cmd := exec.Command(drayPath, append(append([]string{"user"}, args...), "--config", "none", "--state-dir", state)...)
	cmd.Stdin = strings.NewReader(in)
	run(t, cmd)
}

// TestUsersOfTheStore has real clients log in as a user who was added with a hash that
// openssl has made, by that password and by a key that comes while the server runs; and
// OpenSSH's sftp end when the user is disabled.
func TestUsersOfTheStore(t *testing.T) {
	state, root := folder(t), folder(t)
	if err := os.WriteFile(filepath.Join(root, "file"), []byte(secret), 0o644); err != nil {
		t.Fatal(err)
	}
	hash := run(t, exec.Command(peer(t, "openssl"), "passwd", "-6", peerPassword))
	userCommand(t, state, hash, "add", peerUser, "--hash-stdin")
	d := serve(t, root, "--state-dir", state, "--sftp", "0", "--write")

	key := sshKey(t, "-t", "ed25519")
	userCommand(t, state, "", "key", "add", peerUser, key+".pub")
	ftp, sftp := d.speaking(t, "ftp"), d.speaking(t, "sftp")
	ftp.user, ftp.password = peerUser, peerPassword
	sftp.user, sftp.identity = peerUser, key
	plain, held := curl("curl", "ftp"), sftpOf("sftp")
	peer(t, plain.program)
	for _, cmd := range []*exec.Cmd{plain.get(ftp, "file", filepath.Join(folder(t), "got")), held.get(sftp, "file", filepath.Join(folder(t), "got"))} {
		run(t, cmd)
	}

	session := held.list(sftp, "/")
	session.Stdin = nil
	in, err := session.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := session.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := session.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Process.Kill() })
	if _, err := in.Write([]byte("ls /\n")); err != nil {
		t.Fatal(err)
	}
	for answer := bufio.NewScanner(out); answer.Scan() && !strings.Contains(answer.Text(), "file"); {
	}
	userCommand(t, state, "", "disable", peerUser)
	sftp.events.expect(t, event{Msg: "sessions ended with their user"})
	_, _ = in.Write([]byte("ls /\n")) // sftp looks no sooner; or it has seen it, and is gone
	if err := session.Wait(); err == nil {
		t.Error("sftp has ended as if it had been told to")
	}
	if out, code := runAny(t, plain.get(ftp, "file", filepath.Join(folder(t), "got"))); code != 67 {
		t.Errorf("curl as a user who is disabled: exit code %d\n%s", code, out)
	}
}
