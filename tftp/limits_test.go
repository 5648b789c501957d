package tftp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// crowdStage is a server under attack, in a network in memory with virtual time.
type crowdStage struct {
	*Server
	network *memoryNetwork
	sent    map[netip.AddrPort]int // packets to each peer
	codes   map[Code]int           // of ERROR packets
}

// besiege plays f against a server.
func besiege(t *testing.T, s *Server, f func(c *crowdStage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := newMemoryNetwork()
		c := &crowdStage{Server: s, network: n, sent: map[netip.AddrPort]int{}, codes: map[Code]int{}}
		n.deliver = func(_ int, b []byte, to netip.AddrPort) {
			n.mu.Lock()
			defer n.mu.Unlock()
			c.sent[to]++
			if binary.BigEndian.Uint16(b) == uint16(opERROR) {
				c.codes[parseError(b[2:]).Code]++
			}
		}
		s.Handler = fixtures()
		ended := make(chan error)
		go func() { ended <- s.serve(n) }()
		f(c)
		s.Close()
		if err := <-ended; !errors.Is(err, ErrServerClosed) {
			t.Error(err)
		}
	})
}

// ask sends packets, one after the other.
func (c *crowdStage) ask(from netip.AddrPort, packets ...Packet) {
	for _, p := range packets {
		c.network.send(from, p.Append(nil))
		synctest.Wait()
	}
}

// answers returns how many packets a peer has got.
func (c *crowdStage) answers(peer netip.AddrPort) int {
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	return c.sent[peer]
}

// transfers returns how many transfers run, and how many of them are unproven.
func (c *crowdStage) transfers() (running, unproven int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.crowd.running, c.crowd.unproven.Len()
}

// host returns a port of the n-th of many hosts.
func host(n, port int) netip.AddrPort {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], 10<<24+uint32(n))
	return netip.AddrPortFrom(netip.AddrFrom4(b), uint16(port))
}

func TestForgersCannotLockTheServer(t *testing.T) {
	s := &Server{MaxTransfers: 100, MaxUnproven: 20}
	besiege(t, s, func(c *crowdStage) {
		honest := host(0, 2000)
		c.ask(honest, RRQ{Name: "big"}, Ack{1})
		for n := range 1000 {
			c.ask(host(1+n, 2000), RRQ{Name: "big"})
			time.Sleep(20 * time.Millisecond)
		}
		if running, unproven := c.transfers(); running != 21 || unproven != 20 {
			t.Errorf("%d transfers, %d unproven; want 21 and 20", running, unproven)
		}
		before := c.answers(honest)
		if c.ask(honest, Ack{2}); c.answers(honest) != before+1 {
			t.Error("the honest client was cut off")
		}
		time.Sleep(grace)
		late := host(2000, 2000)
		c.ask(late, RRQ{Name: "big"}, Ack{1})
		if c.answers(late) != 2 {
			t.Errorf("a late honest client got %d packets, want 2", c.answers(late))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		for n := range 1000 {
			if got := c.answers(host(1+n, 2000)); got > 2 {
				t.Fatalf("a forged request brought %d packets", got)
			}
		}
		if running, _ := c.transfers(); running != 0 {
			t.Errorf("%d transfers are left", running)
		}
	})
}

// TestStormIsNoAttack: those who ask at one moment do not evict each other.
func TestStormIsNoAttack(t *testing.T) {
	s := &Server{MaxUnproven: 20}
	besiege(t, s, func(c *crowdStage) {
		for n := range 30 {
			c.ask(host(n, 2000), RRQ{Name: "big"})
		}
		for n := range 30 {
			if n < 20 {
				c.ask(host(n, 2000), Ack{1})
			} else {
				c.ask(host(n, 2000), RRQ{Name: "big"}, Ack{1}) // its second try
			}
			if got := c.answers(host(n, 2000)); got != 2 {
				t.Errorf("client %d got %d packets, want 2", n, got)
			}
		}
	})
}

func TestTransfersAreLimited(t *testing.T) {
	s := &Server{MaxTransfers: 10}
	besiege(t, s, func(c *crowdStage) {
		for n := range 10 {
			c.ask(host(n, 2000), RRQ{Name: "big"}, Ack{1})
		}
		eleventh := host(11, 2000)
		if c.ask(eleventh, RRQ{Name: "big"}); c.answers(eleventh) != 0 {
			t.Error("the eleventh transfer was answered")
		}
		c.ask(host(3, 2000), &Error{Code: CodeUndefined})
		if c.ask(eleventh, RRQ{Name: "big"}); c.answers(eleventh) != 1 {
			t.Error("there is room, and the eleventh transfer was not answered")
		}
	})
}

func TestOneSourceIsLimited(t *testing.T) {
	s := &Server{MaxPerSource: 5, MaxUnprovenPerSource: 3}
	besiege(t, s, func(c *crowdStage) {
		for port := range 5 {
			c.ask(host(1, 2000+port), RRQ{Name: "big"}, Ack{1})
		}
		sixth, other := host(1, 3000), host(2, 3000)
		if c.ask(sixth, RRQ{Name: "big"}); c.answers(sixth) != 0 {
			t.Error("a sixth transfer of one source was answered")
		}
		if c.ask(other, RRQ{Name: "big"}); c.answers(other) != 1 {
			t.Error("another source was not answered")
		}
		for port := range 10 {
			c.ask(host(3, 2000+port), RRQ{Name: "big"})
		}
		if _, unproven := c.transfers(); unproven != 1+3 {
			t.Errorf("%d unproven transfers, want 4", unproven)
		}
	})
}

// TestIPv6SourceIsANetwork: one host has 2⁶⁴ addresses to ask from.
func TestIPv6SourceIsANetwork(t *testing.T) {
	a, b := netip.MustParseAddrPort("[2001:db8::1]:2000"), netip.MustParseAddrPort("[2001:db8::ffff:1]:3000")
	if sourceOf(a) != sourceOf(b) {
		t.Errorf("%v and %v count as two", a, b)
	}
	if c := netip.MustParseAddrPort("[2001:db8:0:1::1]:2000"); sourceOf(a) == sourceOf(c) {
		t.Errorf("%v and %v count as one", a, c)
	}
	if d := netip.MustParseAddrPort("[fe80::1%eth0]:2000"); sourceOf(d) != netip.MustParseAddr("fe80::") {
		t.Errorf("%v counts as %v", d, sourceOf(d))
	}
}

func TestErrorsAreLimited(t *testing.T) {
	for _, c := range []struct {
		why         string
		from        func(n int) netip.AddrPort
		ask         Packet
		code        Code
		least, most int
	}{
		{"malformed, one source", func(n int) netip.AddrPort { return host(1, 2000+n) }, WRQ{Name: ""}, CodeIllegal, 10, 10},
		{"malformed, many sources", func(n int) netip.AddrPort { return host(n, 2000) }, WRQ{Name: ""}, CodeIllegal, 100, 100},
		{"not found, one source", func(n int) netip.AddrPort { return host(1, 2000+n) }, RRQ{Name: "nope"}, CodeNotFound, 60, 60},
		{"not found, many sources", func(n int) netip.AddrPort { return host(n, 2000) }, RRQ{Name: "nope"}, CodeNotFound, 2000, 2000},
	} {
		t.Run(c.why, func(t *testing.T) {
			besiege(t, new(Server), func(s *crowdStage) {
				for n := range 3000 {
					s.ask(c.from(n), c.ask)
				}
				if got := s.codes[c.code]; got < c.least || got > c.most {
					t.Errorf("%d errors, want %d to %d", got, c.least, c.most)
				}
				before := s.codes[c.code]
				time.Sleep(2 * time.Second)
				if s.ask(c.from(0), c.ask); s.codes[c.code] != before+1 {
					t.Error("after a rest there is still no answer")
				}
			})
		})
	}
}

func TestStrangersAreToldRarely(t *testing.T) {
	besiege(t, new(Server), func(c *crowdStage) {
		c.ask(peers[""], RRQ{Name: "big"}, Ack{1})
		for range 1000 {
			c.ask(peers["2"], Ack{7})
		}
		if got := c.codes[CodeUnknownTID]; got != 10 {
			t.Errorf("a stranger was told %d times, want 10", got)
		}
	})
}

func TestBroadcastsAreIgnored(t *testing.T) {
	for _, c := range []struct {
		why     string
		server  *Server
		asked   string
		answers int
	}{
		{"limited", &Server{}, "255.255.255.255", 0},
		{"limited, for AutoInstall", &Server{Broadcast: true}, "255.255.255.255", 1},
		{"multicast", &Server{Broadcast: true}, "224.0.1.1", 0},
		{"IPv6 multicast", &Server{Broadcast: true}, "ff02::1", 0},
		{"unicast", &Server{}, "192.0.2.255", 1}, // of no interface of this host
	} {
		t.Run(c.why, func(t *testing.T) {
			besiege(t, c.server, func(s *crowdStage) {
				from := host(1, 2000)
				s.network.requests <- datagram{content: RRQ{Name: "one"}.Append(nil), remote: from, local: netip.MustParseAddr(c.asked)}
				synctest.Wait()
				if got := s.answers(from); got != c.answers {
					t.Errorf("%d answers, want %d", got, c.answers)
				}
			})
		})
	}
}

func TestDirectedBroadcast(t *testing.T) {
	for _, c := range []struct {
		address, network string
		want             bool
	}{
		{"192.0.2.255", "192.0.2.1/24", true},
		{"192.0.2.254", "192.0.2.1/24", false},
		{"192.0.2.7", "192.0.2.1/29", true},
		{"192.0.2.1", "192.0.2.0/31", false},
		{"192.0.2.1", "192.0.2.1/32", false},
		{"10.255.255.255", "10.0.0.1/8", true},
		{"::1", "::/127", false},
	} {
		if got := isLastOf(netip.MustParseAddr(c.address), netip.MustParsePrefix(c.network)); got != c.want {
			t.Errorf("%s in %s: %v", c.address, c.network, got)
		}
	}
}

func TestServerOptions(t *testing.T) {
	for _, c := range []struct {
		why     string
		server  *Server
		ask     Packet
		answers map[string]int // by opcode and code
	}{
		{"options can be required", &Server{RequireOptions: true}, RRQ{Name: "one"}, map[string]int{"refused": 1}},
		{"and are enough", &Server{RequireOptions: true}, RRQ{Name: "one", Options: Options{HasSize: true}}, map[string]int{}},
		{"a write needs none", &Server{RequireOptions: true}, WRQ{Name: "new"}, map[string]int{}},
		{"0xFF is dropped", &Server{}, RRQ{Name: "one\xff\xff"}, map[string]int{}},
		{"or kept", &Server{KeepFF: true}, RRQ{Name: "one\xff"}, map[string]int{"refused": 1}},
	} {
		t.Run(c.why, func(t *testing.T) {
			besiege(t, c.server, func(s *crowdStage) {
				s.ask(peers[""], c.ask)
				if got := s.codes[CodeAccess] + s.codes[CodeNotFound]; got != c.answers["refused"] || s.answers(peers[""]) != 1 {
					t.Errorf("%d refusals, %d answers", got, s.answers(peers[""]))
				}
			})
		})
	}
}

func TestNoOptions(t *testing.T) {
	s := &Server{NoOptions: true}
	besiege(t, s, func(c *crowdStage) {
		c.ask(peers[""], RRQ{Name: "f1024", Options: Options{BlockSize: 1024}}, Ack{1}, Ack{2})
		if got := c.answers(peers[""]); got != 3 {
			t.Errorf("%d packets, want three blocks of 512 octets", got)
		}
	})
}

func TestGrant(t *testing.T) {
	for _, c := range []struct {
		why                 string
		write               bool
		mode                Mode
		asked               Options
		size                int64
		maxBlock, maxWindow int
		want                Options
	}{
		{"nothing asked", false, Octet, Options{}, 5, 100, 100, Options{}},
		{"block", false, Octet, Options{BlockSize: 1428}, 5, 1000, 100, Options{BlockSize: 1000}},
		{"largest block", false, Octet, Options{BlockSize: 70000}, 5, 1 << 20, 100, Options{BlockSize: 65464}},
		{"power of two", false, Octet, Options{BlockSize2: 1428}, 5, 1 << 20, 100, Options{BlockSize2: 1024}},
		{"both", false, Octet, Options{BlockSize: 1428, BlockSize2: 1428}, 5, 1 << 20, 100, Options{BlockSize: 1428}},
		{"window", false, Octet, Options{WindowSize: 65535}, 5, 1000, 1 << 20, Options{WindowSize: 32767}},
		{"size of a read", false, Octet, Options{HasSize: true, Size: 7}, 5, 1000, 100, Options{HasSize: true, Size: 5}},
		{"size not known", false, Octet, Options{HasSize: true}, -1, 1000, 100, Options{}},
		{"size of text", false, NetASCII, Options{HasSize: true}, 5, 1000, 100, Options{}},
		{"size of a write", true, NetASCII, Options{HasSize: true, Size: 7}, -1, 1000, 100, Options{HasSize: true, Size: 7}},
		{"timers", false, Octet, Options{Timeout: time.Second, UTimeout: time.Minute, Rollover: RolloverOne}, 5, 1000, 100,
			Options{Timeout: time.Second, UTimeout: time.Minute, Rollover: RolloverOne}},
	} {
		r := &Request{Write: c.write, Mode: c.mode, Options: c.asked}
		if got := grant(r, c.size, c.maxBlock, c.maxWindow); got != c.want {
			t.Errorf("%s: %v, want %v", c.why, got, c.want)
		}
	}
	for _, c := range []struct {
		mtu  int
		peer string
		want int
	}{
		{1500, "192.0.2.1", 1468}, {1500, "2001:db8::1", 1448}, {0, "192.0.2.1", MaxBlockSize}, {65536, "127.0.0.1", 65504},
	} {
		if got := fitting(c.mtu, netip.MustParseAddr(c.peer)); got != c.want {
			t.Errorf("MTU %d to %s: blocks of %d, want %d", c.mtu, c.peer, got, c.want)
		}
	}
}

// TestBlocksFitThePath: fragments get lost in firewalls, so a block is one packet.
func TestBlocksFitThePath(t *testing.T) {
	for _, c := range []struct {
		server *Server
		mtu    int
		asked  int
		want   int // octets of the first block
	}{
		{&Server{}, 1500, 8192, 1468}, {&Server{}, 1280, 1428, 1248}, {&Server{}, 0, 8192, 8192},
		{&Server{IgnoreMTU: true}, 1500, 8192, 8192}, {&Server{MaxBlockSize: 1024}, 1500, 8192, 1024},
	} {
		besiege(t, c.server, func(s *crowdStage) {
			got := 0
			s.network.path = c.mtu
			s.network.deliver = func(_ int, b []byte, _ netip.AddrPort) {
				if p, err := Parse(b); err == nil {
					if d, ok := p.(Data); ok {
						got = len(d.Payload)
					}
				}
			}
			s.ask(peers[""], RRQ{Name: "big", Options: Options{BlockSize: c.asked}}, Ack{0})
			if got != c.want {
				t.Errorf("MTU %d, asked for %d: a block of %d octets, want %d", c.mtu, c.asked, got, c.want)
			}
		})
	}
}

// TestLimitsAreInTheLog, by name and with the client that they keep out, but no forger can fill it.
func TestLimitsAreInTheLog(t *testing.T) {
	for _, c := range []struct {
		why    string
		server *Server
		ask    func(s *crowdStage)
		limit  string
		lines  int
	}{
		{"room", &Server{MaxTransfers: 2}, func(s *crowdStage) {
			s.ask(host(1, 2000), RRQ{Name: "big"}, RRQ{Name: "big"}, Ack{1}, RRQ{Name: "big"})
		}, "", 0},
		{"all", &Server{MaxTransfers: 1}, func(s *crowdStage) {
			s.ask(host(1, 2000), RRQ{Name: "big"}, Ack{1})
			s.ask(host(2, 2000), RRQ{Name: "big"}, RRQ{Name: "big"})
		}, "MaxTransfers", 1},
		{"unproven", &Server{MaxUnproven: 1}, func(s *crowdStage) {
			s.ask(host(1, 2000), RRQ{Name: "big"})
			s.ask(host(2, 2000), RRQ{Name: "big"})
		}, "MaxUnproven", 1},
		{"a source, once a minute", &Server{MaxPerSource: 1}, func(s *crowdStage) {
			s.ask(host(1, 2000), RRQ{Name: "big"}, Ack{1})
			s.ask(host(1, 2001), RRQ{Name: "big"}, RRQ{Name: "big"})
			s.ask(host(1, 2002), RRQ{Name: "big"})
		}, "MaxPerSource", 1},
		{"many sources", &Server{MaxTransfers: 1}, func(s *crowdStage) {
			s.ask(host(0, 2000), RRQ{Name: "big"}, Ack{1})
			for n := range 100 {
				s.ask(host(1+n, 2000), RRQ{Name: "big"})
			}
		}, "MaxTransfers", 5},
	} {
		t.Run(c.why, func(t *testing.T) {
			var out bytes.Buffer
			c.server.Log = slog.New(slog.NewTextHandler(&out, nil))
			besiege(t, c.server, c.ask)
			if got := strings.Count(out.String(), " limit="+c.limit); got != c.lines {
				t.Errorf("%d lines name %q; want %d:\n%s", got, c.limit, c.lines, &out)
			}
		})
	}
}
