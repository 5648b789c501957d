package userkeys_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"dray/internal/userkeys"
)

const (
	amys = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPo4WgkQAu4uqPVhkp3FUHaSK3yYrPHPhKgeFYHcGLey amy"
	bobs = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUeCSbMyTbFIdFyw4qV5n4/J4RTtFymglBC0FX19X4j"
)

func key(t *testing.T, line string) ssh.PublicKey {
	t.Helper()
	k, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestRing(t *testing.T) {
	var one, all userkeys.Ring
	if err := one.AddFile("amy", file(t, amys)); err != nil {
		t.Fatal(err)
	}
	live := userkeys.Ring{Lines: func(user string) []string {
		return map[string][]string{"amy": {"nonsense", bobs, amys}, "bob": {bobs}}[user]
	}}
	if err := all.AddFile("", file(t, "# ours\n\n"+amys+"\nrestrict,no-pty "+bobs+"\n")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		ring *userkeys.Ring
		user string
		key  string
		want bool
	}{
		{&one, "amy", amys, true}, {&one, "bob", amys, false}, {&one, "amy", bobs, false}, {&one, "", amys, false},
		{&all, "amy", amys, true}, {&all, "bob", amys, true}, {&all, "bob", bobs, true},
		{&live, "amy", amys, true}, {&live, "amy", bobs, true}, {&live, "bob", amys, false}, {&live, "", amys, false},
		{new(userkeys.Ring), "amy", amys, false},
	} {
		if got := c.ring.Authorized(c.user, key(t, c.key)); got != c.want {
			t.Errorf("%s with %s: %v", c.user, c.key, got)
		}
	}
	if one.Len() != 1 || all.Len() != 2 {
		t.Errorf("%d and %d keys", one.Len(), all.Len())
	}
}

func TestParse(t *testing.T) {
	for line, taken := range map[string]bool{
		amys: true, " " + bobs + "\n": true, "": false, "nonsense": false, amys + "\n" + bobs: false, "cert-authority " + amys: false,
	} {
		if k, err := userkeys.Parse(line); (err == nil) != taken || err == nil && k.Type() != "ssh-ed25519" {
			t.Errorf("%q: %v", line, err)
		}
	}
}

// TestWhatIsNotTaken names the place.
func TestWhatIsNotTaken(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "keys: there is no key",
		"# nothing\n":                     "keys: there is no key",
		amys + "\nnonsense\n":             "keys:2: this is no public key",
		`from="192.0.2.*" ` + amys:        `keys:1: the option from="192.0.2.*" is not kept`,
		`command="ls" ` + amys:            "keys:1: the option command",
		"cert-authority " + amys:          "keys:1: the option cert-authority",
		`expiry-time="20300101" ` + amys:  "keys:1: the option expiry-time",
		"-----BEGIN OPENSSH PRIVATE KEY-": "keys:1: this is no public key",
	} {
		if err := new(userkeys.Ring).AddFile("amy", file(t, text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %s", text, err, want)
		}
		if _, err := userkeys.Authorities(file(t, text)); err == nil {
			t.Errorf("%q is an authority", text)
		}
	}
	if keys, err := userkeys.Authorities(file(t, amys)); err != nil || len(keys) != 1 {
		t.Errorf("%d authorities, %v", len(keys), err)
	}
}
