package main

import (
	"bytes"
	"context"
	"net"
	"strings"
	"testing"
)

// TestPasswordInClear: a network other than loopback is warned of, once, and only there.
func TestPasswordInClear(t *testing.T) {
	for peer, warned := range map[string]bool{
		"192.0.2.7": true, "2001:db8::7": true, "::ffff:192.0.2.7": true,
		"127.0.0.1": false, "127.8.8.8": false, "::1": false, "::ffff:127.0.0.1": false,
	} {
		var said bytes.Buffer
		dial := warnInClear(func(context.Context, string, string) (net.Conn, error) { return connTo{peer: peer}, nil }, &said)
		for range 3 { // the control connection, and those of data
			if _, err := dial(t.Context(), "tcp", "switch.example.net:21"); err != nil {
				t.Fatal(err)
			}
		}
		if n := strings.Count(said.String(), "password goes over the network in clear"); n > 1 || n == 1 != warned {
			t.Errorf("to %s it says %q", peer, said.String())
		}
	}
}

// TestWhoIsWarned: a guest's password is none, and TLS protects it.
func TestWhoIsWarned(t *testing.T) {
	for url, warned := range map[string]bool{
		"ftp://amy:s3cret@192.0.2.7/x": true, "ftp://192.0.2.7/x": false,
		"ftpes://amy:s3cret@192.0.2.7/x": false, "ftps://amy:s3cret@192.0.2.7/x": false,
	} {
		r, err := parseFTP(url, remoteOptions{}, stdio{})
		if err != nil {
			t.Fatal(err)
		}
		if got := r.(*ftpRemote).retry.Dialer.DialContext != nil; got != warned {
			t.Errorf("%s is watched: %v", url, got)
		}
	}
}

// connTo is a connection to somewhere.
type connTo struct {
	net.Conn
	peer string
}

func (c connTo) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.ParseIP(c.peer), Port: 21} }
