package interop

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const secret = "nobody may read this"

// TestConfinement has real clients ask for what lies beside the served folder, and for what
// is no file. Nothing may come out, nothing may appear outside, and no request may hang
// the server.
func TestConfinement(t *testing.T) {
	reads := []string{
		"../secret", "sub/../../secret", "..\\secret", "/../secret", "%2e%2e/secret",
		"link", "absolute", "away/secret", "fifo", "sub",
	}
	writes := []string{"../evil", "sub/../../evil", "..\\evil", "away/evil", "link", "fifo"}
	for _, row := range []struct {
		client client
		server server
	}{
		{curl("curl", "ftp", "--path-as-is"), drayFTP},
		{curl("curl one CWD", "ftp", "--path-as-is", "--ftp-method", "nocwd"), drayFTP},
		{lftp("lftp", plain), drayFTP},
		{inetutilsFTP(), drayFTP},
		{ftplib("ftplib", ""), drayFTP},
		{curl("curl", "tftp", "--path-as-is"), drayTFTP},
		{tftpHPA("octet"), drayTFTP},
		{atftp("atftp"), drayTFTP},
		{busyboxTFTP("busybox"), drayTFTP},
	} {
		t.Run(row.server.protocol+" "+row.client.name, func(t *testing.T) {
			t.Parallel()
			peer(t, row.client.program)
			outside, root := prison(t)
			e := row.server.start(t, root)
			for _, name := range reads {
				t.Run("get "+name, func(t *testing.T) {
					got := filepath.Join(t.TempDir(), "got")
					out, _ := runAny(t, row.client.get(e, name, got))
					content, err := os.ReadFile(got)
					if err != nil && !errors.Is(err, fs.ErrNotExist) {
						t.Fatal(err)
					}
					if bytes.Contains(content, []byte(secret)) {
						t.Errorf("the secret came out:\n%s", out)
					}
				})
			}
			for _, name := range writes {
				t.Run("put "+name, func(t *testing.T) {
					runAny(t, row.client.put(e, files[1].path(), name))
					entries, err := os.ReadDir(outside)
					if err != nil || len(entries) != 2 {
						t.Errorf("written outside: %v, %v", entries, err)
					}
				})
			}
			got := filepath.Join(t.TempDir(), "got")
			run(t, row.client.get(e, "sub/allowed", got))
			content, err := os.ReadFile(got)
			if err != nil || string(content) != "allowed\n" {
				t.Errorf("afterwards: %q, %v", content, err)
			}
			if content, err := os.ReadFile(filepath.Join(outside, "secret")); err != nil || string(content) != secret {
				t.Errorf("the secret is now %q, %v", content, err)
			}
		})
	}
}

// prison returns a folder with a secret and the folder "served" in it, which holds ways out.
func prison(t *testing.T) (outside, root string) {
	t.Helper()
	outside = folder(t)
	root = filepath.Join(outside, "served")
	err := errors.Join(
		os.WriteFile(filepath.Join(outside, "secret"), []byte(secret), 0o644),
		os.MkdirAll(filepath.Join(root, "sub"), 0o755),
		os.WriteFile(filepath.Join(root, "sub", "allowed"), []byte("allowed\n"), 0o644),
		os.Symlink("../secret", filepath.Join(root, "link")),
		os.Symlink(filepath.Join(outside, "secret"), filepath.Join(root, "absolute")),
		os.Symlink("..", filepath.Join(root, "away")),
		exec.Command("mkfifo", filepath.Join(root, "fifo")).Run(),
	)
	if err != nil {
		t.Fatal(err)
	}
	return outside, root
}
