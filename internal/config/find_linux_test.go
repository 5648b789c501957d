package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// TestFolderOutOfReach: in a folder where the user may not look, there is no dray.yaml; one
// that is there and cannot be read is an error, since it may say what must not be allowed.
func TestFolderOutOfReach(t *testing.T) {
	runtime.LockOSThread() // for good: the thread ends with the test
	in := Input{Env: func(string) string { return "" }, System: "/there/is/none"}
	for name, row := range map[string]struct {
		folder fs.FileMode
		want   error
	}{
		"may not look": {0o000, nil},
		"may not read": {0o755, fs.ErrPermission},
	} {
		dir := filepath.Join(t.TempDir(), "here")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, here), []byte("write: true\n"), 0o000); err != nil {
			t.Fatal(err)
		}
		t.Chdir(dir)
		if err := os.Chmod(dir, row.folder); err != nil {
			t.Fatal(err)
		}
		l, err := as(65534, in.Load)
		if !errors.Is(err, row.want) || err == nil && (len(l.Files) > 0 || l.Write) {
			t.Errorf("%s: %v; want %v", name, err, row.want)
		}
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// as calls do with the rights on files of a user, which only root can change.
func as(uid int, do func() (*Loaded, error)) (*Loaded, error) {
	if os.Geteuid() == 0 {
		_ = syscall.Setfsuid(uid)
		defer func() { _ = syscall.Setfsuid(0) }()
	}
	return do()
}
