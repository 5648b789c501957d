package proxied

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

const line = "PROXY TCP4 192.0.2.7 198.51.100.1 1234 21\r\n"

// listen serves 127.0.0.1, where the balancers are.
func listen(t *testing.T, trust *Trust) net.Listener {
	t.Helper()
	below, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	trust.Networks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	if trust.Log == nil {
		trust.Log = slog.New(slog.DiscardHandler)
	}
	l := trust.Listen(below)
	t.Cleanup(func() { l.Close() })
	return l
}

// connect connects and says something.
func connect(t *testing.T, l net.Listener, text string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c
}

func accept(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// TestReached: what the client came to is known, and what this machine has stays.
func TestReached(t *testing.T) {
	l := listen(t, new(Trust))
	for _, text := range []string{line, binary2(proxy, tcp4, from4)} {
		connect(t, l, text+"USER anna\r\n")
		c := accept(t, l)
		said, err := bufio.NewReader(c).ReadString('\n')
		if c.RemoteAddr().String() != "192.0.2.7:1234" || said != "USER anna\r\n" {
			t.Errorf("%v says %q, %v", c.RemoteAddr(), said, err)
		}
		reached := c.(*conn).Reached().String()
		if reached != "198.51.100.1:21" || c.LocalAddr().String() != l.Addr().String() {
			t.Errorf("%v came to %v at %v", c.RemoteAddr(), reached, c.LocalAddr())
		}
	}
}

// TestOthersGoOn: one that says nothing, one that stops in the middle and one that says
// nonsense do not keep others from coming.
func TestOthersGoOn(t *testing.T) {
	l := listen(t, &Trust{Timeout: time.Hour})
	connect(t, l, "")
	connect(t, l, line[:20])
	bad := connect(t, l, "USER anna\r\n")
	connect(t, l, line)
	if c := accept(t, l); c.RemoteAddr().String() != "192.0.2.7:1234" {
		t.Errorf("%v came", c.RemoteAddr())
	}
	if n, err := bad.Read(make([]byte, 1)); err == nil {
		t.Errorf("nonsense was answered with %d octets", n)
	}
}

// notes are the lines of a log.
type notes chan string

func (n notes) Write(line []byte) (int, error) {
	n <- string(line)
	return len(line), nil
}

// TestClosedWithNote: who does not say the header in time is closed, so is who comes when too
// many are waited for, and the log says why.
func TestClosedWithNote(t *testing.T) {
	for name, row := range map[string]struct {
		trust      Trust
		first, why string
	}{
		"late":     {Trust{Timeout: time.Nanosecond}, "", "no PROXY header within 1ns: is the proxy told to send one (send-proxy)?"},
		"too many": {Trust{Timeout: time.Hour, MaxAsked: 1}, line[:20], "too many connections wait for their PROXY header"},
	} {
		log := make(notes, 8)
		row.trust.Log = slog.New(slog.NewTextHandler(log, nil))
		l := listen(t, &row.trust)
		connect(t, l, row.first)
		c := connect(t, l, "")
		if _, err := c.Read(make([]byte, 1)); err == nil {
			t.Errorf("%s: answered", name)
		}
		if note := <-log; !strings.Contains(note, row.why) {
			t.Errorf("%s: noted %q; want %q", name, note, row.why)
		}
	}
}

// TestClose ends what waits for a header, and what nobody has accepted.
func TestClose(t *testing.T) {
	l := listen(t, &Trust{Timeout: time.Hour})
	waits := connect(t, l, "")
	connect(t, l, line)
	connect(t, l, line)
	accept(t, l)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept after close: %v", err)
	}
	if _, err := waits.Read(make([]byte, 1)); err == nil {
		t.Error("who waits is answered")
	}
	if err := l.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("close after close: %v", err)
	}
}

// TestOrigin: where a connection that was accepted elsewhere comes from. It waits no longer
// than it is asked to.
func TestOrigin(t *testing.T) {
	over, end := context.WithCancel(context.Background())
	end()
	for name, row := range map[string]struct {
		ctx           context.Context
		trusted, text string
		from          string
	}{
		"good":       {t.Context(), "127.0.0.1/32", line + "data", "192.0.2.7:1234"},
		"none":       {t.Context(), "127.0.0.1/32", "data", "closed"},
		"no more":    {over, "127.0.0.1/32", "", "closed"},
		"a stranger": {t.Context(), "127.0.0.2/32", line + "data", "itself"},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		connect(t, l, row.text)
		c := accept(t, l)
		trust := &Trust{Networks: []netip.Prefix{netip.MustParsePrefix(row.trusted)}, Optional: true, Timeout: time.Hour}
		from, err := trust.Origin(row.ctx, c.(*net.TCPConn))
		got := from.String()
		switch {
		case err != nil:
			got = "closed"
		case got == c.RemoteAddr().String():
			got = "itself"
		}
		if got != row.from {
			t.Errorf("%s: %v, %v; want %v", name, from, err, row.from)
		}
	}
}
