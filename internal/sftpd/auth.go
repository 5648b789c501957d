package sftpd

import (
	"bytes"
	"errors"
	"net/netip"
	"slices"

	"golang.org/x/crypto/ssh"

	"dray/internal/admission"
	"dray/internal/event"
	"dray/internal/identity"
)

const serverVersion = "SSH-2.0-dray"

// errDenied is all that a client is told of a log-in that is refused.
var errDenied = errors.New("log-in refused")

// config is the SSH side of one connection, with the proofs that it may offer.
func (c *conn) config() *ssh.ServerConfig {
	a := modern()
	if c.isLegacy() {
		a = legacy()
	}
	cfg := &ssh.ServerConfig{
		Config:                      ssh.Config{KeyExchanges: a.KeyExchanges, Ciphers: a.Ciphers, MACs: a.MACs},
		ServerVersion:               serverVersion,
		MaxAuthTries:                orElse(c.srv.MaxTries, 6),
		PublicKeyAuthAlgorithms:     a.PublicKeyAuths,
		PasswordCallback:            c.password,
		KeyboardInteractiveCallback: c.keyboard,
		AuthLogCallback:             c.attempted,
	}
	if c.terms.Keys != nil || len(c.terms.CAs) > 0 {
		cfg.PublicKeyCallback, cfg.VerifiedPublicKeyCallback = c.offered, c.proven
	}
	if c.terms.Banner != "" {
		cfg.BannerCallback = func(ssh.ConnMetadata) string { return c.terms.Banner }
	}
	for _, key := range hostKeys(c.terms.HostKeys, a.HostKeys) {
		cfg.AddHostKey(key)
	}
	return cfg
}

func (c *conn) isLegacy() bool {
	from := c.about.Remote.Addr().Unmap().WithZone("") // no network contains an address with a zone
	return slices.ContainsFunc(c.terms.Legacy, func(network netip.Prefix) bool { return network.Contains(from) })
}

// authenticate asks who this is. The subject is kept for when the log-in is complete.
func (c *conn) authenticate(cred identity.Credentials, how string) (*ssh.Permissions, error) {
	cred.Protocol, cred.Remote = protocol, c.about.Remote
	if cred.User == "" {
		return nil, errDenied
	}
	c.visit.Try(cred.User, protocol)
	subject, err := c.srv.Users.Authenticate(c.ctx, cred)
	if err == nil {
		err = c.visit.Login(subject.Name)
	}
	var limit *admission.RefusedError
	switch {
	case errors.As(err, &limit):
		c.reason = err
		return nil, &ssh.BannerError{Err: errDenied, Message: limit.Phrase + "\r\n"}
	case err != nil:
		c.reason, c.repeated = err, c.guessed(cred)
		return nil, errDenied
	}
	c.subject, c.how = subject, how
	return &ssh.Permissions{}, nil
}

func (c *conn) password(m ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
	if len(password) == 0 {
		return nil, errDenied
	}
	return c.authenticate(identity.Credentials{User: m.User(), Password: string(password)}, "by password")
}

// keyboard asks for the password in a dialogue (RFC 4256), and then for a one-time code if
// the user has to have one.
func (c *conn) keyboard(m ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
	cred := identity.Credentials{User: m.User()}
	answers, err := ask("", "", []string{"Password: "}, []bool{false})
	if err != nil || len(answers) != 1 || answers[0] == "" {
		return nil, errDenied
	}
	cred.Password = answers[0]
	perms, err := c.authenticate(cred, "by password, in a dialogue")
	if err == nil || !errors.Is(c.reason, identity.ErrCode) {
		return perms, err
	}
	answers, err = ask("", "", []string{"One-time code: "}, []bool{true})
	if err != nil || len(answers) != 1 || answers[0] == "" {
		return nil, errDenied
	}
	cred.Code = answers[0]
	return c.authenticate(cred, "by password and one-time code")
}

// offered says whether a proof of key would do. It is no proof yet.
func (c *conn) offered(m ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	cert, ok := key.(*ssh.Certificate)
	if !ok {
		if c.terms.Keys != nil && c.terms.Keys.Authorized(m.User(), key) {
			return &ssh.Permissions{}, nil
		}
		return nil, errDenied
	}
	if len(cert.ValidPrincipals) == 0 { // good for anybody: for a user, a mistake
		return nil, errDenied
	}
	checker := ssh.CertChecker{IsUserAuthority: func(authority ssh.PublicKey) bool {
		return slices.ContainsFunc(c.terms.CAs, func(ca ssh.PublicKey) bool {
			return bytes.Equal(ca.Marshal(), authority.Marshal())
		})
	}}
	perms, err := checker.Authenticate(m, key) // who signed it, for whom, from when to when
	if err != nil {
		c.reason = err
		return nil, errDenied
	}
	return perms, nil
}

// proven admits by the key whose signature has been verified, and by no other that may
// have been offered.
func (c *conn) proven(m ssh.ConnMetadata, key ssh.PublicKey, offered *ssh.Permissions, _ string) (*ssh.Permissions, error) {
	how := "by key " + ssh.FingerprintSHA256(key)
	if cert, ok := key.(*ssh.Certificate); ok {
		how = "by certificate of " + ssh.FingerprintSHA256(cert.SignatureKey)
	}
	if _, err := c.authenticate(identity.Credentials{User: m.User(), Proven: m.User()}, how); err != nil {
		return nil, err
	}
	return offered, nil
}

// attempted tells of a log-in that was refused. That a client has asked which methods
// there are, or has offered a key that is none of the user's, is no attempt yet.
func (c *conn) attempted(m ssh.ConnMetadata, method string, err error) {
	if err == nil || method == "none" {
		return
	}
	guess := isGuess(c.reason) && !c.repeated
	if method == "publickey" { // of which a client may have several, before the one that is known
		c.keys = c.keys || guess || c.reason == nil
		if guess = false; c.reason == nil {
			return
		}
	}
	reason := c.reason
	if reason == nil {
		reason = identity.ErrRefused
	}
	c.reason, c.refused = nil, true
	who := c.about
	who.User = m.User()
	c.emit(event.Login{Session: who, Detail: "by " + method, Err: reason})
	if guess {
		c.failed()
	}
}
