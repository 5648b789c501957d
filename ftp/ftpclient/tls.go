package ftpclient

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"

	"dray/ftp"
)

// Security says how the connections are protected.
type Security uint8

// The ways.
const (
	Plain    Security = iota // not at all: passwords and files can be read on the way
	Explicit                 // AUTH TLS on the usual port; the server has to have it (RFC 4217)
	Implicit                 // TLS from the first octet, usually on port 990
)

// Pin is the SHA-256 of a certificate's public key (its SubjectPublicKeyInfo). The zero
// value is no pin.
type Pin [sha256.Size]byte

// PinOf returns the pin of a certificate.
func PinOf(c *x509.Certificate) Pin { return sha256.Sum256(c.RawSubjectPublicKeyInfo) }

// pinPrefix begins the text of a pin, as with curl's --pinnedpubkey.
const pinPrefix = "sha256//"

// String returns the pin as "sha256//" and its base64.
func (p Pin) String() string { return pinPrefix + base64.StdEncoding.EncodeToString(p[:]) }

// ParsePin reads what [Pin.String] returns.
func ParsePin(s string) (Pin, error) {
	text, ok := strings.CutPrefix(s, pinPrefix)
	b, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(b) != len(Pin{}) {
		return Pin{}, fmt.Errorf("ftpclient: not a pin (%s and the base64 of 32 octets): %q", pinPrefix, s)
	}
	if pin := Pin(b); pin != (Pin{}) {
		return pin, nil
	}
	return Pin{}, fmt.Errorf("ftpclient: no key has the pin %q", s)
}

// CertificateError is a certificate that was not accepted. It says what a person needs to
// decide whether to pin it.
type CertificateError struct {
	Certificate *x509.Certificate
	Err         error
}

func (e *CertificateError) Error() string {
	return fmt.Sprintf("certificate of %q with key %v: %v", e.Certificate.Subject, PinOf(e.Certificate), e.Err)
}

// Unwrap returns why it was not accepted.
func (e *CertificateError) Unwrap() error { return e.Err }

// What is wrong with a key.
var (
	errPin = errors.New("it is not the pinned key")
	errKey = errors.New("it is not the key of the control connection")
)

// tlsConfig returns the configuration of all connections of one session. The cache in it
// is what lets a data connection resume the session of the control connection, which is
// how a server knows that both come from the same client.
func (d *Dialer) tlsConfig(address string) (*tls.Config, error) {
	config := d.TLSConfig.Clone()
	if config == nil {
		config = &tls.Config{}
	}
	if config.ServerName == "" {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		config.ServerName, _, _ = strings.Cut(host, "%")
	}
	if config.NextProtos == nil {
		config.NextProtos = []string{"ftp"}
	}
	config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	if d.Pin != (Pin{}) {
		d.pin(config)
	}
	return config, nil
}

// pin replaces the verification by that of the key alone.
func (d *Dialer) pin(config *tls.Config) {
	verify, want := config.VerifyConnection, d.Pin
	config.InsecureSkipVerify = true
	config.VerifyConnection = func(state tls.ConnectionState) error {
		leaf := state.PeerCertificates[0]
		got := PinOf(leaf)
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			return &CertificateError{leaf, errPin}
		}
		if verify != nil {
			return verify(state)
		}
		return nil
	}
}

// authTLS asks for TLS in plain text. Whatever follows the answer in plain text has been
// put there by somebody else.
func (c *Client) authTLS(ctx context.Context) error {
	cmd := ftp.Command{Verb: "AUTH", Arg: "TLS"}
	if _, err := c.command(ctx, cmd); err != nil {
		var refusal *ftp.Error
		if errors.As(err, &refusal) && c.dead == nil {
			return &OpError{Op: cmd.Verb, Path: cmd.Arg, Fault: ErrTLSRefused, Err: refusal}
		}
		return err
	}
	if n := c.reader.Buffered(); n > 0 {
		err := &OpError{Op: cmd.Verb, Path: cmd.Arg, Fault: ErrProtocol, Err: fmt.Errorf("%d octets in plain text after the answer", n)}
		c.kill(err)
		return err
	}
	return c.startTLS(ctx)
}

// startTLS protects the control connection.
func (c *Client) startTLS(ctx context.Context) error {
	conn := tls.Client(c.conn, c.tls)
	if err := conn.Handshake(); err != nil {
		fault, err := handshakeFault(err)
		err = broken(ctx, "TLS", fault, err)
		c.kill(err)
		return err
	}
	c.key = PinOf(conn.ConnectionState().PeerCertificates[0])
	c.control = conn
	c.reader = bufio.NewReader(conn)
	return nil
}

// protect asks that data connections be protected too.
func (c *Client) protect(ctx context.Context) error {
	for _, cmd := range []ftp.Command{{Verb: "PBSZ", Arg: "0"}, {Verb: "PROT", Arg: "P"}} {
		if _, err := c.command(ctx, cmd); err != nil {
			var refusal *ftp.Error
			if cmd.Verb == "PBSZ" && errors.As(err, &refusal) && c.dead == nil {
				continue // it has no meaning with TLS, and some servers leave it out
			}
			return err
		}
	}
	return nil
}

// secure protects a data connection. Where certificates are not verified, its key must at
// least be that of the control connection.
func (c *Client) secure(conn *dataConn) (Fault, error) {
	secured := tls.Client(conn.line, c.tls)
	if err := secured.Handshake(); err != nil {
		return handshakeFault(err)
	}
	state := secured.ConnectionState()
	if leaf := state.PeerCertificates[0]; c.tls.InsecureSkipVerify && PinOf(leaf) != c.key {
		return ErrCertificate, &CertificateError{leaf, errKey}
	}
	conn.Conn, c.resumed = secured, state.DidResume
	return 0, nil
}

// handshakeFault finds the fault of a handshake that failed, and its cause.
func handshakeFault(err error) (Fault, error) {
	var mine *CertificateError
	var theirs *tls.CertificateVerificationError
	switch {
	case errors.Is(err, errPin):
		return ErrPin, err
	case errors.As(err, &mine):
		return ErrCertificate, err
	case errors.As(err, &theirs):
		return ErrCertificate, &CertificateError{theirs.UnverifiedCertificates[0], theirs.Err}
	default:
		return ErrTLS, err
	}
}

// Resumed reports whether the last data connection resumed the TLS session of the control
// connection. Servers that bind the two refuse one that did not.
func (c *Client) Resumed() bool { return c.resumed }
