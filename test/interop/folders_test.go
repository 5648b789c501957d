package interop

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFolders has real clients live in a home with a quota and a mounted folder: what fits
// is stored, what does not leaves nothing behind, what is mounted does not count, and nothing
// moves from one folder to the other. In the end sha256sum agrees with the digests that were
// kept.
func TestFolders(t *testing.T) {
	root, images := folder(t), folder(t)
	err := errors.Join(os.Mkdir(filepath.Join(root, "home"), 0o755), os.WriteFile(filepath.Join(images, "file"), []byte("for all\n"), 0o644))
	if err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(root, "home", peerUser)
	key := sshKey(t, "-t", "ed25519")
	d := serve(t, root, "--write", "--sftp", "0", "--user", peerUser+":"+peerPassword, "--authorized-keys", peerUser+"="+key+".pub",
		"--home", "/home/{user}", "--make-homes", "--mount", "/images="+images, "--quota-user-bytes", "100K")
	hostKey := fingerprint(t, filepath.Join(d.state, "ssh_host_ed25519_key"))
	speaking := func(t *testing.T, protocol string) endpoint {
		e := d.speaking(t, protocol)
		e.user, e.password = peerUser, peerPassword
		if protocol == "sftp" {
			e.identity, e.hostKey = key, hostKey
		}
		return e
	}
	small, large := filepath.Join(folder(t), "small"), filepath.Join(folder(t), "large")
	content := bytes.Repeat([]byte("0123456789abcdef"), 64)
	if err := errors.Join(os.WriteFile(small, content, 0o644), os.WriteFile(large, bytes.Repeat(content, 200), 0o644)); err != nil {
		t.Fatal(err)
	}
	t.Run("clients", func(t *testing.T) {
		for _, c := range []client{curl("curl", "ftp"), lftp("lftp", plain), sftpOf("sftp"), scpOf("scp"), scpOf("scp -O", "-O"), psftp()} {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				peer(t, c.program)
				e, name := speaking(t, c.protocol), strings.ReplaceAll(c.name, " ", "")
				run(t, c.put(e, small, name))
				if out, code := runAny(t, c.put(e, large, "too-large-"+name)); code == 0 {
					t.Errorf("what is over the quota was taken\n%s", out)
				}
				run(t, c.put(e, large, "images/"+name))
				for path, want := range map[string]int{filepath.Join(home, name): 1 << 10, filepath.Join(images, name): 200 << 10} {
					if b, err := os.ReadFile(path); len(b) != want {
						t.Errorf("%s has %d bytes, %v; want %d", path, len(b), err, want)
					}
				}
				if _, err := os.Lstat(filepath.Join(home, "too-large-"+name)); err == nil {
					t.Error("something is left of what was over the quota")
				}
				got := filepath.Join(t.TempDir(), "got")
				run(t, c.get(e, "images/file", got))
			})
		}
	})
	t.Run("moves", func(t *testing.T) {
		e := speaking(t, "sftp")
		cmd := exec.Command("sftp", append(openSSHOptions(e), "-P", e.port, "-b", "-", e.user+"@"+e.host)...)
		cmd.Stdin = strings.NewReader("put " + small + " moved\ndf images\nrename moved images/moved\n")
		peer(t, cmd.Args[0])
		if out, code := runAny(t, cmd); code == 0 || !strings.Contains(out, "Avail") {
			t.Errorf("exit code %d\n%s", code, out)
		}
		if _, err := os.Lstat(filepath.Join(home, "moved")); err != nil {
			t.Error(err)
		}
	})
	stored, err := filepath.Glob(filepath.Join(root, "home", "*", "*"))
	if err != nil || len(stored) < 7 {
		t.Fatalf("there are %q, %v", stored, err)
	}
	all := append([]string{"hash"}, stored...)
	if out := run(t, exec.Command(drayPath, append([]string{"hash", "--json"}, stored...)...)); strings.Contains(out, `"kept":false`) {
		t.Errorf("not all digests are kept\n%s", out)
	}
	check := exec.Command("sha256sum", "--check", "--strict", "--quiet")
	check.Stdin = strings.NewReader(run(t, exec.Command(drayPath, all...)))
	run(t, check)
}
