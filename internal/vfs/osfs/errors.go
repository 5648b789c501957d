package osfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"dray/internal/vfs"
)

// opError is the error of an operation on p, without the host's names; nil stays nil.
func opError(op string, p vfs.Path, err error) error {
	if err == nil {
		return nil
	}
	return &vfs.OpError{Op: op, Path: p.String(), Err: reason(err)}
}

// fault is opError for an open file, whose io.EOF must stay what it is.
func (f *File) fault(op string, err error) error {
	if err == io.EOF {
		return err
	}
	return opError(op, f.path, err)
}

// reason takes the host's path off an error and says it in the words of package vfs.
func reason(err error) error {
	var (
		path *fs.PathError
		link *os.LinkError
		call *os.SyscallError
	)
	switch {
	case errors.As(err, &path):
		err = path.Err
	case errors.As(err, &link):
		err = link.Err
	case errors.As(err, &call):
		err = call.Err
	default:
		return err // of vfs, io/fs or a context already
	}
	errno, ok := err.(syscall.Errno)
	switch {
	case ok:
		return sentinel(errno)
	case errors.Is(err, fs.ErrClosed):
		return fs.ErrClosed
	}
	return fmt.Errorf("%w: %v", fs.ErrPermission, err) // os.Root: the path leads out
}

// sentinel names what the host's error number means to a peer. A number that means
// nothing to it, such as EIO, stays as it is.
func sentinel(errno syscall.Errno) error {
	for _, r := range []struct {
		errno syscall.Errno
		err   error
	}{
		{syscall.EISDIR, vfs.ErrIsDir},
		{syscall.ENOTDIR, vfs.ErrNotDir},
		{syscall.ENOTEMPTY, vfs.ErrNotEmpty},
		{syscall.ENXIO, vfs.ErrNotRegular}, // a socket, or a FIFO that nobody reads
		{syscall.ENOSPC, vfs.ErrNoSpace},
		{diskFull, vfs.ErrNoSpace},
		{syscall.EFBIG, vfs.ErrNoSpace},
		{syscall.EDQUOT, vfs.ErrQuota},
		{syscall.EBUSY, vfs.ErrBusy},
		{syscall.ETXTBSY, vfs.ErrBusy},
		{sharingViolation, vfs.ErrBusy},
		{syscall.ENAMETOOLONG, vfs.ErrBadName},
		{syscall.EILSEQ, vfs.ErrBadName},
		{syscall.EINVAL, vfs.ErrBadName},
		{syscall.EROFS, fs.ErrPermission},
		{syscall.ELOOP, fs.ErrPermission},
	} {
		if errno == r.errno {
			return fmt.Errorf("%w: %v", r.err, errno) // %v: ENOTEMPTY is fs.ErrExist too
		}
	}
	for _, err := range []error{fs.ErrNotExist, fs.ErrExist, fs.ErrPermission} {
		if errno.Is(err) {
			return err
		}
	}
	return errno
}

func isNotEmpty(err error) bool {
	var path *fs.PathError
	return errors.As(err, &path) && (path.Err == syscall.ENOTEMPTY || path.Err == syscall.EEXIST || path.Err == dirNotEmpty)
}
