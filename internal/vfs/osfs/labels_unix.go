//go:build linux || darwin || freebsd

package osfs

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// maxLabel is the longest label that is read, in bytes.
const maxLabel = 1024

func getAttribute(fd int, name string) (string, error) {
	var room [maxLabel]byte
	n, err := unix.Fgetxattr(fd, name, room[:])
	switch {
	case errors.Is(err, noAttribute):
		return "", nil
	case err != nil:
		return "", attributeError(err)
	}
	return string(room[:n]), nil
}

func setAttribute(fd int, name, value string) error {
	if value != "" {
		return attributeError(unix.Fsetxattr(fd, name, []byte(value), 0))
	}
	err := unix.Fremovexattr(fd, name)
	if errors.Is(err, noAttribute) {
		return nil
	}
	return attributeError(err)
}

// attributeError tells a file system without attributes from one that failed.
func attributeError(err error) error {
	if errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EOPNOTSUPP) {
		return fmt.Errorf("%w: %v", errors.ErrUnsupported, err)
	}
	return err
}
