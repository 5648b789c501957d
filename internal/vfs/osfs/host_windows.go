package osfs

import (
	"io/fs"
	"os"
	"syscall"

	"dray/internal/vfs"
)

// openFlags: an open does not wait on Windows.
const openFlags = 0

// What Windows says instead of ENOSPC, EBUSY and ENOTEMPTY.
const (
	diskFull         = syscall.Errno(112) // ERROR_DISK_FULL
	sharingViolation = syscall.Errno(32)  // ERROR_SHARING_VIOLATION
	dirNotEmpty      = syscall.ERROR_DIR_NOT_EMPTY
)

func info(name string, fi fs.FileInfo) vfs.Info { return portableInfo(name, fi) }

// keepOwner does nothing: a file inherits its owner from the folder.
func keepOwner(*os.File, fs.FileInfo) {}
