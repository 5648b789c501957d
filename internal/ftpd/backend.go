// Package ftpd joins the FTP server to the product: it admits users, hands each the files
// that the policy leaves them, and tells what happens as events. It speaks no FTP itself
// and decides nothing.
package ftpd

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strconv"
	"sync/atomic"
	"time"

	"dray/ftp/ftpserver"
	"dray/internal/admission"
	"dray/internal/event"
	"dray/internal/identity"
	"dray/internal/policy/guard"
)

const protocol = "ftp"

// Trees gives a subject who is admitted the files that are theirs, as the rules leave them.
type Trees interface {
	Open(ctx context.Context, s identity.Subject) (guard.Tree, error)
}

// Backend is the [ftpserver.Backend]. Trees and Users must be set: without one of
// them no session begins.
type Backend struct {
	Trees  Trees
	Users  identity.Authenticator
	Events event.Sink // nil: nobody is told

	// Gate is who counts sessions and failed log-ins; [ftpserver.Server.Admit] has to be Admit
	// then. nil: nobody does.
	Gate *admission.Gate

	// Hosts are trees instead of Trees for clients that said HOST with their name, in lower
	// case (RFC 7151). Users are the same: it is no wall between them.
	Hosts map[string]Trees

	// LenientAttributes answers a change of times or permissions that the rules or the store
	// do not permit as done, and changes nothing, to those who may write the file: clients
	// set them after an upload, and call the whole upload failed otherwise. The zero
	// value refuses.
	LenientAttributes bool

	sessions atomic.Uint64 // so far
}

// NewSession implements [ftpserver.Backend].
func (b *Backend) NewSession(_ context.Context, c *ftpserver.Conn) (ftpserver.Session, error) {
	if b.Trees == nil || b.Users == nil {
		return nil, errors.New("ftpd: a backend needs Trees and Users")
	}
	p, ok := c.Pass().(*pass)
	if !ok {
		p = &pass{id: b.nextID()}
	}
	s := &session{backend: b, conn: c, visit: p.visit, begun: time.Now(), about: event.Session{Protocol: protocol, ID: p.id, Remote: c.RemoteAddr()}}
	s.emit(event.Begin{Session: s.about})
	return s, nil
}

func (b *Backend) nextID() string { return protocol + strconv.FormatUint(b.sessions.Add(1), 10) }

// session is one control connection.
type session struct {
	backend *Backend
	conn    *ftpserver.Conn
	visit   *admission.Session // nil without a Gate
	begun   time.Time
	about   event.Session // of all its events
}

func (s *session) emit(e event.Event) {
	if s.backend.Events != nil {
		s.backend.Events.Emit(e)
	}
}

// Login implements [ftpserver.Session].
func (s *session) Login(ctx context.Context, user, password string) (ftpserver.FS, error) {
	return s.login(ctx, identity.Credentials{User: user, Password: password}, "")
}

// LoginCertificate implements [ftpserver.CertificateSession]: the common name of the
// certificate is the user that it proves.
func (s *session) LoginCertificate(ctx context.Context, user string, cert *x509.Certificate) (ftpserver.FS, error) {
	if cert.Subject.CommonName != user {
		return nil, ftpserver.ErrLogin
	}
	return s.login(ctx, identity.Credentials{User: user, Proven: user}, "by certificate")
}

func (s *session) login(ctx context.Context, c identity.Credentials, detail string) (ftpserver.FS, error) {
	c.Protocol, c.Remote = s.protocol(), s.about.Remote
	s.visit.Try(c.User, c.Protocol)
	subject, err := s.backend.Users.Authenticate(ctx, c)
	if err == nil {
		err = s.visit.Login(subject.Name)
	}
	var fsys guard.Tree
	if err == nil { // who cannot have files is not logged in, and nobody is told otherwise
		fsys, err = s.backend.trees(s.conn.Host()).Open(ctx, subject.By(c.Protocol, c.Remote.Addr()))
	}
	s.about.User = c.User
	s.emit(event.Login{Session: s.about, TLS: s.tls(), Detail: detail, Err: err})
	if err != nil {
		err = s.refused(err, c.Proven == "")
		s.about.User = ""
		return nil, err
	}
	s.about.User = subject.Name
	return newFiles(files{fs: fsys, session: s, lenient: s.backend.LenientAttributes}), nil
}

// protocol is how the session came, as rules tell it apart.
func (s *session) protocol() string {
	if s.conn.TLS() != nil {
		return "ftps"
	}
	return protocol
}

// tls says what a log-in is protected by.
func (s *session) tls() string {
	if state := s.conn.TLS(); state != nil {
		return tls.VersionName(state.Version)
	}
	return "none"
}

// trees are those of a host, "" for clients that have named none.
func (b *Backend) trees(host string) Trees {
	if own, ok := b.Hosts[host]; ok {
		return own
	}
	return b.Trees
}

// Close implements [ftpserver.Session].
func (s *session) Close() error {
	s.emit(event.End{Session: s.about, Duration: time.Since(s.begun)})
	return nil
}

// Transferred implements [ftpserver.TransferObserver].
func (s *session) Transferred(t ftpserver.Transfer) {
	s.emit(event.Transfer{
		Session: s.about, Op: operation(t.Verb), Path: t.Name,
		Bytes: t.Bytes, Duration: t.Duration, Detail: t.Note, Err: t.Err,
	})
}

// operation is what a command does that takes its time.
func operation(verb string) event.Op {
	switch verb {
	case "RETR":
		return event.Read
	case "STOR", "STOU":
		return event.Write
	case "APPE":
		return event.Append
	case "HASH", "MD5", "XCRC", "XMD5", "XSHA1", "XSHA256", "XSHA512":
		return event.Hash
	}
	return event.List
}

// LookupFailed implements [ftpserver.LookupObserver].
func (s *session) LookupFailed(verb, name string, err error) {
	s.emit(event.Lookup{Session: s.about, Path: name, Command: verb, Err: err})
}

// Fault implements [ftpserver.FaultObserver].
func (s *session) Fault(err error) { s.emit(event.Fault{Session: s.about, Panic: true, Err: err}) }
