//go:build darwin || freebsd

package osfs

import "syscall"

func blockSize(st *syscall.Statfs_t) int64 { return int64(st.Bsize) }
