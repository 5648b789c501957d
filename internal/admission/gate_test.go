package admission

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// door is a Gate with a clock of its own.
type door struct {
	*testing.T
	*Gate
	at time.Time
	n  int
}

func newDoor(t *testing.T, l Limits) *door {
	d := &door{T: t, at: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	d.Gate = New(l, func() time.Time { return d.at })
	return d
}

func (d *door) pass(t time.Duration) { d.at = d.at.Add(t) }

// caller is a peer that knows whether it was cut.
type caller struct{ cuts int }

func (c *caller) Cut()               { c.cuts++ }
func (c *caller) Activity() Activity { return Activity{Op: "read", Path: "/image", Bytes: 7} }

// call is one connection from an address.
func (d *door) call(from string) (*Session, *caller, error) {
	d.n++
	c := new(caller)
	s, err := d.Arrive("ftp", fmt.Sprint("s", d.n), netip.AddrPortFrom(netip.MustParseAddr(from), uint16(d.n)), c)
	return s, c, err
}

func (d *door) in(from string) (*Session, *caller) {
	d.Helper()
	s, c, err := d.call(from)
	if err != nil {
		d.Fatalf("%s: %v", from, err)
	}
	return s, c
}

// fail is a connection that fails to log in once. It reports whether that was one too many.
func (d *door) fail(from string) (time.Duration, bool) {
	d.Helper()
	s, _ := d.in(from)
	defer s.Leave()
	wait, err := s.Failed()
	return wait, err != nil
}

func reason(err error) Reason {
	if r := new(RefusedError); errors.As(err, &r) {
		return r.Reason
	}
	return ""
}

// TestSessionsOfAnAddress: 200 are let in, the next is not, and other addresses are.
func TestSessionsOfAnAddress(t *testing.T) {
	for _, c := range []struct{ one, same, other string }{
		{"192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"},
		{"2001:db8::1", "2001:db8::ffff:0:1", "2001:db8:0:1::1"},
		{"fe80::1%eth0", "fe80::2%eth1", "fe80:0:0:1::1"},
	} {
		d := newDoor(t, Limits{})
		var first *Session
		for range 200 {
			s, _ := d.in(c.one)
			if first == nil {
				first = s
			}
		}
		if _, _, err := d.call(c.same); reason(err) != Crowded {
			t.Errorf("%s: the 201st: %v", c.one, err)
		}
		d.in(c.other)
		first.Leave()
		first.Leave() // counts once
		d.in(c.same)
		if _, _, err := d.call(c.same); reason(err) != Crowded {
			t.Errorf("%s: the 201st after one left: %v", c.one, err)
		}
	}
}

func TestSessionsInAll(t *testing.T) {
	d := newDoor(t, Limits{Sessions: 3})
	for i := range 3 {
		d.in(fmt.Sprint("192.0.2.", i))
	}
	_, _, err := d.call("198.51.100.1")
	if reason(err) != Crowded || err.Error() != "crowded: there may be 3 sessions in all" {
		t.Error(err)
	}
}

func TestSessionsOfAUser(t *testing.T) {
	d := newDoor(t, Limits{PerUser: 2, UserSessions: func(user string) int { return map[string]int{"eve": 1}[user] }})
	log := func(user string, want Reason) *Session {
		t.Helper()
		s, _ := d.in("192.0.2.1")
		s.Try(user, "ftps")
		if err := s.Login(user); reason(err) != want {
			t.Errorf("%s: %v", user, err)
		}
		return s
	}
	ann := log("ann", "")
	log("ann", "")
	log("ann", Crowded)
	log("eve", "")
	log("eve", Crowded)
	if err := ann.Login("ann"); err != nil {
		t.Errorf("the same again: %v", err)
	}
	if err := ann.Login("bob"); err != nil { // as after REIN
		t.Error(err)
	}
	last := log("ann", "")
	last.Leave()
	log("ann", "")
	log("ann", Crowded)
}

// TestBan: the tenth failure within ten minutes bans the address for fifteen, whatever
// connection it comes by, and no other address.
func TestBan(t *testing.T) {
	for _, from := range []string{"192.0.2.1", "2001:db8::1"} {
		d := newDoor(t, Limits{})
		in, _ := d.in(from)
		if err := in.Login("ann"); err != nil {
			t.Fatal(err)
		}
		_, waiting := d.in(from)
		for range 9 {
			if _, banned := d.fail(from); banned {
				t.Fatal("banned before the tenth failure")
			}
			d.pass(time.Minute)
		}
		d.pass(time.Minute - 1) // the first one was ten minutes ago, less a nanosecond
		if _, banned := d.fail(from); !banned {
			t.Error("not banned after the tenth failure")
		}
		if waiting.cuts != 1 {
			t.Error("who waits at the door is not cut")
		}
		if i := slices.IndexFunc(d.Sessions(), func(i Info) bool { return i.User == "ann" }); i < 0 {
			t.Error("who is inside was sent away")
		}
		select {
		case <-d.Changed():
		default:
			t.Error("the change is not told")
		}
		d.in("192.0.2.99")
		d.pass(15*time.Minute - 1)
		if _, _, err := d.call(from); reason(err) != Banned {
			t.Errorf("after almost 15 minutes: %v", err)
		}
		d.pass(1)
		d.in(from)
		if all := d.Bans(); len(all) != 0 {
			t.Errorf("bans that are over: %+v", all)
		}
	}
}

// TestSlowFailures: nine failures in ten minutes, for hours, ban nobody.
func TestSlowFailures(t *testing.T) {
	d := newDoor(t, Limits{})
	for range 100 {
		if _, banned := d.fail("192.0.2.1"); banned {
			t.Fatal("banned")
		}
		d.pass(10*time.Minute/9 + 1)
	}
}

// TestDelay: the answer to each failure of an address takes longer, up to four seconds.
func TestDelay(t *testing.T) {
	d := newDoor(t, Limits{})
	var got []time.Duration
	for range 8 {
		wait, _ := d.fail("192.0.2.1")
		got = append(got, wait)
	}
	const ms = time.Millisecond
	if want := []time.Duration{250 * ms, 500 * ms, 1000 * ms, 2000 * ms, 4000 * ms, 4000 * ms, 4000 * ms, 4000 * ms}; !slices.Equal(got, want) {
		t.Errorf("%v; want %v", got, want)
	}
	if wait, _ := d.fail("192.0.2.2"); wait != 250*ms {
		t.Errorf("another address: %v", wait)
	}
}

// TestScanners: who connects and says nothing is not banned, however often.
func TestScanners(t *testing.T) {
	d := newDoor(t, Limits{})
	for range 10_000 {
		s, _ := d.in("192.0.2.1")
		s.Leave()
	}
	if len(d.Bans()) != 0 || len(d.Sessions()) != 0 || len(d.sources) != 0 {
		t.Errorf("%v, %v, %v", d.Bans(), d.Sessions(), d.sources)
	}
}

// TestAllow: networks on the list are neither slowed nor banned, by nobody.
func TestAllow(t *testing.T) {
	d := newDoor(t, Limits{Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	for range 100 {
		if wait, banned := d.fail("192.0.2.1"); wait != 0 || banned {
			t.Fatalf("waits %v, banned %t", wait, banned)
		}
	}
	if _, err := d.Ban(netip.MustParsePrefix("192.0.0.0/16"), 0, ""); err == nil || !strings.Contains(err.Error(), "192.0.2.0/24") {
		t.Errorf("a ban of an allowed network: %v", err)
	}
}

func TestNeverBan(t *testing.T) {
	d := newDoor(t, Limits{BanAfter: -1})
	for range 100 {
		if _, banned := d.fail("192.0.2.1"); banned {
			t.Fatal("banned")
		}
	}
}

// TestSet: new limits hold for who comes and fails from then on.
func TestSet(t *testing.T) {
	d := newDoor(t, Limits{BanAfter: 2, PerAddress: 1})
	d.in("192.0.2.1")
	d.fail("192.0.2.2")
	d.fail("192.0.2.2")
	d.fail("192.0.2.3")
	d.Set(Limits{BanAfter: 1, PerAddress: 2, Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.2/32")}})
	d.in("192.0.2.1")
	d.in("192.0.2.2")
	if _, banned := d.fail("192.0.2.3"); !banned {
		t.Error("not banned by the new limit")
	}
	if _, _, err := d.call("192.0.2.1"); reason(err) != Crowded {
		t.Error(err)
	}
}

// TestRightGuessOfBanned: a guess that was right is too late if it was one among too many.
func TestRightGuessOfBanned(t *testing.T) {
	d := newDoor(t, Limits{BanAfter: 1})
	s, _ := d.in("192.0.2.1")
	d.fail("192.0.2.1")
	if err := s.Login("ann"); reason(err) != Banned {
		t.Error(err)
	}
}

// TestBansByHand: networks of any size, for a time or until lifted.
func TestBansByHand(t *testing.T) {
	d := newDoor(t, Limits{BanAfter: 1})
	for network, lasts := range map[string]time.Duration{"198.51.100.0/24": 0, "2001:db8::1/128": time.Hour} {
		if _, err := d.Ban(netip.MustParsePrefix(network), lasts, "by hand"); err != nil {
			t.Fatal(err)
		}
	}
	d.fail("2001:db8:1::1")
	d.fail("203.0.113.1")
	for from, want := range map[string]Reason{
		"198.51.100.7": Banned, "198.51.101.7": "", "2001:db8::1": Banned, "2001:db8::2": "",
		"2001:db8:1::7": Banned, "203.0.113.1": Banned, "203.0.113.2": "",
	} {
		if _, _, err := d.call(from); reason(err) != want {
			t.Errorf("%s: %v; want %q", from, err, want)
		}
	}
	for _, c := range []struct {
		network string
		lifted  int
	}{{"203.0.113.2/32", 0}, {"203.0.113.1/32", 1}, {"2001:db8:1::99/128", 1}, {"198.51.100.7/32", 0}, {"198.51.0.0/16", 1}} {
		if n := d.Unban(netip.MustParsePrefix(c.network)); n != c.lifted {
			t.Errorf("%s lifts %d; want %d", c.network, n, c.lifted)
		}
	}
	d.pass(time.Hour)
	if all := d.Bans(); len(all) != 0 {
		t.Errorf("%+v", all)
	}
}

// TestManyBansByHand: there is an end to them too.
func TestManyBansByHand(t *testing.T) {
	d := newDoor(t, Limits{})
	for i := range maxByHand {
		network := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 0}), 24)
		if _, err := d.Ban(network, 0, ""); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Ban(netip.MustParsePrefix("192.0.2.0/24"), 0, ""); err == nil {
		t.Error("one more is set")
	}
	if _, err := d.Ban(netip.MustParsePrefix("10.0.1.0/24"), time.Hour, "again"); err != nil {
		t.Errorf("one that is there: %v", err)
	}
}

// TestUnbanForgives: after a ban was lifted the count begins anew.
func TestUnbanForgives(t *testing.T) {
	d := newDoor(t, Limits{BanAfter: 2})
	d.fail("192.0.2.1")
	d.Unban(netip.MustParsePrefix("192.0.2.1/32"))
	if _, banned := d.fail("192.0.2.1"); banned {
		t.Error("banned")
	}
}

// TestRestore: bans are the same after a restart, and those that are over are not.
func TestRestore(t *testing.T) {
	d := newDoor(t, Limits{BanAfter: 1})
	d.fail("192.0.2.1")
	d.pass(time.Minute)
	if _, err := d.Ban(netip.MustParsePrefix("198.51.100.0/24"), 0, "by hand"); err != nil {
		t.Fatal(err)
	}
	saved := d.Bans()
	later := newDoor(t, Limits{})
	later.Restore(saved)
	if got := later.Bans(); fmt.Sprint(got) != fmt.Sprint(saved) || len(got) != 2 {
		t.Errorf("%+v; want %+v", got, saved)
	}
	later = newDoor(t, Limits{})
	later.pass(time.Hour)
	later.Restore(append(saved, Ban{}))
	if got := later.Bans(); len(got) != 1 || got[0].Network != saved[1].Network {
		t.Errorf("an hour later: %+v", got)
	}
}

// TestManyAddresses: an attack from millions of addresses fills no memory, and neither
// keeps others out nor sets free who is banned of late.
func TestManyAddresses(t *testing.T) {
	d := newDoor(t, Limits{BanAfter: 2})
	if d.failures.most != maxFailing || d.bans.most != maxBans {
		t.Fatalf("bounds of %d and %d", d.failures.most, d.bans.most)
	}
	const most = 50
	d.failures.most, d.bans.most = most, most // of which millions make no other test
	address := func(i int) string { return netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}).String() }
	for i := range 3 * most {
		d.fail(address(i))
	}
	if len(d.failures.by) != most || d.failures.oldest.Len() != most {
		t.Errorf("%d addresses that fail; want %d", len(d.failures.by), most)
	}
	for i := range 3 * most {
		d.fail(address(1000 + i))
		d.fail(address(1000 + i))
	}
	if len(d.bans.by) != most || d.bans.oldest.Len() != most {
		t.Errorf("%d bans; want %d", len(d.bans.by), most)
	}
	for i, want := range map[int]Reason{0: "", 2*most - 1: "", 2 * most: Banned, 3*most - 1: Banned} {
		if _, _, err := d.call(address(1000 + i)); reason(err) != want {
			t.Errorf("the ban %d of %d: %v", i, 3*most, err)
		}
	}
	d.pass(time.Hour)
	d.fail("192.0.2.1")
	if len(d.failures.by) != 1 || len(d.Bans()) != 0 {
		t.Errorf("an hour later: %d that fail, %d bans", len(d.failures.by), len(d.Bans()))
	}
}

// TestQuiet: refusals are told, but not each one of a flood.
func TestQuiet(t *testing.T) {
	d := newDoor(t, Limits{BanAfter: 1, PerAddress: 1})
	d.fail("192.0.2.1") // is told
	var told []int
	for i := range 180 {
		_, _, err := d.call("192.0.2.1")
		if r := new(RefusedError); errors.As(err, &r) && !r.Quiet {
			told = append(told, i)
		}
		d.pass(time.Second)
	}
	if want := []int{60, 120}; !slices.Equal(told, want) {
		t.Errorf("told at %v; want %v", told, want)
	}
	d.in("192.0.2.2")
	for i, quiet := range []bool{false, true} {
		_, _, err := d.call("192.0.2.2")
		if r := new(RefusedError); !errors.As(err, &r) || r.Quiet != quiet {
			t.Errorf("%d: %+v", i, err)
		}
	}
}

// TestEnd: sessions are ended by their ID, their user or their network; a session that is
// logging in belongs to the user too.
func TestEnd(t *testing.T) {
	for _, c := range []struct {
		match Match
		cut   []int
	}{
		{Match{ID: "s2"}, []int{1}},
		{Match{User: "ann"}, []int{0, 1, 3}},
		{Match{User: "nobody"}, nil},
		{Match{Network: netip.MustParsePrefix("192.0.2.1/32")}, []int{0, 2}},
		{Match{Network: netip.MustParsePrefix("2001:db8::/32")}, []int{3}},
		{Match{}, nil},
		{Match{ID: "s1", User: "ann"}, nil},
	} {
		d := newDoor(t, Limits{})
		var all []*caller
		for i, from := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.1", "2001:db8::1"} {
			s, peer := d.in(from)
			all = append(all, peer)
			user := []string{"ann", "ann", "bob", "ann"}[i]
			s.Try(user, "ftps")
			if i == 3 {
				continue
			}
			if err := s.Login(user); err != nil {
				t.Fatal(err)
			}
		}
		n := d.End(c.match)
		var cut []int
		for i, peer := range all {
			if peer.cuts > 0 {
				cut = append(cut, i)
			}
		}
		if n != len(c.cut) || !slices.Equal(cut, c.cut) {
			t.Errorf("%+v: %d, %v; want %v", c.match, n, cut, c.cut)
		}
	}
}

func TestSessions(t *testing.T) {
	d := newDoor(t, Limits{})
	s, _ := d.in("::ffff:192.0.2.1")
	s.Try("ann", "ftps")
	if err := s.Login("ann"); err != nil {
		t.Fatal(err)
	}
	begun := d.at
	d.pass(time.Second)
	d.in("2001:db8::1")
	want := []Info{
		{"s1", "ftps", "ann", netip.MustParseAddrPort("192.0.2.1:1"), begun, Activity{"read", "/image", 7}},
		{"s2", "ftp", "", netip.MustParseAddrPort("[2001:db8::1]:2"), d.at, Activity{"read", "/image", 7}},
	}
	if got := d.Sessions(); !slices.Equal(got, want) {
		t.Errorf("%+v\nwant\n%+v", got, want)
	}
}

// TestNoGate: servers without a gate need no other code.
func TestNoGate(t *testing.T) {
	var s *Session
	s.Try("ann", "ftps")
	wait, failed := s.Failed()
	if err := errors.Join(s.Login("ann"), failed); err != nil || wait != 0 {
		t.Error(wait, err)
	}
	s.Leave()
}
