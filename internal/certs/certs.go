// Package certs has the certificate that dray shows over TLS: that of an operator, read
// from files and followed when they change, or one that dray signs for itself and
// keeps. It also reads the authorities of client certificates.
//
// It watches no files in the background: they are looked at when a client shakes hands.
// It never goes without a certificate: one that cannot be read leaves the former in its
// place. It never replaces or removes a key.
package certs

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Watch says how a [Source] follows its files. The zero value is good.
type Watch struct {
	Now     func() time.Time // the clock; nil is time.Now
	Every   time.Duration    // the files are looked at no oftener; 0 is five seconds
	Changed func(err error)  // see [Source]; nil is nobody to tell
}

// Source is a certificate with its key. When a handshake finds that the certificate has
// changed, or cannot be read any more, it calls Watch.Changed once, with nil or with what
// is wrong. Its methods may be called by several goroutines at once.
type Source struct {
	watch Watch
	read  func(now time.Time) (*tls.Certificate, error)

	mu      sync.Mutex
	checked time.Time
	current *tls.Certificate
	trouble string // what was last wrong; "" is nothing
}

// newSource reads the certificate for the first time.
func newSource(w Watch, read func(now time.Time) (*tls.Certificate, error)) (*Source, error) {
	if w.Now == nil {
		w.Now = time.Now
	}
	if w.Every == 0 {
		w.Every = 5 * time.Second
	}
	if w.Changed == nil {
		w.Changed = func(error) {}
	}
	now := w.Now()
	c, err := read(now)
	if err != nil {
		return nil, err
	}
	return &Source{watch: w, read: read, checked: now, current: c}, nil
}

// GetCertificate is for [tls.Config]. It always has a certificate, whoever asks.
func (s *Source) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	s.mu.Lock()
	changed, err := s.check()
	c := s.current
	s.mu.Unlock()
	if changed {
		s.watch.Changed(err)
	}
	return c, nil
}

// check looks at the files if it is time to, and says whether something has changed, and
// what is wrong.
func (s *Source) check() (changed bool, err error) {
	now := s.watch.Now()
	if age := now.Sub(s.checked); 0 <= age && age < s.watch.Every {
		return false, nil
	}
	s.checked = now
	c, err := s.read(now)
	former := s.trouble
	if err != nil {
		s.trouble = err.Error()
		return s.trouble != former, err
	}
	s.trouble = ""
	changed = former != "" || !slices.EqualFunc(c.Certificate, s.current.Certificate, bytes.Equal)
	s.current = c
	return changed, nil
}

// Leaf returns the certificate that was last shown.
func (s *Source) Leaf() *x509.Certificate {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current.Leaf
}

// Fingerprint returns the SHA-256 of the certificate that was last shown, in the form in
// which clients ask their users about it: "0A:1B:…", 32 octets.
func (s *Source) Fingerprint() string {
	sum := sha256.Sum256(s.Leaf().Raw)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
}
