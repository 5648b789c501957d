package ftpd_test

import (
	"net"
	"net/netip"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dray/ftp/ftpserver"
	"dray/internal/admission"
	"dray/internal/event"
	"dray/internal/ftpd"
	"dray/internal/policy"
	"dray/internal/tree"
	"dray/internal/vfs/memfs"
)

// doorstep is a server with a door, in virtual time.
type doorstep struct {
	t    *testing.T
	gate *admission.Gate
	told *recorder
	come chan net.Conn
	shut sync.Once
}

// atTheDoor runs a story in virtual time.
func atTheDoor(t *testing.T, l admission.Limits, story func(*doorstep)) {
	synctest.Test(t, func(t *testing.T) {
		d := &doorstep{t: t, gate: admission.New(l, nil), told: new(recorder), come: make(chan net.Conn)}
		b := &ftpd.Backend{Trees: &tree.Trees{Files: memfs.New(), Rules: policy.ReadOnly}, Users: users(), Events: d.told, Gate: d.gate}
		srv := &ftpserver.Server{Backend: b, Admit: b.Admit, LoginDelay: time.Hour}
		served := make(chan error, 1)
		go func() { served <- srv.Serve(d) }()
		defer func() {
			if err := srv.Close(); err != nil {
				t.Error(err)
			}
			<-served
		}()
		story(d)
	})
}

// Accept implements [net.Listener].
func (d *doorstep) Accept() (net.Conn, error) {
	if c, more := <-d.come; more {
		return c, nil
	}
	return nil, net.ErrClosed
}

// Close implements [net.Listener].
func (d *doorstep) Close() error {
	d.shut.Do(func() { close(d.come) })
	return nil
}

// Addr implements [net.Listener].
func (d *doorstep) Addr() net.Addr { return new(net.TCPAddr) }

// comingFrom is a connection from an address.
type comingFrom struct {
	net.Conn
	addr netip.AddrPort
}

func (c comingFrom) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.addr) }

// call connects from an address, sends commands one by one, and returns the last reply and
// the connection.
func (d *doorstep) call(from string, commands ...string) (string, *textproto.Conn) {
	d.t.Helper()
	far, near := net.Pipe()
	d.come <- comingFrom{far, netip.AddrPortFrom(netip.MustParseAddr(from), 50000)}
	c := textproto.NewConn(near)
	d.t.Cleanup(func() { c.Close() })
	last, err := c.ReadLine()
	for _, command := range commands {
		ok(d.t, err)
		ok(d.t, c.PrintfLine("%s", command))
		last, err = c.ReadLine()
	}
	ok(d.t, err)
	return last, c
}

// login tries a password, and hangs up.
func (d *doorstep) login(from, password string) string {
	d.t.Helper()
	last, c := d.call(from, "USER ann", "PASS "+password)
	c.Close()
	synctest.Wait()
	return last
}

// TestBruteForce: the tenth wrong password is one too many, and for a quarter of an hour
// the address is turned away.
func TestBruteForce(t *testing.T) {
	atTheDoor(t, admission.Limits{}, func(d *doorstep) {
		const from = "192.0.2.1"
		for range 9 {
			if said := d.login(from, "wrong"); said != "530 Log-in refused" {
				t.Fatal(said)
			}
		}
		if said := d.login(from, "wrong"); said != "421 Too many log-ins refused" {
			t.Error(said)
		}
		for range 3 {
			said, c := d.call(from)
			if said != "421 Your address is banned" {
				t.Error(said)
			}
			if _, err := c.ReadLine(); err == nil {
				t.Error("the connection goes on")
			}
		}
		if said := d.login("192.0.2.2", "secret"); said != "230 Logged in" {
			t.Errorf("another address: %s", said)
		}
		if n := d.refusals(event.Banned); n != 1 {
			t.Errorf("%d refusals are told", n)
		}
		time.Sleep(15*time.Minute - time.Nanosecond)
		if said, _ := d.call(from); said != "421 Your address is banned" {
			t.Errorf("almost 15 minutes later: %s", said)
		}
		time.Sleep(time.Nanosecond)
		if said := d.login(from, "secret"); said != "230 Logged in" {
			t.Errorf("15 minutes later: %s", said)
		}
	})
}

// refusals are those that were told of, by reason.
func (d *doorstep) refusals(reason event.Reason) (n int) {
	d.told.mu.Lock()
	defer d.told.mu.Unlock()
	for _, e := range d.told.events {
		if r, ok := e.(event.Refusal); ok && r.Reason == reason && !r.Quiet {
			n++
		}
	}
	return n
}

// TestNoFailures: who does not try a password fails at nothing.
func TestNoFailures(t *testing.T) {
	atTheDoor(t, admission.Limits{BanAfter: 1}, func(d *doorstep) {
		for _, commands := range [][]string{nil, {"QUIT"}, {"USER ann"}, {"USER ann", "USER bob"}, {"NOPE"}, {"USER ann", "PASS secret"}} {
			for range 50 {
				_, c := d.call("192.0.2.1", commands...)
				c.Close()
				synctest.Wait()
			}
		}
		if bans := d.gate.Bans(); len(bans) > 0 {
			t.Errorf("%+v", bans)
		}
	})
}

// TestAllowed: who is on the list may guess, and waits for no answer.
func TestAllowed(t *testing.T) {
	atTheDoor(t, admission.Limits{BanAfter: 1, Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}, func(d *doorstep) {
		begun := time.Now()
		for range 3 {
			if said := d.login("192.0.2.1", "wrong"); said != "530 Log-in refused" {
				t.Fatal(said)
			}
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("took %v", took)
		}
	})
}

// TestAnswersSlowDown for an address that fails, and for no other.
func TestAnswersSlowDown(t *testing.T) {
	atTheDoor(t, admission.Limits{}, func(d *doorstep) {
		for _, c := range []struct {
			from, password string
			takes          time.Duration
		}{
			{"192.0.2.1", "wrong", 250 * time.Millisecond},
			{"192.0.2.1", "wrong", 500 * time.Millisecond},
			{"192.0.2.1", "secret", 0},
			{"192.0.2.2", "wrong", 250 * time.Millisecond},
			{"192.0.2.1", "wrong", time.Second},
		} {
			begun := time.Now()
			d.login(c.from, c.password)
			if took := time.Since(begun); took != c.takes {
				t.Errorf("%+v: %v", c, took)
			}
		}
	})
}

// TestTooManySessions: 200 of one address are let in, the next hears why it is not.
func TestTooManySessions(t *testing.T) {
	atTheDoor(t, admission.Limits{}, func(d *doorstep) {
		var first *textproto.Conn
		for range 200 {
			said, c := d.call("192.0.2.1")
			if first == nil {
				first = c
			}
			if !strings.HasPrefix(said, "220 ") {
				t.Fatal(said)
			}
		}
		if said, _ := d.call("192.0.2.1"); said != "421 Too many sessions from your address, try again later" {
			t.Errorf("the 201st: %s", said)
		}
		if said, _ := d.call("192.0.2.2"); !strings.HasPrefix(said, "220 ") {
			t.Errorf("another address: %s", said)
		}
		first.Close()
		synctest.Wait()
		if said, _ := d.call("192.0.2.1"); !strings.HasPrefix(said, "220 ") {
			t.Errorf("after one has gone: %s", said)
		}
		if n := d.refusals(event.Crowded); n != 1 {
			t.Errorf("%d refusals are told", n)
		}
	})
}

// TestSessionsOfAUser: one more than a user may have is refused in words, and is no failed
// log-in. Who is sent away is gone at once.
func TestSessionsOfAUser(t *testing.T) {
	atTheDoor(t, admission.Limits{PerUser: 2, BanAfter: 1}, func(d *doorstep) {
		_, one := d.call("192.0.2.1", "USER ann", "PASS secret")
		d.call("192.0.2.2", "USER ann", "PASS secret")
		said, third := d.call("192.0.2.3", "USER ann", "PASS secret")
		if said != "530 Too many sessions of this user, try again later" {
			t.Error(said)
		}
		if bans := d.gate.Bans(); len(bans) > 0 {
			t.Errorf("%+v", bans)
		}
		all := d.gate.Sessions()
		if len(all) != 3 || all[0].User != "ann" || all[2].User != "" || all[0].Protocol != "ftp" {
			t.Errorf("%+v", all)
		}
		if n := d.gate.End(admission.Match{ID: all[0].ID}); n != 1 {
			t.Errorf("%d ended", n)
		}
		if _, err := one.ReadLine(); err == nil {
			t.Error("it goes on")
		}
		synctest.Wait()
		ok(t, third.PrintfLine("USER ann"))
		_, err := third.ReadLine()
		ok(t, err)
		ok(t, third.PrintfLine("PASS secret"))
		if said, err := third.ReadLine(); err != nil || said != "230 Logged in" {
			t.Errorf("after one has gone: %s, %v", said, err)
		}
	})
}
