package tlsbind_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"testing"

	"dray/ftp/ftpserver/tlsbind"
	"dray/ftp/ftptest"
)

// A client that wants another protocol has been led here by somebody else.
func TestALPN(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		offer, serve []string
		want         string
		fails        bool
	}{
		{offer: nil, want: ""},
		{offer: []string{"ftp"}, want: "ftp"},
		{offer: []string{"x-filezilla-ftp", "ftp"}, want: "ftp"},
		{offer: []string{"http/1.1"}, fails: true},
		{offer: []string{"h2", "http/1.1"}, fails: true},
		{offer: []string{"ftp"}, serve: []string{"other"}, fails: true},
		{offer: []string{"other"}, serve: []string{"other", "ftp"}, want: "other"},
	} {
		base := h.base.Clone()
		base.NextProtos = c.serve
		client := h.client(tls.VersionTLS13)
		client.NextProtos = c.offer
		there, here := tcp(t)
		server := tlsbind.New(base).Session().Control(there)
		atServer, atClient := meet(server, tls.Client(here, client))
		if failed := atServer != nil; failed != c.fails || failed != (atClient != nil) {
			t.Errorf("offer %q to %q: at the server %v, at the client %v", c.offer, c.serve, atServer, atClient)
		}
		if got := server.ConnectionState().NegotiatedProtocol; got != c.want {
			t.Errorf("offer %q to %q: got %q; want %q", c.offer, c.serve, got, c.want)
		}
	}
}

// What the caller configured holds on both kinds of connections, and is not changed.
func TestBase(t *testing.T) {
	h := newHouse(t)
	certificate := &h.base.Certificates[0]
	base := &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate, nil },
		MinVersion:     tls.VersionTLS13,
		ClientAuth:     tls.RequireAnyClientCert,
	}
	mine, _ := ftptest.Certificate(t)
	session := tlsbind.New(base).Session()
	base.MinVersion = 0 // too late to matter
	client := h.client(tls.VersionTLS13)
	client.Certificates = []tls.Certificate{mine}
	check := func(name string, state tls.ConnectionState) {
		if len(state.PeerCertificates) != 1 || !state.PeerCertificates[0].Equal(mine.Leaf) {
			t.Errorf("%s: the client's certificate is not there", name)
		}
	}
	check("control", control(t, session, client).ConnectionState())
	for range 2 {
		d := data(t, session, client)
		expect(t, d, tlsbind.Own)
		check("data", d.ConnectionState())
	}

	old := h.client(tls.VersionTLS12)
	old.Certificates = client.Certificates
	there, here := tcp(t)
	if atServer, _ := meet(session.Data(there).Conn, tls.Client(here, old)); atServer == nil {
		t.Error("TLS 1.2 on a data connection; the least is 1.3")
	}
	if base.NextProtos != nil || base.WrapSession != nil || base.UnwrapSession != nil || base.GetConfigForClient != nil {
		t.Error("the configuration was changed")
	}
}

// A configuration chosen by the client's hello is bound as well, and its error ends the
// handshake.
func TestGetConfigForClient(t *testing.T) {
	h := newHouse(t)
	base := &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if slices.Contains(hello.SupportedVersions, tls.VersionTLS13) {
			return h.base, nil
		}
		return nil, errors.New("not for you")
	}}
	session, client := tlsbind.New(base).Session(), h.client(tls.VersionTLS13)
	control(t, session, client)
	expect(t, data(t, session, client), tlsbind.Own)

	there, here := tcp(t)
	if atServer, _ := meet(session.Data(there).Conn, tls.Client(here, h.client(tls.VersionTLS12))); atServer == nil {
		t.Error("the error was passed over")
	}
	if h.base.NextProtos != nil || h.base.WrapSession != nil || h.base.UnwrapSession != nil {
		t.Error("the chosen configuration was changed")
	}
}

// Clients compare the certificates of both connections, so that a renewal in between must
// not be seen.
func TestOneCertificateASession(t *testing.T) {
	first, roots := ftptest.Certificate(t)
	second, _ := ftptest.Certificate(t)
	roots.AddCert(second.Leaf)
	current := &first
	binder := tlsbind.New(&tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return current, nil },
	})
	eachVersion(t, func(t *testing.T, version uint16) {
		current = &first
		shown := func(open func(*tls.Config)) (leaf *x509.Certificate) {
			client := house{roots: roots}.client(version)
			client.ClientSessionCache = nil
			client.VerifyConnection = func(state tls.ConnectionState) error {
				leaf = state.PeerCertificates[0]
				return nil
			}
			open(client)
			return leaf
		}
		session := binder.Session()
		before := shown(func(c *tls.Config) { control(t, session, c) })
		current = &second
		after := shown(func(c *tls.Config) { data(t, session, c) })
		next := shown(func(c *tls.Config) { control(t, binder.Session(), c) })
		if !before.Equal(first.Leaf) || !after.Equal(first.Leaf) {
			t.Error("a session shows two certificates")
		}
		if !next.Equal(second.Leaf) {
			t.Error("the next session shows the old certificate")
		}
	})
}

// Without tickets nothing can be bound, but all is served.
func TestSessionTicketsDisabled(t *testing.T) {
	h := newHouse(t)
	h.base.SessionTicketsDisabled = true
	eachVersion(t, func(t *testing.T, version uint16) {
		session, client := tlsbind.New(h.base).Session(), h.client(version)
		control(t, session, client)
		expect(t, data(t, session, client), tlsbind.None)
	})
}
