//go:build !linux

package osfs

import "dray/internal/vfs"

// straight knows no short way here.
func (*FS) straight(vfs.Path) bool { return false }
