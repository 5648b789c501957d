package sshclient_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"dray/internal/sshclient"
)

// newKey makes a key.
func newKey(t *testing.T) (ed25519.PrivateKey, ssh.Signer) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return key, s
}

// server is an SSH server that admits amy, and forwards.
type server struct {
	addr string
	port int
	key  ssh.Signer

	mu  sync.Mutex
	who []string // logged in, and how
}

func (s *server) admitted() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.who, " ")
}

// serve runs a server until the test has ended. It admits by the password "secret" and by
// the keys.
func serve(t *testing.T, keys ...ssh.PublicKey) *server {
	t.Helper()
	s := new(server)
	_, s.key = newKey(t)
	cfg := &ssh.ServerConfig{
		PasswordCallback: func(m ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			if string(password) != "secret" {
				return nil, errors.New("no")
			}
			return nil, nil
		},
		PublicKeyCallback: func(m ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			for _, k := range keys {
				if string(k.Marshal()) == string(key.Marshal()) {
					return nil, nil
				}
			}
			return nil, errors.New("no")
		},
		AuthLogCallback: func(m ssh.ConnMetadata, method string, err error) {
			if err == nil {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.who = append(s.who, m.User()+":"+method)
			}
		},
	}
	cfg.AddHostKey(s.key)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr, s.port = l.Addr().String(), l.Addr().(*net.TCPAddr).Port
	var all sync.WaitGroup
	t.Cleanup(all.Wait)
	t.Cleanup(func() { l.Close() })
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			all.Go(func() { converse(c, cfg) })
		}
	})
	return s
}

// converse serves one connection: it forwards, and that is all.
func converse(c net.Conn, cfg *ssh.ServerConfig) {
	defer c.Close()
	sc, channels, requests, err := ssh.NewServerConn(c, cfg)
	if err != nil {
		return
	}
	defer sc.Close()
	go ssh.DiscardRequests(requests)
	for n := range channels {
		var to struct {
			Host  string
			Port  uint32
			From  string
			FPort uint32
		}
		if n.ChannelType() != "direct-tcpip" || ssh.Unmarshal(n.ExtraData(), &to) != nil {
			_ = n.Reject(ssh.Prohibited, "no")
			continue
		}
		out, err := net.Dial("tcp", net.JoinHostPort(to.Host, fmt.Sprint(to.Port)))
		if err != nil {
			_ = n.Reject(ssh.ConnectionFailed, "no")
			continue
		}
		ch, r, err := n.Accept()
		if err != nil {
			return
		}
		go ssh.DiscardRequests(r)
		go func() {
			_, _ = io.Copy(out, ch)
			out.Close()
		}()
		go func() {
			_, _ = io.Copy(ch, out)
			ch.Close()
		}()
	}
}

func (s *server) target(user string) sshclient.Target {
	return sshclient.Target{User: user, Host: "127.0.0.1", Port: s.port}
}

// answers are what a person says, in order.
func answers(t *testing.T, all ...string) func(string, bool) (string, error) {
	return func(question string, secret bool) (string, error) {
		if len(all) == 0 {
			t.Errorf("one question too many: %s", question)
			return "", io.EOF
		}
		a := all[0]
		all = all[1:]
		want, said, _ := strings.Cut(a, "=")
		if !strings.Contains(question, want) || secret == strings.Contains(question, "known") {
			t.Errorf("asked %q, secret %v; want %q", question, secret, want)
		}
		return said, nil
	}
}

func dial(t *testing.T, d *sshclient.Dialer, to sshclient.Target) error {
	t.Helper()
	c, err := d.Dial(t.Context(), to)
	if err != nil {
		return err
	}
	return c.Close()
}

// TestFirstContact: somebody compares the fingerprint, once; the name is kept hashed; another
// key in its place is refused, whoever is there.
func TestFirstContact(t *testing.T) {
	s := serve(t)
	known := filepath.Join(t.TempDir(), "ssh", "known_hosts")
	d := &sshclient.Dialer{KnownHosts: []string{known}, Password: "secret"}
	err := dial(t, d, s.target("amy"))
	if !errors.Is(err, sshclient.ErrHostKeyUnknown) || !strings.Contains(err.Error(), ssh.FingerprintSHA256(s.key.PublicKey())) {
		t.Fatalf("with nobody to ask: %v", err)
	}
	d.Ask = answers(t, ssh.FingerprintSHA256(s.key.PublicKey())+"=no", "is not known=yes")
	if err := dial(t, d, s.target("amy")); !errors.Is(err, sshclient.ErrHostKeyUnknown) {
		t.Fatalf("who says no: %v", err)
	}
	if _, err := os.Stat(known); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a key was kept: %v", err)
	}
	for range 2 { // the second time nobody is asked
		if err := dial(t, d, s.target("amy")); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(known)
	if err != nil || !strings.HasPrefix(string(text), "|1|") || strings.Contains(string(text), "127.0.0.1") || strings.Count(string(text), "\n") != 1 {
		t.Fatalf("%q, %v", text, err)
	}

	other := serve(t)
	other.rename(t, known, s)
	d.Ask = answers(t)
	err = dial(t, d, other.target("amy"))
	if !errors.Is(err, sshclient.ErrHostKeyChanged) || !strings.Contains(err.Error(), "known_hosts:1 has") {
		t.Errorf("another key: %v", err)
	}
	if other.admitted() != "" {
		t.Error("the password went to another server")
	}
}

// rename makes the file say of s what it should of another server.
func (s *server) rename(t *testing.T, known string, was *server) {
	t.Helper()
	line := fmt.Sprintf("[127.0.0.1]:%d %s", s.port, ssh.MarshalAuthorizedKey(was.key.PublicKey()))
	if err := os.WriteFile(known, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestHostKey: who names the key is asked nothing, and gets no other.
func TestHostKey(t *testing.T) {
	s := serve(t)
	d := &sshclient.Dialer{Password: "secret", HostKey: ssh.FingerprintSHA256(s.key.PublicKey())}
	if err := dial(t, d, s.target("amy")); err != nil {
		t.Error(err)
	}
	d.HostKey = "SHA256:AAAA"
	if err := dial(t, d, s.target("amy")); !errors.Is(err, sshclient.ErrPin) {
		t.Errorf("another key: %v", err)
	}
}

// keyFile writes a private key, with a passphrase if there is one.
func keyFile(t *testing.T, key ed25519.PrivateKey, phrase string) string {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(key, "")
	if phrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(phrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "id")
	if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestProofs(t *testing.T) {
	key, signer := newKey(t)
	s := serve(t, signer.PublicKey())
	pin := ssh.FingerprintSHA256(s.key.PublicKey())
	keyring := agent.NewKeyring()
	if err := keyring.Add(agent.AddedKey{PrivateKey: key}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		d    sshclient.Dialer
		how  string // "" is refused
	}{
		{"password", sshclient.Dialer{Password: "secret"}, "password"},
		{"password, asked", sshclient.Dialer{Ask: answers(t, "Password for amy=wrong", "Password for amy=secret")}, "password"},
		{"a wrong password, and nobody to ask", sshclient.Dialer{Password: "wrong"}, ""},
		{"nothing", sshclient.Dialer{}, ""},
		{"key", sshclient.Dialer{Identities: []string{keyFile(t, key, "")}}, "publickey"},
		{"a key among others", sshclient.Dialer{Identities: []string{"/nowhere", keyFile(t, key, "")}}, "publickey"},
		{"a locked key", sshclient.Dialer{Identities: []string{keyFile(t, key, "phrase")}, Ask: answers(t, "Passphrase=phrase")}, "publickey"},
		{"a locked key, and nobody to ask", sshclient.Dialer{Identities: []string{keyFile(t, key, "phrase")}}, ""},
		{"agent", sshclient.Dialer{Agent: serveAgent(t, keyring)}, "publickey"},
		{"an agent that has gone", sshclient.Dialer{Agent: "/nowhere", Password: "secret"}, "password"},
	} {
		s.who = nil
		c.d.HostKey = pin
		err := dial(t, &c.d, s.target("amy"))
		if c.how == "" && !errors.Is(err, sshclient.ErrLogin) || c.how != "" && (err != nil || s.admitted() != "amy:"+c.how) {
			t.Errorf("%s: %v, admitted %q", c.name, err, s.admitted())
		}
	}
}

// serveAgent serves an agent on a socket.
func serveAgent(t *testing.T, a agent.Agent) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent") // the name of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "s")
	l, err := net.Listen("unix", name)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		all.Wait()
		os.RemoveAll(dir)
	})
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				_ = agent.ServeAgent(a, c) // until the client has gone
				c.Close()
			})
		}
	})
	return name
}

// TestConfig: names, ports, users, identities and jumps are those of the file.
func TestConfig(t *testing.T) {
	key, signer := newKey(t)
	inner, outer := serve(t, signer.PublicKey()), serve(t, signer.PublicKey())
	dir := t.TempDir()
	write := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	known := write("known_hosts", "")
	outer.rename(t, known, outer)
	text, _ := os.ReadFile(known)
	inner.rename(t, known, inner)
	more, _ := os.ReadFile(known)
	write("known_hosts", string(text)+string(more))
	d := &sshclient.Dialer{
		KnownHosts: []string{known}, User: "nobody",
		Config: write("config", fmt.Sprintf(`
Host device
  HostName 127.0.0.1
  Port %d
  User amy
  ProxyJump bob@gate
Host gate
  HostName 127.0.0.1
  Port %d
Host a
  ProxyJump b
Host b
  ProxyJump a
Host command
  ProxyCommand nc %%h %%p
Host *
  IdentityFile %s
`, inner.port, outer.port, keyFile(t, key, ""))),
	}
	if err := dial(t, d, sshclient.Target{Host: "device"}); err != nil {
		t.Fatal(err)
	}
	if inner.admitted() != "amy:publickey" || outer.admitted() != "bob:publickey" {
		t.Errorf("admitted %q and %q", inner.admitted(), outer.admitted())
	}
	for _, name := range []string{"a", "command"} {
		if err := dial(t, d, sshclient.Target{Host: name}); !errors.Is(err, sshclient.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
	d.Jump = fmt.Sprintf("carl@127.0.0.1:%d", outer.port)
	if err := dial(t, d, sshclient.Target{Host: "device", User: "dora"}); err != nil {
		t.Fatal(err)
	}
	if inner.admitted() != "amy:publickey dora:publickey" || outer.admitted() != "bob:publickey carl:publickey" {
		t.Errorf("admitted %q and %q", inner.admitted(), outer.admitted())
	}
	d.Config = write("config", "Match exec true\n  User amy\n")
	if err := dial(t, d, sshclient.Target{Host: "device"}); !errors.Is(err, sshclient.ErrConfig) || !strings.Contains(err.Error(), "config") {
		t.Errorf("Match: %v", err)
	}
}

func TestTargets(t *testing.T) {
	for in, want := range map[string]sshclient.Target{
		"host":          {Host: "host"},
		"amy@host:2022": {User: "amy", Host: "host", Port: 2022},
		"a@b@[::1]:22":  {User: "a@b", Host: "::1", Port: 22},
		"[2001:db8::1]": {Host: "2001:db8::1"},
		"host:0":        {},
		"host:x":        {},
		"":              {},
		"amy@":          {},
		"-oProxy x":     {},
	} {
		got, err := sshclient.ParseTarget(in)
		if got != want || (err == nil) != (want.Host != "") {
			t.Errorf("%q: %+v, %v", in, got, err)
		}
	}
}

// TestTheEndOfTheContextEndsIt: also while the server says nothing.
func TestTheEndOfTheContextEndsIt(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		cancel()
		_, _ = io.Copy(io.Discard, c)
	}()
	_, err = new(sshclient.Dialer).Dial(ctx, sshclient.Target{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := new(sshclient.Dialer).Dial(t.Context(), sshclient.Target{Host: "127.0.0.1", Port: 1}); !errors.Is(err, sshclient.ErrConnect) {
		t.Error(err)
	}
}
