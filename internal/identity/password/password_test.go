package password_test

import (
	"strings"
	"testing"

	"dray/internal/identity/password"
)

// made has hashes of "pass wörd" by others: argon2(1) and crypt(3) of libxcrypt.
func made() map[string]string {
	return map[string]string{
		"argon2id":                 "$argon2id$v=19$m=64,t=1,p=2$c2FsdHNhbHQ$ZMrLlB8cGcrYu2rIyjmt9g",
		"bcrypt 2a":                "$2a$05$abcdefghijklmnopqrstuuQDSF6qSJcy8N/IByZ1MdlzLHQR97r/O",
		"bcrypt 2b":                "$2b$05$abcdefghijklmnopqrstuuQDSF6qSJcy8N/IByZ1MdlzLHQR97r/O",
		"bcrypt 2y":                "$2y$05$abcdefghijklmnopqrstuuQDSF6qSJcy8N/IByZ1MdlzLHQR97r/O",
		"yescrypt":                 "$y$j75$saltsalt$hsVO2eSTRxL.zauzwGjf.7/iOI2UPCD2v6eBQ3mzFL.",
		"yescrypt by default":      "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$NMLwAkgh7k5gV5dTYeDrzTuOjcu5mSD2KabwNva3K43",
		"SHA-512":                  "$6$saltstring$YMidTKeEFc1WPs7FytHgfL.rZQ/qc03RTnHVFa9twOg4No8YdKSkRfmuP2c5QXxDavcdPZMYRJgGGq3YVTlDq0",
		"SHA-512 of a few rounds":  "$6$rounds=1000$x$T4urb3FoI83/QIBWXX4LZPlmdxGbkCL7vdljFczPCP5WhVK2VV3pwsw3cfb0Pc0REAanicdlR7gA3/PZt6at9.",
		"SHA-256":                  "$5$saltstring$s370.ZwxQKBp/5ethNp145IriF/II6SMmUIyH/Bb6TB",
		"SHA-256 of a few rounds":  "$5$rounds=1400$anotherlongsalt$BNjNu4uWTEqWj5WT7VvPZQiX9gdXebBKKmZp2j9cP83",
		"MD5":                      "$1$saltsalt$d8bx2rClEHaETLtmz/uvT.",
		"argon2id of this package": mustHash("pass wörd"),
	}
}

func mustHash(clear string) string {
	hash, err := password.Hash(clear)
	if err != nil {
		panic(err)
	}
	return hash
}

func TestVerify(t *testing.T) {
	for name, hash := range made() {
		if err := password.Check(hash); err != nil || password.Cheap(hash) {
			t.Errorf("%s: %v", name, err)
		}
		for clear, want := range map[string]bool{"pass wörd": true, "pass word": false, "": false} {
			if got := password.Verify(hash, clear); got != want {
				t.Errorf("%s: %q: %v", name, clear, got)
			}
		}
	}
}

// TestHash: two hashes of one password differ, and neither shows it.
func TestHash(t *testing.T) {
	a, b := mustHash("secret"), mustHash("secret")
	if a == b || !strings.HasPrefix(a, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(a, "secret") {
		t.Errorf("%s\n%s", a, b)
	}
	for _, clear := range []string{"", strings.Repeat("x", password.MaxLength+1)} {
		if hash, err := password.Hash(clear); err == nil {
			t.Errorf("%d octets: %s", len(clear), hash)
		}
	}
}

func TestDigest(t *testing.T) {
	hash := password.Digest("secret")
	if !password.Verify(hash, "secret") || password.Verify(hash, "Secret") || password.Verify(hash, "") {
		t.Error("a digest is not that of its password alone")
	}
	if password.Check(hash) == nil || !password.Cheap(hash) {
		t.Error("a digest may be kept")
	}
}

// TestCheckRefuses has what is no hash, and what would take too much.
func TestCheckRefuses(t *testing.T) {
	for _, hash := range []string{
		"", "secret", "$", "$$", "$6$", "$1$saltsalt$", "$0$x$y", "{SHA}xyz", "*", "!",
		"ab1cdefghijkl", // DES
		"$argon2i$v=19$m=64,t=1,p=2$c2FsdHNhbHQ$ZMrLlB8cGcrYu2rIyjmt9g",
		"$argon2id$v=16$m=64,t=1,p=2$c2FsdHNhbHQ$ZMrLlB8cGcrYu2rIyjmt9g",
		"$argon2id$v=19$m=1048576,t=1,p=2$c2FsdHNhbHQ$ZMrLlB8cGcrYu2rIyjmt9g",
		"$argon2id$v=19$m=64,t=0,p=2$c2FsdHNhbHQ$ZMrLlB8cGcrYu2rIyjmt9g",
		"$argon2id$v=19$m=64,t=1,p=256$c2FsdHNhbHQ$ZMrLlB8cGcrYu2rIyjmt9g",
		"$argon2id$v=19$m=64,t=1,p=2$c2FsdHNhbHQ$",
		"$2b$31$abcdefghijklmnopqrstuuQDSF6qSJcy8N/IByZ1MdlzLHQR97r/O",
		"$2b$05$abcdefghijklmnopqrstuu",
		"$y$jFT$saltsalt$hsVO2eSTRxL.zauzwGjf.7/iOI2UPCD2v6eBQ3mzFL.",
		"$6$rounds=999999999$x$T4urb3FoI83/QIBWXX4LZPlmdxGbkCL7vdljFczPCP5WhVK2VV3pwsw3cfb0Pc0REAanicdlR7gA3/PZt6at9.",
	} {
		if password.Check(hash) == nil || password.Verify(hash, "secret") {
			t.Errorf("%s is taken", hash)
		}
	}
}

// FuzzVerify looks for a hash that is taken and cannot be borne.
func FuzzVerify(f *testing.F) {
	for _, hash := range made() {
		f.Add(hash)
	}
	f.Fuzz(func(t *testing.T, hash string) {
		if password.Check(hash) != nil && password.Verify(hash, "pass wörd") {
			t.Errorf("%s is no hash, and has a password", hash)
		}
	})
}
