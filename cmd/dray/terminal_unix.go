//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"
)

// ctty is the terminal that a process was started at, by which SIGHUP from a person, who
// wants a reload, is told apart from SIGHUP of a terminal that is closed. nil is none.
type ctty struct{ tty *os.File }

// openTerminal returns nil where there is no terminal, and under nohup, which says that the
// end of the terminal is none of the process.
func openTerminal() *ctty {
	if signal.Ignored(syscall.SIGHUP) {
		return nil
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDONLY|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil
	}
	return &ctty{tty}
}

// isGone reports whether the terminal has been closed: from then on it answers nothing.
func (t *ctty) isGone() bool { return t != nil && !term.IsTerminal(int(t.tty.Fd())) }

func (t *ctty) close() {
	if t != nil {
		_ = t.tty.Close() // nothing was written
	}
}
