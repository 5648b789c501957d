package tlsbind_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"

	"dray/ftp/ftpserver/tlsbind"
)

// countingCache counts the tickets that a client is given.
type countingCache struct {
	tls.ClientSessionCache
	given int
}

func (c *countingCache) Put(key string, s *tls.ClientSessionState) {
	if s != nil {
		c.given++
	}
	c.ClientSessionCache.Put(key, s)
}

// With NoDataTickets the tickets come from the control connection alone, in TLS 1.3; in
// TLS 1.2 they are part of the handshake and do no harm.
func TestNoDataTickets(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		max, client uint16 // versions
		quiet       bool
		want        int // tickets of three data connections
	}{
		{client: tls.VersionTLS13, quiet: false, want: 3},
		{client: tls.VersionTLS13, quiet: true, want: 0},
		{client: tls.VersionTLS12, quiet: false, want: 3},
		{client: tls.VersionTLS12, quiet: true, want: 3},
		{max: tls.VersionTLS12, client: tls.VersionTLS13, quiet: true, want: 3},
	} {
		h.base.MaxVersion = c.max
		binder := tlsbind.New(h.base)
		binder.NoDataTickets = c.quiet
		session, own, foreign := binder.Session(), h.client(c.client), h.client(c.client)
		own.MinVersion, foreign.MinVersion = tls.VersionTLS12, tls.VersionTLS12
		control(t, session, own)
		control(t, binder.Session(), foreign)
		none := h.client(c.client)
		none.MinVersion = tls.VersionTLS12
		given := 0
		for want, client := range map[tlsbind.Verdict]*tls.Config{
			tlsbind.Own: own, tlsbind.Foreign: foreign, tlsbind.None: none,
		} {
			cache := &countingCache{ClientSessionCache: client.ClientSessionCache}
			client.ClientSessionCache = cache
			expect(t, data(t, session, client), want)
			given += cache.given
		}
		if given != c.want {
			t.Errorf("%+v: %d tickets on data connections", c, given)
		}
	}
}

// The reason for NoDataTickets: a client that never reads what it is sent uploads and
// closes, and no reset destroys what is still on the way.
func TestNoDataTicketsSavesAnUpload(t *testing.T) {
	h := newHouse(t)
	eachVersion(t, func(t *testing.T, version uint16) {
		binder := tlsbind.New(h.base)
		binder.NoDataTickets = true
		session, client := binder.Session(), h.client(version)
		control(t, session, client)
		file := bytes.Repeat([]byte("upload"), 50_000)
		there, here := tcp(t)
		server := session.Data(there)
		sent := make(chan error, 1)
		go func() {
			_, err := tls.Client(here, client).Write(file)
			sent <- errors.Join(err, here.Close())
		}()
		got, err := io.ReadAll(server)
		if err != nil || !bytes.Equal(got, file) {
			t.Errorf("received %d octets of %d, error %v", len(got), len(file), err)
		}
		if err := <-sent; err != nil {
			t.Error(err)
		}
		expect(t, server, tlsbind.Own)
	})
}

// An upload that ended and one that was cut are told apart, wherever the cut is.
func TestTruncated(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		name string
		end  func(*tls.Conn, *cutter) error
		err  error // of reading; io.ReadAll makes nil of io.EOF
		want bool
	}{
		{"close_notify", func(c *tls.Conn, _ *cutter) error { return c.Close() }, nil, false},
		{"close_notify, and open", func(c *tls.Conn, _ *cutter) error { return c.CloseWrite() }, nil, false},
		{"between records", func(_ *tls.Conn, raw *cutter) error { return raw.Close() }, nil, true},
		{"in a record", func(c *tls.Conn, raw *cutter) error {
			raw.left = 10
			_, err := c.Write([]byte("never seen"))
			return errors.Join(err, raw.Close())
		}, io.ErrUnexpectedEOF, true},
	} {
		eachVersion(t, func(t *testing.T, version uint16) {
			t.Run(c.name, func(t *testing.T) {
				there, here := tcp(t)
				server := tlsbind.New(h.base).Session().Data(there)
				raw := &cutter{Conn: here, left: 1 << 20}
				client := tls.Client(raw, h.client(version))
				if atServer, atClient := meet(server.Conn, client); atServer != nil || atClient != nil {
					t.Fatal(atServer, atClient)
				}
				if _, err := client.Write([]byte("upload")); err != nil {
					t.Fatal(err)
				}
				if err := c.end(client, raw); err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(server)
				if string(got) != "upload" || !errors.Is(err, c.err) {
					t.Errorf("read %q, error %v; want error %v", got, err, c.err)
				}
				if got := server.Truncated(); got != c.want {
					t.Errorf("truncated: %v; want %v", got, c.want)
				}
			})
		})
	}
}

// cutter is a connection that swallows what it is to send after some octets.
type cutter struct {
	net.Conn
	left int
}

func (c *cutter) Write(p []byte) (int, error) {
	n := min(len(p), c.left)
	c.left -= n
	if _, err := c.Conn.Write(p[:n]); err != nil {
		return 0, err
	}
	return len(p), nil
}
