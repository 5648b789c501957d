package ftpserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// sendDirect sends at most limit octets of a file by sendfile(2) that waits for the peer in
// the kernel, on a thread of its own. The poller of the runtime, and a switch of threads each
// time that the peer has taken something, cost a quarter more. It reports whether it took the
// transfer: when too many have a thread already, it does not.
func (j *job) sendDirect(file syscall.Conn, limit int64) (taken bool, err error) {
	if !j.srv.bulk.enter() {
		return false, nil
	}
	defer j.srv.bulk.leave()
	if err := j.wait(); err != nil {
		return true, err
	}
	out, err := j.conn.(waiting).file.SyscallConn()
	if err != nil {
		return true, fmt.Errorf("%w: %w", errDataLost, err)
	}
	in, err := file.SyscallConn()
	if err != nil {
		return true, err
	}
	for limit > 0 {
		const most = 16 << 20 // so that STAT tells how far it is
		n, err := sendfile(out, in, min(limit, most))
		j.bytes.Add(int64(n))
		limit -= int64(n)
		if err != nil {
			return true, sendError(err)
		}
		if n == 0 {
			break
		}
	}
	return true, nil
}

// wait takes the data connection away from the poller, which would be woken by all that
// moves, for nothing. From here on it waits in the kernel, where StallTimeout bounds it.
// Under TLS it stays as it is.
func (j *job) wait() error {
	if j.tls != nil {
		return nil
	}
	file, err := unpolled(j.tcp, orDefault(j.srv.StallTimeout, 5*time.Minute))
	if err != nil {
		return fmt.Errorf("%w: %w", errDataLost, err)
	}
	j.tcp.Close()
	j.socket, j.conn = file, waiting{j.tcp, file}
	j.unwatch = context.AfterFunc(j.ctx, func() { shutDown(file) })
	return nil
}

// waiting is a data connection whose calls of the system wait. It has no deadlines.
type waiting struct {
	net.Conn // closed; only its addresses are of use
	file     *os.File
}

func (w waiting) Read(b []byte) (int, error) {
	n, err := w.file.Read(b)
	if errors.Is(err, unix.EAGAIN) {
		err = os.ErrDeadlineExceeded
	}
	return n, err
}

// sendfile is sendfile(2), from where the file is. It returns 0 at the end, and
// os.ErrDeadlineExceeded if the peer takes nothing for too long.
func sendfile(out, in syscall.RawConn, size int64) (n int, err error) {
	outErr := out.Control(func(socket uintptr) {
		inErr := in.Control(func(file uintptr) {
			n, err = unix.Sendfile(int(socket), int(file), nil, int(size))
			for err == unix.EINTR {
				n, err = unix.Sendfile(int(socket), int(file), nil, int(size))
			}
		})
		err = errors.Join(inErr, err)
	})
	if errors.Is(err, unix.EAGAIN) {
		err = os.ErrDeadlineExceeded
	}
	return max(n, 0), errors.Join(outErr, err)
}

// unpolled returns the connection as a file that waits, for the time of stall at most. The
// poller does not know it.
func unpolled(conn *net.TCPConn, stall time.Duration) (*os.File, error) {
	var file *os.File
	err := control(conn, func(c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) {
			failed = errors.Join(limitWaits(int(fd), stall), unix.SetNonblock(int(fd), false))
			if failed != nil {
				return
			}
			var own int
			if own, failed = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0); failed == nil {
				file = os.NewFile(uintptr(own), conn.RemoteAddr().String())
			}
		})
		return errors.Join(err, failed)
	})
	return file, err
}

func limitWaits(fd int, stall time.Duration) error {
	limit := unix.NsecToTimeval(stall.Nanoseconds())
	return errors.Join(
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &limit),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit))
}

// shutDown wakes who waits for the peer. The connection may have been closed already.
func shutDown(socket *os.File) {
	_ = control(socket, func(c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = unix.Shutdown(int(fd), unix.SHUT_RDWR) })
	})
}
