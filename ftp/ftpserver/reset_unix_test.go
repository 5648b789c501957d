//go:build unix

package ftpserver

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"

	"dray/ftp"
	"dray/ftp/ftpclient"
)

// No connection of our client with our server ends in a reset, which could destroy what
// the other side has not read yet: not even in TLS, where both say something at the end.
func TestNoReset(t *testing.T) {
	for _, security := range []ftpclient.Security{ftpclient.Plain, ftpclient.Explicit, ftpclient.Implicit} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(fmt.Sprintf("security %d, %s", security, tls.VersionName(version)), func(t *testing.T) {
				s, _, config := secured(t)
				config.MaxVersion = version
				w := &witness{t: t}
				addr := ""
				if security == ftpclient.Implicit {
					addr = serveTLS(t, s)
				} else {
					addr = serve(t, s, "127.0.0.1:0")
				}
				exchangeFiles(t, &ftpclient.Dialer{Security: security, TLSConfig: config, DialContext: w.dial}, addr)
				w.judge(10) // control, 4 up, 4 down, a listing
			})
		}
	}
}

// witness stands between a client and a server, and looks at how their connections end.
type witness struct {
	t     *testing.T
	wg    sync.WaitGroup
	mu    sync.Mutex
	conns []*net.TCPConn
	links int
}

func (w *witness) dial(_ context.Context, network, address string) (net.Conn, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return nil, err
	}
	here, err := l.Accept()
	if err != nil {
		return nil, err
	}
	there, err := net.Dial(network, address)
	if err != nil {
		here.Close()
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.links++
	w.conns = append(w.conns, here.(*net.TCPConn), there.(*net.TCPConn))
	w.wg.Go(func() { w.pass(here.(*net.TCPConn), there.(*net.TCPConn)) })
	w.wg.Go(func() { w.pass(there.(*net.TCPConn), here.(*net.TCPConn)) })
	return client, nil
}

// pass hands on what comes, and its end.
func (w *witness) pass(from, to *net.TCPConn) {
	if _, err := io.Copy(to, struct{ io.Reader }{from}); err != nil {
		w.t.Errorf("connection broken: %v", err)
	}
	to.CloseWrite()
}

// judge waits for the end of so many connections, and asks for resets that came after it.
func (w *witness) judge(links int) {
	w.t.Helper()
	w.wg.Wait()
	if w.links != links {
		w.t.Errorf("%d connections, want %d", w.links, links)
	}
	for _, conn := range w.conns {
		if err := pendingError(w.t, conn); err != nil {
			w.t.Errorf("connection broken after its end: %v", err)
		}
		conn.Close()
	}
}

// pendingError is what has happened to a connection and was not told yet.
func pendingError(t *testing.T, conn *net.TCPConn) error {
	t.Helper()
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var code int
	var failed error
	err = raw.Control(func(fd uintptr) {
		code, failed = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_ERROR)
	})
	if err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	if code != 0 {
		return syscall.Errno(code)
	}
	return nil
}

// A client may hear the reply first and then end its side of TLS.
func TestLateGoodbye(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		s, _, config := secured(t)
		config.MaxVersion = version
		p := upgrade(t, serve(t, s, "127.0.0.1:0"), config)
		for _, line := range []string{"RETR hello.txt", "LIST"} {
			raw := p.open().(*net.TCPConn)
			p.ask(line, ftp.CodeOpening)
			if _, err := io.ReadAll(tls.Client(raw, config)); err != nil {
				t.Error(err)
			}
			p.want(ftp.CodeDone)
			for range 2 { // the first would break it, and the second notice
				if _, err := raw.Write(make([]byte, 100)); err != nil {
					t.Errorf("%s, %s: %v", tls.VersionName(version), line, err)
				}
			}
			raw.CloseWrite()
			if err := pendingError(t, raw); err != nil {
				t.Errorf("%s, %s: %v", tls.VersionName(version), line, err)
			}
		}
	}
}

// Whoever is sent away hears why, even if he keeps talking, and so does who says something
// after QUIT.
func TestLastReplyIsHeard(t *testing.T) {
	long := string(bytes.Repeat([]byte{'x'}, 2*MaxLine)) + "\r\n"
	for _, row := range []struct {
		say  string
		last []ftp.Code
	}{
		{long + long + "NOOP\r\n", []ftp.Code{ftp.CodeTooLong, ftp.CodeUnavailable}},
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", []ftp.Code{ftp.CodeUnavailable}},
		{"QUIT\r\nNOOP\r\n" + long, []ftp.Code{ftp.CodeGoodbye}},
	} {
		p := greet(t, serve(t, &Server{Backend: newMemory()}, "127.0.0.1:0"))
		p.say(row.say)
		for _, code := range row.last {
			p.want(code)
		}
		if b, err := p.r.ReadByte(); err != io.EOF {
			t.Errorf("%.10q: %q, %v instead of the end", row.say, b, err)
		}
		if err := pendingError(t, p.Conn.(*net.TCPConn)); err != nil {
			t.Errorf("%.10q: %v", row.say, err)
		}
	}
}
