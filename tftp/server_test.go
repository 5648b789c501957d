package tftp

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"
)

// modes runs a test against a server with a port for each transfer, and with one for all.
func modes(t *testing.T, test func(t *testing.T, s *Server)) {
	t.Run("own ports", func(t *testing.T) { test(t, new(Server)) })
	t.Run("single port", func(t *testing.T) { test(t, &Server{SinglePort: true}) })
}

// raw is a peer without manners.
func raw(t *testing.T) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// begin asks for a file and returns the first answer, and where it came from.
func begin(t *testing.T, conn *net.UDPConn, u URL, p Packet) (answer Packet, from netip.AddrPort) {
	t.Helper()
	to := netip.AddrPortFrom(netip.MustParseAddr(u.Host), uint16(u.Port))
	if _, err := conn.WriteToUDPAddrPort(p.Append(nil), to); err != nil {
		t.Fatal(err)
	}
	return await1(t, conn)
}

func await1(t *testing.T, conn *net.UDPConn) (Packet, netip.AddrPort) {
	t.Helper()
	b := make([]byte, maxDatagram)
	n, from, err := conn.ReadFromUDPAddrPort(b)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse(b[:n])
	if err != nil {
		t.Fatal(err)
	}
	return p, from
}

// TestShutdownLetsTransfersEnd also sees that no new one begins.
func TestShutdownLetsTransfersEnd(t *testing.T) {
	modes(t, func(t *testing.T, s *Server) {
		done := make(chan Transfer, 10)
		s.Handler = &memory{files: map[string][]byte{"f": content(700)}, done: done}
		u := serve(t, s)
		peer := raw(t)
		_, tid := begin(t, peer, u, RRQ{Name: "f"})
		ended := make(chan error)
		go func() { ended <- s.Shutdown(t.Context()) }()
		for !s.isDraining() {
			runtime.Gosched()
		}
		late := raw(t)
		to := netip.AddrPortFrom(netip.MustParseAddr(u.Host), uint16(u.Port))
		if _, err := late.WriteToUDPAddrPort(RRQ{Name: "f"}.Append(nil), to); err != nil {
			t.Fatal(err)
		}
		for _, b := range []uint16{1, 2} {
			if _, err := peer.WriteToUDPAddrPort(Ack{b}.Append(nil), tid); err != nil {
				t.Fatal(err)
			}
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if got := <-done; got.Err != nil || got.Bytes != 700 {
			t.Errorf("%+v", got)
		}
		if len(done) > 0 {
			t.Errorf("a transfer began during the shutdown: %+v", <-done)
		}
	})
}

// TestShutdownLeavesWhatIsStored has an upload complete, after which the server stays for
// 765 seconds in case that the last ACK was lost.
func TestShutdownLeavesWhatIsStored(t *testing.T) {
	modes(t, func(t *testing.T, s *Server) {
		s.Handler = &memory{files: map[string][]byte{}}
		u := serve(t, s)
		peer := raw(t)
		_, tid := begin(t, peer, u, WRQ{Name: "f", Options: Options{Timeout: 255 * time.Second}})
		if _, err := peer.WriteToUDPAddrPort(Data{1, []byte("all")}.Append(nil), tid); err != nil {
			t.Fatal(err)
		}
		if p, _ := await1(t, peer); p != (Ack{1}) {
			t.Errorf("the answer is %v", p)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
}

func TestShutdownGivesUpWithItsContext(t *testing.T) {
	modes(t, func(t *testing.T, s *Server) {
		s.Handler = &memory{files: map[string][]byte{"f": content(700)}}
		u := serve(t, s)
		begin(t, raw(t), u, RRQ{Name: "f"})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Shutdown(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Shutdown: %v", err)
		}
	})
}

func TestCloseCutsTransfers(t *testing.T) {
	modes(t, func(t *testing.T, s *Server) {
		done := make(chan Transfer, 10)
		s.Handler = &memory{files: map[string][]byte{"f": content(700)}, done: done}
		u := serve(t, s)
		peer := raw(t)
		begin(t, peer, u, RRQ{Name: "f"})
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if p, _ := await1(t, peer); fmt.Sprint(p) != fmt.Sprint(&Error{CodeUndefined, "server is shutting down"}) {
			t.Errorf("the client was told %v", p)
		}
		if got := <-done; got.Err == nil {
			t.Error("the transfer counts as complete")
		}
		if err := s.ListenAndServe("127.0.0.1:0"); !errors.Is(err, ErrServerClosed) {
			t.Errorf("Serve after Close: %v", err)
		}
	})
}

func TestServerNeedsAHandler(t *testing.T) {
	if err := new(Server).ListenAndServe("127.0.0.1:0"); err == nil || errors.Is(err, ErrServerClosed) {
		t.Errorf("Serve: %v", err)
	}
	if err := (&Server{Handler: &memory{}}).ListenAndServe("no address"); err == nil {
		t.Error("served on no address")
	}
}

// TestClientGone is D12: a client that closes its port ends its transfer at once, long
// before any timer, and one that closes another port ends nothing.
func TestClientGone(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("this host does not tell")
	}
	modes(t, func(t *testing.T, s *Server) {
		done := make(chan Transfer, 10)
		s.Handler = &memory{files: map[string][]byte{"f": content(100_000)}, done: done}
		u := serve(t, s)
		leaving, staying, stranger := raw(t), raw(t), raw(t)
		_, tid := begin(t, staying, u, RRQ{Name: "f"})
		if _, err := stranger.WriteToUDPAddrPort(Ack{9}.Append(nil), tid); err != nil {
			t.Fatal(err)
		}
		stranger.Close() // the ERROR 5 that it is sent is refused, perhaps
		_, tid2 := begin(t, leaving, u, RRQ{Name: "f"})
		if _, err := leaving.WriteToUDPAddrPort(Ack{1}.Append(nil), tid2); err != nil {
			t.Fatal(err)
		}
		await1(t, leaving)
		if _, err := leaving.WriteToUDPAddrPort(Ack{2}.Append(nil), tid2); err != nil {
			t.Fatal(err)
		}
		leaving.Close()
		if got := <-done; !errors.Is(got.Err, ErrGone) {
			t.Errorf("the client that left: %+v", got)
		}
		if _, err := staying.WriteToUDPAddrPort(Ack{1}.Append(nil), tid); err != nil {
			t.Fatal(err)
		}
		for {
			if p, _ := await1(t, staying); p.(Data).Block == 2 {
				break
			}
		}
	})
}

// TestAnswersFromTheAddressAsked is R9, over every kind of socket.
func TestAnswersFromTheAddressAsked(t *testing.T) {
	type row struct{ listen, ask string }
	rows := []row{
		{"0.0.0.0:0", "127.0.0.1"}, {"0.0.0.0:0", "127.0.0.2"}, {"127.0.0.3:0", "127.0.0.3"},
		{"[::]:0", "127.0.0.2"}, {"[::]:0", "::1"}, {"[::1]:0", "::1"},
	}
	for _, a := range linkLocal(t) {
		rows = append(rows, row{"[::]:0", a}, row{"[" + a + "]:0", a})
	}
	for _, c := range rows {
		for _, single := range []bool{false, true} {
			t.Run(fmt.Sprint(c.listen, " ", c.ask, " ", single), func(t *testing.T) {
				pc, err := net.ListenPacket("udp", c.listen)
				if err != nil {
					t.Skip(err) // a host without IPv6
				}
				s := &Server{Handler: &memory{files: map[string][]byte{"f": content(3000)}}, SinglePort: single}
				ended := make(chan error, 1)
				go func() { ended <- s.Serve(pc.(*net.UDPConn)) }()
				u := URL{Host: c.ask, Port: pc.LocalAddr().(*net.UDPAddr).Port, Name: "f"}
				var got bytes.Buffer
				client := new(Client) // takes no answer from another address
				if _, err := client.Get(t.Context(), u, &got); err != nil || !bytes.Equal(got.Bytes(), content(3000)) {
					t.Errorf("%d octets, %v", got.Len(), err)
				}
				u.Name = "nope"
				var said *Error
				if _, err := client.Get(t.Context(), u, io.Discard); !errors.As(err, &said) || said.Code != CodeNotFound {
					t.Errorf("refused with %v", err)
				}
				client.Close()
				s.Close()
				<-ended
			})
		}
	}
}

// linkLocal returns the link-local addresses of the host, with their zones; a host without a
// network has none.
func linkLocal(t *testing.T) (found []string) {
	interfaces, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range interfaces {
		addrs, err := i.Addrs()
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is6() && p.Addr().IsLinkLocalUnicast() {
				found = append(found, p.Addr().WithZone(i.Name).String())
			}
		}
	}
	return found
}

// TestServersAreNoClients is R10: a request from port 0 or 69 gets no answer, since another
// server may be made to answer that. To send such a thing takes root.
func TestServersAreNoClients(t *testing.T) {
	modes(t, func(t *testing.T, s *Server) {
		m := &memory{files: map[string][]byte{"f": content(3)}, done: make(chan Transfer, 10)}
		s.Handler = m
		u := serve(t, s).with("f")
		server := netip.AddrPortFrom(netip.MustParseAddr(u.Host), uint16(u.Port))
		request := RRQ{Name: "f"}.Append(nil)

		sixtyNine, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 69, byte(rand.Uint32()), 69), Port: DefaultPort})
		if err != nil {
			t.Skip(err)
		}
		defer sixtyNine.Close()
		if _, err := sixtyNine.WriteToUDPAddrPort(request, server); err != nil {
			t.Fatal(err)
		}
		zero, err := net.DialIP("ip4:udp", nil, &net.IPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Skip(err)
		}
		defer zero.Close()
		header := []byte{0, 0, byte(u.Port >> 8), byte(u.Port), 0, byte(8 + len(request)), 0, 0}
		if _, err := zero.Write(append(header, request...)); err != nil {
			t.Fatal(err)
		}

		client := new(Client) // its requests come after those
		defer client.Close()
		for range 2 {
			if _, err := client.Get(t.Context(), u, io.Discard); err != nil {
				t.Fatal(err)
			}
		}
		s.Close()
		if len(m.done) != 2 {
			t.Errorf("%d transfers, want the 2 of the client", len(m.done))
		}
		if err := sixtyNine.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if n, _, err := sixtyNine.ReadFrom(make([]byte, 100)); err == nil {
			t.Errorf("port 69 was sent %d octets", n)
		}
	})
}

// TestPortRange keeps the transfers to the ports that a firewall lets through.
func TestPortRange(t *testing.T) {
	probe := raw(t) // a port that is free, but for the probe
	first := probe.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	s := &Server{Handler: &memory{files: map[string][]byte{"f": content(3)}}, Ports: Ports{first, first}}
	u := serve(t, s)
	peer := raw(t)
	if p, _ := begin(t, peer, u, RRQ{Name: "f"}); fmt.Sprint(p) != fmt.Sprint(&Error{CodeUndefined, "transfer failed"}) {
		t.Errorf("with no port free: %v", p)
	}
	probe.Close()
	peer = raw(t) // the same request from the same port may still count as an echo of the first
	if p, from := begin(t, peer, u, RRQ{Name: "f"}); from.Port() != first {
		t.Errorf("%v came from port %d, want %d", p, from.Port(), first)
	}
}

// TestLongFiles is V1 and V2: files of 65,551 blocks, both ways.
func TestLongFiles(t *testing.T) {
	file := content(8*65_550 + 4)
	for _, c := range []struct {
		window   int
		rollover Rollover
	}{{4, 0}, {16, RolloverOne}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			m := &memory{files: map[string][]byte{"f": file}}
			u := serve(t, &Server{Handler: m})
			client := &Client{BlockSize: 8, WindowSize: c.window, rollover: c.rollover}
			defer client.Close()
			var got bytes.Buffer
			if _, err := client.Get(t.Context(), u.with("f"), &got); err != nil || !bytes.Equal(got.Bytes(), file) {
				t.Errorf("get: %d octets, %v", got.Len(), err)
			}
			if _, err := client.Put(t.Context(), u.with("g"), bytes.NewReader(file), int64(len(file))); err != nil {
				t.Errorf("put: %v", err)
			}
			if got, _ := m.get("g"); !bytes.Equal(got, file) {
				t.Errorf("put: %d octets", len(got))
			}
		})
	}
}

// TestBootStorm is a thousand clients at once, in both modes.
func TestBootStorm(t *testing.T) {
	file := content(16 << 10)
	want := sha256.Sum256(file)
	modes(t, func(t *testing.T, s *Server) {
		s.Handler = &memory{files: map[string][]byte{"f": file}}
		s.MaxUnproven = 2000
		u := serve(t, s).with("f")
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				client := new(Client)
				defer client.Close()
				sum := sha256.New()
				got, err := client.Get(t.Context(), u, sum)
				if err != nil || [sha256.Size]byte(sum.Sum(nil)) != want {
					t.Errorf("%+v, %v", got, err)
				}
			})
		}
		wg.Wait()
	})
}

// TestIdleSessions bounds the memory of a transfer that waits for its client.
func TestIdleSessions(t *testing.T) {
	const n, most = 500, 16 << 10
	s := &Server{Handler: disk{writeFile(t, content(1<<20))}, MaxUnproven: 2 * n}
	u := serve(t, s)
	conns := make([]*net.UDPConn, n)
	for i := range conns {
		conns[i] = raw(t)
	}
	before := memoryInUse()
	for _, conn := range conns {
		begin(t, conn, u.with("f"), RRQ{Name: "f", Options: Options{BlockSize: 65464, WindowSize: 64}})
	}
	each := (int64(memoryInUse()) - int64(before)) / n
	t.Logf("%d octets a session", each)
	if each > most || each < 1000 {
		t.Errorf("%d octets a session, want 1000 to %d", each, most)
	}
}

func memoryInUse() uint64 {
	runtime.GC()
	runtime.GC() // what has finalizers and pools goes with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

func writeFile(t *testing.T, b []byte) (name string) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestContextCancels: a transfer ends with its context, and the server is told.
func TestContextCancels(t *testing.T) {
	peer := raw(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	u := URL{Host: "127.0.0.1", Port: peer.LocalAddr().(*net.UDPAddr).Port, Name: "f"}
	go func() {
		_, err := closing(t, new(Client)).Get(ctx, u, io.Discard)
		ended <- err
	}()
	_, client := await1(t, peer)
	if _, err := peer.WriteToUDPAddrPort(Data{1, content(512)}.Append(nil), client); err != nil {
		t.Fatal(err)
	}
	await1(t, peer)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Get: %v", err)
	}
	if p, _ := await1(t, peer); fmt.Sprint(p) != fmt.Sprint(&Error{CodeUndefined, "aborted by the client"}) {
		t.Errorf("the server was told %v", p)
	}
}

// TestNobodyThere: the client learns at once that nobody listens.
func TestNobodyThere(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("this host does not tell")
	}
	peer := raw(t)
	u := URL{Host: "127.0.0.1", Port: peer.LocalAddr().(*net.UDPAddr).Port, Name: "f"}
	peer.Close()
	begun := time.Now()
	if _, err := closing(t, new(Client)).Get(t.Context(), u, io.Discard); !errors.Is(err, ErrGone) {
		t.Errorf("after %v: %v", time.Since(begun), err)
	}
}

func TestProgress(t *testing.T) {
	m := &memory{files: map[string][]byte{"f": content(3000)}}
	u := serve(t, &Server{Handler: m})
	var got []string
	client := &Client{BlockSize: 1000, WindowSize: 1, Progress: func(octets, total int64) {
		got = append(got, fmt.Sprintf("%d/%d", octets, total))
	}}
	defer client.Close()
	if _, err := client.Get(t.Context(), u.with("f"), io.Discard); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Put(t.Context(), u.with("g"), bytes.NewReader(content(1500)), 1500); err != nil {
		t.Fatal(err)
	}
	const want = "[1000/3000 2000/3000 3000/3000 3000/3000 1000/1500 1500/1500]"
	if fmt.Sprint(got) != want {
		t.Errorf("progress %v, want %s", got, want)
	}
}

// TestPutOfLessThanAnnounced stores nothing.
func TestPutOfLessThanAnnounced(t *testing.T) {
	m := &memory{files: map[string][]byte{}}
	u := serve(t, &Server{Handler: m})
	client := closing(t, new(Client))
	if _, err := client.Put(t.Context(), u.with("f"), bytes.NewReader(content(3000)), 5000); !errors.Is(err, ErrTruncated) {
		t.Errorf("put: %v", err)
	}
	if got, ok := m.get("f"); ok {
		t.Errorf("stored %d octets", len(got))
	}
}
