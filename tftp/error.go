package tftp

import (
	"errors"
	"fmt"
	"io/fs"
)

// Code is the number in an ERROR packet (RFC 1350 §5, RFC 2347).
type Code uint16

// The error codes.
const (
	CodeUndefined  Code = iota // see the message
	CodeNotFound               // file not found
	CodeAccess                 // access violation
	CodeDiskFull               // disk full, or over quota
	CodeIllegal                // illegal operation
	CodeUnknownTID             // a packet from a port that has no part in the transfer
	CodeExists                 // file already exists
	CodeNoUser                 // no such user; of mail mode only
	CodeOptions                // terminated because of the options
)

// String returns the meaning of the code in words.
func (c Code) String() string {
	switch c {
	case CodeUndefined:
		return "error"
	case CodeNotFound:
		return "file not found"
	case CodeAccess:
		return "access violation"
	case CodeDiskFull:
		return "disk full or quota exceeded"
	case CodeIllegal:
		return "illegal TFTP operation"
	case CodeUnknownTID:
		return "unknown transfer ID"
	case CodeExists:
		return "file already exists"
	case CodeNoUser:
		return "no such user"
	case CodeOptions:
		return "options refused"
	}
	return fmt.Sprintf("error code %d", uint16(c))
}

// Error is an ERROR packet: what a peer said, or what it is told. It matches
// fs.ErrNotExist, fs.ErrPermission, fs.ErrExist and ErrNoSpace with [errors.Is] when its
// code says so.
type Error struct {
	Code    Code
	Message string // may be empty
}

func (e *Error) Error() string { return "tftp: " + e.words() }

// String describes the packet.
func (e *Error) String() string { return fmt.Sprintf("ERROR %d %q", uint16(e.Code), e.Message) }

// words is the meaning of the code, and the message where it says anything more.
func (e *Error) words() string {
	if e.Message == "" || e.Message == e.Code.String() {
		return e.Code.String()
	}
	return fmt.Sprintf("%s: %q", e.Code, e.Message)
}

// Is maps the code to the sentinels of io/fs.
func (e *Error) Is(target error) bool {
	switch e.Code {
	case CodeNotFound:
		return target == fs.ErrNotExist
	case CodeAccess:
		return target == fs.ErrPermission
	case CodeDiskFull:
		return target == ErrNoSpace
	case CodeExists:
		return target == fs.ErrExist
	}
	return false
}

// Reasons for which a transfer ends before its time, besides an [*Error] and the errors
// of a Handler.
var (
	ErrTimeout   = errors.New("tftp: the peer went silent")
	ErrGone      = errors.New("tftp: nobody listens on the peer's port")
	ErrTruncated = errors.New("tftp: the file changed while it was sent")
)

// wireError is the only way from an error of this side to what the peer is told. An
// *Error passes as it is; of all others the peer learns no more than the code.
func wireError(err error) *Error {
	code := CodeUndefined
	var e *Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, fs.ErrNotExist):
		code = CodeNotFound
	case errors.Is(err, fs.ErrPermission):
		code = CodeAccess
	case errors.Is(err, fs.ErrExist):
		code = CodeExists
	case errors.Is(err, ErrNoSpace):
		code = CodeDiskFull
	default:
		return &Error{Code: code, Message: "transfer failed"}
	}
	return &Error{Code: code, Message: code.String()}
}
