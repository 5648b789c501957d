package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"dray/internal/kept"
)

// The files of a self-signed certificate.
const (
	CertFile = "tls-cert.pem" // may be given to clients, to be trusted
	KeyFile  = "tls-key.pem"  // is secret, mode 0600
)

const (
	// lifetime is in years. People trust a self-signed certificate by its fingerprint, and
	// a new one has them ask again whether it is an attack.
	lifetime = 10

	// A clock that is behind, as in devices without a battery, is forgiven for a day.
	backdate = 24 * time.Hour

	// renewal is how long before its end a certificate is renewed.
	renewal = 30 * 24 * time.Hour
)

// SelfSigned returns the certificate that is kept in dir, and at first makes it: ECDSA on
// P-256, good for ten years, for names, which are host names and IP addresses, and for
// this host by its names localhost, 127.0.0.1 and ::1. What cannot stand in a certificate
// is left out of it.
//
// The certificate is renewed in its last month, or when it does not fit the key; the key
// stays, so that clients that have pinned it go on. To have it made for other names, or
// with another key, remove the files. Several processes may share dir.
func SelfSigned(dir string, names []string, w Watch) (*Source, error) {
	k := keep{filepath.Join(dir, CertFile), filepath.Join(dir, KeyFile), names}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return newSource(w, k.read)
}

// keep is where a self-signed certificate is kept.
type keep struct {
	certFile, keyFile string
	names             []string
}

// read returns what is kept, after it has made or renewed what has to be.
func (k keep) read(now time.Time) (*tls.Certificate, error) {
	key, _, err := kept.Obtain(k.keyFile, 0o600, newKey)
	if err != nil {
		return nil, err
	}
	signer, err := parseKey(key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k.keyFile, err)
	}
	sign := func() ([]byte, error) { return issue(k.names, signer, now) }
	text, _, err := kept.Obtain(k.certFile, 0o644, sign)
	if err != nil {
		return nil, err
	}
	c, err := tls.X509KeyPair(text, key)
	if err == nil && !now.Before(c.Leaf.NotBefore) && now.Add(renewal).Before(c.Leaf.NotAfter) {
		return &c, nil
	}
	if text, err = sign(); err != nil {
		return nil, err
	}
	if err := kept.Replace(k.certFile, 0o644, text); err != nil {
		return nil, err
	}
	c, err = tls.X509KeyPair(text, key)
	return &c, err
}

// newKey makes a key in PEM form.
func newKey() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

var errNoKey = errors.New("there is no private key in PKCS #8 form; remove the file to have a new key")

// parseKey reads what newKey has made.
func parseKey(text []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errNoKey
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	signer, ok := key.(crypto.Signer)
	if err != nil || !ok {
		return nil, errNoKey
	}
	return signer, nil
}

// issue makes a certificate in PEM form. It is no authority: who trusts it trusts dray
// alone.
func issue(names []string, key crypto.Signer, now time.Time) ([]byte, error) {
	template := &x509.Certificate{
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.AddDate(lifetime, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	template.DNSNames, template.IPAddresses = alternatives(names)
	template.Subject = pkix.Name{Organization: []string{"dray"}, CommonName: commonName(template.DNSNames[0])}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

// commonName cuts a name to the length that X.509 allows there.
func commonName(name string) string { return name[:min(len(name), 64)] }

// alternatives sorts names into host names and addresses, and adds those of this host.
func alternatives(names []string) (hosts []string, addresses []net.IP) {
	seen := make(map[string]bool)
	for _, name := range slices.Concat(names, []string{"localhost", "127.0.0.1", "::1"}) {
		if addr, err := netip.ParseAddr(name); err == nil {
			addr = addr.Unmap().WithZone("")
			if !seen[addr.String()] {
				seen[addr.String()] = true
				addresses = append(addresses, addr.AsSlice())
			}
			continue
		}
		name = strings.ToLower(strings.TrimSuffix(name, "."))
		if isHostName(name) && !seen[name] {
			seen[name] = true
			hosts = append(hosts, name)
		}
	}
	return hosts, addresses
}

// isHostName reports whether a name in lower case can be that of a host (RFC 1123, section
// 2.1), with the underscores that hosts of Windows have.
func isHostName(name string) bool {
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}
