package sftpd

import (
	"errors"
	"sync/atomic"
	"time"
)

var (
	errIdle    = errors.New("nothing came for too long")
	errStalled = errors.New("the transfer stalled")
)

// clock says when a connection last did something. Times are since its begin.
type clock struct {
	heard atomic.Int64 // when the client last said anything, be it that it is still there
	moved atomic.Int64 // when a request, a reply or a piece of a file last went through

	working atomic.Int32 // requests that the server is at
	sending atomic.Int32 // replies that the client has to take
	scp     atomic.Int32 // runs of scp, in which the client has something to do at all times
	uploads atomic.Int32 // that are open, of SFTP

	late atomic.Pointer[error] // why the connection was cut, nil if it was not
}

func (c *conn) since() int64 { return int64(time.Since(c.begun)) }

// hear notes that the client is there.
func (c *conn) hear() { c.clock.heard.Store(c.since()) }

// move notes that a transfer goes on.
func (c *conn) move() {
	now := c.since()
	c.clock.heard.Store(now)
	c.clock.moved.Store(now)
}

// moved notes that so many octets of a file went through.
func (c *conn) moved(n int) {
	c.traffic.bytes.Add(int64(n))
	c.move()
}

// work notes that the server is at a request, until worked.
func (c *conn) work() {
	c.move()
	c.clock.working.Add(1)
}

func (c *conn) worked() {
	c.move()
	c.clock.working.Add(-1)
}

// send notes that the client has to take a reply, until sent.
func (c *conn) send() {
	c.move()
	c.clock.sending.Add(1)
}

func (c *conn) sent() {
	c.clock.sending.Add(-1)
	c.move()
}

// patience is how long the connection may go on as it does. It is not positive if that was
// too long; then the error says what.
func (c *conn) patience() (time.Duration, error) {
	now := c.since()
	k := &c.clock
	stall := orElse(c.srv.StallTimeout, 5*time.Minute)
	idle := orElse(c.srv.IdleTimeout, 15*time.Minute)
	switch {
	case k.sending.Load() > 0, k.scp.Load() > 0 && k.working.Load() == 0:
		return stall - time.Duration(now-k.moved.Load()), errStalled
	case k.working.Load() > 0:
		return stall, nil
	case k.uploads.Load() > 0: // of somebody who is gone, or of a mounted folder at rest
		return stall - time.Duration(now-k.heard.Load()), errStalled
	}
	// A transfer may begin at once and stall: it is looked at in time for that.
	return min(idle-time.Duration(now-k.heard.Load()), stall), errIdle
}

// expire cuts the connection if it has done nothing for too long, else it returns when to
// look again.
func (c *conn) expire() time.Duration {
	left, why := c.patience()
	if left <= 0 && why != nil {
		c.clock.late.Store(&why)
		if log := c.srv.Log; log != nil {
			log.Info("a connection is closed", "session", c.about.ID, "remote", c.about.Remote, "user", c.about.User, "reason", why)
		}
		c.cut()
		return time.Hour // it ends now
	}
	return max(left, time.Millisecond)
}

// lost is why a transfer did not come to its end.
func (c *conn) lost() error {
	if late := c.clock.late.Load(); late != nil {
		return *late
	}
	return errCutOff
}
