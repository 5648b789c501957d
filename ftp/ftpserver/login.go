package ftpserver

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"dray/ftp"
)

// The operations that say who is there, and how it goes on with them.
type (
	logout       struct{ user string }
	login        struct{ user, password string }
	reinitialize struct{}
	goodbye      struct{}
	status       struct{}
)

// do answers USER, in the same way whether or not there is such a user (RFC 2577).
func (l logout) do(c *Conn) ftp.Reply {
	c.fs = nil
	c.dropData()
	if fs := c.loginByCertificate(l.user); fs != nil {
		c.admit(l.user, fs)
		return reply(ftp.CodeLoggedInByTLS, "Logged in by the certificate")
	}
	return reply(ftp.CodeNeedPassword, "Password please")
}

func (l login) do(c *Conn) ftp.Reply {
	fs, err := c.backend.Login(c.ctx, l.user, l.password)
	if err == nil {
		c.admit(l.user, fs)
		return reply(ftp.CodeLoggedIn, "Logged in")
	}
	if !errors.Is(err, ErrLogin) {
		c.log().Error("log-in could not be checked", "user", l.user, "error", err)
	}
	told := &LoginError{Delay: orDefault(c.srv.LoginDelay, time.Second)}
	errors.As(err, &told)
	c.wait(told.Delay)
	if c.state.failed++; c.state.failed >= maxRefused || told.Close {
		c.end(reply(ftp.CodeUnavailable, cmp.Or(told.Text, "Too many log-ins refused")))
		return ftp.Reply{}
	}
	return reply(ftp.CodeLoginRefused, cmp.Or(told.Text, "Log-in refused"))
}

func (c *Conn) admit(user string, fs FS) {
	c.fs = fs
	c.state.user, c.state.loggedIn = user, true
}

// loginByCertificate returns nil if a password is needed.
func (c *Conn) loginByCertificate(user string) FS {
	session, ok := c.backend.(CertificateSession)
	state := c.TLS()
	if !ok || state == nil || len(state.VerifiedChains) == 0 {
		return nil
	}
	fs, err := session.LoginCertificate(c.ctx, user, state.PeerCertificates[0])
	if err != nil {
		if !errors.Is(err, ErrLogin) {
			c.log().Error("log-in by certificate could not be checked", "user", user, "error", err)
		}
		return nil
	}
	return fs
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

// do answers QUIT. A client says nothing after that, except at the end of TLS.
func (goodbye) do(c *Conn) ftp.Reply {
	c.end(reply(ftp.CodeGoodbye, "Goodbye"))
	c.parting = c.parting && (c.tls != nil || c.lines.buffered())
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
		" TLS: " + c.tlsText(),
		" Type " + kind + ", mode " + c.state.mode() + ", structure F",
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
