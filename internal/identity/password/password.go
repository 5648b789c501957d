// Package password makes hashes of passwords and compares passwords with them.
//
// It makes argon2id (RFC 9106) in the PHC string format. It also takes what other programs
// have made: bcrypt ($2a$, $2b$, $2y$), and of crypt(3) yescrypt ($y$), SHA-512 ($6$),
// SHA-256 ($5$) and MD5 ($1$). It takes no DES, no plain digest and no plain text, and
// nothing that would take more than 256 MiB of memory.
package password

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/go-crypt/x/crypt"
	"github.com/go-crypt/x/yescrypt"
	"golang.org/x/crypto/bcrypt"
)

// MaxLength is the most octets that a password has.
const MaxLength = 1024

// ErrLength is a password that is empty or too long.
var ErrLength = errors.New("want a password of 1 to 1024 octets")

// errForm is the error about a hash. It does not show it.
var errForm = errors.New("want a hash of a password: argon2id, bcrypt, or of crypt(3) $y$, $6$, $5$ or $1$")

// Hash returns a hash of a password: argon2id with a salt of its own. It takes 19 MiB of
// memory for the time of it.
func Hash(clear string) (string, error) {
	if clear == "" || len(clear) > MaxLength {
		return "", ErrLength
	}
	a := usual()
	a.salt = make([]byte, 16)
	rand.Read(a.salt) // never fails
	a.key = make([]byte, 32)
	a.key = a.sum(clear)
	return a.String(), nil
}

// digestPrefix begins what Digest returns.
const digestPrefix = "$digest$"

// Digest returns what [Verify] compares a password with at once: a keyed digest. It is for
// a password that the process has in clear anyway, and never to be kept.
func Digest(clear string) string {
	key := make([]byte, 16)
	rand.Read(key) // never fails
	return digestPrefix + encode(key) + "$" + encode(keyed(key, clear))
}

// Cheap reports whether comparing with a hash takes next to no time: then it is what Digest
// returned, or no hash.
func Cheap(hash string) bool {
	return strings.HasPrefix(hash, digestPrefix) || Check(hash) != nil
}

// Kind is the name of what a hash was made by, "" if it is no hash.
func Kind(hash string) string {
	if Check(hash) != nil {
		return ""
	}
	kind, _, _ := strings.Cut(hash[1:], "$")
	switch kind {
	case "y":
		return "yescrypt"
	case "6":
		return "sha512crypt"
	case "5":
		return "sha256crypt"
	case "1":
		return "md5crypt"
	case "argon2id":
		return kind
	}
	return "bcrypt"
}

// Check returns why a hash cannot be used, nil if it can. What Digest returns cannot: it is
// not to be kept.
func Check(hash string) error {
	_, err := parse(hash)
	return err
}

// Verify reports whether the password is that of the hash. With a hash that is none it is
// not.
func Verify(hash, clear string) bool {
	if clear == "" || len(clear) > MaxLength {
		return false
	}
	if rest, ok := strings.CutPrefix(hash, digestPrefix); ok {
		key, sum, _ := strings.Cut(rest, "$")
		salt, err := decode(key)
		return err == nil && sum != "" && equal(encode(keyed(salt, clear)), sum)
	}
	same, err := parse(hash)
	return err == nil && same(clear)
}

// Burn takes as long as Verify does with what Hash has made.
func Burn() {
	a := usual()
	a.salt, a.key = make([]byte, 16), make([]byte, 32)
	a.sum("")
}

func keyed(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func encode(b []byte) string          { return base64.RawStdEncoding.EncodeToString(b) }
func decode(s string) ([]byte, error) { return base64.RawStdEncoding.Strict().DecodeString(s) }

// parse returns what compares a password with a hash.
func parse(hash string) (same func(clear string) bool, err error) {
	kind, rest, found := strings.Cut(strings.TrimPrefix(hash, "$"), "$")
	if !found || !strings.HasPrefix(hash, "$") {
		return nil, errForm
	}
	switch kind {
	case "argon2id":
		a, err := parseArgon2(rest)
		return a.same, err
	case "2a", "2b", "2y":
		return parseBcrypt(hash)
	case "y":
		return parseYescrypt(hash)
	case "5":
		return parseSHA(rest, 43, func(clear, salt string, rounds int) []byte {
			return crypt.KeySHACrypt(sha256.New, []byte(clear), []byte(salt), rounds)
		})
	case "6":
		return parseSHA(rest, 86, func(clear, salt string, rounds int) []byte {
			return crypt.KeySHACrypt(sha512.New, []byte(clear), []byte(salt), rounds)
		})
	case "1":
		salt, sum, _ := strings.Cut(rest, "$")
		if len(salt) > 8 || len(sum) != 22 {
			return nil, errForm
		}
		return func(clear string) bool {
			return equal(string(crypt.KeyMD5Crypt([]byte(clear), []byte(salt))), sum)
		}, nil
	}
	return nil, errForm
}

// maxBcrypt is the most that a hash may cost: seconds.
const maxBcrypt = 16

func parseBcrypt(hash string) (func(string) bool, error) {
	cost, err := bcrypt.Cost([]byte(hash))
	if err != nil || len(hash) != 60 || cost > maxBcrypt {
		return nil, errForm
	}
	return func(clear string) bool { return bcrypt.CompareHashAndPassword([]byte(hash), []byte(clear)) == nil }, nil
}

// maxYescrypt is the most memory that a hash may take, in octets.
const maxYescrypt = 256 << 20

func parseYescrypt(hash string) (func(string) bool, error) {
	parts := strings.Split(hash, "$") // "", y, parameters, salt, sum
	if len(parts) != 5 || len(parts[3]) > 86 || len(parts[4]) != 43 {
		return nil, errForm
	}
	_, log, r, err := yescrypt.DecodeSetting([]byte(parts[2]))
	if err != nil || log < 10 || log > 18 || r < 1 || r > 32 || r<<log > maxYescrypt/128 || yescrypt.Decode64([]byte(parts[3])) == nil {
		return nil, errForm
	}
	return func(clear string) bool {
		sum, err := yescrypt.Hash([]byte(clear), []byte(hash))
		return err == nil && equal(string(sum), hash)
	}, nil
}

// parseSHA takes [rounds=N$]SALT$SUM, SUM having size characters.
func parseSHA(rest string, size int, key func(clear, salt string, rounds int) []byte) (func(string) bool, error) {
	rounds := 5000
	if text, after, ok := strings.Cut(rest, "$"); ok && strings.HasPrefix(text, "rounds=") {
		var err error
		if rounds, err = number(strings.TrimPrefix(text, "rounds="), 1000, 5_000_000); err != nil {
			return nil, err
		}
		rest = after
	}
	salt, sum, _ := strings.Cut(rest, "$")
	if len(salt) > 16 || len(sum) != size {
		return nil, errForm
	}
	return func(clear string) bool { return equal(string(key(clear, salt, rounds)), sum) }, nil
}
