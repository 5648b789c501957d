package ftpd

import (
	"errors"

	"dray/ftp/ftpserver"
	"dray/internal/admission"
	"dray/internal/event"
	"dray/internal/identity"
)

// pass is what a connection has from the door.
type pass struct {
	id    string // of the session
	visit *admission.Session
}

// Leave implements [ftpserver.Pass].
func (p *pass) Leave() { p.visit.Leave() }

// Admit is the [ftpserver.Server.Admit] of a server with this backend.
func (b *Backend) Admit(c *ftpserver.Conn) (ftpserver.Pass, error) {
	p := &pass{id: b.nextID()}
	var err error
	if p.visit, err = b.Gate.Arrive(protocol, p.id, c.RemoteAddr(), visitor{c}); err != nil {
		return nil, b.turnedAway(event.Session{Protocol: protocol, ID: p.id, Remote: c.RemoteAddr()}, err)
	}
	return p, nil
}

// turnedAway tells of a refusal, and returns what the client hears of it.
func (b *Backend) turnedAway(who event.Session, err error) error {
	var refused *admission.RefusedError
	if !errors.As(err, &refused) {
		return err
	}
	if b.Events != nil {
		b.Events.Emit(event.Refusal{Session: who, Reason: event.Reason(refused.Reason), Quiet: refused.Quiet, Err: err})
	}
	return errors.New(refused.Phrase)
}

// visitor is a connection, as the door wants to know it.
type visitor struct{ conn *ftpserver.Conn }

// Cut implements [admission.Peer].
func (v visitor) Cut() { v.conn.Cut() }

// Activity implements [admission.Peer].
func (v visitor) Activity() admission.Activity {
	verb, name, bytes := v.conn.Activity()
	if verb == "" {
		return admission.Activity{Bytes: bytes}
	}
	return admission.Activity{Op: string(operation(verb)), Path: name, Bytes: bytes}
}

// refused is what the engine has to know of a log-in that is refused.
func (s *session) refused(err error, byPassword bool) error {
	var limit *admission.RefusedError
	switch {
	case errors.As(err, &limit):
		return &ftpserver.LoginError{Text: limit.Phrase, Close: limit.Reason == admission.Banned}
	case !errors.Is(err, identity.ErrRefused):
		return err
	case s.visit == nil || !byPassword || errors.Is(err, identity.ErrCode): // the password was right
		return ftpserver.ErrLogin
	}
	wait, err := s.visit.Failed()
	if err != nil {
		phrase := s.backend.turnedAway(s.about, err)
		return &ftpserver.LoginError{Text: phrase.Error(), Close: true}
	}
	return &ftpserver.LoginError{Delay: wait}
}
