package sftpd

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"dray/internal/admission"
	"dray/internal/event"
	"dray/internal/identity"
)

// arrive asks the door whether a connection may begin. Who is banned gets not an octet; who
// is one too many hears it.
func (s *Server) arrive(c *conn) bool {
	var err error
	c.visit, err = s.Gate.Arrive(protocol, c.about.ID, c.about.Remote, c)
	var refused *admission.RefusedError
	switch {
	case err == nil:
		return true
	case errors.As(err, &refused):
		c.turnedAway(refused)
		if refused.Reason != admission.Banned {
			s.farewell(c.net, refused.Phrase)
			return false
		}
	}
	c.cut()
	return false
}

// turnedAway tells of a refusal.
func (c *conn) turnedAway(refused *admission.RefusedError) {
	c.emit(event.Refusal{Session: c.about, Reason: event.Reason(refused.Reason), Quiet: refused.Quiet, Err: refused})
}

// maxFarewells is how many connections may be told at once why they are closed.
const maxFarewells = 16

// farewell says in words that there is no service, and ends the connection once the client
// has heard it, or soon: what a client has sent and nobody reads would reset it.
func (s *Server) farewell(nc net.Conn, text string) {
	const tooManyConnections = 12 // RFC 4253, section 11.1
	_ = nc.SetDeadline(time.Now().Add(time.Second))
	_, _ = nc.Write(disconnect(tooManyConnections, text)) // into an empty buffer
	tcp, ok := nc.(interface{ CloseWrite() error })
	if !ok || s.farewells.Add(1) > maxFarewells {
		if ok {
			s.farewells.Add(-1)
		}
		nc.Close()
		return
	}
	_ = tcp.CloseWrite()
	s.running.Go(func() {
		defer s.farewells.Add(-1)
		defer nc.Close()
		_, _ = io.Copy(io.Discard, io.LimitReader(nc, 16<<10))
	})
}

// disconnect is all that a server says that wants no keys (RFC 4253, sections 4.2, 6, 11.1).
func disconnect(reason uint32, text string) []byte {
	payload := ssh.Marshal(struct {
		Reason         uint32 `sshtype:"1"`
		Text, Language string
	}{reason, text, ""})
	const block, head = 8, 5
	padding := block - (head+len(payload))%block
	if padding < 4 {
		padding += block
	}
	b := append([]byte(serverVersion), "\r\n"...)
	b = binary.BigEndian.AppendUint32(b, uint32(1+len(payload)+padding))
	b = append(b, byte(padding))
	b = append(b, payload...)
	return append(b, make([]byte, padding)...)
}

// failed notes a log-in that failed, and holds its answer back. Who has failed too often is
// cut.
func (c *conn) failed() {
	c.counted = true
	wait, err := c.visit.Failed()
	var refused *admission.RefusedError
	if errors.As(err, &refused) {
		c.turnedAway(refused)
		c.cut()
		return
	}
	if wait <= 0 {
		return
	}
	ctx, cancel := context.WithTimeout(c.ctx, wait)
	defer cancel()
	<-ctx.Done()
}

// isGuess reports whether an error of a log-in by password is one of guessing: a password
// without the code that goes with it is right.
func isGuess(err error) bool {
	return errors.Is(err, identity.ErrRefused) && !errors.Is(err, identity.ErrCode)
}

// guessed reports whether the connection has tried this before: clients offer the password
// that they have by one method after the other, and that is one guess.
func (c *conn) guessed(cred identity.Credentials) bool {
	sum := sha256.Sum256([]byte(cred.User + "\x00" + cred.Password + "\x00" + cred.Code))
	if slices.Contains(c.guesses, sum) {
		return true
	}
	c.guesses = append(c.guesses, sum)
	return false
}

// traffic is what a connection moves, for others to see.
type traffic struct {
	bytes atomic.Int64
	now   atomic.Pointer[admission.Activity] // of the file that was opened last; nil without one
}

// Cut implements [admission.Peer].
func (c *conn) Cut() { c.cut() }

// Activity implements [admission.Peer].
func (c *conn) Activity() admission.Activity {
	var a admission.Activity
	if now := c.traffic.now.Load(); now != nil {
		a = *now
	}
	a.Bytes = c.traffic.bytes.Load()
	return a
}

// opened notes the file that is opened.
func (c *conn) opened(op event.Op, path string) {
	c.traffic.now.Store(&admission.Activity{Op: string(op), Path: path})
}
