package interop

import (
	"encoding/binary"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestTFTPNames has a client without manners ask for names that no other client sends: the
// cases P1 to P13 of the reference. What is beside the folder stays there, and no answer
// names a path of this machine.
func TestTFTPNames(t *testing.T) {
	eachMode(t, func(t *testing.T, mode []string) {
		outside, root := nest(t)
		p := newRude(t, serve(t, root, mode...).speaking(t, "tftp"), outside)
		for _, c := range []struct{ id, names, want string }{
			{"P1", "../secret /../secret sub/../../secret ....//x ..\\secret a\\..\\..\\secret sub\\..\\..\\secret", "1 or 2"},
			{"P2", "%2e%2e/secret .%2e/x /etc/passwd", "1"},
			{"P3", root + "/f3000", "1 or 2"},
			{"P4", "../" + filepath.Base(root) + "-private/x " + filepath.Base(root) + "-private/x", "1 or 2"},
			{"P5", "C:\\x C:x \\\\host\\share tftp://h/x", "1 or 2"},
			{"P5", "//sub//in.txt", "inner\n"},
			{"P7", "out away/secret absolute", "2"},
			{"P7", "in", "inner\n"},
			{"P8", "fifo socket", "2"},
			{"P9", "sub .. . / sub/", "1 or 2"},
			{"P10", ".profile .hidden/x sub/.dot", "1"},
			{"P11", "sub\\in.txt \\sub\\in.txt", "inner\n"},
			{"P12", "missing sub/missing f3000/below", "1"},
			{"P13", "f\x1b[2J \x07", "1 or 2"},
		} {
			for name := range strings.FieldsSeq(c.names) {
				p.asks(t, 1, c.id, name, c.want)
			}
		}
		p.asks(t, 1, "P12", "denied", deniedTo(os.Geteuid()))
		for name := range strings.FieldsSeq("../evil sub/../../evil ..\\evil out away/evil fifo /etc/evil .profile sub x") {
			p.asks(t, 2, "U1", name, "2")
		}
	})
}

// deniedTo is the answer to a request for a file that nobody may read; but root may.
func deniedTo(user int) string {
	if user == 0 {
		return "kept\n"
	}
	return "2"
}

// TestTFTPWrites is what a server does about names that are there, and that are being
// written: the cases U2, U4 and U5.
func TestTFTPWrites(t *testing.T) {
	for _, c := range []struct{ allowed, there, new string }{
		{"create", "6", "ACK"}, {"replace", "ACK", "1 or 2"}, {"all", "ACK", "ACK"},
	} {
		t.Run(c.allowed, func(t *testing.T) {
			eachMode(t, func(t *testing.T, mode []string) {
				outside, root := nest(t)
				p := newRude(t, serve(t, root, append(mode, "--tftp-write", c.allowed)...).speaking(t, "tftp"), outside)
				p.asks(t, 2, "U2", "f3000", c.there)
				p.asks(t, 2, "U2", "new", c.new)
				if c.allowed != "all" {
					return
				}
				p.asks(t, 2, "U4", "f3000", "0 or 6") // the first has not ended
				p.asks(t, 1, "U5", "f3000", strings.Repeat("x", 512))
				p.asks(t, 1, "U5", "new", "1")
			})
		})
	}
}

// eachMode runs a test with a port for each transfer, and with one for all.
func eachMode(t *testing.T, test func(t *testing.T, mode []string)) {
	t.Run("own ports", func(t *testing.T) { test(t, nil) })
	t.Run("one port", func(t *testing.T) { test(t, []string{"--tftp-single-port"}) })
}

// nest returns a folder with a secret, a folder to serve, and one whose name begins like
// that of the latter. What is served has ways out.
func nest(t *testing.T) (outside, root string) {
	t.Helper()
	outside = folder(t)
	root = filepath.Join(outside, "served")
	in := func(name string) string { return filepath.Join(root, name) }
	err := errors.Join(
		os.MkdirAll(in("sub"), 0o755), os.Mkdir(in(".hidden"), 0o755), os.Mkdir(root+"-private", 0o755),
		os.WriteFile(filepath.Join(outside, "secret"), []byte(secret), 0o644),
		os.WriteFile(root+"-private/x", []byte(secret), 0o644),
		os.WriteFile(in("f3000"), []byte(strings.Repeat("x", 3000)), 0o644),
		os.WriteFile(in("sub/in.txt"), []byte("inner\n"), 0o644),
		os.WriteFile(in("denied"), []byte("kept\n"), 0),
		os.WriteFile(in(".profile"), []byte(secret), 0o644),
		os.WriteFile(in(".hidden/x"), []byte(secret), 0o644),
		os.WriteFile(in("sub/.dot"), []byte(secret), 0o644),
		os.Symlink("sub/in.txt", in("in")),
		os.Symlink("../secret", in("out")),
		os.Symlink(filepath.Join(outside, "secret"), in("absolute")),
		os.Symlink("..", in("away")),
		exec.Command("mkfifo", in("fifo")).Run(),
	)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", in("socket"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return outside, root
}

// rude is a client that takes one answer to each request, whoever may wait for more.
type rude struct {
	server  net.Addr
	outside string // a path that no answer names
}

func newRude(t *testing.T, e endpoint, outside string) *rude {
	t.Helper()
	server, err := net.ResolveUDPAddr("udp", net.JoinHostPort(e.host, e.port))
	if err != nil {
		t.Fatal(err)
	}
	return &rude{server, outside}
}

// asks sends a request, opcode 1 or 2, and compares the answer: the code of an ERROR, ACK,
// or the first block. Each request comes from a port of its own.
func (r *rude) asks(t *testing.T, opcode uint16, id, name, want string) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() }) // not before, or the server would learn that it is gone
	if err := conn.SetReadDeadline(time.Now().Add(attention)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.WriteTo([]byte("\x00"+string(rune(opcode))+name+"\x00octet\x00"), r.server); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1024)
	n, from, err := conn.ReadFrom(b)
	if err != nil || n < 4 {
		t.Fatalf("%s %q: %d octets, %v", id, name, n, err)
	}
	b = b[:n]
	got := ""
	switch op := binary.BigEndian.Uint16(b); op {
	case 3:
		got = string(b[4:])
		if _, err := conn.WriteTo([]byte("\x00\x05\x00\x00enough\x00"), from); err != nil {
			t.Fatal(err)
		}
	case 4:
		got = "ACK"
	case 5:
		got = string(rune('0' + b[3]))
	}
	if got == "" || !strings.Contains(" or "+want+" or ", " or "+got+" or ") {
		t.Errorf("%s %q: answered %q, want %s", id, name, b, want)
	}
	if strings.Contains(string(b), r.outside) || strings.Contains(string(b), secret) {
		t.Errorf("%s %q: told %q", id, name, b)
	}
}
