package hostkeys_test

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"

	"dray/internal/hostkeys"
)

// TestKeep: what is made once is there for ever, and nobody else can read it.
func TestKeep(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	keys, fresh, err := hostkeys.Keep(dir)
	if err != nil || !fresh || len(keys) != 3 {
		t.Fatalf("%d keys, fresh %v, %v", len(keys), fresh, err)
	}
	for i, want := range []string{ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoRSA} {
		if got := keys[i].PublicKey().Type(); got != want {
			t.Errorf("key %d is %s; want %s", i, got, want)
		}
	}
	again, fresh, err := hostkeys.Keep(dir)
	if err != nil || fresh {
		t.Fatalf("fresh %v, %v", fresh, err)
	}
	for i := range keys {
		if !bytes.Equal(keys[i].PublicKey().Marshal(), again[i].PublicKey().Marshal()) {
			t.Errorf("key %d is another", i)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 3 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		if i, err := f.Info(); err != nil || i.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f.Name(), i.Mode(), err)
		}
	}
}

// TestKeepTogether: several processes that start at once agree.
func TestKeepTogether(t *testing.T) {
	dir := t.TempDir()
	var all [2][]ssh.Signer
	var group sync.WaitGroup
	for i := range all {
		group.Go(func() {
			var err error
			if all[i], _, err = hostkeys.Keep(dir); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, keys := range all[1:] {
		for i := range keys {
			if !bytes.Equal(keys[i].PublicKey().Marshal(), all[0][i].PublicKey().Marshal()) {
				t.Error("two keys in one folder")
			}
		}
	}
}

// TestKeepReplacesNothing: a key that cannot be read is an error with its name.
func TestKeepReplacesNothing(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, hostkeys.ECDSAFile)
	if err := os.WriteFile(name, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := hostkeys.Keep(dir); err == nil || !bytes.Contains([]byte(err.Error()), []byte(name)) {
		t.Errorf("error %v; want one about %s", err, name)
	}
	if text, err := os.ReadFile(name); err != nil || string(text) != "no key" {
		t.Errorf("the file is now %q, %v", text, err)
	}
}

// TestArt: as ssh-keygen -lv draws it.
func TestArt(t *testing.T) {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(artKey))
	if err != nil {
		t.Fatal(err)
	}
	if got := hostkeys.Art(key); got != artWant {
		t.Errorf("got\n%s\nwant\n%s", got, artWant)
	}
}

// A key, and what ssh-keygen -lv draws of it.
const (
	artKey  = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO7Gx7itAL5+ZXeD2E3cHIEUaS1IgKuJmxVZ7EDW6ogv"
	artWant = `+--[ED25519 256]--+
|    o..ooo.o= **&|
|   o.+. . .+o= O=|
|  . ...    o. =o*|
|   . .       . +o|
|    o   S     o  |
|     . .     o . |
|      .     . o. |
|            ...+.|
|             =*oE|
+----[SHA256]-----+`
)
