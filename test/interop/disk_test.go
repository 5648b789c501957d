package interop

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// TestFullDisk has an upload outgrow a disk. The client must be told why, the file that was
// there must stay as it was, nothing else may be left, and the next upload must work.
func TestFullDisk(t *testing.T) {
	old := bytes.Repeat([]byte("old "), 50_000)
	for _, row := range []struct {
		client client
		server server
		full   []int // exit codes
	}{
		{curl("curl", "ftp"), drayFTP, []int{55, 70}}, // 55 if the data connection ends before it reads the reply
		{curl("curl", "tftp"), drayTFTP, []int{70}},
		{dray("ftp"), drayFTP, []int{70}},
		{dray("tftp"), drayTFTP, []int{70}},
	} {
		t.Run(row.server.protocol+" "+row.client.name, func(t *testing.T) {
			t.Parallel()
			peer(t, row.client.program)
			root := folder(t)
			mount(t, root)
			if err := os.WriteFile(filepath.Join(root, "old.bin"), old, 0o644); err != nil {
				t.Fatal(err)
			}
			e := row.server.start(t, root)

			big := files[len(files)-1]
			out, code := runAny(t, row.client.put(e, big.path(), "old.bin"))
			if !slices.Contains(row.full, code) {
				t.Errorf("exit code %d, want one of %d:\n%s", code, row.full, out)
			}
			e.events.expect(t, event{Msg: "transfer", Op: "write", Path: "/old.bin", Outcome: "failed", Bytes: anyBytes})
			if got, err := os.ReadFile(filepath.Join(root, "old.bin")); err != nil || !bytes.Equal(got, old) {
				t.Errorf("the old file has changed: %d bytes, %v", len(got), err)
			}
			entries, err := os.ReadDir(root)
			if err != nil || len(entries) != 1 {
				t.Errorf("left over: %v, %v", entries, err)
			}

			small := files[len(files)-2]
			run(t, row.client.put(e, small.path(), "old.bin"))
			small.compare(t, filepath.Join(root, "old.bin"))
		})
	}
}

// mount puts a disk of one mebibyte at dir.
func mount(t *testing.T, dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=1m,mode=0755", "tmpfs", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("mount: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v\n%s", err, out)
		}
		if _, err := os.Stat(filepath.Join(dir, "old.bin")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("still mounted: %v", err)
		}
	})
}
