package certs_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dray/internal/certs"
)

// clock is one that a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock {
	return &clock{now: time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// diary collects what a Source tells.
type diary []error

func (d *diary) watch(c *clock) certs.Watch {
	return certs.Watch{Now: c.Now, Every: time.Second, Changed: func(err error) { *d = append(*d, err) }}
}

// expect checks what was told since the last time: "" is a change for the better,
// anything else is part of an error.
func (d *diary) expect(t *testing.T, when string, want ...string) {
	t.Helper()
	if len(*d) != len(want) {
		t.Errorf("%s: told %v; want %q", when, *d, want)
	}
	for i, err := range *d {
		switch {
		case i >= len(want):
		case want[i] == "" && err != nil, want[i] != "" && (err == nil || !strings.Contains(err.Error(), want[i])):
			t.Errorf("%s: told %v; want %q", when, err, want[i])
		}
	}
	*d = nil
}

// shown returns the certificate of the next handshake.
func shown(t *testing.T, s *certs.Source) *x509.Certificate {
	t.Helper()
	c, err := s.GetCertificate(&tls.ClientHelloInfo{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Leaf != s.Leaf() {
		t.Error("Leaf is not what is shown")
	}
	return c.Leaf
}

// minted makes a pair in a folder of its own and returns its files.
func minted(t *testing.T, name string) (certFile, keyFile string) {
	t.Helper()
	dir := t.TempDir()
	if _, err := certs.SelfSigned(dir, []string{name}, certs.Watch{Now: newClock().Now}); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, certs.CertFile), filepath.Join(dir, certs.KeyFile)
}

// put writes a file: the content of others, one after the other.
func put(t *testing.T, name string, from ...string) {
	t.Helper()
	var all []byte
	for _, f := range from {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text...)
	}
	text(t, name, string(all))
}

func text(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The files change under a running server: first in order, then half, then not at all.
func TestFilesAreFollowed(t *testing.T) {
	oneCert, oneKey := minted(t, "one")
	twoCert, twoKey := minted(t, "two")
	dir, clock, told := t.TempDir(), newClock(), diary{}
	certFile, keyFile := filepath.Join(dir, "server.crt"), filepath.Join(dir, "server.key")
	put(t, certFile, oneCert)
	put(t, keyFile, oneKey)
	s, err := certs.Files(certFile, keyFile, told.watch(clock))
	if err != nil {
		t.Fatal(err)
	}
	expect := func(when, name string, news ...string) {
		t.Helper()
		if got := shown(t, s).Subject.CommonName; got != name {
			t.Errorf("%s: shows %q; want %q", when, got, name)
		}
		told.expect(t, when, news...)
	}
	expect("at first", "one")

	put(t, certFile, twoCert)
	put(t, keyFile, twoKey)
	clock.pass(time.Second - 1)
	expect("too early to look", "one")
	clock.pass(1)
	expect("time to look", "two", "")
	clock.pass(time.Minute)
	expect("nothing new", "two")

	put(t, certFile, oneCert)
	clock.pass(time.Second)
	expect("half replaced", "two", "private key does not match")
	clock.pass(time.Second)
	expect("still", "two")
	put(t, keyFile, oneKey)
	clock.pass(time.Second)
	expect("replaced", "one", "")

	if err := os.Remove(keyFile); err != nil {
		t.Fatal(err)
	}
	clock.pass(time.Second)
	expect("gone", "one", keyFile)
	text(t, keyFile, "no key")
	clock.pass(time.Second)
	expect("back, but broken", "one", keyFile)
	put(t, keyFile, oneKey)
	clock.pass(time.Second)
	expect("as it was", "one", "")
	clock.pass(time.Second)
	expect("still as it was", "one")

	put(t, certFile, twoCert)
	put(t, keyFile, twoKey)
	expect("too early again", "one")
	clock.pass(-time.Hour)
	expect("the clock was set back", "two", "")
}

// The zero value of Watch looks every five seconds, by the clock of the host.
func TestWatch(t *testing.T) {
	oneCert, oneKey := minted(t, "one")
	twoCert, twoKey := minted(t, "two")
	file := filepath.Join(t.TempDir(), "both.pem")
	synctest.Test(t, func(t *testing.T) {
		put(t, file, oneCert, oneKey)
		s, err := certs.Files(file, file, certs.Watch{})
		if err != nil {
			t.Fatal(err)
		}
		put(t, file, twoCert, twoKey)
		for _, step := range []struct {
			after time.Duration
			want  string
		}{{5*time.Second - 1, "one"}, {1, "two"}} {
			time.Sleep(step.after)
			if got := shown(t, s).Subject.CommonName; got != step.want {
				t.Errorf("after %v more: shows %q; want %q", step.after, got, step.want)
			}
		}
	})
}

// A handshake asks, so that many may ask at once.
func TestSourceIsSafe(t *testing.T) {
	oneCert, oneKey := minted(t, "one")
	twoCert, twoKey := minted(t, "two")
	file, clock := filepath.Join(t.TempDir(), "both.pem"), newClock()
	put(t, file, oneCert, oneKey)
	s, err := certs.Files(file, file, certs.Watch{Now: clock.Now, Every: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				c, err := s.GetCertificate(nil)
				if err != nil || c == nil || s.Leaf() == nil || s.Fingerprint() == "" {
					t.Error("without a certificate")
				}
			}
		})
	}
	for range 10 {
		put(t, file, twoCert, twoKey)
		clock.pass(time.Second)
		put(t, file, oneCert, oneKey)
		clock.pass(time.Second)
	}
	all.Wait()
	if got := shown(t, s).Subject.CommonName; got != "one" {
		t.Errorf("in the end shows %q", got)
	}
}

func TestFilesRefused(t *testing.T) {
	certificate, key := minted(t, "host")
	dir := t.TempDir()
	file := func(name, content string) string {
		name = filepath.Join(dir, name)
		text(t, name, content)
		return name
	}
	empty := file("empty", "")
	missing := filepath.Join(dir, "missing")
	for _, c := range []struct {
		name, certificate, key string
		want                   []string
	}{
		{"no certificate file", missing, key, []string{missing}},
		{"no key file", certificate, missing, []string{missing}},
		{"swapped", key, certificate, []string{key, certificate, "switched"}},
		{"no certificate", empty, key, []string{empty, "certificate"}},
		{"no key", certificate, empty, []string{empty, "key"}},
		{"PKCS #8 with a passphrase", certificate,
			file("pkcs8", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"),
			[]string{"pkcs8", "passphrase"}},
		{"PKCS #1 with a passphrase", certificate,
			file("pkcs1", "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"),
			[]string{"pkcs1", "passphrase"}},
	} {
		_, err := certs.Files(c.certificate, c.key, certs.Watch{})
		if err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %q does not say %q", c.name, err, want)
			}
		}
	}
	if _, err := certs.Files(missing, key, certs.Watch{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestClientCAs(t *testing.T) {
	one, oneKey := minted(t, "one")
	two, _ := minted(t, "two")
	file := filepath.Join(t.TempDir(), "clients.pem")
	put(t, file, one, two)
	pool, err := certs.ClientCAs(file)
	if err != nil {
		t.Fatal(err)
	}
	want := x509.NewCertPool()
	for _, name := range []string{one, two} {
		pem, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want.AppendCertsFromPEM(pem)
	}
	if !pool.Equal(want) {
		t.Error("the pool is not what the file holds")
	}

	if _, err := certs.ClientCAs(filepath.Join(t.TempDir(), "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	put(t, file, one, oneKey)
	refused(t, file, "a PRIVATE KEY")
	text(t, file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
	refused(t, file, "certificate 1")
	text(t, file, "nothing of use")
	refused(t, file, "no certificate")
}

// refused checks that the error names the file and says what is wrong.
func refused(t *testing.T, file, want string) {
	t.Helper()
	pool, err := certs.ClientCAs(file)
	if err == nil || pool != nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v; want one of %s that says %q", err, file, want)
	}
}

// handshake connects a client that trusts the certificate to a server that shows it.
func handshake(t *testing.T, s *certs.Source, name string, now func() time.Time) error {
	t.Helper()
	there, here := net.Pipe()
	defer there.Close()
	defer here.Close()
	server := tls.Server(there, &tls.Config{GetCertificate: s.GetCertificate, Time: now})
	done := make(chan error, 1)
	go func() {
		done <- server.Handshake()
		there.Close()
	}()
	roots := x509.NewCertPool()
	roots.AddCert(s.Leaf())
	err := tls.Client(here, &tls.Config{RootCAs: roots, ServerName: name, Time: now}).Handshake()
	here.Close()
	<-done
	return err
}
