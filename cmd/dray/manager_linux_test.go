package main

import (
	"io"
	"net"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// notes is what a service manager is told.
type notes struct {
	t    *testing.T
	conn *net.UnixConn
}

// await reads until something matches.
func (n notes) await(pattern string) {
	n.t.Helper()
	b := make([]byte, 4096)
	for {
		size, err := n.conn.Read(b)
		if err != nil {
			n.t.Fatalf("%s: %v", pattern, err)
		}
		if regexp.MustCompile(pattern).Match(b[:size]) {
			return
		}
	}
}

// TestServiceManager is a service manager: it binds the ports, starts dray, and hears that
// it is ready, lives, reloads and stops.
func TestServiceManager(t *testing.T) {
	dir := t.TempDir()
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer notify.Close()
	ftp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tftp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var files []*os.File
	for _, socket := range []interface{ File() (*os.File, error) }{ftp.(*net.TCPListener), tftp.(*net.UDPConn)} {
		f, err := socket.File()
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	served := filepath.Join(dir, "served")
	if err := os.Mkdir(served, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ exec dray serve "$0" --config none --tls off --sftp off`, served)
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+filepath.Join(dir, "notify"), "WATCHDOG_USEC=200000", "LISTEN_FDS=2", "LISTEN_FDNAMES=ftp:tftp",
		"XDG_STATE_HOME="+filepath.Join(dir, "state"))
	cmd.ExtraFiles, cmd.Stderr = files, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	for _, own := range files {
		own.Close()
	}
	n := notes{t, notify}
	n.await(`^READY=1\nSTATUS=Serving FTP on ` + regexp.QuoteMeta(ftp.Addr().String()) + `, TFTP on ` + regexp.QuoteMeta(tftp.LocalAddr().String()) + `$`)
	n.await(`^WATCHDOG=1$`)
	c, err := textproto.Dial("tcp", ftp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, text, err := c.ReadResponse(220); err != nil || !strings.Contains(text, "ready") {
		t.Errorf("%q, %v", text, err)
	}
	signal := func(s syscall.Signal) {
		if err := cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	signal(syscall.SIGHUP)
	n.await(`^RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]*$`)
	n.await(`^READY=1\n`)
	n.await(`^WATCHDOG=1$`)
	signal(syscall.SIGTERM)
	n.await(`^STOPPING=1\n`)
	if _, err := io.Copy(io.Discard, c.R); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// TestSocketsThatNobodyKnows are an error: they would be bound, and nothing would answer.
func TestSocketsThatNobodyKnows(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for name, want := range map[string]string{
		"http": `a socket called "http" was handed over: name it by FileDescriptorName=`,
		"tftp": "the socket that was handed over for tftp",
	} {
		cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ exec dray serve "$0" --config none --tls off`, t.TempDir())
		cmd.Env = append(os.Environ(), "LISTEN_FDS=1", "LISTEN_FDNAMES="+name, "XDG_STATE_HOME="+t.TempDir())
		cmd.ExtraFiles = []*os.File{f}
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v, %s", name, err, out)
		}
	}
}
