package hostkeys_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"

	"dray/internal/hostkeys"
)

// TestKeep: what is made once is there for ever, and nobody else can read it.
func TestKeep(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	set, err := hostkeys.Keep(dir)
	if err != nil || !set.Fresh || len(set.Signers) != 3 {
		t.Fatalf("%+v, %v", set, err)
	}
	keys := set.Signers
	for i, want := range []string{ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoRSA} {
		if got := keys[i].PublicKey().Type(); got != want {
			t.Errorf("key %d is %s; want %s", i, got, want)
		}
	}
	again, err := hostkeys.Keep(dir)
	if err != nil || again.Fresh {
		t.Fatalf("fresh once more, %v", err)
	}
	for i, line := range set.Fingerprints() {
		if want := ssh.FingerprintSHA256(keys[i].PublicKey()); !strings.HasSuffix(line, want) {
			t.Errorf("%s; want %s", line, want)
		}
	}
	if set.Art() != hostkeys.Art(keys[0].PublicKey()) {
		t.Error("the drawing is not that of the first key")
	}
	for i := range keys {
		if !bytes.Equal(keys[i].PublicKey().Marshal(), again.Signers[i].PublicKey().Marshal()) {
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

// TestKeepTogether: several processes that start at once agree. The RSA key, which takes
// its time to be made, is there already.
func TestKeepTogether(t *testing.T) {
	dir := t.TempDir()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, hostkeys.RSAFile), pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	var all [4]*hostkeys.Set
	var group sync.WaitGroup
	for i := range all {
		group.Go(func() {
			var err error
			if all[i], err = hostkeys.Keep(dir); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, other := range all[1:] {
		for i, key := range other.Signers {
			if !bytes.Equal(key.PublicKey().Marshal(), all[0].Signers[i].PublicKey().Marshal()) {
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
	if _, err := hostkeys.Keep(dir); err == nil || !bytes.Contains([]byte(err.Error()), []byte(name)) {
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
