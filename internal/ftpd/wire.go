package ftpd

import (
	"errors"

	"dray/ftp/ftpserver"
	"dray/internal/vfs"
)

// wire says an error of a store in the words of the FTP server. It is the only way from
// one to the other; the errors of io/fs are the same to both, and what neither has a word
// for stays what it is.
func wire(err error) error {
	for _, r := range [...]struct{ store, server error }{
		{vfs.ErrBadName, ftpserver.ErrBadName},
		{vfs.ErrIsDir, ftpserver.ErrIsDir},
		{vfs.ErrNotDir, ftpserver.ErrNotDir},
		{vfs.ErrNotEmpty, ftpserver.ErrNotEmpty},
		{vfs.ErrNotRegular, ftpserver.ErrNotRegular},
		{vfs.ErrNoSpace, ftpserver.ErrNoSpace},
		{vfs.ErrQuota, ftpserver.ErrQuota},
		{vfs.ErrBusy, ftpserver.ErrBusy},
		{vfs.ErrOffset, ftpserver.ErrOffset},
		{vfs.ErrCrossMount, ftpserver.ErrCrossMount},
	} {
		if errors.Is(err, r.store) {
			return translated{err, r.server}
		}
	}
	return err
}

// translated reads as the error of the store, and is the server's as well.
type translated struct {
	error
	server error
}

func (t translated) Unwrap() []error { return []error{t.error, t.server} }
