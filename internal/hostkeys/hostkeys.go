// Package hostkeys has the keys by which an SSH server is known: made at first start,
// and kept. It never replaces or removes one. It also shows keys to people.
package hostkeys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/crypto/ssh"

	"dray/internal/kept"
)

// The names of the keys, as OpenSSH has them. They are secret, mode 0600.
const (
	Ed25519File = "ssh_host_ed25519_key"
	ECDSAFile   = "ssh_host_ecdsa_key"
	RSAFile     = "ssh_host_rsa_key"
)

const rsaBits = 3072

// Set is the keys of one server.
type Set struct {
	Signers []ssh.Signer // ed25519, ECDSA on P-256, RSA of 3072 bits
	Fresh   bool         // some of them were made just now
}

// Keep returns the keys that are kept in dir. What is missing is made. Several processes
// may share dir.
func Keep(dir string) (*Set, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s := new(Set)
	for _, k := range []struct {
		file string
		make func() (crypto.PrivateKey, error)
	}{
		{Ed25519File, func() (crypto.PrivateKey, error) {
			_, key, err := ed25519.GenerateKey(rand.Reader)
			return key, err
		}},
		{ECDSAFile, func() (crypto.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }},
		{RSAFile, func() (crypto.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, rsaBits) }},
	} {
		key, made, err := obtain(filepath.Join(dir, k.file), k.make)
		if err != nil {
			return nil, err
		}
		s.Signers, s.Fresh = append(s.Signers, key), s.Fresh || made
	}
	return s, nil
}

// Fingerprints has a line for each key, as ssh-keygen -l shows it: what it is called, and
// its SHA-256.
func (s *Set) Fingerprints() []string {
	var all []string
	for _, k := range s.Signers {
		all = append(all, fmt.Sprintf("%-11s %s", kind(k.PublicKey()), ssh.FingerprintSHA256(k.PublicKey())))
	}
	return all
}

// Art draws the first key.
func (s *Set) Art() string { return Art(s.Signers[0].PublicKey()) }

// obtain reads a key, which is made if there is none.
func obtain(name string, generate func() (crypto.PrivateKey, error)) (key ssh.Signer, made bool, err error) {
	text, made, err := kept.Obtain(name, 0o600, func() ([]byte, error) { return encode(generate) })
	if err != nil {
		return nil, false, err
	}
	key, err = ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, false, fmt.Errorf("host key %s: %w", name, err)
	}
	return key, made, nil
}

func encode(generate func() (crypto.PrivateKey, error)) ([]byte, error) {
	key, err := generate()
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(key, "dray")
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(block), nil
}
