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

// TestTFTPPolicy has the clients of others meet rules, names in another case, what is made
// for them, and the bounds of uploads.
func TestTFTPPolicy(t *testing.T) {
	for _, c := range []client{
		tftpHPA("octet"), curl("curl", "tftp"), curl("curl without options", "tftp", "--tftp-no-options"),
		atftp("atftp"), atftp("atftp tsize", "tsize 0", "blksize 1428"),
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			peer(t, c.program)
			meetPolicy(t, c)
		})
	}
}

const policySettings = `
tftp:
  write: create
  upload-folder: in
  max-upload: 100K
  quota-bytes: 150K
  fold-case: true
  map-file: MAP
  hosts: [{name: lab, ip: 127.0.0.1}]
  provision:
    - match: network-confg
      template: "hostname {{.Hostname}}\nip {{.IP}}\n"
    - match: "*.sh"
      program: [/bin/sh, -c, 'echo "$TFTP_NAME for $TFTP_HOSTNAME"']
`

func meetPolicy(t *testing.T, c client) {
	root, local := folder(t), t.TempDir()
	rules, settings := filepath.Join(local, "rules"), filepath.Join(local, "settings.yaml")
	err := errors.Join(
		os.MkdirAll(filepath.Join(root, "Boot"), 0o755),
		os.Mkdir(filepath.Join(root, "in"), 0o755),
		os.WriteFile(filepath.Join(root, "Boot", "BCD"), []byte("boot\n"), 0o644),
		os.WriteFile(rules, []byte("rG ^startup-config$ Boot/BCD\naG ^secret no\n"), 0o644),
		os.WriteFile(settings, bytes.Replace([]byte(policySettings), []byte("MAP"), []byte(rules), 1), 0o644),
	)
	if err != nil {
		t.Fatal(err)
	}
	e := serve(t, root, "--config", settings).speaking(t, "tftp")

	for name, want := range map[string]string{
		"startup-config": "boot\n",
		"boot/bcd":       "boot\n",
		`\BOOT\bcd`:      "boot\n",
		"network-confg":  "hostname lab\nip 127.0.0.1\n",
		"x.sh":           "x.sh for lab\n",
	} {
		got := filepath.Join(local, "got")
		run(t, c.get(e, name, got))
		sameText(t, got, want)
	}
	refused(t, c.get(e, "secret", filepath.Join(local, "secret")))

	in := func(name string) string { return filepath.Join(root, "in", name) }
	small, large := filepath.Join(local, "small"), filepath.Join(local, "large")
	if err := errors.Join(os.WriteFile(small, make([]byte, 90<<10), 0o644), os.WriteFile(large, make([]byte, 101<<10), 0o644)); err != nil {
		t.Fatal(err)
	}
	run(t, c.put(e, small, "in/first"))
	e.events.expect(t, transferred("write", "/in/first", 90<<10))
	refused(t, c.put(e, large, "in/large"))  // over the largest
	refused(t, c.put(e, small, "in/second")) // over the quota
	refused(t, c.put(e, rules, "in/first"))  // there already
	refused(t, c.put(e, rules, "elsewhere"))
	run(t, c.put(e, rules, "in/third"))
	e.events.expect(t, event{Msg: "transfer", Op: "write", Path: "/in/third", Outcome: "ok", Bytes: anyBytes})
	if i, err := os.Stat(in("first")); err != nil || i.Size() != 90<<10 {
		t.Errorf("what was stored is no longer there: %v", err)
	}
	left, err := os.ReadDir(filepath.Join(root, "in"))
	if err != nil || len(left) != 2 {
		t.Errorf("refused uploads have left something: %v, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(root, "elsewhere")); err == nil {
		t.Error("an upload went elsewhere")
	}
}

// refused runs a transfer that must fail.
func refused(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if out, code := runAny(t, cmd); code == 0 && !strings.Contains(out, "Error code") {
		t.Errorf("%q: was served\n%s", cmd.Args, out)
	}
}
