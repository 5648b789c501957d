//go:build !linux && !darwin && !freebsd

package osfs

import "errors"

func getAttribute(int, string) (string, error) { return "", errors.ErrUnsupported }
func setAttribute(int, string, string) error   { return errors.ErrUnsupported }
