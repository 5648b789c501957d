package interop

import (
	"bytes"
	"net"
	"os/exec"
	"sync"
	"testing"
)

// inetd runs a server for each connection, with the connection as its standard input and
// output, as inetd(8) does for services of type "nowait". The test owns the listener, so no
// port is lost between choosing one and using it, and nobody waits for a daemon.
func inetd(t *testing.T, protocol, program string, args ...string) endpoint {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var sessions sync.WaitGroup
	sessions.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // closed, by the cleanup below
			}
			sessions.Go(func() { session(t, c.(*net.TCPConn), exec.Command(program, args...)) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		sessions.Wait()
	})
	return at(protocol, l.Addr())
}

// session lets cmd talk to c until the client has left.
func session(t *testing.T, c *net.TCPConn, cmd *exec.Cmd) {
	f, err := c.File()
	c.Close()
	if err != nil {
		t.Error(err)
		return
	}
	defer f.Close()
	var faults bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = f, f, &faults
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return
	}
	if err := cmd.Wait(); err != nil && faults.Len() > 0 {
		t.Logf("%q: %v\n%s", cmd.Args, err, faults.String())
	}
}

// inetdWait runs one server with the listening socket as its standard input, as
// inetd(8) does for services of type "wait". Requests queue until the server reads them.
// What it prints goes to log.
func inetdWait(t *testing.T, protocol string, log *transcript, program string, args ...string) endpoint {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	f, err := c.File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd := exec.Command(program, args...)
	cmd.Stdin, cmd.Stdout = f, log
	daemon(t, cmd)
	return at(protocol, c.LocalAddr())
}

func at(protocol string, addr net.Addr) endpoint {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		panic(err) // addr comes from the kernel
	}
	return endpoint{protocol: protocol, host: host, port: port}
}
