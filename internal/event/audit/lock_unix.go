//go:build linux || darwin || freebsd || netbsd || openbsd

package audit

import (
	"fmt"
	"os"
	"syscall"
)

// lock takes a file for this process, as long as it is open.
func lock(f *os.File) error {
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("%s is written by another process: %w", f.Name(), err)
	}
	return nil
}

// syncFolder forces the names in a folder to the disk.
func syncFolder(dir string) {
	if f, err := os.Open(dir); err == nil {
		_ = f.Sync() // some file systems cannot, and need not
		f.Close()
	}
}
