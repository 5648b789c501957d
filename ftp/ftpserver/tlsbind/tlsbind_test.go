package tlsbind_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"testing"

	"dray/ftp/ftpserver/tlsbind"
	"dray/ftp/ftptest"
)

// house is a server's configuration and what its clients need to trust it.
type house struct {
	base  *tls.Config
	roots *x509.CertPool
}

func newHouse(t *testing.T) house {
	certificate, roots := ftptest.Certificate(t)
	return house{&tls.Config{Certificates: []tls.Certificate{certificate}}, roots}
}

// client returns the configuration of a client that resumes, in one version of TLS.
func (h house) client(version uint16) *tls.Config {
	return &tls.Config{
		RootCAs:            h.roots,
		ServerName:         "127.0.0.1",
		MinVersion:         version,
		MaxVersion:         version,
		ClientSessionCache: tls.NewLRUClientSessionCache(1),
	}
}

// eachVersion runs a test in TLS 1.2 and in TLS 1.3.
func eachVersion(t *testing.T, test func(t *testing.T, version uint16)) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) { test(t, version) })
	}
}

// tcp returns both ends of a connection.
func tcp(t *testing.T) (server, client net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close(); client.Close() })
	return server, client
}

// meet lets both shake hands, and the client hear one octet of the server, since that is
// when a client of TLS 1.3 finds its ticket. It returns the error of either.
func meet(server, client *tls.Conn) (atServer, atClient error) {
	done := make(chan error, 1)
	go func() {
		_, err := server.Write([]byte("."))
		if err != nil {
			server.NetConn().Close()
		}
		done <- err
	}()
	var word [1]byte
	_, atClient = client.Read(word[:])
	if atClient != nil {
		client.NetConn().Close()
	}
	return <-done, atClient
}

// control opens a control connection.
func control(t *testing.T, s *tlsbind.Session, config *tls.Config) *tls.Conn {
	t.Helper()
	there, here := tcp(t)
	server := s.Control(there)
	atServer, atClient := meet(server, tls.Client(here, config))
	if atServer != nil || atClient != nil {
		t.Fatalf("control connection: at the server %v, at the client %v", atServer, atClient)
	}
	return server
}

// data opens a data connection.
func data(t *testing.T, s *tlsbind.Session, config *tls.Config) *tlsbind.Data {
	t.Helper()
	there, here := tcp(t)
	server := s.Data(there)
	atServer, atClient := meet(server.Conn, tls.Client(here, config))
	if atServer != nil || atClient != nil {
		t.Fatalf("data connection: at the server %v, at the client %v", atServer, atClient)
	}
	return server
}

// expect checks a verdict, and that resumption goes with it.
func expect(t *testing.T, d *tlsbind.Data, want tlsbind.Verdict) {
	t.Helper()
	if got := d.Verdict(); got != want {
		t.Errorf("verdict %v; want %v", got, want)
	}
	if got := d.ConnectionState().DidResume; got != (want == tlsbind.Own) {
		t.Errorf("with verdict %v: resumed %v", want, got)
	}
}

// A client with one cache has all its data connections bound.
func TestOwn(t *testing.T) {
	h := newHouse(t)
	eachVersion(t, func(t *testing.T, version uint16) {
		session, client := tlsbind.New(h.base).Session(), h.client(version)
		control(t, session, client)
		for range 20 {
			expect(t, data(t, session, client), tlsbind.Own)
		}
	})
}

// onceCache is the cache of a client that uses each ticket once.
type onceCache map[string]*tls.ClientSessionState

func (c onceCache) Put(key string, s *tls.ClientSessionState) { c[key] = s }

func (c onceCache) Get(key string) (*tls.ClientSessionState, bool) {
	s, ok := c[key]
	delete(c, key)
	return s, ok
}

// A client that uses each ticket once finds a new one on every data connection.
func TestOwnWithTicketsOfDataConnections(t *testing.T) {
	h := newHouse(t)
	eachVersion(t, func(t *testing.T, version uint16) {
		session, client := tlsbind.New(h.base).Session(), h.client(version)
		client.ClientSessionCache = onceCache{}
		control(t, session, client)
		for range 5 {
			expect(t, data(t, session, client), tlsbind.Own)
		}
	})
}

// A client that has no tickets, or wants none, is served but not bound.
func TestNone(t *testing.T) {
	h := newHouse(t)
	for name, forget := range map[string]func(*tls.Config){
		"no cache":            func(c *tls.Config) { c.ClientSessionCache = nil },
		"no ticket extension": func(c *tls.Config) { c.SessionTicketsDisabled = true },
		"empty cache":         func(c *tls.Config) { c.ClientSessionCache = tls.NewLRUClientSessionCache(1) },
	} {
		eachVersion(t, func(t *testing.T, version uint16) {
			t.Run(name, func(t *testing.T) {
				session, client := tlsbind.New(h.base).Session(), h.client(version)
				control(t, session, client)
				forget(client)
				expect(t, data(t, session, client), tlsbind.None)
			})
		})
	}
}

// An attacker with a session of its own reaches the passive port of another first.
func TestTicketOfAnotherSession(t *testing.T) {
	h := newHouse(t)
	eachVersion(t, func(t *testing.T, version uint16) {
		binder := tlsbind.New(h.base)
		theirs, mine := binder.Session(), binder.Session()
		victim, attacker := h.client(version), h.client(version)
		control(t, theirs, victim)
		control(t, mine, attacker)
		expect(t, data(t, theirs, attacker), tlsbind.Foreign)
		expect(t, data(t, theirs, victim), tlsbind.Own)
	})
}

// A client that connects again may resume its control connection, but not use the
// tickets of the session before on data connections.
func TestTicketOfAnEarlierSession(t *testing.T) {
	h := newHouse(t)
	eachVersion(t, func(t *testing.T, version uint16) {
		binder, client, old := tlsbind.New(h.base), h.client(version), h.client(version)
		control(t, binder.Session(), client)
		ticket, _ := client.ClientSessionCache.Get(client.ServerName)
		old.ClientSessionCache.Put(old.ServerName, ticket)
		again := binder.Session()
		if !control(t, again, client).ConnectionState().DidResume {
			t.Error("the control connection did not resume")
		}
		expect(t, data(t, again, old), tlsbind.Foreign)
		expect(t, data(t, again, client), tlsbind.Own)
	})
}

// A ticket that bears no mark binds nothing, though its keys are the right ones: those of
// a bare clone of the configuration.
func TestTicketOfAClone(t *testing.T) {
	h := newHouse(t)
	h.base.SetSessionTicketKeys([][32]byte{{1}})
	visitor := func(t *testing.T, version uint16) *tls.Config {
		client := h.client(version)
		there, here := tcp(t)
		atServer, atClient := meet(tls.Server(there, h.base.Clone()), tls.Client(here, client))
		if atServer != nil || atClient != nil {
			t.Fatalf("clone: at the server %v, at the client %v", atServer, atClient)
		}
		return client
	}
	eachVersion(t, func(t *testing.T, version uint16) {
		session := tlsbind.New(h.base).Session()
		expect(t, data(t, session, visitor(t, version)), tlsbind.Foreign)
		if !control(t, session, visitor(t, version)).ConnectionState().DidResume {
			t.Error("the keys are not the same")
		}
	})
}

// stolen is the cache of an attacker who has read a ticket on the wire, where a client
// shows it in clear, and has to make up the secret that goes with it.
type stolen struct {
	ticket []byte
	tls.ClientSessionCache
}

func (s stolen) Get(key string) (*tls.ClientSessionState, bool) {
	own, ok := s.ClientSessionCache.Get(key)
	if !ok {
		return nil, false
	}
	_, state, err := own.ResumptionState()
	if err != nil {
		return nil, false
	}
	forged, err := tls.NewResumptionState(s.ticket, state)
	return forged, err == nil
}

// Who has only seen a ticket of the session does not get through the handshake.
func TestStolenTicket(t *testing.T) {
	h := newHouse(t)
	eachVersion(t, func(t *testing.T, version uint16) {
		binder := tlsbind.New(h.base)
		session, victim, attacker := binder.Session(), h.client(version), h.client(version)
		control(t, session, victim)
		control(t, binder.Session(), attacker)
		seen, _ := victim.ClientSessionCache.Get(victim.ServerName)
		ticket, _, err := seen.ResumptionState()
		if err != nil {
			t.Fatal(err)
		}
		attacker.ClientSessionCache = stolen{ticket, attacker.ClientSessionCache}

		there, here := tcp(t)
		server := session.Data(there)
		if atServer, _ := meet(server.Conn, tls.Client(here, attacker)); atServer == nil {
			t.Error("the handshake succeeded")
		}
		if got := server.Verdict(); got != tlsbind.Foreign {
			t.Errorf("verdict %v; want %v", got, tlsbind.Foreign)
		}
	})
}

// A ticket of the right session proves nothing if the handshake does not resume it: here
// the cipher suites have changed meanwhile.
func TestOwnTicketThatDoesNotResume(t *testing.T) {
	h := newHouse(t)
	suite := tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
	h.base.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return &tls.Config{Certificates: h.base.Certificates, CipherSuites: []uint16{suite}}, nil
	}
	session, client := tlsbind.New(h.base).Session(), h.client(tls.VersionTLS12)
	control(t, session, client)
	expect(t, data(t, session, client), tlsbind.Own)
	suite = tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
	expect(t, data(t, session, client), tlsbind.Foreign)
}

// A ticket that no key opens is nobody's.
func TestSetTicketKeys(t *testing.T) {
	h := newHouse(t)
	eachVersion(t, func(t *testing.T, version uint16) {
		binder, client := tlsbind.New(h.base), h.client(version)
		session := binder.Session()
		binder.SetTicketKeys([][32]byte{{1}})
		control(t, session, client)
		binder.SetTicketKeys([][32]byte{{2}, {1}})
		expect(t, data(t, session, client), tlsbind.Own) // opened with 1, the next one is sealed with 2
		binder.SetTicketKeys([][32]byte{{3}, {2}})
		expect(t, data(t, session, client), tlsbind.Own)
		binder.SetTicketKeys([][32]byte{{4}})
		expect(t, data(t, session, client), tlsbind.Foreign)
	})
}

// Servers that share keys resume each other's control connections, and no others.
func TestSharedTicketKeys(t *testing.T) {
	h := newHouse(t)
	eachVersion(t, func(t *testing.T, version uint16) {
		one, two, stranger := tlsbind.New(h.base), tlsbind.New(h.base), tlsbind.New(h.base)
		one.SetTicketKeys([][32]byte{{1}})
		two.SetTicketKeys([][32]byte{{1}})
		client := h.client(version)
		control(t, one.Session(), client)
		session := two.Session()
		if !control(t, session, client).ConnectionState().DidResume {
			t.Error("not resumed on the server with the same keys")
		}
		expect(t, data(t, session, client), tlsbind.Own)
		if control(t, stranger.Session(), client).ConnectionState().DidResume {
			t.Error("resumed on a server with other keys")
		}
	})
}

// Many sessions at once, while the keys rotate, stay each their own.
func TestManySessions(t *testing.T) {
	h := newHouse(t)
	binder := tlsbind.New(h.base)
	keys := [][32]byte{{1}}
	binder.SetTicketKeys(keys)
	for i := range 8 {
		t.Run(fmt.Sprint("session ", i), func(t *testing.T) {
			t.Parallel()
			session, client := binder.Session(), h.client(tls.VersionTLS12+uint16(i%2))
			control(t, session, client)
			for range 5 {
				expect(t, data(t, session, client), tlsbind.Own)
			}
		})
	}
	t.Run("rotation", func(t *testing.T) {
		t.Parallel()
		for i := range byte(20) {
			keys = append([][32]byte{{i + 2}}, keys...)
			binder.SetTicketKeys(keys)
		}
	})
}
