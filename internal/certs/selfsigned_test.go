package certs_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dray/internal/certs"
)

// selfSigned opens what is kept in dir.
func selfSigned(t *testing.T, dir string, w certs.Watch, names ...string) *certs.Source {
	t.Helper()
	s, err := certs.SelfSigned(dir, names, w)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The first start makes a certificate that serves under all its names, and only these.
func TestSelfSignedNames(t *testing.T) {
	clock := newClock()
	s := selfSigned(t, t.TempDir(), certs.Watch{Now: clock.Now},
		"NAS-1.example.com.", "192.0.2.7", "2001:db8::7", "fe80::1%eth0", "fe80::1%eth1", "::ffff:192.0.2.8",
		"win_pc", "localhost", "büro", "", "two words", "-.-..", strings.Repeat("a", 64), strings.Repeat("a.", 127)+"a")
	leaf := s.Leaf()
	var addresses []string
	for _, ip := range leaf.IPAddresses {
		addresses = append(addresses, ip.String())
	}
	if want := []string{"nas-1.example.com", "win_pc", "localhost"}; !slices.Equal(leaf.DNSNames, want) {
		t.Errorf("hosts %q; want %q", leaf.DNSNames, want)
	}
	if want := []string{"192.0.2.7", "2001:db8::7", "fe80::1", "192.0.2.8", "127.0.0.1", "::1"}; !slices.Equal(addresses, want) {
		t.Errorf("addresses %q; want %q", addresses, want)
	}
	if got := leaf.Subject.String(); got != "CN=nas-1.example.com,O=dray" {
		t.Errorf("subject %q", got)
	}
	for _, name := range []string{"nas-1.example.com", "localhost", "192.0.2.7", "::1"} {
		if err := handshake(t, s, name, clock.Now); err != nil {
			t.Errorf("as %s: %v", name, err)
		}
	}
	if err := handshake(t, s, "other.example.com", clock.Now); err == nil {
		t.Error("serves as another host")
	}
}

func TestSelfSignedLongName(t *testing.T) {
	name := strings.Repeat("long.", 20) + "example"
	leaf := selfSigned(t, t.TempDir(), certs.Watch{}, name).Leaf()
	if got := leaf.Subject.CommonName; got != name[:64] || leaf.DNSNames[0] != name {
		t.Errorf("common name %q, hosts %q", got, leaf.DNSNames)
	}
}

func TestSelfSignedForm(t *testing.T) {
	clock := newClock()
	leaf := selfSigned(t, t.TempDir(), certs.Watch{Now: clock.Now}).Leaf()
	if key, ok := leaf.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
		t.Errorf("key %T", leaf.PublicKey)
	}
	if leaf.IsCA || !leaf.BasicConstraintsValid || leaf.KeyUsage != x509.KeyUsageDigitalSignature ||
		!slices.Equal(leaf.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}) {
		t.Error("the certificate is good for more than a server")
	}
	if want := clock.Now().Add(-24 * time.Hour); !leaf.NotBefore.Equal(want) {
		t.Errorf("begins %v; want %v", leaf.NotBefore, want)
	}
	if want := clock.Now().AddDate(10, 0, 0); !leaf.NotAfter.Equal(want) {
		t.Errorf("ends %v; want %v", leaf.NotAfter, want)
	}
}

// The fingerprint is the one that openssl x509 -fingerprint -sha256 prints.
func TestFingerprint(t *testing.T) {
	s := selfSigned(t, t.TempDir(), certs.Watch{})
	got := s.Fingerprint()
	if !regexp.MustCompile(`^[0-9A-F]{2}(:[0-9A-F]{2}){31}$`).MatchString(got) {
		t.Errorf("fingerprint %q", got)
	}
	sum := sha256.Sum256(s.Leaf().Raw)
	if want := strings.ToUpper(hex.EncodeToString(sum[:])); strings.ReplaceAll(got, ":", "") != want {
		t.Errorf("fingerprint %q; want %s", got, want)
	}
}

// The second start finds what the first has made, whatever the host is called now.
func TestSelfSignedIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "dray")
	first := selfSigned(t, dir, certs.Watch{}, "before")
	second := selfSigned(t, dir, certs.Watch{}, "after")
	if !first.Leaf().Equal(second.Leaf()) {
		t.Error("another certificate")
	}
	if err := os.Remove(filepath.Join(dir, certs.CertFile)); err != nil {
		t.Fatal(err)
	}
	third := selfSigned(t, dir, certs.Watch{}, "after")
	if got := third.Leaf().Subject.CommonName; got != "after" || !sameKey(first, third) {
		t.Errorf("without the certificate: common name %q, same key %v", got, sameKey(first, third))
	}
	if err := os.Remove(filepath.Join(dir, certs.KeyFile)); err != nil {
		t.Fatal(err)
	}
	if sameKey(third, selfSigned(t, dir, certs.Watch{})) {
		t.Error("the key came back from the dead")
	}
	names(t, dir, certs.CertFile, certs.KeyFile)
}

func sameKey(a, b *certs.Source) bool {
	return string(a.Leaf().RawSubjectPublicKeyInfo) == string(b.Leaf().RawSubjectPublicKeyInfo)
}

// names checks what is in dir.
func names(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("in the folder: %q; want %q", got, want)
	}
}

func TestSelfSignedModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no mode there")
	}
	dir := filepath.Join(t.TempDir(), "dray")
	selfSigned(t, dir, certs.Watch{})
	for name, want := range map[string]fs.FileMode{".": fs.ModeDir | 0o700, certs.KeyFile: 0o600, certs.CertFile: 0o644} {
		fi, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if fi.Mode() != want {
			t.Errorf("%s has mode %v; want %v", name, fi.Mode(), want)
		}
	}
}

// A certificate is renewed a month before its end while the server runs, and the key that
// clients have pinned stays.
func TestSelfSignedIsRenewed(t *testing.T) {
	dir, clock, told := t.TempDir(), newClock(), diary{}
	s := selfSigned(t, dir, told.watch(clock), "host")
	old := shown(t, s)
	month := 30 * 24 * time.Hour
	clock.pass(old.NotAfter.Add(-month - time.Second).Sub(clock.Now()))
	if !shown(t, s).Equal(old) {
		t.Error("renewed too early")
	}
	told.expect(t, "before the last month")
	clock.pass(time.Second)
	renewed := shown(t, s)
	if renewed.Equal(old) || !renewed.NotAfter.Equal(clock.Now().AddDate(10, 0, 0)) {
		t.Errorf("good until %v", renewed.NotAfter)
	}
	if !slices.Equal(renewed.RawSubjectPublicKeyInfo, old.RawSubjectPublicKeyInfo) {
		t.Error("renewed with another key")
	}
	told.expect(t, "in the last month", "")
	if again := selfSigned(t, dir, told.watch(clock)); !again.Leaf().Equal(renewed) {
		t.Error("what was renewed is not kept")
	}
	names(t, dir, certs.CertFile, certs.KeyFile)
}

// A host without a battery starts in 1970, and later learns the time; or the other way.
func TestSelfSignedWithTheClockWrong(t *testing.T) {
	for _, wrong := range []time.Duration{-40 * 365 * 24 * time.Hour, 5 * 365 * 24 * time.Hour} {
		dir, clock := t.TempDir(), newClock()
		clock.pass(wrong)
		selfSigned(t, dir, certs.Watch{Now: clock.Now})
		clock.pass(-wrong)
		s := selfSigned(t, dir, certs.Watch{Now: clock.Now})
		if err := handshake(t, s, "localhost", clock.Now); err != nil {
			t.Errorf("after a start %v off: %v", wrong, err)
		}
	}
}

// A certificate that is broken or of another key is made again.
func TestSelfSignedIsRepaired(t *testing.T) {
	other, _ := minted(t, "other")
	dir := t.TempDir()
	first := selfSigned(t, dir, certs.Watch{})
	text(t, filepath.Join(dir, certs.CertFile), "torn")
	if second := selfSigned(t, dir, certs.Watch{}); !sameKey(first, second) {
		t.Error("broken: repaired with another key")
	}
	put(t, filepath.Join(dir, certs.CertFile), other)
	if third := selfSigned(t, dir, certs.Watch{}); !sameKey(first, third) {
		t.Error("another's: repaired with another key")
	}
}

// A key that cannot be read is left alone: it may be what clients have pinned.
func TestSelfSignedRefused(t *testing.T) {
	dir := t.TempDir()
	key := filepath.Join(dir, certs.KeyFile)
	for _, content := range []string{"", "torn", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		text(t, key, content)
		_, err := certs.SelfSigned(dir, nil, certs.Watch{})
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("key %q: %v; want an error of %s", content, err, key)
		}
		if kept, err := os.ReadFile(key); err != nil || string(kept) != content {
			t.Errorf("key %q is now %q, %v", content, kept, err)
		}
	}
	if _, err := certs.SelfSigned(key, nil, certs.Watch{}); err == nil || !strings.Contains(err.Error(), key) {
		t.Errorf("a folder that is a file: %v", err)
	}
}

// What cannot be written is told once, though it is tried each time, and what there was
// goes on.
func TestSelfSignedCannotBeKept(t *testing.T) {
	dir, clock, told := filepath.Join(t.TempDir(), "dray"), newClock(), diary{}
	s := selfSigned(t, dir, told.watch(clock))
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		clock.pass(time.Second)
		shown(t, s)
	}
	told.expect(t, "without its folder", "cannot write "+filepath.Join(dir, certs.KeyFile))
}

// Several processes that start at once on an empty folder agree.
func TestSelfSignedTogether(t *testing.T) {
	dir := t.TempDir()
	var sources [8]*certs.Source
	var all sync.WaitGroup
	for i := range sources {
		all.Go(func() {
			var err error
			if sources[i], err = certs.SelfSigned(dir, []string{fmt.Sprint("host", i)}, certs.Watch{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
	for _, s := range sources {
		if s.Fingerprint() != sources[0].Fingerprint() {
			t.Error("two certificates in one folder")
		}
	}
	names(t, dir, certs.CertFile, certs.KeyFile)
}
