package certs

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// Files returns the certificate in certFile, with its chain if it has one, and the key in
// keyFile, both in PEM form. They may be one file.
func Files(certFile, keyFile string, w Watch) (*Source, error) {
	return newSource(w, func(time.Time) (*tls.Certificate, error) {
		certificate, err := os.ReadFile(certFile)
		if err != nil {
			return nil, err
		}
		key, err := os.ReadFile(keyFile)
		if err != nil {
			return nil, err
		}
		if encrypted(key) {
			return nil, fmt.Errorf("%s: the key has a passphrase, which nobody is there to type", keyFile)
		}
		c, err := tls.X509KeyPair(certificate, key)
		if err != nil {
			return nil, fmt.Errorf("certificate %s, key %s: %w", certFile, keyFile, err)
		}
		return &c, nil
	})
}

// encrypted reports whether there is a key that cannot be read without a passphrase
// (RFC 5958, section 3; RFC 1421, section 4.6.1.1).
func encrypted(text []byte) bool {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
			return true
		}
	}
	return false
}

// ClientCAs reads the authorities whose client certificates are good: one or more
// certificates in PEM form. Anything else in the file is an error, since it may be there
// by mistake.
func ClientCAs(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool, count := x509.NewCertPool(), 0
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("%s: there is a %s among the certificates", file, block.Type)
		}
		count++
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: certificate %d: %w", file, count, err)
		}
		pool.AddCert(c)
	}
	if count == 0 {
		return nil, fmt.Errorf("%s: %w", file, errNoCertificate)
	}
	return pool, nil
}

var errNoCertificate = errors.New("there is no certificate in PEM form")
