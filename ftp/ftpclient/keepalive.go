package ftpclient

import (
	"time"

	"dray/ftp"
)

// moved does what there is to do now and then in a transfer, which has moved so many
// octets so far.
func (c *Client) moved(octets int64) {
	if c.dialer.Progress != nil {
		c.dialer.Progress(octets)
	}
	if c.dialer.KeepAlive > 0 && time.Since(c.noops.last) >= c.dialer.KeepAlive {
		c.noop()
	}
}

// noops are those whose replies are mixed up with that of a transfer.
type noops struct {
	pending int       // not answered yet
	last    time.Time // when the last command was sent
}

// noop sends NOOP without waiting. A failure is left to who reads the next reply.
func (c *Client) noop() {
	cmd := ftp.Command{Verb: "NOOP"}
	if b, err := cmd.Append(nil); err == nil {
		if _, err := c.control.Write(b); err == nil {
			c.noops.pending++
		}
	}
	c.noops.last = time.Now()
	if c.dialer.Sent != nil {
		c.dialer.Sent(cmd)
	}
}
