//go:build linux || darwin || freebsd

package osfs

import (
	"context"
	"os"
	"syscall"

	"dray/internal/vfs"
)

// FreeSpace implements [vfs.SpaceReporter]: what statfs(2) says an ordinary user may
// still write below the folder p.
func (f *FS) FreeSpace(_ context.Context, p vfs.Path) (int64, error) {
	var st syscall.Statfs_t
	if err := f.statfs(p, &st); err != nil {
		return 0, opError("freespace", p, err)
	}
	return max(0, int64(st.Bavail)) * blockSize(&st), nil
}

func (f *FS) statfs(p vfs.Path, st *syscall.Statfs_t) error {
	dir, fi, err := f.open(p, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer dir.Close()
	if !fi.IsDir() {
		return vfs.ErrNotDir
	}
	conn, err := dir.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = conn.Control(func(fd uintptr) {
		failed = os.NewSyscallError("fstatfs", syscall.Fstatfs(int(fd), st))
	})
	if err != nil {
		return err
	}
	return failed
}
