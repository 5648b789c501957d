// Package secret is passwords as configurations have them: type 5 (the MD5 hash of FreeBSD),
// type 7 (hidden from a glance only) and plain text. It knows no newer types, 8 and 9.
package secret

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"strconv"
	"strings"
)

const saltLetters = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// New returns a password as "secret 5" has it, with a salt of chance.
func New(password string) string {
	var b [4]byte
	rand.Read(b[:])
	salt := ""
	for _, v := range b {
		salt += string(saltLetters[v%64])
	}
	return md5crypt(password, salt)
}

// md5crypt is the password hash of FreeBSD that Cisco calls type 5.
func md5crypt(password, salt string) string {
	pw := []byte(password)
	inner := md5.Sum([]byte(password + salt + password))
	outer := []byte(password + "$1$" + salt)
	for n := len(pw); n > 0; n -= 16 {
		outer = append(outer, inner[:min(n, 16)]...)
	}
	for n := len(pw); n > 0; n >>= 1 {
		if n&1 == 1 {
			outer = append(outer, 0)
		} else {
			outer = append(outer, pw[:1]...)
		}
	}
	sum := md5.Sum(outer)
	for i := range 1000 {
		var b []byte
		add := func(yes bool, what ...byte) {
			if yes {
				b = append(b, what...)
			}
		}
		add(i%2 == 1, pw...)
		add(i%2 == 0, sum[:]...)
		add(i%3 != 0, []byte(salt)...)
		add(i%7 != 0, pw...)
		add(i%2 == 1, sum[:]...)
		add(i%2 == 0, pw...)
		sum = md5.Sum(b)
	}
	var out strings.Builder
	out.WriteString("$1$" + salt + "$")
	for _, t := range [][3]int{{0, 6, 12}, {1, 7, 13}, {2, 8, 14}, {3, 9, 15}, {4, 10, 5}, {-1, -1, 11}} {
		v, digits := uint(sum[t[2]]), 2
		if t[0] >= 0 {
			v, digits = v|uint(sum[t[0]])<<16|uint(sum[t[1]])<<8, 4
		}
		for range digits {
			out.WriteByte(saltLetters[v&63])
			v >>= 6
		}
	}
	return out.String()
}

// Check reports whether a password is the one of a "secret" or "password" with its
// type before it.
func Check(stored, password string) bool {
	kind, value, _ := strings.Cut(stored, " ")
	switch kind {
	case "0":
		return equal(value, password)
	case "5":
		parts := strings.Split(value, "$")
		if len(parts) != 4 {
			return false
		}
		return equal(md5crypt(password, parts[2]), value)
	case "7":
		plain, ok := Reveal(value)
		return ok && equal(plain, password)
	}
	return equal(stored, password)
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// CheckUser does the same with what follows "username NAME", and returns the privilege.
func CheckUser(rest, password string) (level int, ok bool) {
	level = 1
	words := strings.Fields(rest)
	if len(words) > 1 && words[0] == "privilege" {
		level, _ = strconv.Atoi(words[1])
		words = words[2:]
	}
	if len(words) < 2 || words[0] != "secret" && words[0] != "password" {
		return 0, false
	}
	return level, Check(strings.Join(words[1:], " "), password)
}

// veil is the well-known string of type 7, which hides a password from a glance only.
const veil = "dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87"

// Conceal writes a password as type 7.
func Conceal(plain string) string {
	const start = 2
	out := []byte{'0', '0' + start}
	for i := range len(plain) {
		out = append(out, strings.ToUpper(hex.EncodeToString([]byte{plain[i] ^ veil[(start+i)%len(veil)]}))...)
	}
	return string(out)
}

// Reveal undoes Conceal.
func Reveal(hidden string) (string, bool) {
	if len(hidden) < 2 {
		return "", false
	}
	start, err1 := strconv.ParseUint(hidden[:2], 10, 6)
	b, err2 := hex.DecodeString(hidden[2:])
	if err1 != nil || err2 != nil {
		return "", false
	}
	for i := range b {
		b[i] ^= veil[(int(start)+i)%len(veil)]
	}
	return string(b), true
}
