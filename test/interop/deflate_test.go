package interop

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestModeZ packs what goes over the wire, and lets nobody unpack more than is allowed.
func TestModeZ(t *testing.T) {
	peer(t, "lftp")
	c := lftp("lftp", plain, "ftp:use-mode-z true")
	root, local := folder(t), t.TempDir()
	e := serve(t, root, "--user", "user:12345", "--write", "--deflate", "--deflate-limit", "1M").speaking(t, "ftp")
	e.user, e.password = "user", "12345"
	content := bytes.Repeat([]byte("interface Vlan1\n"), 50_000)
	in, out := filepath.Join(local, "config"), filepath.Join(local, "back")
	if err := os.WriteFile(in, content, 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, c.put(e, in, "config"))
	run(t, c.get(e, "config", out))
	sameText(t, filepath.Join(root, "config"), string(content))
	sameText(t, out, string(content))
	for _, op := range []string{"write", "read"} {
		got := e.events.expect(t, transferred(op, "/config", anyBytes))
		if got.Bytes == 0 || got.Bytes > int64(len(content))/50 {
			t.Errorf("%s of %d octets took %d on the wire", op, len(content), got.Bytes)
		}
	}
	if err := os.WriteFile(in, make([]byte, 1<<20+1), 0o644); err != nil {
		t.Fatal(err)
	}
	if said, code := runAny(t, c.put(e, in, "bomb")); code == 0 {
		t.Errorf("more than the limit was taken: %s", said)
	}
	if _, err := os.Stat(filepath.Join(root, "bomb")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of what was refused there is a file: %v", err)
	}
}
