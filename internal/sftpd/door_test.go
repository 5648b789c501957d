package sftpd

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ssh"

	"dray/internal/admission"
	"dray/internal/event"
	"dray/internal/policy"
	"dray/internal/tree"
	"dray/internal/vfs/memfs"
)

// doorstep is a server with a door, in virtual time.
type doorstep struct {
	*Server
	t            *testing.T
	told         *diary
	known, other ssh.Signer
}

// atTheDoor runs a story in virtual time.
func atTheDoor(t *testing.T, l admission.Limits, story func(*doorstep)) {
	synctest.Test(t, func(t *testing.T) {
		d := &doorstep{t: t, told: &diary{cut: make(chan struct{}, 100)}, known: signer(t), other: signer(t)}
		d.told.more.L = &d.told.mu
		d.Server = &Server{
			Users: users(), Trees: &tree.Trees{Files: memfs.New(), Rules: policy.ReadWrite},
			Terms: Terms{HostKeys: []ssh.Signer{signer(t)}, Keys: ring{"amy": d.known.PublicKey()}}, Events: d.told, Gate: admission.New(l, nil),
		}
		defer func() {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}()
		story(d)
	})
}

// comingFrom is a connection from an address.
type comingFrom struct {
	net.Conn
	addr netip.AddrPort
}

func (c comingFrom) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.addr) }

// call connects from an address.
func (d *doorstep) call(from string) *line {
	far, near := net.Pipe()
	l := newLine(near)
	d.t.Cleanup(func() { l.Close() })
	d.admit(comingFrom{far, netip.AddrPortFrom(netip.MustParseAddr(from), 50000)})
	return l
}

// login tries to log in, and hangs up.
func (d *doorstep) login(from string, proofs ...ssh.AuthMethod) error {
	l := d.call(from)
	defer l.Close()
	conn, channels, requests, err := ssh.NewClientConn(l, "", clientConfig("amy", proofs...))
	if err != nil {
		return err
	}
	return ssh.NewClient(conn, channels, requests).Close()
}

// refusals are those that were told of, by reason.
func (d *doorstep) refusals(reason event.Reason) (n int) {
	synctest.Wait()
	for _, e := range d.told.since(0) {
		if r, ok := e.(event.Refusal); ok && r.Reason == reason && !r.Quiet {
			n++
		}
	}
	return n
}

// TestBruteForce: the tenth wrong password bans, and for a quarter of an hour the address
// does not get an octet.
func TestBruteForce(t *testing.T) {
	for name, proof := range map[string]ssh.AuthMethod{
		"passwords":   ssh.Password("wrong"),
		"in a dialog": dialogue("wrong"),
		"keys":        ssh.PublicKeys(signer(t)), // one connection each
	} {
		atTheDoor(t, admission.Limits{}, func(d *doorstep) {
			const from = "192.0.2.1"
			for i := range 10 {
				if n := len(d.Gate.Bans()); n != 0 {
					t.Fatalf("%s: banned after %d failures", name, i)
				}
				if err := d.login(from, proof); err == nil {
					t.Fatalf("%s: logged in", name)
				}
				synctest.Wait()
			}
			time.Sleep(4 * time.Second) // an answer may be held back after the client has gone
			if n := len(d.Gate.Bans()); n != 1 {
				t.Fatalf("%s: %d bans after 10 failures", name, n)
			}
			if heard, err := io.ReadAll(d.call(from)); err != nil || len(heard) > 0 {
				t.Errorf("%s: who is banned hears %q, %v", name, heard, err)
			}
			if err := d.login("192.0.2.2", ssh.Password("secret")); err != nil {
				t.Errorf("%s: another address: %v", name, err)
			}
			if n := d.refusals(event.Banned); n != 1 {
				t.Errorf("%s: %d refusals are told", name, n)
			}
			time.Sleep(15 * time.Minute)
			if err := d.login(from, ssh.Password("secret")); err != nil {
				t.Errorf("%s: 15 minutes later: %v", name, err)
			}
		})
	}
}

// TestGuessesOfOneConnection: each counts, and the same one by another method does not.
func TestGuessesOfOneConnection(t *testing.T) {
	atTheDoor(t, admission.Limits{BanAfter: 3}, func(d *doorstep) {
		same := []ssh.AuthMethod{ssh.RetryableAuthMethod(dialogue("wrong"), 3), ssh.RetryableAuthMethod(ssh.Password("wrong"), 3)}
		if err := d.login("192.0.2.1", same...); err == nil {
			t.Error("logged in")
		}
		if n := len(d.Gate.Bans()); n != 0 {
			t.Errorf("%d bans for one password", n)
		}
		n := 0
		others := ssh.RetryableAuthMethod(ssh.PasswordCallback(func() (string, error) { n++; return fmt.Sprint(n), nil }), 6)
		if err := d.login("192.0.2.1", others); err == nil {
			t.Error("logged in")
		}
		if n := len(d.Gate.Bans()); n != 1 {
			t.Errorf("%d bans", n)
		}
	})
}

// TestNoFailures: what is no failed log-in bans nobody, however often.
func TestNoFailures(t *testing.T) {
	atTheDoor(t, admission.Limits{BanAfter: 1}, func(d *doorstep) {
		for name, do := range map[string]func(from string) error{
			"says nothing": func(from string) error { return d.call(from).Close() },
			"says nonsense": func(from string) error {
				l := d.call(from)
				_, _ = l.Write([]byte("GET / HTTP/1.0\r\n\r\n"))
				return l.Close()
			},
			"looks only":      func(from string) error { _ = d.login(from); return nil },
			"several keys":    func(from string) error { return d.login(from, ssh.PublicKeys(d.other, signer(t), signer(t), d.known)) },
			"key or password": func(from string) error { return d.login(from, ssh.PublicKeys(d.other), ssh.Password("secret")) },
		} {
			for range 20 {
				if err := do("192.0.2.1"); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			time.Sleep(2 * time.Minute) // until the log-in times out
			if bans := d.Gate.Bans(); len(bans) != 0 {
				t.Errorf("%s: %+v", name, bans)
			}
		}
	})
}

// TestAllowed: who is on the list may guess.
func TestAllowed(t *testing.T) {
	atTheDoor(t, admission.Limits{BanAfter: 1, Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}, func(d *doorstep) {
		for range 3 {
			begun := time.Now()
			if err := d.login("192.0.2.1", ssh.Password("wrong")); err == nil {
				t.Error("logged in")
			}
			if took := time.Since(begun); took != 0 {
				t.Errorf("the answer took %v", took)
			}
		}
		if err := d.login("192.0.2.1", ssh.Password("secret")); err != nil {
			t.Error(err)
		}
	})
}

// TestAnswersSlowDown for an address that fails.
func TestAnswersSlowDown(t *testing.T) {
	atTheDoor(t, admission.Limits{}, func(d *doorstep) {
		for _, want := range []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second} {
			begun := time.Now()
			_ = d.login("192.0.2.1", ssh.Password("wrong"))
			if took := time.Since(begun); took != want {
				t.Errorf("%v; want %v", took, want)
			}
		}
	})
}

// TestTooManySessions: the 201st of an address is refused in words, and others are not, though
// nobody has logged in yet.
func TestTooManySessions(t *testing.T) {
	h := open(t, memfs.New(), func(s *Server) {
		s.Gate = admission.New(admission.Limits{}, nil)
	})
	dial := func(from string) net.Conn {
		t.Helper()
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		c, err := d.Dial("tcp", h.addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	for range 200 {
		if _, err := io.ReadFull(dial("127.0.0.1"), make([]byte, len(serverVersion))); err != nil {
			t.Fatal(err)
		}
	}
	_, _, _, err := ssh.NewClientConn(dial("127.0.0.1"), "", clientConfig("amy", ssh.Password("secret")))
	if err == nil || !strings.Contains(err.Error(), "Too many sessions from your address") {
		t.Errorf("the 201st: %v", err)
	}
	if _, _, _, err := ssh.NewClientConn(dial("127.0.0.2"), "", clientConfig("amy", ssh.Password("secret"))); err != nil {
		t.Errorf("another address: %v", err)
	}
	e := h.told.await(t, func(e event.Event) bool { return e.Kind() == event.KindRefusal }, 0).(event.Refusal)
	if e.Reason != event.Crowded || e.Remote.Addr() != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("%+v", e)
	}
}

// TestSessionsOfAUser: one more than a user may have is no log-in, and no failed one. When
// the user is removed the sessions end, in the middle of what they do.
func TestSessionsOfAUser(t *testing.T) {
	atTheDoor(t, admission.Limits{PerUser: 2, BanAfter: 1}, func(d *doorstep) {
		var in []*ssh.Client
		for range 2 {
			conn, channels, requests, err := ssh.NewClientConn(d.call("192.0.2.1"), "", clientConfig("amy", ssh.Password("secret")))
			if err != nil {
				t.Fatal(err)
			}
			in = append(in, ssh.NewClient(conn, channels, requests))
		}
		banner := ""
		cfg := clientConfig("amy", ssh.Password("secret"))
		cfg.BannerCallback = func(message string) error { banner += message; return nil }
		if _, _, _, err := ssh.NewClientConn(d.call("192.0.2.2"), "", cfg); err == nil {
			t.Error("the third session")
		}
		if banner != "Too many sessions of this user, try again later\r\n" {
			t.Errorf("says %q", banner)
		}
		if bans := d.Gate.Bans(); len(bans) > 0 {
			t.Errorf("%+v", bans)
		}
		if n := d.Gate.End(admission.Match{User: "amy"}); n != 2 {
			t.Errorf("%d sessions ended", n)
		}
		for _, c := range in {
			if err := c.Wait(); err == nil {
				t.Error("ended in peace")
			}
		}
		synctest.Wait()
		if all := d.Gate.Sessions(); len(all) != 0 {
			t.Errorf("%+v", all)
		}
	})
}

// TestActivity: what a session does can be seen, and cut in the middle.
func TestActivity(t *testing.T) {
	h := open(t, memfs.New(), func(s *Server) { s.Gate = admission.New(admission.Limits{}, nil) })
	f, err := h.client().Create("/dir-less")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("12345")); err != nil {
		t.Fatal(err)
	}
	all := h.Gate.Sessions()
	want := admission.Activity{Op: "write", Path: "/dir-less", Bytes: 5}
	if len(all) != 1 || all[0].Activity != want || all[0].User != "amy" {
		t.Fatalf("%+v", all)
	}
	if n := h.Gate.End(admission.Match{ID: all[0].ID}); n != 1 {
		t.Errorf("%d ended", n)
	}
	<-h.told.cut
	if _, err := f.Write([]byte("6")); err == nil {
		t.Error("it goes on")
	}
	if err := h.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}
