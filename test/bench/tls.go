//go:build linux

package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// withTLS are curl's options for the TLS of all servers: one version and one cipher, so
// that nobody wins by choosing a lighter one.
func withTLS() []string {
	return []string{"--ssl-reqd", "--insecure", "--tlsv1.3", "--tls13-ciphers", "TLS_AES_128_GCM_SHA256"}
}

// certificate returns the files of a certificate for loopback and of its key. It makes
// them once.
func (b *bench) certificate() (cert, key string, err error) {
	cert, key = filepath.Join(b.dir, "cert.pem"), filepath.Join(b.dir, "key.pem")
	if _, err := os.Stat(cert); err == nil {
		return cert, key, nil
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048) // the one kind that all servers take
	if err != nil {
		return "", "", err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "bench"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	public, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return "", "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", err
	}
	return cert, key, errors.Join(
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600),
		os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: public}), 0o644))
}

// sealLoop is what AES costs at best: one thread seals as many octets as the file has, a
// record of TLS at a time. There is no file and no network.
func sealLoop(_ context.Context, b *bench) (sample, error) {
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	const record = 16 << 10
	plain, sealed, nonce := make([]byte, record), make([]byte, 0, record+gcm.Overhead()), make([]byte, gcm.NonceSize())
	begun := time.Now()
	cost, err := onThread(func() error {
		for left := b.options.scale.stream; left > 0; left -= record {
			gcm.Seal(sealed, nonce, plain, nil)
		}
		return nil
	})
	return sample{elapsed: time.Since(begun).Seconds(), cpu: cost}, err
}
