package ftpserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"dray/ftp"
)

// The stories of this file are of peers that want to take a server down, and of loads that
// must not. Others are transcripts in testdata: bounce, stealing, http, noise, stall,
// tls-injection and so on.

// Ten thousand connections from one address leave the server to others.
func TestManyConnectionsFromOneAddress(t *testing.T) {
	const allowed = 10
	here := netip.MustParseAddr("127.0.0.1")
	room := make(places, allowed)
	addr := serve(t, &Server{Backend: newMemory(), Admit: func(c *Conn) (Pass, error) {
		if c.RemoteAddr().Addr() == here {
			return room.take()
		}
		return make(places, 1).take()
	}}, "127.0.0.1:0")
	for range allowed {
		greet(t, addr)
	}
	before := runtime.NumGoroutine()
	for range 10_000 {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		r, err := ftp.ReadReply(bufio.NewReader(conn))
		if err != nil || r.Code != ftp.CodeTooMany {
			t.Fatalf("reply %q, %v", r, err)
		}
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}
	if now := runtime.NumGoroutine(); now > before+allowed {
		t.Errorf("%d goroutines, %d before", now, before)
	}
	enterFrom(t, "127.0.0.2", addr).ask("PWD", ftp.CodeDirectory)
}

// places are so many passes.
type places chan struct{}

func (p places) take() (Pass, error) {
	select {
	case p <- struct{}{}:
		return p, nil
	default:
		return nil, errors.New("no room")
	}
}

func (p places) Leave() { <-p }

// A peer that keeps talking does not get more time to log in.
func TestTalkativeBeforeLogin(t *testing.T) {
	p := greet(t, serve(t, &Server{Backend: newMemory(), LoginTimeout: 100 * time.Millisecond}, "127.0.0.1:0"))
	for {
		p.say("NOOP\r\n")
		r, err := ftp.ReadReply(p.r)
		if err != nil {
			t.Fatal(err)
		}
		if r.Code == ftp.CodeIdle {
			break
		}
	}
	p.ended()
}

// A line that never ends gets no more time than others.
func TestEndlessLine(t *testing.T) {
	p := greet(t, serve(t, &Server{Backend: newMemory(), LoginTimeout: 100 * time.Millisecond}, "127.0.0.1:0"))
	p.say("USER alice")
	p.want(ftp.CodeIdle)
	p.ended()
}

// A browser that was made to send a request here, with commands of FTP in its body, logs
// nobody in and hears nothing of what it said, so that a page cannot be made of it (ALPACA).
func TestHTTP(t *testing.T) {
	for _, method := range []string{"GET", "POST", "HEAD", "PUT", "OPTIONS", "CONNECT", "DELETE", "PATCH", "TRACE", "get"} {
		m := newMemory()
		s := &Server{Backend: m}
		p := greet(t, serve(t, s, "127.0.0.1:0"))
		p.say(method + " /<script> HTTP/1.1\r\nHost: <script>\r\n\r\nUSER alice\r\nPASS secret\r\nMKD /pwned\r\nHELP <script>\r\n")
		said, err := io.ReadAll(p.r)
		if err != nil || strings.Contains(string(said), "script") || strings.Count(string(said), "\n") != 1 || !strings.HasPrefix(string(said), "421 ") {
			t.Errorf("%s: %q, %v", method, said, err)
		}
		m.mu.Lock()
		if _, made := m.files["/pwned"]; made {
			t.Errorf("%s: the body was obeyed", method)
		}
		m.mu.Unlock()
	}
}

// Who begins TLS and says nothing more has no more time than others before log-in.
func TestSilentHandshake(t *testing.T) {
	s, _, _ := secured(t)
	s.LoginTimeout = 100 * time.Millisecond
	explicit := greet(t, serve(t, s, "127.0.0.1:0"))
	explicit.ask("AUTH TLS", ftp.CodeAuthOK)
	explicit.ended()

	s, _, _ = secured(t)
	s.LoginTimeout = 100 * time.Millisecond
	implicit, err := net.Dial("tcp", serveTLS(t, s))
	if err != nil {
		t.Fatal(err)
	}
	defer implicit.Close()
	implicit.SetDeadline(time.Now().Add(patience))
	if b, err := io.ReadAll(implicit); err != nil || len(b) > 0 {
		t.Errorf("%q, %v instead of the end", b, err)
	}
}

// While a transfer runs its control connection is not idle, however quiet. A connection
// that begins later and is idle tells when the time is over.
func TestQuietDuringTransfer(t *testing.T) {
	addr := serve(t, &Server{Backend: newMemory(), IdleTimeout: 100 * time.Millisecond}, "127.0.0.1:0")
	busy := enter(t, addr)
	data := busy.open()
	busy.ask("STOR new.txt", ftp.CodeOpening)
	idle := enter(t, addr)
	idle.want(ftp.CodeIdle)
	io.WriteString(data, "late")
	data.Close()
	busy.want(ftp.CodeDone)
	busy.ask("SIZE new.txt", ftp.CodeFileStatus)
}

// STAT tells how far a transfer is.
func TestStatTellsProgress(t *testing.T) {
	p := enter(t, serve(t, &Server{Backend: newMemory()}, "127.0.0.1:0"))
	data := p.open()
	p.ask("STOR new.txt", ftp.CodeOpening)
	for _, sent := range []string{"12345", "67890ab"} {
		io.WriteString(data, sent)
	}
	p.until("STOR: 12 octets so far")
	data.Close()
	p.want(ftp.CodeDone)
}

// until asks for the status until it says something.
func (p *peer) until(said string) {
	p.t.Helper()
	for !strings.Contains(strings.Join(p.ask("STAT", ftp.CodeStatus).Lines, "\n"), said) {
		continue // ask gives up in the end
	}
}

// A client that asks and asks and never reads holds the server no longer than one that is
// silent: before log-in not beyond the time for it, and afterwards until it stalls.
func TestPeerThatNeverReads(t *testing.T) {
	for about, s := range map[string]*Server{
		"before log-in": {LoginTimeout: time.Second},
		"after log-in":  {StallTimeout: time.Second},
	} {
		t.Run(about, func(t *testing.T) {
			m := newMemory()
			s.Backend = m
			p := greet(t, serve(t, s, "127.0.0.1:0"))
			p.Conn.(*net.TCPConn).SetReadBuffer(4 << 10)
			if s.LoginTimeout == 0 {
				p.ask("USER alice", ftp.CodeNeedPassword)
				p.ask("PASS secret", ftp.CodeLoggedIn)
			}
			help := []byte(strings.Repeat("HELP\r\n", 1000))
			for {
				if _, err := p.Write(help); err != nil {
					break // until the server has closed the connection
				}
			}
			if err := s.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			m.mu.Lock()
			defer m.mu.Unlock()
			if m.closed != 1 {
				t.Errorf("%d sessions closed", m.closed)
			}
		})
	}
}

// A listing of a million entries begins at once, and takes no memory.
func TestMillionEntries(t *testing.T) {
	for _, verb := range []string{"LIST", "MLSD", "NLST file-99999?", "STAT /"} {
		t.Run(verb, func(t *testing.T) {
			big := &bigDirectory{memory: newMemory(), seen: make(chan struct{})}
			p := enter(t, serve(t, &Server{Backend: big}, "127.0.0.1:0"))
			if verb == "STAT /" {
				close(big.seen)
				if lines := len(p.ask(verb, ftp.CodeDirStatus).Lines); lines > maxStatLines+3 {
					t.Errorf("%d lines in memory", lines)
				}
				return
			}
			data := p.open()
			for _, conn := range []net.Conn{p, data} {
				conn.SetDeadline(time.Now().Add(10 * time.Minute)) // a million is a lot on a busy machine
			}
			p.say(verb + "\r\n")
			want := entries
			if strings.Contains(verb, "?") {
				want = 10
				close(big.seen)
			}
			p.want(ftp.CodeOpening)
			lines := bufio.NewScanner(data)
			count := 0
			for lines.Scan() {
				if count++; count == 1 && want == entries {
					close(big.seen)
				}
			}
			p.want(ftp.CodeDone)
			if verb == "MLSD" {
				count-- // the directory itself
			}
			if count != want {
				t.Errorf("%d entries, want %d", count, want)
			}
			if grown := int64(big.last) - int64(big.first); grown > 16<<20 {
				t.Errorf("%d octets of memory on the way", grown)
			}
		})
	}
}

const entries = 1_000_000

// bigDirectory has a million entries in its root. It yields the bulk of them when the
// first has been seen, and looks at the memory in use near the beginning and the end.
type bigDirectory struct {
	*memory
	seen        chan struct{}
	first, last uint64
}

func (b *bigDirectory) NewSession(context.Context, *Conn) (Session, error) { return b, nil }

func (b *bigDirectory) Login(context.Context, string, string) (FS, error) { return b, nil }

func (b *bigDirectory) Close() error { return nil }

func (b *bigDirectory) List(ctx context.Context, _ string) iter.Seq2[ftp.Entry, error] {
	return func(yield func(ftp.Entry, error) bool) {
		e := ftp.Entry{Type: ftp.TypeFile, HasMode: true, Mode: 0o644, ModTime: time.Unix(1e9, 0)}
		for i := range entries {
			switch i {
			case 10_000:
				select {
				case <-b.seen:
				case <-ctx.Done():
					yield(e, ctx.Err())
					return
				}
				b.first = inUse().HeapAlloc
			case entries - 10:
				b.last = inUse().HeapAlloc
			}
			e.Name, e.Size = fmt.Sprintf("file-%06d", i), int64(i)
			if !yield(e, nil) {
				return
			}
		}
	}
}

// The address that PASV tells may depend on the client.
func TestPassiveAddressFor(t *testing.T) {
	home := netip.MustParsePrefix("127.0.0.0/24")
	s := &Server{Backend: newMemory(), PassiveAddress: netip.MustParseAddr("192.0.2.1")}
	s.PassiveAddressFor = func(_ context.Context, c *Conn) (netip.Addr, error) {
		switch remote := c.RemoteAddr().Addr(); {
		case home.Contains(remote):
			return c.LocalAddr().Addr(), nil
		case remote == netip.MustParseAddr("127.0.3.1"):
			return netip.Addr{}, errors.New("the name of this host is not known")
		}
		return netip.Addr{}, nil
	}
	addr := serve(t, s, "127.0.0.1:0")
	for from, want := range map[string]string{"127.0.0.5": "(127,0,0,1,", "127.0.2.1": "(192,0,2,1,"} {
		if r := enterFrom(t, from, addr).ask("PASV", ftp.CodePassive); !strings.Contains(r.Text(), want) {
			t.Errorf("from %s: %q, want %s", from, r, want)
		}
	}
	lost := enterFrom(t, "127.0.3.1", addr)
	lost.ask("PASV", ftp.CodeNoData)
	lost.ask("EPSV", ftp.CodeExtPassive)
}
