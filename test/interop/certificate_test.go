package interop

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// certificate returns a file with a new certificate for 127.0.0.1, and one with the
// certificate and its key, which servers read before they become nobody. The key is of the
// kind that the oldest of them knows.
func certificate(t *testing.T) (cert, both string) { return certificateOf(t, "127.0.0.1") }

// certificateOf does the same for somebody else.
func certificateOf(t *testing.T, name string) (cert, both string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	cert = configFile(t, "cert.pem", string(certPEM))
	both = filepath.Join(filepath.Dir(cert), "both.pem")
	if err := os.WriteFile(both, append(keyPEM, certPEM...), 0o600); err != nil {
		t.Fatal(err)
	}
	return cert, both
}

// keyPin is the key of the certificate in a file as --pin wants it.
func keyPin(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		panic(err) // a server has told the name of the file
	}
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return "sha256//" + base64.StdEncoding.EncodeToString(sum[:])
}
