//go:build unix

package ftpserver

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// inlineUrgent keeps urgent octets in the stream: without it the kernel takes the data
// mark before ABOR out, and at times the first octet of ABOR with it.
func inlineUrgent(c syscall.RawConn) error {
	return setOption(c, unix.SO_OOBINLINE)
}

// reuseAddress lets several connections leave from the same port.
func reuseAddress(c syscall.RawConn) error {
	return setOption(c, unix.SO_REUSEADDR)
}

func setOption(c syscall.RawConn, option int) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, option, 1)
	})
	if err != nil {
		return err
	}
	return failed
}
