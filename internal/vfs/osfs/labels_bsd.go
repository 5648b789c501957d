//go:build darwin || freebsd

package osfs

import "golang.org/x/sys/unix"

const noAttribute = unix.ENOATTR
