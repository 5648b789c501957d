package ftpserver

import (
	"errors"
	"strings"
)

// maxPattern is the longest pattern, in octets: it is held against every name of a
// directory, and no name is longer.
const maxPattern = 255

var errPattern = errors.New("ftpserver: pattern too long")

// hasMeta reports whether a name is a pattern for match.
func hasMeta(name string) bool { return strings.ContainsAny(name, "*?[") }

// match reports whether name matches pattern, where "*" is any run of bytes, "?" one
// byte and "[a-z]", "[!a-z]" one of a set. A "[" that is not closed stands for
// itself. It goes back to the last star only, so that its time is bounded by the product
// of both lengths, whatever the pattern.
func match(pattern, name string) bool {
	star, resume := -1, 0
	p, n := 0, 0
	for n < len(name) {
		if p < len(pattern) && pattern[p] == '*' {
			star, resume = p, n
			p++
			continue
		}
		if width := matchOne(pattern[p:], name[n]); width > 0 {
			p += width
			n++
			continue
		}
		if star < 0 {
			return false
		}
		resume++
		p, n = star+1, resume
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// matchOne matches c with the element that pattern begins with and returns how long that
// element is, 0 if c does not match.
func matchOne(pattern string, c byte) int {
	if pattern == "" {
		return 0
	}
	switch pattern[0] {
	case '?':
		return 1
	case '[':
		if set := setLen(pattern); set > 0 {
			if matchSet(pattern[1:set-1], c) {
				return set
			}
			return 0
		}
	}
	if pattern[0] == c {
		return 1
	}
	return 0
}

// setLen returns the length of the set that pattern begins with, 0 if it is not closed.
// A "]" that comes first is a member.
func setLen(pattern string) int {
	first := 1
	if len(pattern) > 1 && pattern[1] == '!' {
		first = 2
	}
	if first+1 > len(pattern) {
		return 0
	}
	end := strings.IndexByte(pattern[first+1:], ']')
	if end < 0 {
		return 0
	}
	return first + 1 + end + 1
}

func matchSet(set string, c byte) bool {
	not := strings.HasPrefix(set, "!")
	if not {
		set = set[1:]
	}
	for i := 0; i < len(set); i++ {
		low, high := set[i], set[i]
		if i+2 < len(set) && set[i+1] == '-' {
			high = set[i+2]
			i += 2
		}
		if low <= c && c <= high {
			return !not
		}
	}
	return not
}
