//go:build unix

package config

import (
	"os"
	"syscall"
)

// ours reports whether a file belongs to this user or to root, and only its owner and
// group may write it.
func ours(name string) bool {
	info, err := os.Stat(name)
	if err != nil {
		return true // opening it will say
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	return ok && (owner.Uid == 0 || int(owner.Uid) == os.Geteuid()) && info.Mode()&0o002 == 0
}
