//go:build !unix

package main

// ctty is where there is no SIGHUP.
type ctty struct{}

func openTerminal() *ctty  { return nil }
func (*ctty) isGone() bool { return false }
func (*ctty) close()       {}
