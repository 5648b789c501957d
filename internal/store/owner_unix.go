//go:build unix

package store

import (
	"os"
	"syscall"
)

// likeFolder gives a file that root has made to the owner of its folder.
func likeFolder(f *os.File, dir string) error {
	info, err := os.Stat(dir)
	if err != nil || os.Geteuid() != 0 {
		return err
	}
	if of, ok := info.Sys().(*syscall.Stat_t); ok {
		return f.Chown(int(of.Uid), int(of.Gid))
	}
	return nil
}
