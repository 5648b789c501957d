package kept

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// An error names the file that was meant, and never the temporary one, so that the same
// trouble has the same words each time; and nothing is left behind.
func TestWriteErrors(t *testing.T) {
	dir := t.TempDir()
	taken, want := filepath.Join(dir, "taken"), "cannot write "+filepath.Join(dir, "taken")+": "
	if err := write(taken, []byte("kept"), 0o600, os.Link); err != nil {
		t.Fatal(err)
	}
	for name, put := range map[string]func(from, to string) error{
		"link": os.Link,
		"path": func(from, _ string) error { return os.Mkdir(from, 0o700) },
		"else": func(string, string) error { return fs.ErrExist },
	} {
		err := write(taken, []byte("lost"), 0o600, put)
		cause := err
		for errors.Unwrap(cause) != nil {
			cause = errors.Unwrap(cause)
		}
		if !errors.Is(err, fs.ErrExist) || err.Error() != want+cause.Error() {
			t.Errorf("%s: error %q; want %q and its cause", name, err, want)
		}
	}
	if text, err := os.ReadFile(taken); err != nil || string(text) != "kept" {
		t.Errorf("the file is now %q, %v", text, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}
