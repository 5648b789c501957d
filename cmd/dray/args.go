package main

import (
	"strings"
	"unsafe"
)

// takeArgs copies the arguments and wipes the passwords from the originals, which lie in
// the memory that process lists show. Passwords are in --user NAME:PASSWORD and in
// URLs of the form scheme://user:password@host/.
func takeArgs(args []string) []string {
	taken := make([]string, len(args))
	user := false
	for i, arg := range args {
		taken[i] = strings.Clone(arg)
		switch {
		case user:
			wipeAfter(arg, ":", len(arg))
		case strings.HasPrefix(arg, "--user="):
			wipeAfter(arg, ":", len(arg))
		default:
			if at := userinfoEnd(arg); at > 0 {
				host := strings.Index(arg, "://") + len("://")
				wipeAfter(arg[host:], ":", at-host)
			}
		}
		user = arg == "--user"
	}
	return taken
}

// userinfoEnd returns the index of the "@" that ends the user part of a URL, or -1.
func userinfoEnd(arg string) int {
	_, rest, found := strings.Cut(arg, "://")
	if !found {
		return -1
	}
	authority, _, _ := strings.Cut(rest, "/")
	at := strings.LastIndex(authority, "@")
	if at < 0 {
		return -1
	}
	return len(arg) - len(rest) + at
}

// wipeAfter overwrites what stands behind the first sep in s, up to end.
func wipeAfter(s, sep string, end int) {
	i := strings.Index(s[:end], sep)
	if i < 0 {
		return
	}
	secret := s[i+len(sep) : end]
	b := unsafe.Slice(unsafe.StringData(secret), len(secret))
	for j := range b {
		b[j] = 'x'
	}
}
