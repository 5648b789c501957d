//go:build unix

package osfs

import (
	"io/fs"
	"os"
	"strconv"
	"syscall"

	"dray/internal/vfs"
)

// openFlags keep an open from waiting for the other end of a FIFO, and from making a
// terminal dray's own.
const openFlags = syscall.O_NONBLOCK | syscall.O_NOCTTY

// The numbers that only Windows uses: here they repeat a row of the table.
const (
	diskFull         = syscall.ENOSPC
	sharingViolation = syscall.EBUSY
	dirNotEmpty      = syscall.ENOTEMPTY
)

func info(name string, fi fs.FileInfo) vfs.Info {
	i := portableInfo(name, fi)
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		i.Unique = unique(uint64(st.Dev), uint64(st.Ino))
		i.Links = uint64(st.Nlink)
		i.Owner = strconv.FormatUint(uint64(st.Uid), 10)
		i.Group = strconv.FormatUint(uint64(st.Gid), 10)
	}
	return i
}

// unique tells a file of the host from all others.
func unique(dev, ino uint64) string {
	var room [2*16 + 1]byte
	b := strconv.AppendUint(room[:0], dev, 16)
	b = strconv.AppendUint(append(b, ':'), ino, 16)
	return string(b)
}

// keepOwner gives file the owner of old. Only root may give files away; for anybody else
// the file is theirs, as any that they write anew.
func keepOwner(file *os.File, old fs.FileInfo) {
	if st, ok := old.Sys().(*syscall.Stat_t); ok {
		_ = file.Chown(int(st.Uid), int(st.Gid))
	}
}
