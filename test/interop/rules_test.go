package interop

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// house is one folder to read, one to put things into, and one that nobody is to know of.
const house = `rules:
  - {paths: [/secret], deny: all}
  - {paths: [/drop], allow: [write, stat]}
  - {paths: [/drop], deny: all}
  - {paths: [/pub], deny: change}
`

// TestRules has real clients live under rules: what they may do works, whatever they ask
// besides for it, and what they may not do leaves nothing behind.
func TestRules(t *testing.T) {
	settings := filepath.Join(folder(t), "dray.yaml")
	root := folder(t)
	err := os.WriteFile(settings, []byte(house), 0o600)
	for _, dir := range []string{"pub", "drop", "secret"} {
		err = errors.Join(err, os.Mkdir(filepath.Join(root, dir), 0o755))
	}
	err = errors.Join(err, os.WriteFile(filepath.Join(root, "pub", "file"), []byte("for all\n"), 0o644),
		os.WriteFile(filepath.Join(root, "secret", "file"), []byte(secret), 0o644), os.Symlink("../secret", filepath.Join(root, "pub", "link")))
	if err != nil {
		t.Fatal(err)
	}
	key := sshKey(t, "-t", "ed25519")
	d := serve(t, root, "--config", settings, "--write", "--sftp", "0", "--user", peerUser+":"+peerPassword, "--authorized-keys", peerUser+"="+key+".pub")
	hostKey := fingerprint(t, filepath.Join(d.state, "ssh_host_ed25519_key"))
	for _, c := range []client{
		curl("curl", "ftp"), lftp("lftp", plain), sftpOf("sftp"), scpOf("scp"), scpOf("scp -O", "-O"), psftp(), curl("curl tftp", "tftp"), tftpHPA("octet"),
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			peer(t, c.program)
			e := d.speaking(t, c.protocol)
			if c.protocol != "tftp" {
				e.user, e.password = peerUser, peerPassword
			}
			if c.protocol == "sftp" {
				e.identity, e.hostKey = key, hostKey
			}
			for name, want := range map[string]string{"pub/file": "for all\n", "secret/file": "", "pub/link/file": ""} {
				got := filepath.Join(t.TempDir(), "got")
				out, _ := runAny(t, c.get(e, name, got))
				if content, _ := os.ReadFile(got); string(content) != want {
					t.Errorf("%s is %q\n%s", name, content, out)
				}
			}
			sent := filepath.Join(t.TempDir(), "sent")
			if err := os.WriteFile(sent, []byte(secret), 0o644); err != nil {
				t.Fatal(err)
			}
			name := strings.ReplaceAll(c.name, " ", "")
			run(t, c.put(e, sent, "drop/"+name))
			if content, err := os.ReadFile(filepath.Join(root, "drop", name)); string(content) != secret {
				t.Errorf("the drop has %q, %v", content, err)
			}
			for _, name := range []string{"drop/" + name, "pub/" + name, "secret/" + name, "pub/link/" + name} {
				before, _ := os.ReadFile(filepath.Join(root, name))
				if err := os.WriteFile(sent, []byte("other\n"), 0o644); err != nil {
					t.Fatal(err)
				}
				out, code := runAny(t, c.put(e, sent, name))
				if after, _ := os.ReadFile(filepath.Join(root, name)); !bytes.Equal(before, after) || code == 0 && c.protocol != "tftp" {
					t.Errorf("%s was %q and is %q, exit code %d\n%s", name, before, after, code, out)
				}
			}
			if c.list == nil {
				return
			}
			if out, _ := runAny(t, c.list(e, ".")); strings.Contains(out, "secret") || !strings.Contains(out, "pub") {
				t.Errorf("the folder shows\n%s", out)
			}
		})
	}
}
