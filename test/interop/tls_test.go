package interop

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestDataBinding says for real clients whether their data connections resume the TLS
// session of their control connection. Those that do not are noted by default, and refused
// if it is required.
func TestDataBinding(t *testing.T) {
	for _, row := range []struct {
		client client
		bound  bool
	}{
		{curl("curl TLS 1.2", "ftp", "--ssl-reqd", "--tls-max", "1.2"), false}, // it refuses tickets
		{curl("curl TLS 1.3", "ftp", "--ssl-reqd"), true},
		{lftp("lftp TLS 1.2", tls12), true},
		{lftp("lftp TLS 1.3"), true},
		{wget("wget TLS 1.2", "--secure-protocol=TLSv1_2"), true},
		{wget("wget TLS 1.3", "--secure-protocol=TLSv1_3"), true},
		{ftplibTLS("ftplib TLS 1.2", "TLSv1_2", false), false},
		{ftplibTLS("ftplib TLS 1.3", "TLSv1_3", false), false},
		{dray("ftpes"), true},
	} {
		for _, binding := range []string{"log", "require"} {
			t.Run(row.client.name+" "+binding, func(t *testing.T) {
				t.Parallel()
				peer(t, row.client.program)
				f := files[len(files)-2]
				e := drayServer("ftp", "--tls-data-binding", binding).start(t, furnish(t))
				got := filepath.Join(t.TempDir(), "got")
				out, code := runAny(t, row.client.get(e, f.name, got))
				if binding == "require" && !row.bound {
					if code == 0 {
						t.Errorf("it was not refused:\n%s", out)
					}
					e.events.expect(t, event{Msg: "transfer", Op: "read", Path: "/" + f.name, Outcome: "failed"})
					return
				}
				if code != 0 {
					t.Fatalf("exit code %d\n%s", code, out)
				}
				f.compare(t, got)
				line := e.events.expect(t, transferred("read", "/"+f.name, f.size))
				if noted := strings.Contains(line.Detail, "resumed no"); noted == row.bound {
					t.Errorf("the log says %q", line.Detail)
				}
			})
		}
	}
}

// TestStolenDataConnection has an attacker behind the same address, who has logged in too,
// come first to the passive port of a victim.
func TestStolenDataConnection(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			root := furnish(t)
			e := drayTLS.start(t, root)
			victim, attacker := logIn(t, e, version), logIn(t, e, version)

			victim.say(t, 229, "EPSV")
			stolen, err := net.Dial("tcp", net.JoinHostPort(e.host, victim.passivePort(t)))
			if err != nil {
				t.Fatal(err)
			}
			defer stolen.Close()
			victim.say(t, 150, "RETR sub/inner.txt")
			data := tls.Client(stolen, attacker.tls)
			content, _ := io.ReadAll(data) // ends with an alert, or with nothing
			if len(content) > 0 {
				t.Errorf("the attacker got %q", content)
			}
			victim.hear(t, 522)
			line := e.events.expect(t, event{Msg: "transfer", Op: "read", Path: "/sub/inner.txt", Outcome: "failed"})
			if !strings.Contains(line.Detail, "another control connection") {
				t.Errorf("the log says %q", line.Detail)
			}
		})
	}
}

// controlConn is a control connection with TLS, logged in.
type controlConn struct {
	*textproto.Conn
	tls   *tls.Config // its sessions are kept
	reply string
}

// logIn connects. The replies bring the tickets with them.
func logIn(t *testing.T, e endpoint, version uint16) *controlConn {
	t.Helper()
	pem, err := os.ReadFile(e.ca)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	conn, err := net.Dial("tcp", net.JoinHostPort(e.host, e.port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(attention))
	c := &controlConn{Conn: textproto.NewConn(conn), tls: &tls.Config{
		RootCAs: roots, ServerName: e.host, MinVersion: version, MaxVersion: version,
		ClientSessionCache: tls.NewLRUClientSessionCache(1),
	}}
	c.hear(t, 220)
	c.say(t, 234, "AUTH TLS")
	c.Conn = textproto.NewConn(tls.Client(conn, c.tls))
	c.say(t, 331, "USER "+e.user)
	c.say(t, 230, "PASS "+e.password)
	c.say(t, 200, "PBSZ 0")
	c.say(t, 200, "PROT P")
	return c
}

func (c *controlConn) say(t *testing.T, want int, command string) {
	t.Helper()
	if err := c.PrintfLine("%s", command); err != nil {
		t.Fatal(err)
	}
	c.hear(t, want)
}

func (c *controlConn) hear(t *testing.T, want int) {
	t.Helper()
	var err error
	if _, c.reply, err = c.ReadResponse(want); err != nil {
		t.Fatal(err)
	}
}

// passivePort is in the reply to EPSV.
func (c *controlConn) passivePort(t *testing.T) string {
	t.Helper()
	parts := strings.Split(c.reply, "|")
	if len(parts) != 5 {
		t.Fatalf("EPSV: %q", c.reply)
	}
	return parts[3]
}

// TestClientCertificate is a log-in without a password: of the user whom the certificate
// names, and of nobody else.
func TestClientCertificate(t *testing.T) {
	cert, mine := certificateOf(t, peerUser)
	_, strange := certificateOf(t, peerUser) // nobody vouches for it
	f := files[2]
	for name, get := range map[string]func(e endpoint, both, local string) *exec.Cmd{
		"curl": func(e endpoint, both, local string) *exec.Cmd {
			return curl("", "ftp", "--ssl-reqd", "--cert", both, "--key", both).get(e, f.name, local)
		},
		"/usr/bin/python3": func(e endpoint, both, local string) *exec.Cmd {
			return ftplib("", ftplibSecure("TLSv1_3", true)+"context.load_cert_chain('"+both+"')\n").get(e, f.name, local)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			peer(t, name)
			e := drayServer("ftp", "--tls", "required", "--tls-client-ca", cert).start(t, furnish(t))
			for _, row := range []struct {
				about, user, both string
				ok                bool
			}{
				{"the right one", peerUser, mine, true},
				{"one of another authority", peerUser, strange, false},
				{"for another user", "somebody", mine, false},
			} {
				e.user, e.password = row.user, ""
				got := filepath.Join(t.TempDir(), "got")
				out, code := runAny(t, get(e, row.both, got))
				if row.ok != (code == 0) {
					t.Errorf("%s: exit code %d\n%s", row.about, code, out)
				}
				if row.ok {
					f.compare(t, got)
					e.events.expect(t, event{Msg: "login", Outcome: "ok"})
				}
			}
		})
	}
}

// TestALPN is ALPACA's end: TLS meant for another protocol than FTP fails.
func TestALPN(t *testing.T) {
	e := drayFTPS.start(t, furnish(t))
	for _, row := range []struct {
		alpn string
		ok   bool
	}{
		{"ftp", true}, {"http/1.1", false}, {"http/1.1,ftp", true}, {"", true},
	} {
		t.Run(row.alpn, func(t *testing.T) {
			args := []string{"s_client", "-connect", net.JoinHostPort(e.host, e.port), "-CAfile", e.ca, "-verify_return_error", "-quiet"}
			if row.alpn != "" {
				args = append(args, "-alpn", row.alpn)
			}
			cmd := exec.Command(peer(t, "openssl"), args...)
			cmd.Stdin = strings.NewReader("QUIT\r\n")
			out, _ := runAny(t, cmd)
			if greeted := strings.Contains(out, "\n220 ") || strings.HasPrefix(out, "220 "); greeted != row.ok {
				t.Errorf("greeted: %v, want %v\n%s", greeted, row.ok, out)
			}
		})
	}
}

// TestUnknownCertificate is refused by our client, unless it is told not to care.
func TestUnknownCertificate(t *testing.T) {
	f := files[2]
	e := drayTLS.start(t, furnish(t))
	other, _ := certificate(t)
	for _, row := range []struct {
		about string
		args  []string
		code  int
	}{
		{"nothing said", nil, 60},
		{"another key", []string{"--pin", keyPin(other)}, 90},
		{"its key", []string{"--pin", keyPin(e.ca)}, 0},
		{"any", []string{"--insecure"}, 0},
	} {
		t.Run(row.about, func(t *testing.T) {
			got := filepath.Join(t.TempDir(), "got")
			args := slices.Concat([]string{"get", e.as("ftpes").url(f.name), got}, row.args)
			out, code := runAny(t, exec.Command(drayPath, args...))
			if code != row.code {
				t.Fatalf("exit code %d, want %d:\n%s", code, row.code, out)
			}
			if code == 0 {
				f.compare(t, got)
			}
		})
	}
}
