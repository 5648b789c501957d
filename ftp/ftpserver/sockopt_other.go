//go:build !unix

package ftpserver

import "syscall"

func inlineUrgent(syscall.RawConn) error { return nil }

func reuseAddress(syscall.RawConn) error { return nil }
