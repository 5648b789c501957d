//go:build !linux

package confine

import "errors"

// IsRoot is false: nobody can become anybody else.
func IsRoot() bool { return false }

// Become is errors.ErrUnsupported.
func Become(User) error { return errors.ErrUnsupported }

// KeepFromPrograms is errors.ErrUnsupported.
func KeepFromPrograms() error { return errors.ErrUnsupported }

// DropCapabilities is errors.ErrUnsupported.
func DropCapabilities() error { return errors.ErrUnsupported }

// NoNewPrivileges is errors.ErrUnsupported.
func NoNewPrivileges() error { return errors.ErrUnsupported }

// Seal is ErrNoLandlock.
func Seal(Paths) (version int, err error) { return 0, ErrNoLandlock }

// MakeDir is errors.ErrUnsupported.
func MakeDir(string, User) error { return errors.ErrUnsupported }
