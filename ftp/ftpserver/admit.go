package ftpserver

import (
	"time"

	"dray/ftp"
)

// Pass is what [Server.Admit] gives a connection.
type Pass interface {
	// Leave is called once, when the connection has ended.
	Leave()
}

// open is the pass of a server without Admit.
type open struct{}

func (open) Leave() {}

// LoginError is an [ErrLogin] with more to say.
type LoginError struct {
	Text  string        // for the client, in one line; "" is what other refusals say
	Delay time.Duration // that passes before the answer, instead of that of [Server.LoginDelay]
	Close bool          // the connection is closed, 421
}

func (e *LoginError) Error() string { return ErrLogin.Error() + ": " + e.Text }

// Is reports that it is an ErrLogin.
func (e *LoginError) Is(target error) bool { return target == ErrLogin }

// Pass returns what Server.Admit has given the connection.
func (c *Conn) Pass() Pass { return c.pass }

// Cut ends the connection at once, and its transfer. It may be called by any goroutine, and
// does not wait.
func (c *Conn) Cut() {
	c.cancel()
	c.raw.Close()
}

// Activity returns the command and the name of the transfer that runs, "" if none does, and
// how many octets all transfers of the connection have moved so far. It may be called by
// any goroutine.
func (c *Conn) Activity() (verb, name string, bytes int64) {
	bytes = c.moved.Load()
	if j := c.current.Load(); j != nil {
		return j.verb, j.name, bytes + j.bytes.Load()
	}
	return "", "", bytes
}

// turnAway says 421 to a connection that is not served. The send buffer of a new one is
// empty, so that this does not wait.
func (c *Conn) turnAway(text string) {
	c.raw.SetWriteDeadline(time.Now().Add(time.Second))
	if !c.implicit {
		c.raw.Write(reply(ftp.CodeTooMany, text).Append(nil))
	}
	c.Cut()
}
