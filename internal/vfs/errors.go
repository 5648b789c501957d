package vfs

import (
	"errors"
	"fmt"
)

// The reasons for which an FS refuses, besides fs.ErrNotExist, fs.ErrExist and
// fs.ErrPermission. Match them with [errors.Is].
var (
	ErrBadName    = errors.New("name not allowed")
	ErrIsDir      = errors.New("is a directory")
	ErrNotDir     = errors.New("not a directory")
	ErrNotEmpty   = errors.New("directory not empty")
	ErrNotRegular = errors.New("not a regular file")
	ErrNoSpace    = errors.New("no space left")
	ErrQuota      = errors.New("over quota")
	ErrBusy       = errors.New("busy")
	ErrOffset     = errors.New("offset beyond the end")
	ErrCrossMount = errors.New("in another mounted folder")
)

// OpError is the error of every operation on an FS.
type OpError struct {
	Op   string // the method, in lower case
	Path string // as seen by the peer, never a path of the host
	Err  error  // the reason
}

func (e *OpError) Error() string { return fmt.Sprintf("%s %q: %v", e.Op, e.Path, e.Err) }

// Unwrap returns the reason.
func (e *OpError) Unwrap() error { return e.Err }
