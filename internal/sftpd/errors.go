package sftpd

import (
	"errors"
	"io"
	"io/fs"

	"dray/internal/sftp"
	"dray/internal/vfs"
)

// What a session refuses by itself.
var (
	errHandle      = errors.New("no such handle")
	errHandles     = errors.New("too many open files")
	errUnsupported = errors.New("not supported")
	errInvalid     = errors.New("invalid parameter")
	errOrder       = errors.New("writes must come in the order of the file")
	errRemoved     = errors.New("the client removed the name before the end")
	errCutOff      = errors.New("the client went away before the end")
)

// wire says an error in the words of the protocol. It is the only way from one to the
// other: peers get fixed phrases, never the text of an error.
func wire(err error) (sftp.Status, string) {
	if err == nil {
		return sftp.OK, ""
	}
	for _, row := range [...]struct {
		is      error
		code    sftp.Status
		message string
	}{
		{io.EOF, sftp.EOF, "end of file"},
		{fs.ErrNotExist, sftp.NoSuchFile, "no such file"},
		{vfs.ErrNotDir, sftp.NoSuchFile, "not a directory"},
		{fs.ErrPermission, sftp.PermissionDenied, "permission denied"},
		{fs.ErrExist, sftp.Failure, "file exists"},
		{vfs.ErrBadName, sftp.BadMessage, "name not allowed"},
		{vfs.ErrIsDir, sftp.Failure, "is a directory"},
		{vfs.ErrNotEmpty, sftp.Failure, "directory not empty"},
		{vfs.ErrNotRegular, sftp.PermissionDenied, "not a regular file"},
		{vfs.ErrNoSpace, sftp.Failure, "no space left"},
		{vfs.ErrQuota, sftp.Failure, "over quota"},
		{vfs.ErrBusy, sftp.Failure, "busy, try again later"},
		{vfs.ErrOffset, sftp.Failure, "offset not allowed"},
		{vfs.ErrCrossMount, sftp.Failure, "cannot move to another file system, copy instead"},
		{errHandle, sftp.Failure, "no such handle"},
		{errHandles, sftp.Failure, "too many open files"},
		{errUnsupported, sftp.Unsupported, "not supported"},
		{errors.ErrUnsupported, sftp.Unsupported, "not supported"},
		{errInvalid, sftp.BadMessage, "invalid parameter"},
		{errOrder, sftp.Failure, "writes must come in the order of the file"},
		{errDraining, sftp.Failure, "the server is shutting down"},
	} {
		if errors.Is(err, row.is) {
			return row.code, row.message
		}
	}
	return sftp.Failure, "failure"
}
