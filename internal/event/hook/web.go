package hook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Web is a web server that is told by POST. Redirects are not followed, and the certificate
// of the server is verified.
type Web struct {
	url    string
	secret []byte // of the signature; empty: there is none
	client *http.Client
}

// dialer opens connections.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// NewWeb is told at a URL of https or http. Without a secret nothing is signed; roots are
// whose certificates the server may have, nil those of the host.
func NewWeb(address string, secret []byte, roots *x509.CertPool) (*Web, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("want https://HOST/PATH") // what was given may hold a secret
	}
	return &Web{address, secret, client(roots, nil)}, nil
}

// client connects in the usual way if dial is nil.
func client(roots *x509.CertPool, dial dialer) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:         dial,
			TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			MaxIdleConnsPerHost: 4,
			IdleConnTimeout:     30 * time.Second,
			ForceAttemptHTTP2:   true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// attempts is how often a request is made that may yet be answered, with 1, 2, 4 and 8
// seconds between them.
const attempts = 5

// permanentError is one that another attempt would meet again.
type permanentError struct{ error }

// The headers of a request.
const (
	headerDelivery  = "Dray-Delivery"  // the same for each attempt
	headerTimestamp = "Dray-Timestamp" // of the attempt, in seconds since 1970
	headerSignature = "Dray-Signature" // v1= and the hex of the HMAC-SHA-256 of TIMESTAMP.BODY
)

// post makes one attempt.
func (w *Web) post(ctx context.Context, m *message) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(m.body))
	if err != nil {
		return err
	}
	now := strconv.FormatInt(time.Now().Unix(), 10)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "dray")
	r.Header.Set(headerDelivery, m.id)
	r.Header.Set(headerTimestamp, now)
	if len(w.secret) > 0 {
		r.Header.Set(headerSignature, sign(w.secret, now, m.body))
	}
	answer, err := w.client.Do(r)
	var about *url.Error
	if errors.As(err, &about) {
		err = about.Err // without the URL, which may hold a secret
	}
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10) // so that the connection can be used again
	switch code := answer.StatusCode; {
	case code < 300:
		return nil
	case code < 400:
		return &permanentError{fmt.Errorf("the server answers %s, and redirects are not followed", answer.Status)}
	case code < 500 && code != http.StatusRequestTimeout && code != http.StatusTooManyRequests:
		return &permanentError{fmt.Errorf("the server answers %s", answer.Status)}
	}
	return fmt.Errorf("the server answers %s", answer.Status)
}

func sign(secret []byte, timestamp string, body []byte) string {
	h := hmac.New(sha256.New, secret)
	_, _ = io.WriteString(h, timestamp+".")
	h.Write(body)
	return "v1=" + hex.EncodeToString(h.Sum(nil))
}
