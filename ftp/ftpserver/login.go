package ftpserver

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"dray/ftp"
)

// The operations that say who is there, and how it goes on with them.
type (
	logout       struct{}
	login        struct{ user, password string }
	reinitialize struct{}
	goodbye      struct{}
	status       struct{}
)

// do answers USER, in the same way whether or not there is such a user (RFC 2577).
func (logout) do(c *Conn) ftp.Reply {
	c.fs = nil
	c.dropData()
	return reply(ftp.CodeNeedPassword, "Password please")
}

func (l login) do(c *Conn) ftp.Reply {
	fs, err := c.backend.Login(c.ctx, l.user, l.password)
	if err == nil {
		c.fs = fs
		c.state.user, c.state.loggedIn = l.user, true
		return reply(ftp.CodeLoggedIn, "Logged in")
	}
	if !errors.Is(err, ErrLogin) {
		c.log.Error("log-in could not be checked", "user", l.user, "error", err)
	}
	c.wait(orDefault(c.srv.LoginDelay, time.Second))
	if c.state.failed++; c.state.failed >= maxRefused {
		c.end(reply(ftp.CodeUnavailable, "Too many log-ins refused"))
		return ftp.Reply{}
	}
	return reply(ftp.CodeLoginRefused, "Log-in refused")
}

// wait lets d pass, or less when the connection or the server ends.
func (c *Conn) wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.srv.drain:
	case <-c.ctx.Done():
	}
}

func (reinitialize) do(c *Conn) ftp.Reply {
	c.fs = nil
	c.dropData()
	return reply(ftp.CodeReady, "Ready for a new user")
}

func (goodbye) do(c *Conn) ftp.Reply {
	c.end(reply(ftp.CodeGoodbye, "Goodbye"))
	return ftp.Reply{}
}

// do answers STAT without a path, also while a transfer runs.
func (status) do(c *Conn) ftp.Reply {
	kind := "I"
	if c.state.ascii {
		kind = "A"
	}
	lines := []string{
		"Status:",
		" Logged in as " + printable(c.state.user),
		" Type " + kind + ", mode S, structure F",
	}
	switch {
	case c.running != nil:
		lines = append(lines, fmt.Sprintf(" %s: %d octets so far", c.running.verb, c.running.bytes.Load()))
	case c.data != nil:
		lines = append(lines, " A data connection is prepared")
	default:
		lines = append(lines, " No transfer")
	}
	return ftp.Reply{Code: ftp.CodeStatus, Lines: append(lines, "End")}
}

// printable keeps to ASCII what the peer chose and is told back.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e {
			return '?'
		}
		return r
	}, s)
}
