package ftpclient

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"dray/ftp/ftptest"
)

// Openings of scripts with TLS.
const (
	authTLS  = greeting + "C AUTH TLS\nS 234 Go on\ntls\n"
	protect  = "C USER joe\nS 331 Password\nC PASS secret\nS 230 In\nC PBSZ 0\nS 200 OK\nC PROT P\nS 200 OK\nC FEAT\nS 500 What?\n"
	loginTLS = authTLS + protect
)

// trusting makes a server's certificate and a dialer that trusts it.
func trusting(t *testing.T, version uint16) (ftptest.Server, Dialer) {
	t.Helper()
	certificate, roots := ftptest.Certificate(t)
	server := &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"ftp"}, MinVersion: version, MaxVersion: version}
	return ftptest.Server{TLS: server}, Dialer{Security: Explicit, TLSConfig: &tls.Config{RootCAs: roots}}
}

// Every data connection resumes the session of the control connection, in both versions
// of TLS, both directions, both modes.
func TestTLSResumes(t *testing.T) {
	for version, name := range map[uint16]string{tls.VersionTLS12: "1.2", tls.VersionTLS13: "1.3"} {
		for _, security := range []Security{Explicit, Implicit} {
			for _, mode := range []Mode{Passive, Active} {
				server, d := trusting(t, version)
				d.Security, d.Mode = security, mode
				script := loginTLS
				if security == Implicit {
					script = "tls\n" + greeting + protect
				}
				channel := passive
				if mode == Active {
					channel = "C PORT *\nS 200 OK\n"
				}
				retrieve := channel + "C RETR x\nS 150 Opening\n"
				store := channel + "C STOR x\nS 150 Opening\n"
				if mode == Active {
					retrieve += "D open\n"
					store += "D open\n"
				}
				script += binary + strings.Repeat(
					retrieve+"D tls resumed\nD send hello\nD close\nS 226 Done\n"+
						store+"D tls resumed\nD want \"hello\"\nD close\nS 226 Done\n", 3) + quit
				t.Run(name, func(t *testing.T) { twiceThree(t, d, server.Play(t, script)) })
			}
		}
	}
}

func twiceThree(t *testing.T, d Dialer, address string) {
	c, err := d.Dial(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	check(t, c.Login(t.Context(), "joe", "secret"), 0)
	for range 3 {
		var got bytes.Buffer
		_, err := c.Retrieve(t.Context(), "x", 0, &got)
		check(t, err, 0)
		if got.String() != "hello" || !c.Resumed() {
			t.Errorf("got %q, resumed: %v", &got, c.Resumed())
		}
		_, err = c.Store(t.Context(), "x", 0, open(t, "hello"))
		check(t, err, 0)
		if !c.Resumed() {
			t.Error("upload did not resume")
		}
	}
	check(t, c.Quit(t.Context()), 0)
}

func TestTLSRefused(t *testing.T) {
	other, _ := ftptest.Certificate(t)
	for _, tt := range []struct {
		about, script string
		change        func(d *Dialer)
		want          Fault
	}{
		{"no TLS there", greeting + "C AUTH TLS\nS 502 What?\nend", nil, ErrTLSRefused},
		{"hung up instead of a handshake", greeting + "C AUTH TLS\nS 234 Go on\nclose", nil, ErrTLS},
		{"octets in plain text after the answer", greeting + "C AUTH TLS\nS \"234 Go on\\r\\n230 You are in\\r\\n\"\nend", nil, ErrProtocol},
		{"the right pin, no roots", authTLS + "end", func(d *Dialer) { d.Pin, d.TLSConfig = PinOf(other.Leaf), nil }, 0},
		{"the right pin, the wrong name", authTLS + "end", func(d *Dialer) { d.Pin, d.TLSConfig.ServerName = PinOf(other.Leaf), "example.net" }, 0},
		{"not verified", authTLS + "end", func(d *Dialer) { d.TLSConfig = &tls.Config{InsecureSkipVerify: true} }, 0},
	} {
		t.Run(tt.about, func(t *testing.T) {
			server, d := trusting(t, tls.VersionTLS13)
			server.TLS.Certificates = []tls.Certificate{other}
			if tt.change != nil {
				tt.change(&d)
			}
			c, err := d.Dial(t.Context(), server.Play(t, tt.script))
			check(t, err, tt.want)
			if err == nil {
				c.Close()
			}
		})
	}
}

// A certificate that is not accepted is shown, so that a person can pin it.
func TestTLSCertificate(t *testing.T) {
	other, _ := ftptest.Certificate(t)
	for name, want := range map[string]Fault{"not trusted": ErrCertificate, "wrong name": ErrCertificate, "not pinned": ErrPin} {
		t.Run(name, func(t *testing.T) {
			_, d := trusting(t, tls.VersionTLS13)
			switch name {
			case "wrong name":
				d.TLSConfig.RootCAs.AddCert(other.Leaf)
				d.TLSConfig.ServerName = "example.net"
			case "not pinned":
				d.Pin = Pin{1}
			}
			d.Security = Implicit
			listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{other}})
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			done := make(chan error)
			go func() {
				conn, err := listener.Accept()
				if err == nil {
					err = conn.(*tls.Conn).Handshake()
					conn.Close()
				}
				done <- err
			}()
			_, err = d.Dial(t.Context(), listener.Addr().String())
			check(t, err, want)
			var shown *CertificateError
			if !errors.As(err, &shown) || PinOf(shown.Certificate) != PinOf(other.Leaf) {
				t.Errorf("%v shows no certificate", err)
			}
			if !strings.HasPrefix(err.Error(), "TLS: ") { // no AUTH was sent
				t.Errorf("it reads %v", err)
			}
			var alert *net.OpError
			if err := <-done; !errors.As(err, &alert) {
				t.Errorf("the server saw %v", err)
			}
		})
	}
}

// After these log-ins nothing is transferred: PROT P is not a wish.
func TestTLSProtect(t *testing.T) {
	in := authTLS + "C USER joe\nS 230 In\nC PBSZ 0\n"
	for _, tt := range []struct {
		about, script string
		want          Fault
	}{
		{"without PBSZ", in + "S 503 What?\nC PROT P\nS 200 OK\nC FEAT\nS 500 What?\nend", 0},
		{"in clear", in + "S 200 OK\nC PROT P\nS 536 No\nend", ErrCommand},
		{"by policy", in + "S 200 OK\nC PROT P\nS 534 No\nend", ErrDenied},
	} {
		t.Run(tt.about, func(t *testing.T) {
			server, d := trusting(t, tls.VersionTLS13)
			c, err := d.Dial(t.Context(), server.Play(t, tt.script))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			check(t, c.Login(t.Context(), "joe", "secret"), tt.want)
		})
	}
}

// What the server says after an upload, a ticket at least, is read before the connection
// is closed, and so is its end of TLS after QUIT: to leave it would be a reset.
func TestTLSReadsToTheEnd(t *testing.T) {
	server, d := trusting(t, tls.VersionTLS13)
	var closed []string
	d.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &ending{TCPConn: conn.(*net.TCPConn), closed: &closed}, nil
	}
	c, err := d.Dial(t.Context(), server.Play(t, loginTLS+binary+passive+
		"C STOR x\nS 150 Opening\nD tls\nD want \"hello\"\nS 226 Done\nD close\n"+quit))
	if err != nil {
		t.Fatal(err)
	}
	check(t, c.Login(t.Context(), "joe", "secret"), 0)
	_, err = c.Store(t.Context(), "x", 0, open(t, "hello"))
	check(t, err, 0)
	check(t, c.Quit(t.Context()), 0)
	if got := strings.Join(closed, ", "); got != "read to the end, read to the end" {
		t.Errorf("closed: %s", got)
	}
}

// ending notes how a connection was closed.
type ending struct {
	*net.TCPConn
	closed *[]string
	ended  bool
	done   bool
}

func (e *ending) Read(p []byte) (int, error) {
	n, err := e.TCPConn.Read(p)
	e.ended = e.ended || err == io.EOF
	return n, err
}

func (e *ending) Close() error {
	if how := map[bool]string{true: "read to the end", false: "with something unread"}; !e.done {
		*e.closed = append(*e.closed, how[e.ended])
	}
	e.done = true
	return e.TCPConn.Close()
}

// Somebody else answers on the data port: with a key that is not the server's.
func TestTLSDataOfAnother(t *testing.T) {
	server, d := trusting(t, tls.VersionTLS13)
	d.TLSConfig = &tls.Config{InsecureSkipVerify: true}
	thief, _ := ftptest.Certificate(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			defer conn.Close()
			err = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{thief}}).Handshake()
		}
		done <- err
	}()
	c, err := d.Dial(t.Context(), server.Play(t, loginTLS+binary+"C EPSV\nS 229 Here (|||"+port+"|)\nC STOR x\nS 150 Opening\nS 425 Nobody came\n"+quit))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	check(t, c.Login(t.Context(), "joe", "secret"), 0)
	read := 0
	_, err = c.Store(t.Context(), "x", 0, readerFunc(func([]byte) (int, error) { read++; return 0, io.EOF }))
	check(t, err, ErrCertificate)
	if read > 0 {
		t.Error("the thief was sent something")
	}
	if err := <-done; err != nil {
		t.Errorf("the thief saw %v", err)
	}
	check(t, c.Quit(t.Context()), 0)
}

// Somebody on the way ends the data connection early: TCP cannot tell, TLS can. A server
// that does so itself is found out by the size.
func TestTLSCutOff(t *testing.T) {
	const retr = binary + passive + "C RETR x\nS 150 Opening\nD tls\nD send hello\n"
	for _, tt := range []struct {
		about, script string
		want          Fault
	}{
		{"a clean end", "D close\nS 226 Done\n", 0},
		{"a bad end, but all is there", "D drop\nS 226 Done\nC SIZE x\nS 213 5\n", 0},
		{"a bad end, and something is missing", "D drop\nS 226 Done\nC SIZE x\nS 213 6\n", ErrPartial},
		{"a bad end, and nobody knows", "D drop\nS 226 Done\nC SIZE x\nS 500 What?\n", ErrPartial},
	} {
		t.Run(tt.about, func(t *testing.T) {
			server, d := trusting(t, tls.VersionTLS13)
			c, err := d.Dial(t.Context(), server.Play(t, loginTLS+retr+tt.script+quit))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			check(t, c.Login(t.Context(), "joe", "secret"), 0)
			var got bytes.Buffer
			_, err = c.Retrieve(t.Context(), "x", 0, &got)
			check(t, err, tt.want)
			if got.String() != "hello" {
				t.Errorf("got %q", &got)
			}
			check(t, c.Quit(t.Context()), 0)
		})
	}
}

func TestParsePin(t *testing.T) {
	want := Pin{1, 2, 3}
	if got, err := ParsePin(want.String()); err != nil || got != want {
		t.Errorf("got %v, %v", got, err)
	}
	for _, s := range []string{"", "sha256//", "sha256//AAAA", want.String()[8:], want.String() + "x"} {
		if p, err := ParsePin(s); err == nil {
			t.Errorf("%q is taken for %v", s, p)
		}
	}
}
