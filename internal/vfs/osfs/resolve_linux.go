package osfs

import (
	"os"

	"golang.org/x/sys/unix"

	"dray/internal/vfs"
)

// straight reports whether no link is on the way of p, as far as there is something. It is a
// short way, by openat2(2): false may mean that this could not be found out.
func (f *FS) straight(p vfs.Path) bool {
	root, err := f.root.OpenFile(".", os.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return false
	}
	defer root.Close()
	fd, err := unix.Openat2(int(root.Fd()), p.Rel(), &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS,
	})
	if err == nil {
		_ = unix.Close(fd) // nothing was done with it
	}
	return err == nil || err == unix.ENOENT || err == unix.ENOTDIR // what comes before was no link
}
