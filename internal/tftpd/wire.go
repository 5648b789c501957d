package tftpd

import (
	"errors"
	"io/fs"

	"dray/internal/vfs"
	"dray/tftp"
)

// wire says an error of a store in the words of the TFTP server. It is the only way from
// one to the other; TFTP tells few reasons apart, and what it has no code for stays what
// it is.
func wire(err error) error {
	for _, r := range [...]struct{ store, server error }{
		{vfs.ErrNotDir, fs.ErrNotExist},
		{vfs.ErrIsDir, fs.ErrPermission},
		{vfs.ErrBadName, fs.ErrPermission},
		{vfs.ErrNotRegular, fs.ErrPermission},
		{vfs.ErrNoSpace, tftp.ErrNoSpace},
		{vfs.ErrQuota, tftp.ErrNoSpace},
		{vfs.ErrBusy, &tftp.Error{Code: tftp.CodeUndefined, Message: "busy, try again later"}},
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
