package sftpd

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"dray/internal/event"
	"dray/internal/identity"
	"dray/internal/identity/password"
	"dray/internal/vfs/memfs"
	"dray/internal/vfs/vfstest"
)

// certificate has ca sign a certificate of key, as change has it.
func certificate(t *testing.T, ca, key ssh.Signer, change func(*ssh.Certificate)) ssh.AuthMethod {
	t.Helper()
	cert := &ssh.Certificate{
		Key: key.PublicKey(), CertType: ssh.UserCert, ValidPrincipals: []string{"amy"},
		ValidAfter: 0, ValidBefore: ssh.CertTimeInfinity,
	}
	if change != nil {
		change(cert)
	}
	if err := cert.SignCert(rand.Reader, ca); err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewCertSigner(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	return ssh.PublicKeys(signer)
}

func dialogue(answer string) ssh.AuthMethod {
	return ssh.KeyboardInteractive(func(_, _ string, questions []string, _ []bool) ([]string, error) {
		answers := make([]string, len(questions))
		for i := range answers {
			answers[i] = answer
		}
		return answers, nil
	})
}

// accounts are amy, with a secret of one-time codes, "" for none, and bob.
func accounts(totp string) identity.Accounts {
	return identity.Accounts{
		"amy": {Name: "amy", Hash: password.Digest("secret"), TOTP: totp},
		"bob": {Name: "bob", Hash: password.Digest("pass")},
	}
}

func users() identity.Authenticator { return identity.NewUsers(accounts(""), nil) }

func TestLogin(t *testing.T) {
	key, other, ca, foreign := signer(t), signer(t), signer(t), signer(t)
	h := open(t, memfs.New(), func(s *Server) {
		s.Users = users()
		s.Keys = ring{"amy": key.PublicKey(), "ghost": key.PublicKey()}
		s.CAs = []ssh.PublicKey{ca.PublicKey()}
	})
	past := func(c *ssh.Certificate) { c.ValidBefore = 1 }
	for _, c := range []struct {
		name, user string
		proof      ssh.AuthMethod
		admit      bool
	}{
		{"password", "amy", ssh.Password("secret"), true},
		{"a wrong password", "amy", ssh.Password("Secret"), false},
		{"another's password", "amy", ssh.Password("pass"), false},
		{"no password", "amy", ssh.Password(""), false},
		{"no user", "", ssh.Password("secret"), false},
		{"a guest", "anonymous", ssh.Password("guest@"), false},
		{"password in a dialogue", "amy", dialogue("secret"), true},
		{"a wrong one", "amy", dialogue("x"), false},
		{"nothing in a dialogue", "amy", dialogue(""), false},
		{"key", "amy", ssh.PublicKeys(key), true},
		{"another key", "amy", ssh.PublicKeys(other), false},
		{"another's key", "bob", ssh.PublicKeys(key), false},
		{"the key of who is no user", "ghost", ssh.PublicKeys(key), false},
		{"certificate", "amy", certificate(t, ca, other, nil), true},
		{"of who is no user", "ghost", certificate(t, ca, other, func(c *ssh.Certificate) { c.ValidPrincipals = []string{"ghost"} }), false},
		{"of another authority", "amy", certificate(t, foreign, other, nil), false},
		{"for another user", "bob", certificate(t, ca, other, nil), false},
		{"for anybody", "amy", certificate(t, ca, other, func(c *ssh.Certificate) { c.ValidPrincipals = nil }), false},
		{"that has ended", "amy", certificate(t, ca, other, past), false},
		{"of a host", "amy", certificate(t, ca, other, func(c *ssh.Certificate) { c.CertType = ssh.HostCert }), false},
		{"from here", "amy", certificate(t, ca, other, func(c *ssh.Certificate) {
			c.CriticalOptions = map[string]string{"source-address": "127.0.0.0/8"}
		}), true},
		{"from elsewhere", "amy", certificate(t, ca, other, func(c *ssh.Certificate) {
			c.CriticalOptions = map[string]string{"source-address": "192.0.2.0/24"}
		}), false},
		{"for one command", "amy", certificate(t, ca, other, func(c *ssh.Certificate) {
			c.CriticalOptions = map[string]string{"force-command": "ls"}
		}), false},
	} {
		client, err := ssh.Dial("tcp", h.addr, clientConfig(c.user, c.proof))
		if (err == nil) != c.admit {
			t.Errorf("%s: %v", c.name, err)
		}
		if client != nil {
			client.Close()
		}
	}
}

// TestOneTimeCode: who has to have one is asked for it, after the password and nowhere else.
func TestOneTimeCode(t *testing.T) {
	clock := time.Unix(59, 0)
	h := open(t, memfs.New(), func(s *Server) {
		s.Users = identity.NewUsers(accounts("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), func() time.Time { return clock })
	})
	says := func(password, code string) ssh.AuthMethod {
		return ssh.KeyboardInteractive(func(_, _ string, questions []string, _ []bool) ([]string, error) {
			switch {
			case len(questions) == 0:
				return nil, nil
			case strings.HasPrefix(questions[0], "Password"):
				return []string{password}, nil
			case password != "secret":
				t.Error("a code was asked for after a wrong password")
			}
			return []string{code}, nil
		})
	}
	for _, c := range []struct {
		proof ssh.AuthMethod
		admit bool
	}{
		{ssh.Password("secret"), false},
		{says("secret", "000000"), false},
		{says("wrong", "287082"), false},
		{says("secret", "287082"), true},
		{says("secret", "287082"), false}, // it is spent
	} {
		client, err := ssh.Dial("tcp", h.addr, clientConfig("amy", c.proof))
		if (err == nil) != c.admit {
			t.Error(err)
		}
		if client != nil {
			client.Close()
		}
	}
}

// TestTheKeyThatWasProvenCounts: who offers amy's key and proves bob's is bob or nobody
// (CVE-2024-45337).
func TestTheKeyThatWasProvenCounts(t *testing.T) {
	amys, mine := signer(t), signer(t)
	h := open(t, memfs.New(), func(s *Server) { s.Keys = ring{"amy": amys.PublicKey()} })
	client, err := ssh.Dial("tcp", h.addr, clientConfig("amy", ssh.PublicKeys(pretender{mine, amys.PublicKey()})))
	if err == nil {
		client.Close()
		t.Fatal("a key that was only offered has opened the door")
	}
}

// pretender signs with one key and shows another.
type pretender struct {
	ssh.Signer
	shown ssh.PublicKey
}

func (p pretender) PublicKey() ssh.PublicKey { return p.shown }

// TestLoginEvents: an event for each log-in and each refusal, and none with a secret.
func TestLoginEvents(t *testing.T) {
	key := signer(t)
	h := open(t, memfs.New(), func(s *Server) { s.Keys = ring{"amy": key.PublicKey()} })
	for _, c := range []struct {
		proof ssh.AuthMethod
		want  string
		ok    bool
	}{
		{ssh.Password("secret"), "by password", true},
		{ssh.PublicKeys(key), "by key " + ssh.FingerprintSHA256(key.PublicKey()), true},
		{ssh.Password("wrong1"), "by password", false},
		{ssh.PublicKeys(signer(t)), "", false},
	} {
		before := len(h.told.since(0))
		if client, err := ssh.Dial("tcp", h.addr, clientConfig("amy", c.proof)); err == nil {
			client.Close()
		}
		h.told.await(t, func(e event.Event) bool {
			l, ok := e.(event.Login)
			return ok && l.Detail == c.want && (l.Err == nil) == c.ok
		}, before)
		for _, e := range h.told.since(before) {
			if strings.Contains(fmt.Sprint(event.Fields(e)), "wrong1") {
				t.Errorf("the event tells the password: %+v", e)
			}
		}
	}
}

// TestTries: after six wrong proofs the connection is over.
func TestTries(t *testing.T) {
	h := open(t, memfs.New(), func(s *Server) { s.MaxTries = 3 })
	tries := 0
	_, err := ssh.Dial("tcp", h.addr, clientConfig("amy", ssh.RetryableAuthMethod(ssh.PasswordCallback(func() (string, error) {
		tries++
		return "wrong", nil
	}), 100)))
	if err == nil || tries != 3 {
		t.Errorf("%d tries, %v", tries, err)
	}
}

// TestBanner is shown before log-in.
func TestBanner(t *testing.T) {
	h := open(t, memfs.New(), func(s *Server) { s.Banner = "for staff only\n" })
	cfg := clientConfig("amy", ssh.Password("wrong"))
	var shown string
	cfg.BannerCallback = func(m string) error { shown = m; return nil }
	if _, err := ssh.Dial("tcp", h.addr, cfg); err == nil || shown != "for staff only\n" {
		t.Errorf("shown %q, %v", shown, err)
	}
}

// TestLegacyNetworks: a client is in a network however its address is written.
func TestLegacyNetworks(t *testing.T) {
	terms := &Terms{Legacy: []netip.Prefix{netip.MustParsePrefix("fe80::/10"), netip.MustParsePrefix("192.0.2.0/24")}}
	for from, want := range map[string]bool{
		"fe80::1": true, "fe80::1%eth0": true, "192.0.2.1": true, "::ffff:192.0.2.1": true, "2001:db8::1%eth0": false, "198.51.100.1": false,
	} {
		c := &conn{terms: terms, about: event.Session{Remote: netip.AddrPortFrom(netip.MustParseAddr(from), 50000)}}
		if got := c.isLegacy(); got != want {
			t.Errorf("%s: %v", from, got)
		}
	}
}

// TestAlgorithms: old devices get in where their network is listed, and nowhere else.
func TestAlgorithms(t *testing.T) {
	rsa := rsaKey(t)
	for _, legacy := range []bool{false, true} {
		h := open(t, memfs.New(), func(s *Server) {
			s.HostKeys = append(s.HostKeys, rsa)
			if legacy {
				s.Legacy = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
			} else {
				s.Legacy = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
			}
		})
		for _, c := range []struct {
			kex, cipher, mac, host string
			always                 bool
		}{
			{ssh.KeyExchangeMLKEM768X25519, ssh.CipherAES128GCM, "", ssh.KeyAlgoED25519, true},
			{ssh.KeyExchangeCurve25519, ssh.CipherAES256CTR, ssh.HMACSHA256ETM, ssh.KeyAlgoRSASHA256, true},
			{ssh.KeyExchangeDH16SHA512, ssh.CipherAES256GCM, "", ssh.KeyAlgoRSASHA512, true},
			{ssh.InsecureKeyExchangeDH14SHA1, ssh.InsecureCipherAES128CBC, ssh.HMACSHA1, ssh.KeyAlgoRSA, false},
			{ssh.InsecureKeyExchangeDH1SHA1, ssh.InsecureCipherTripleDESCBC, ssh.HMACSHA1, ssh.KeyAlgoRSA, false},
			{ssh.KeyExchangeCurve25519, ssh.InsecureCipherAES128CBC, ssh.HMACSHA256ETM, ssh.KeyAlgoED25519, false},
			{ssh.KeyExchangeCurve25519, ssh.CipherAES128CTR, ssh.HMACSHA1, ssh.KeyAlgoED25519, false},
			{ssh.KeyExchangeCurve25519, ssh.CipherAES128GCM, "", ssh.KeyAlgoRSA, false},
		} {
			cfg := clientConfig("amy", ssh.Password("secret"))
			cfg.KeyExchanges, cfg.Ciphers, cfg.HostKeyAlgorithms = []string{c.kex}, []string{c.cipher}, []string{c.host}
			if c.mac != "" {
				cfg.MACs = []string{c.mac}
			}
			client, err := ssh.Dial("tcp", h.addr, cfg)
			if (err == nil) != (legacy || c.always) {
				t.Errorf("legacy %v: %s %s %s %s: %v", legacy, c.kex, c.cipher, c.mac, c.host, err)
			}
			if client != nil {
				client.Close()
			}
		}
	}
}

// TestNoAlgorithmInCommon: the log says what the device knows, and what to do.
func TestNoAlgorithmInCommon(t *testing.T) {
	h := open(t, memfs.New(), nil)
	cfg := clientConfig("amy", ssh.Password("secret"))
	cfg.KeyExchanges = []string{ssh.InsecureKeyExchangeDH14SHA1}
	if _, err := ssh.Dial("tcp", h.addr, cfg); err == nil {
		t.Fatal("an old key exchange was taken")
	}
	h.told.await(t, func(e event.Event) bool {
		return e.Kind() == event.KindLogin && e.Failure() != nil && strings.Contains(e.Failure().Error(), "for key exchange the client knows diffie-hellman-group14-sha1") &&
			strings.Contains(e.Failure().Error(), "--ssh-legacy")
	}, 0)
}

// TestNothingButFiles: whatever else SSH can do is refused, in words where there are any.
func TestNothingButFiles(t *testing.T) {
	c := open(t, memfs.New(), nil).connect()
	for _, command := range []string{"", "ls -la", "scp -t", "rm -rf / #scp -t x", "sftp-server"} {
		s, err := c.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		var words strings.Builder
		s.Stderr = &words
		if command == "" {
			err = s.Shell()
		} else {
			err = s.Start(command)
		}
		var status *ssh.ExitError
		if err := errors.Join(err, s.Wait()); !errors.As(err, &status) || status.ExitStatus() != 1 {
			t.Errorf("%q: %v", command, err)
		}
		if words.String() != onlyFiles+"\r\n" {
			t.Errorf("%q: said %q", command, words.String())
		}
	}
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, err := range map[string]error{
		"a terminal":        s.RequestPty("xterm", 24, 80, nil),
		"the environment":   s.Setenv("LD_PRELOAD", "x"),
		"another subsystem": s.RequestSubsystem("netconf"),
	} {
		if err == nil {
			t.Errorf("%s was granted", name)
		}
	}
	for _, request := range []string{"auth-agent-req@openssh.com", "x11-req"} {
		if ok, err := s.SendRequest(request, true, nil); ok || err != nil {
			t.Errorf("%s: %v, %v", request, ok, err)
		}
	}
	if l, err := c.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close()
		t.Error("a port was forwarded to the client")
	}
	var refused *ssh.OpenChannelError
	if _, err := c.Dial("tcp", "127.0.0.1:1"); !errors.As(err, &refused) || refused.Message != onlyFiles {
		t.Errorf("forwarding: %v", err)
	}
}

// TestLoginDeadline: who says nothing is gone by then.
func TestLoginDeadline(t *testing.T) {
	h := open(t, memfs.New(), func(s *Server) { s.LoginTimeout = time.Millisecond })
	c, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.Copy(io.Discard, c); err != nil {
		t.Errorf("the connection ended with %v", err)
	}
}

// TestStartups: so many may wait for their log-in, and whoever is in stays in.
func TestStartups(t *testing.T) {
	h := open(t, memfs.New(), func(s *Server) { s.MaxStartups = 2 })
	inside := h.client()
	for range 2 { // the second may meet the draw of lots
		c, err := net.Dial("tcp", h.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.ReadFull(c, make([]byte, len("SSH-2.0-"))); err != nil {
			t.Fatal(err)
		}
	}
	c, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if n, err := c.Read(make([]byte, 1)); n > 0 || err == nil {
		t.Error("one too many was greeted")
	}
	if _, err := inside.Getwd(); err != nil {
		t.Error(err)
	}
}

// TestShutdownWaitsForTransfers and lets nobody new begin one.
func TestShutdownWaitsForTransfers(t *testing.T) {
	files := memfs.New()
	h := open(t, files, nil)
	idle, busy := h.client(), h.client()
	f, err := busy.Create("/f")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- h.Shutdown(context.Background()) }()
	if err := idle.Wait(); err == nil {
		t.Error("the idle session ended in peace")
	}
	if _, err := busy.Create("/g"); err == nil {
		t.Error("a new transfer has begun")
	}
	if _, err := f.Write([]byte("whole")); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if i, err := files.Stat(t.Context(), vfstest.Path(t, "/f")); err != nil || i.Size != 5 {
		t.Errorf("%+v, %v", i, err)
	}
}
