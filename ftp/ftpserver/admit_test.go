package ftpserver

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"dray/ftp"
)

// turnstile lets in one connection at a time.
type turnstile struct {
	turn chan struct{} // holds one while there is room
	in   chan *Conn    // who came in, with room for the next
}

func newTurnstile() *turnstile {
	t := &turnstile{make(chan struct{}, 1), make(chan *Conn, 1)}
	t.Leave()
	return t
}

func (t *turnstile) Leave() { t.turn <- struct{}{} }

func (t *turnstile) admit(c *Conn) (Pass, error) {
	select {
	case <-t.turn:
		t.in <- c
		return t, nil
	default:
		return nil, errors.New("One at a time, " + c.RemoteAddr().Addr().String())
	}
}

// TestAdmit: who is turned away hears why, and who is let in leaves when the connection
// has ended, however it does.
func TestAdmit(t *testing.T) {
	door := newTurnstile()
	addr := serve(t, &Server{Backend: newMemory(), Admit: door.admit}, "127.0.0.1:0")
	for _, end := range []func(*peer, *Conn){
		func(p *peer, _ *Conn) { p.ask("QUIT", ftp.CodeGoodbye) },
		func(p *peer, _ *Conn) { p.Close() },
		func(_ *peer, c *Conn) { c.Cut() },
	} {
		p := greet(t, addr)
		c := <-door.in
		if c.Pass() != Pass(door) {
			t.Error("the pass is another")
		}
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		away := &peer{t, conn, bufio.NewReader(conn)}
		if r := away.want(ftp.CodeTooMany); r.Lines[0] != "One at a time, 127.0.0.1" {
			t.Errorf("%q", r)
		}
		away.ended()
		end(p, c)
		<-door.turn
		door.Leave()
	}
}

// TestAdmitBeforeTLS: who is turned away costs no handshake.
func TestAdmitBeforeTLS(t *testing.T) {
	s, _, _ := secured(t)
	s.Admit = func(*Conn) (Pass, error) { return nil, errors.New("nobody") }
	conn, err := net.Dial("tcp", serveTLS(t, s))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if b, err := io.ReadAll(conn); err != nil || len(b) > 0 {
		t.Errorf("%q, %v", b, err)
	}
}

// TestCutTransfer: a transfer that is stuck ends with its connection, at once.
func TestCutTransfer(t *testing.T) {
	image := filepath.Join(t.TempDir(), "image")
	if err := errors.Join(os.WriteFile(image, nil, 0o600), os.Truncate(image, 1<<30)); err != nil {
		t.Fatal(err)
	}
	for name, backend := range map[string]Backend{"/bad-endless": newMemory(), "/image": systemFile{newMemory(), image}} {
		door := newTurnstile()
		p := enter(t, serve(t, &Server{Backend: backend, Admit: door.admit}, "127.0.0.1:0"))
		c := <-door.in
		data := p.open()
		p.ask("RETR "+name, ftp.CodeOpening)
		if _, err := io.ReadFull(data, make([]byte, 8<<20)); err != nil {
			t.Fatal(err)
		}
		if verb, path, _ := c.Activity(); verb != "RETR" || path != name {
			t.Errorf("%s %s", verb, path)
		}
		c.Cut()
		<-door.turn
		if verb, _, bytes := c.Activity(); verb != "" || bytes == 0 {
			t.Errorf("afterwards %q, %d octets", verb, bytes)
		}
	}
}

// grumpy refuses log-ins in its own way.
type grumpy struct {
	*memory
	err *LoginError
}

func (g grumpy) NewSession(context.Context, *Conn) (Session, error) { return g, nil }

func (g grumpy) Login(context.Context, string, string) (FS, error) { return nil, g.err }

func (g grumpy) Close() error { return nil }

func TestLoginError(t *testing.T) {
	for _, c := range []struct {
		err  LoginError
		code ftp.Code
		text string
	}{
		{LoginError{}, ftp.CodeLoginRefused, "Log-in refused"},
		{LoginError{Text: "Too many sessions"}, ftp.CodeLoginRefused, "Too many sessions"},
		{LoginError{Delay: time.Millisecond, Close: true}, ftp.CodeUnavailable, "Too many log-ins refused"},
		{LoginError{Text: "Banned", Close: true}, ftp.CodeUnavailable, "Banned"},
	} {
		p := greet(t, serve(t, &Server{Backend: grumpy{newMemory(), &c.err}, LoginDelay: time.Hour}, "127.0.0.1:0"))
		p.ask("USER ann", ftp.CodeNeedPassword)
		if r := p.ask("PASS x", c.code); r.Lines[0] != c.text {
			t.Errorf("%+v: %q", c.err, r)
		}
		if c.err.Close {
			p.ended()
		}
	}
}
