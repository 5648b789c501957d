package ftpserver

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/iotest"

	"dray/ftp"
	"dray/ftp/ftpclient"
	"dray/ftp/ftptest"
)

// secured is a server with TLS, and what its clients trust.
func secured(t *testing.T) (*Server, *memory, *tls.Config) {
	certificate, roots := ftptest.Certificate(t)
	m := newMemory()
	s := &Server{Backend: m, TLS: &tls.Config{Certificates: []tls.Certificate{certificate}}, LoginDelay: -1}
	return s, m, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"}
}

// serveTLS runs a server for implicit TLS until the test ends.
func serveTLS(t *testing.T, s *Server) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.ServeTLS(l) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-done; !errors.Is(err, ErrServerClosed) {
			t.Errorf("ServeTLS: %v", err)
		}
	})
	return l.Addr().String()
}

// In all ways in which FTPS is spoken, files arrive whole, and every data connection is
// bound to its control connection.
func TestFTPS(t *testing.T) {
	for _, security := range []ftpclient.Security{ftpclient.Explicit, ftpclient.Implicit} {
		for _, mode := range []ftpclient.Mode{ftpclient.Passive, ftpclient.Active} {
			for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
				t.Run(fmt.Sprintf("security %d, mode %d, %s", security, mode, tls.VersionName(version)), func(t *testing.T) {
					s, m, config := secured(t)
					s.Binding, s.RequireTLS, s.RequireTLSEnd = BindingRequire, true, true
					config.MaxVersion = version
					addr := ""
					if security == ftpclient.Implicit {
						addr = serveTLS(t, s)
					} else {
						addr = serve(t, s, "127.0.0.1:0")
					}
					exchangeFiles(t, &ftpclient.Dialer{Security: security, Mode: mode, TLSConfig: config}, addr)
					for _, transfer := range m.transfers {
						if transfer.Err != nil || transfer.Note != "" {
							t.Errorf("%+v", transfer)
						}
					}
				})
			}
		}
	}
}

func exchangeFiles(t *testing.T, d *ftpclient.Dialer, addr string) {
	t.Helper()
	ctx := t.Context()
	c, err := d.Dial(ctx, addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Login(ctx, "alice", "secret"); err != nil {
		t.Fatal(err)
	}
	for i, size := range []int{0, 1, 16 << 10, 3<<20 + 7} {
		data := bytes.Repeat([]byte{byte(size), 1, 2, 3, 5, 7, 11}, size/7+1)[:size]
		name := fmt.Sprintf("/%d", i)
		if _, err := c.Store(ctx, name, 0, bytes.NewReader(data)); err != nil {
			t.Fatalf("store %d octets: %v", size, err)
		}
		var got bytes.Buffer
		if _, err := c.Retrieve(ctx, name, 0, &got); err != nil || !bytes.Equal(got.Bytes(), data) {
			t.Fatalf("retrieve %d octets: %d, %v", size, got.Len(), err)
		}
		if d.Security != ftpclient.Plain && !c.Resumed() {
			t.Error("the data connection did not resume")
		}
	}
	for _, err := range c.List(ctx, "/") {
		if err != nil {
			t.Error(err)
		}
	}
	if err := c.Quit(ctx); err != nil {
		t.Error(err)
	}
}

// upgrade logs in over TLS with data protected.
func upgrade(t *testing.T, addr string, config *tls.Config) *peer {
	t.Helper()
	p := greet(t, addr)
	p.ask("AUTH TLS", ftp.CodeAuthOK)
	p.handshake(config)
	p.ask("USER alice", ftp.CodeNeedPassword)
	p.ask("PASS secret", ftp.CodeLoggedIn)
	p.ask("PROT P", ftp.CodeOK)
	return p
}

func (p *peer) handshake(config *tls.Config) {
	p.t.Helper()
	conn := tls.Client(p.Conn, config)
	if err := conn.Handshake(); err != nil {
		p.t.Fatal(err)
	}
	p.Conn = conn
	p.r.Reset(conn)
}

// An attacker who has a log-in of his own, and gets to the port first from the same
// address, has the wrong TLS session for it. What is not required is noted.
func TestBinding(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for binding, want := range map[Binding]string{
			BindingRequire: "session of another control connection", BindingLog: "session of another control connection", BindingOff: "",
		} {
			t.Run(fmt.Sprintf("%s, binding %d", tls.VersionName(version), binding), func(t *testing.T) {
				s, m, config := secured(t)
				s.Binding = binding
				config.MaxVersion = version
				addr := serve(t, s, "127.0.0.1:0")
				attacker := config.Clone()
				attacker.ClientSessionCache = tls.NewLRUClientSessionCache(0)
				upgrade(t, addr, attacker).ask("NOOP", ftp.CodeOK) // has read its ticket
				victim := upgrade(t, addr, config)
				raw := victim.open()
				victim.ask("RETR hello.txt", ftp.CodeOpening)
				got, err := io.ReadAll(tls.Client(raw, attacker))
				if binding == BindingRequire {
					victim.want(ftp.CodeDataNeedsTLS)
				} else {
					victim.want(ftp.CodeDone)
				}
				if stolen := string(got) == "hello, world\n"; stolen == (binding == BindingRequire) {
					t.Errorf("the attacker got %q, %v", got, err)
				}
				victim.ask("QUIT", ftp.CodeGoodbye)
				victim.ended()
				m.mu.Lock()
				defer m.mu.Unlock()
				if note := m.transfers[0].Note; !strings.Contains(note, want) || want == "" && note != "" {
					t.Errorf("note %q, want %q", note, want)
				}
			})
		}
	}
}

// A client that was led here from another protocol does not get through the handshake.
func TestALPN(t *testing.T) {
	s, _, config := secured(t)
	config.NextProtos = []string{"http/1.1"}
	p := greet(t, serve(t, s, "127.0.0.1:0"))
	p.ask("AUTH TLS", ftp.CodeAuthOK)
	if err := tls.Client(p.Conn, config).Handshake(); err == nil {
		t.Error("HTTP over TLS was let in")
	}
}

// A download ends with a close_notify, by which strict clients tell that it is whole, unless
// it is not. In TLS 1.2 it can be seen from outside: the last record is an alert.
func TestCloseNotify(t *testing.T) {
	s, m, config := secured(t)
	s.Backend = failing{m}
	config.MaxVersion = tls.VersionTLS12
	p := upgrade(t, serve(t, s, "127.0.0.1:0"), config)
	for _, row := range []struct {
		line, want string
		code       ftp.Code
	}{
		{"RETR hello.txt", "hello, world\n", ftp.CodeDone},
		{"RETR zero", "", ftp.CodeDone},
		{"NLST empty", "", ftp.CodeDone},
		{"RETR bad-sector", "half", ftp.CodeLocalError},
	} {
		raw := p.open()
		p.ask(row.line, ftp.CodeOpening)
		var seen bytes.Buffer
		got, err := io.ReadAll(tls.Client(tee{raw, &seen}, config))
		if err != nil || string(got) != row.want {
			t.Errorf("%s: %q, %v", row.line, got, err)
		}
		p.want(row.code)
		last := byte(0)
		for b := seen.Bytes(); len(b) >= 5; b = b[5+(int(b[3])<<8|int(b[4])):] {
			last = b[0]
		}
		if notified := last == 21; notified != (row.code == ftp.CodeDone) {
			t.Errorf("%s: the last record is of type %d", row.line, last)
		}
	}
}

// failing has a file that can be read to the half.
type failing struct{ *memory }

func (f failing) NewSession(context.Context, *Conn) (Session, error) { return f, nil }

func (f failing) Login(context.Context, string, string) (FS, error) { return f, nil }

func (f failing) Close() error { return nil }

func (f failing) Open(ctx context.Context, name string, offset int64) (io.ReadCloser, error) {
	if name != "/bad-sector" {
		return f.memory.Open(ctx, name, offset)
	}
	return io.NopCloser(io.MultiReader(strings.NewReader("half"), iotest.ErrReader(errors.New("bad sector")))), nil
}

// tee keeps what is read from a connection.
type tee struct {
	net.Conn
	seen *bytes.Buffer
}

func (t tee) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	t.seen.Write(b[:n])
	return n, err
}

// An upload over TLS that was cut off looks like one that ended; close_notify tells.
func TestTruncatedUpload(t *testing.T) {
	for _, require := range []bool{false, true} {
		s, m, config := secured(t)
		s.RequireTLSEnd = require
		p := upgrade(t, serve(t, s, "127.0.0.1:0"), config)
		raw := p.open()
		p.ask("STOR new.txt", ftp.CodeOpening)
		conn := tls.Client(raw, config)
		if _, err := io.WriteString(conn, "half"); err != nil {
			t.Fatal(err)
		}
		raw.(*net.TCPConn).CloseWrite()
		if require {
			p.want(ftp.CodeDataLost)
		} else {
			p.want(ftp.CodeDone)
		}
		p.ask("QUIT", ftp.CodeGoodbye)
		p.ended()
		m.mu.Lock()
		if _, stored := m.files["/new.txt"]; stored == require {
			t.Errorf("with RequireTLSEnd %v stored is %v", require, stored)
		}
		if !require && !strings.Contains(m.transfers[0].Note, "close_notify") {
			t.Errorf("note %q", m.transfers[0].Note)
		}
		m.mu.Unlock()
	}
}

// An upload that is reset is not stored, and the log says which clients do that with what
// kind of TLS, and what helps them.
func TestUploadResetOverTLS(t *testing.T) {
	for about, row := range map[string]struct {
		version uint16
		quiet   bool
		noted   bool
	}{
		"TLS 1.3":                               {tls.VersionTLS13, false, true},
		"TLS 1.3, no tickets":                   {tls.VersionTLS13, true, false},
		"TLS 1.2, in which a ticket is no harm": {tls.VersionTLS12, false, false},
	} {
		t.Run(about, func(t *testing.T) {
			s, m, config := secured(t)
			s.NoDataTickets, config.MaxVersion = row.quiet, row.version
			config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
			p := upgrade(t, serve(t, s, "127.0.0.1:0"), config)
			raw := p.open()
			p.ask("STOR new.txt", ftp.CodeOpening)
			if _, err := io.WriteString(tls.Client(raw, config), "half"); err != nil {
				t.Fatal(err)
			}
			p.until("STOR: 4 octets so far")
			raw.(*net.TCPConn).SetLinger(0)
			raw.Close()
			p.want(ftp.CodeDataLost)
			p.ask("SIZE new.txt", ftp.CodeNotFile)
			p.ask("QUIT", ftp.CodeGoodbye)
			p.ended()
			m.mu.Lock()
			defer m.mu.Unlock()
			if note := m.transfers[0].Note; strings.Contains(note, "without reading its session ticket") != row.noted {
				t.Errorf("note %q", note)
			}
		})
	}
}

// AUTH waits for the end of a transfer like any command, and what follows it is read as
// TLS.
func TestAuthDuringTransfer(t *testing.T) {
	s, _, config := secured(t)
	p := enter(t, serve(t, s, "127.0.0.1:0"))
	data := p.open()
	p.ask("STOR new.txt", ftp.CodeOpening)
	p.say("AUTH TLS\r\n")
	data.Close()
	p.want(ftp.CodeDone)
	p.want(ftp.CodeAuthOK)
	p.handshake(config)
	p.ask("PWD", ftp.CodeNotLoggedIn)
}

// A certificate that the server verifies is a log-in without a password.
func TestClientCertificate(t *testing.T) {
	s, m, config := secured(t)
	mine, roots := ftptest.Certificate(t)
	s.TLS.ClientAuth, s.TLS.ClientCAs = tls.VerifyClientCertIfGiven, roots
	s.Backend = certified{m}
	addr := serve(t, s, "127.0.0.1:0")
	for _, certificates := range [][]tls.Certificate{{mine}, nil} {
		config.Certificates = certificates
		p := greet(t, addr)
		p.ask("AUTH TLS", ftp.CodeAuthOK)
		p.handshake(config)
		if certificates == nil {
			p.ask("USER ftptest", ftp.CodeNeedPassword)
			continue
		}
		p.ask("USER alice", ftp.CodeNeedPassword) // the certificate is of somebody else
		p.ask("USER ftptest", ftp.CodeLoggedInByTLS)
		p.ask("PWD", ftp.CodeDirectory)
	}
}

// certified is a backend that takes the common name of a certificate as the user.
type certified struct{ *memory }

func (c certified) NewSession(context.Context, *Conn) (Session, error) {
	return certifiedSession{memorySession{c.memory}}, nil
}

type certifiedSession struct{ memorySession }

func (c certifiedSession) LoginCertificate(_ context.Context, user string, cert *x509.Certificate) (FS, error) {
	if cert.Subject.CommonName != user {
		return nil, ErrLogin
	}
	return c.m, nil
}

// Implicit TLS speaks nothing else, and needs a certificate.
func TestServeTLS(t *testing.T) {
	s, _, _ := secured(t)
	conn, err := net.Dial("tcp", serveTLS(t, s))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "USER alice\r\n")
	if b, err := io.ReadAll(conn); strings.HasPrefix(string(b), "220") {
		t.Errorf("clear text on the port for TLS: %q, %v", b, err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := (&Server{}).ServeTLS(l); !errors.Is(err, ErrNoTLS) {
		t.Errorf("ServeTLS without TLS: %v", err)
	}
}

// TestHandshakeNotes: the log says in one line whose fault it is that there is no TLS.
func TestHandshakeNotes(t *testing.T) {
	for name, c := range map[string]struct {
		fail func(conn *net.TCPConn, trusting *tls.Config) error // does what the client does
		want string
	}{
		"not trusted": {func(conn *net.TCPConn, _ *tls.Config) error {
			return tls.Client(conn, &tls.Config{ServerName: "127.0.0.1"}).Handshake()
		}, "reason=\"the client does not trust the certificate: remote error: tls: bad certificate\" hint=\"show it\""},
		"plain FTP": {func(conn *net.TCPConn, _ *tls.Config) error {
			_, err := io.WriteString(conn, "USER joe\r\n")
			return errors.Join(err, errors.New("it is not TLS"))
		}, "reason=\"the client speaks no TLS here\""},
		"gone": {func(conn *net.TCPConn, _ *tls.Config) error {
			return errors.Join(conn.CloseWrite(), errors.New("it is not TLS"))
		}, "reason=\"the client hung up without a word\""},
		"gone when it saw the certificate": {func(conn *net.TCPConn, _ *tls.Config) error {
			config := &tls.Config{InsecureSkipVerify: true, VerifyConnection: func(tls.ConnectionState) error {
				conn.CloseWrite()
				return errors.New("no")
			}}
			return tls.Client(conn, config).Handshake()
		}, "reason=\"the client hung up in the middle of it, as one does that does not trust the certificate\" hint=\"show it\""},
		"not trusted, in the way of OpenSSL": {func(conn *net.TCPConn, _ *tls.Config) error {
			config := &tls.Config{InsecureSkipVerify: true, VerifyConnection: func(tls.ConnectionState) error {
				io.WriteString(conn, "\x15\x03\x03\x00\x02\x02\x30") // in clear
				conn.CloseWrite()
				return errors.New("no")
			}}
			return tls.Client(conn, config).Handshake()
		}, "reason=\"the client does not trust the certificate: tls: unknown certificate authority\" hint=\"show it\""},
		"refused": {func(conn *net.TCPConn, config *tls.Config) error {
			_, err := io.WriteString(conn, "\x15\x03\x03\x00\x02\x02\x46")
			return errors.Join(err, conn.CloseWrite(), errors.New("it is not TLS"))
		}, "reason=\"the client refused: tls: protocol version not supported\""},
		"no suite": {func(conn *net.TCPConn, config *tls.Config) error {
			config.MaxVersion, config.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA}
			return tls.Client(conn, config).Handshake()
		}, "reason=\"tls: no cipher suite supported by both client and server\""},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, config := secured(t)
			s.TLS.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
			s.TrustHint = "show it"
			var log bytes.Buffer
			s.Log = slog.New(slog.NewTextHandler(&log, nil))
			conn, err := net.Dial("tcp", serveTLS(t, s))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := c.fail(conn.(*net.TCPConn), config); err == nil {
				t.Fatal("there is TLS")
			}
			io.Copy(io.Discard, conn) // until the server has closed it, and has noted why
			s.Close()
			if line := log.String(); !strings.Contains(line, c.want) || strings.Count(line, "\n") != 1 || strings.Contains(line, "offered") {
				t.Errorf("got %s\nwant %s", line, c.want)
			}
		})
	}
}
