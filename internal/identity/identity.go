// Package identity says who a peer is. It decides nothing about what they may do
// (package policy) and keeps no session.
package identity

import (
	"context"
	"errors"
	"net/netip"
)

// ErrRefused is the one answer to a log-in that is not admitted, whatever the reason.
var ErrRefused = errors.New("log-in refused")

// Subject is someone who has been admitted, and how they came. The zero value is nobody.
type Subject struct {
	Name      string     // the user name; "anonymous" for a guest
	Anonymous bool       // admitted without a proof
	Groups    []string   // that the user is a member of
	Protocol  string     // "ftp", under TLS "ftps", "sftp", "scp" (its older form), "tftp"
	Remote    netip.Addr // where the peer is; an IPv4 address is never mapped into IPv6
}

// By returns s as somebody who came by protocol, from the address remote.
func (s Subject) By(protocol string, remote netip.Addr) Subject {
	s.Protocol, s.Remote = protocol, remote.Unmap()
	return s
}

// Credentials are what a peer offers.
type Credentials struct {
	User     string
	Password string
	Code     string         // a one-time code; "" for none
	Proven   string         // the user name that a certificate or a key has proven; "" for none
	Protocol string         // as of a [Subject]
	Remote   netip.AddrPort // where the peer is
}

// Authenticator admits a peer, or says ErrRefused. Any other error means that it could
// not find out.
type Authenticator interface {
	Authenticate(ctx context.Context, c Credentials) (Subject, error)
}
