package ftpserver

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"dray/ftp"
)

// freePort returns a port that nobody has, most likely.
func freePort(t *testing.T) uint16 {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return addrPort(l.Addr()).Port()
}

// freePorts returns a range of ports that nobody has, most likely.
func freePorts(t *testing.T, count uint16) PortRange {
	for range 100 {
		r := PortRange{First: freePort(t)}
		r.Last = r.First + count - 1
		free := r.Last > r.First
		for port := r.First; free && port != r.Last+1; port++ {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if free = err == nil; free {
				l.Close()
			}
		}
		if free {
			return r
		}
	}
	t.Fatalf("no %d free ports in a row", count)
	return PortRange{}
}

// dialFrom connects from an address of loopback.
func dialFrom(t *testing.T, from, to string) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: patience}
	conn, err := d.Dial("tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// A range of ten ports serves three hundred clients who all wait at once, a third of them
// with two sessions, each its own file, in whatever order they come.
func TestTenPortsForManyClients(t *testing.T) {
	const clients, hosts = 400, 300
	r := freePorts(t, 10)
	m := newMemory()
	addr := serve(t, &Server{Backend: m, PassivePorts: r}, "127.0.0.1:0")
	host := func(i int) string { return fmt.Sprintf("127.0.%d.%d", 1+i%hosts/100, 1+i%100) }
	peers, ports := make([]*peer, clients), make([]uint16, clients)
	for i := range peers {
		m.files[fmt.Sprintf("/%d", i)] = fmt.Appendf(nil, "file %d", i)
		peers[i] = enterFrom(t, host(i), addr)
		port, err := ftp.ParseEPSV(peers[i].ask("EPSV", ftp.CodeExtPassive).Text())
		if err != nil || port < r.First || port > r.Last {
			t.Fatalf("client %d: port %d of %v, %v", i, port, r, err)
		}
		ports[i] = port
	}
	conns := make([]net.Conn, clients)
	for i := clients - 1; i >= 0; i-- {
		conns[i] = dialFrom(t, host(i), fmt.Sprintf("127.0.0.1:%d", ports[i]))
	}
	for i, p := range peers {
		p.ask(fmt.Sprintf("RETR %d", i), ftp.CodeOpening)
		got, err := io.ReadAll(conns[i])
		if want := fmt.Sprintf("file %d", i); string(got) != want || err != nil {
			t.Errorf("client %d: %q, %v", i, got, err)
		}
		p.want(ftp.CodeDone)
	}
}

// It serves as many clients behind one address, who cannot be told apart: each waits a
// little for the ports that others of them have been told.
func TestTenPortsForOneAddress(t *testing.T) {
	const clients = 300
	m := newMemory()
	addr := serve(t, &Server{Backend: m, PassivePorts: freePorts(t, 10), DataTimeout: patience}, "127.0.0.1:0")
	peers := make([]*peer, clients)
	for i := range peers {
		m.files[fmt.Sprintf("/%d", i)] = fmt.Appendf(nil, "file %d", i)
		peers[i] = enter(t, addr)
	}
	for _, p := range peers {
		p.say("EPSV\r\n") // all at once
	}
	told := make(chan int, clients)
	for i, p := range peers {
		go func() {
			if _, err := p.r.Peek(1); err != nil {
				t.Error(err)
			}
			told <- i
		}()
	}
	for range peers { // in the order of the replies
		i := <-told
		port, err := ftp.ParseEPSV(peers[i].want(ftp.CodeExtPassive).Text())
		if err != nil {
			t.Fatal(err)
		}
		conn := dialFrom(t, "127.0.0.1", fmt.Sprintf("127.0.0.1:%d", port))
		peers[i].ask(fmt.Sprintf("RETR %d", i), ftp.CodeOpening)
		got, err := io.ReadAll(conn)
		if want := fmt.Sprintf("file %d", i); string(got) != want || err != nil {
			t.Errorf("client %d: %q, %v", i, got, err)
		}
		peers[i].want(ftp.CodeDone)
	}
}

// Sessions of one client get a port each, and what none is left for is refused.
func TestPortsOfOneClient(t *testing.T) {
	port := freePort(t)
	addr := serve(t, &Server{Backend: newMemory(), PassivePorts: PortRange{port, port}, DataTimeout: 50 * time.Millisecond}, "127.0.0.1:0")
	one, two := enter(t, addr), enter(t, addr)
	one.ask("EPSV", ftp.CodeExtPassive)
	two.ask("EPSV", ftp.CodeNoData)
	one.ask("ABOR", ftp.CodeAborted)
	two.ask("EPSV", ftp.CodeExtPassive)
	two.ask("QUIT", ftp.CodeGoodbye)
	two.ended()
	one.ask("EPSV", ftp.CodeExtPassive)
}

// A port is open only while somebody waits on it.
func TestPortsAreClosed(t *testing.T) {
	s := &Server{Backend: newMemory()}
	p := enter(t, serve(t, s, "127.0.0.1:0"))
	for _, end := range []string{"EPSV", "ABOR", "PORT 127,0,0,1,8,1", "REIN"} {
		port, err := ftp.ParseEPSV(p.ask("EPSV", ftp.CodeExtPassive).Text())
		if err != nil {
			t.Fatal(err)
		}
		p.say(end + "\r\n")
		if _, err := ftp.ReadReply(p.r); err != nil {
			t.Fatal(err)
		}
		if conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			conn.Close()
			t.Errorf("the port is open after %s", end)
		}
	}
	s.ports.mu.Lock()
	defer s.ports.mu.Unlock()
	if len(s.ports.open) != 0 {
		t.Errorf("%d ports are open", len(s.ports.open))
	}
}

func TestEmptyRange(t *testing.T) {
	var p ports
	home := netip.MustParseAddr("127.0.0.1")
	if _, err := p.reserve(t.Context(), PortRange{2, 1}, home, home, nil); err == nil {
		t.Error("a range that is none was taken")
	}
}
