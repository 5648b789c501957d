package ftpserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"

	"dray/ftp"
)

// fronted is a listener whose clients come through a proxy: they say their address in a line,
// and have come to front.
type fronted struct{ net.Listener }

var errNoLine = errors.New("no line came")

const front = "127.0.0.9"

func (l fronted) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	from, err := origin(context.Background(), c.(*net.TCPConn))
	return frontedConn{c.(*net.TCPConn), from}, err
}

type frontedConn struct {
	*net.TCPConn
	from netip.AddrPort
}

func (c frontedConn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.from) }
func (frontedConn) Reached() netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr(front), 21)
}

// origin reads such a line, of an address and a line feed.
func origin(ctx context.Context, c *net.TCPConn) (netip.AddrPort, error) {
	stop := context.AfterFunc(ctx, func() { c.CloseRead() })
	defer stop()
	var text []byte
	for b := make([]byte, 1); ; text = append(text, b[0]) {
		if _, err := c.Read(b); err != nil {
			return netip.AddrPort{}, errNoLine
		}
		if b[0] == '\n' {
			return netip.ParseAddrPort(string(text))
		}
	}
}

// enterAs logs in through the proxy.
func enterAs(t *testing.T, from, addr string) *peer {
	t.Helper()
	p := &peer{t, dialFrom(t, "127.0.0.1", addr), nil}
	p.say(from + ":1234\n")
	p.r = bufio.NewReader(p.Conn)
	p.want(ftp.CodeReady)
	p.ask("USER alice", ftp.CodeNeedPassword)
	p.ask("PASS secret", ftp.CodeLoggedIn)
	return p
}

// Behind a proxy a data connection belongs to whom it says it comes from: not to who comes
// first, not to who says nothing, nor to who comes by itself. PASV tells the address that the
// client came to.
func TestBehindProxy(t *testing.T) {
	for name, r := range map[string]PortRange{"any port": {}, "a range": freePorts(t, 2)} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addr := serveOn(t, &Server{Backend: newMemory(), PassivePorts: r, DataOrigin: origin}, fronted{l})
		p := enterAs(t, "192.0.2.7", addr)
		told := p.ask("PASV", ftp.CodePassive).Text()
		if !strings.Contains(told, "("+strings.ReplaceAll(front, ".", ",")) {
			t.Errorf("%s: PASV tells %q", name, told)
		}
		port, err := ftp.ParseEPSV(p.ask("EPSV", ftp.CodeExtPassive).Text())
		if err != nil {
			t.Fatal(err)
		}
		data := fmt.Sprintf("127.0.0.1:%d", port)
		dialFrom(t, "127.0.0.1", data) // silent
		thief := dialFrom(t, "127.0.0.1", data)
		io.WriteString(thief, "192.0.2.8:1\n")
		if n, err := thief.Read(make([]byte, 1)); err == nil {
			t.Errorf("%s: %d octets for another client", name, n)
		}
		own := dialFrom(t, "127.0.0.1", data)
		io.WriteString(own, "192.0.2.7:4321\n")
		p.ask("RETR hello.txt", ftp.CodeOpening)
		if b, err := io.ReadAll(own); string(b) != "hello, world\n" {
			t.Errorf("%s: read %q, %v", name, b, err)
		}
		p.want(ftp.CodeDone)
	}
}

// TestBehindProxyActive: PORT takes the address of the client, not that of the proxy.
func TestBehindProxyActive(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := enterAs(t, "127.0.0.7", serveOn(t, &Server{Backend: newMemory(), DataOrigin: origin}, fronted{l}))
	p.ask("PORT 127,0,0,1,200,1", ftp.CodeBadParameter)
	p.ask("PORT 127,0,0,7,200,1", ftp.CodeOK)
}
