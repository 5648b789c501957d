package ftpserver

import (
	"context"
	"errors"
	"io/fs"

	"dray/ftp"
)

// refusal turns an error of the backend into what the peer is told. It is the only way
// from an error to the wire, and the text of the error does not take it.
func refusal(err error) ftp.Reply {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return reply(ftp.CodeNotFound, "No such file or directory")
	case errors.Is(err, fs.ErrPermission):
		return reply(ftp.CodeForbidden, "Permission denied")
	case errors.Is(err, fs.ErrExist):
		return reply(ftp.CodeExists, "Already exists")
	case errors.Is(err, ErrIsDir):
		return reply(ftp.CodeNotFile, "Is a directory")
	case errors.Is(err, ErrNotDir):
		return reply(ftp.CodeNotDir, "Not a directory")
	case errors.Is(err, ErrNotEmpty):
		return reply(ftp.CodeNotFile, "Directory not empty")
	case errors.Is(err, ErrNotRegular):
		return reply(ftp.CodeNotFile, "Not a regular file")
	case errors.Is(err, ErrBadName):
		return reply(ftp.CodeBadName, "Name not allowed")
	case errors.Is(err, ErrNoSpace):
		return reply(ftp.CodeNoSpace, "No space left")
	case errors.Is(err, ErrQuota):
		return reply(ftp.CodeQuota, "Over quota")
	case errors.Is(err, ErrBusy):
		return reply(ftp.CodeBusy, "Busy, try again later")
	case errors.Is(err, ErrOffset):
		return reply(ftp.CodeNotFile, "The offset is beyond the end")
	case errors.Is(err, ErrCrossMount):
		return reply(ftp.CodeBadName, "That is another file system, copy instead")
	case errors.Is(err, errRange):
		return reply(ftp.CodeBadOffset, "The range begins beyond the end")
	case errors.Is(err, errHashRange):
		return reply(ftp.CodeHashRange, "The range begins beyond the end")
	case errors.Is(err, errHashSize):
		return reply(ftp.CodeHashSize, "That is too much to read at once, RANG says less")
	case errors.Is(err, errNotHashable):
		return reply(ftp.CodeNotHashable, "Only files have a digest")
	case errors.Is(err, errPattern):
		return reply(ftp.CodeBadArgument, "The pattern is too long")
	case errors.Is(err, errTree):
		return reply(ftp.CodeTooMuch, "That is not all: the tree is too large for one listing")
	case errors.Is(err, errInflate):
		return reply(ftp.CodeQuota, "It unpacks to more than is taken")
	case errors.Is(err, errDeflate):
		return reply(ftp.CodeBadStream, "It does not unpack")
	case errors.Is(err, errListFile):
		return reply(ftp.CodeBadArgument, "Not a directory")
	case errors.Is(err, errors.ErrUnsupported):
		return reply(ftp.CodeNotImplemented, "Not possible with these files")
	case errors.Is(err, errNoData):
		return reply(ftp.CodeNoData, err.Error())
	case errors.Is(err, errNotBound):
		return reply(ftp.CodeDataNeedsTLS, "The data connection must resume the TLS session of the control connection")
	case errors.Is(err, errNoHandshake):
		return reply(ftp.CodeDataNeedsTLS, "No TLS on the data connection")
	case errors.Is(err, context.Canceled), errors.Is(err, errDataLost):
		return reply(ftp.CodeDataLost, "Transfer aborted")
	}
	return reply(ftp.CodeLocalError, "Local error")
}
