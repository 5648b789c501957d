package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/crypto/ssh"
)

// TestSim runs the stories in testdata/sim. Besides testscript's own commands, and serve,
// halt and exits of TestScript, they know
//
//	sim ARGS…             start `dray sim` with one 2911 and these arguments
//	work ssh|telnet FILE  work at the device: FILE has lines "> TEXT", which is waited for, "< LINE", which
//	                      is typed with Enter, "<< KEYS" without, and "back", which is to come back
//	                      after a reload. What the device has shown is in stdout.
func TestSim(t *testing.T) {
	runScripts(t, "testdata/sim", scriptCommands{"sim": startSim, "work": work})
}

func startSim(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("to see dray sim fail, write: ! exec dray sim …")
	}
	inventory := filepath.Join(ts.Getenv("WORK"), "inventory.yaml")
	program, err := exec.LookPath("dray")
	ts.Check(err)
	_, port, _ := net.SplitHostPort(ts.Getenv("TFTP"))
	cmd := exec.Command(program, append([]string{"sim", "--ssh-port", "0", "--telnet-port", "0", "--speed", "1000",
		"--tftp-port", port, "--inventory", inventory}, args...)...)
	cmd.Dir = ts.Getenv("WORK")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_, _ = io.Copy(io.Discard, out)
		ts.Check(cmd.Wait())
	})
	r := bufio.NewReader(out)
	for line := ""; !strings.Contains(line, "Ctrl-C"); {
		if line, err = r.ReadString('\n'); err != nil {
			ts.Fatalf("dray sim ended before it was up: %v", err)
		}
	}
	text := ts.ReadFile("inventory.yaml")
	for _, key := range []string{"ssh", "telnet"} {
		if m := regexp.MustCompile(key + `: "([^"]+)"`).FindStringSubmatch(text); m != nil {
			ts.Setenv("SIM_"+strings.ToUpper(key), m[1])
		}
	}
}

func work(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: work ssh|telnet FILE")
	}
	addr := ts.Getenv("SIM_" + strings.ToUpper(args[0]))
	var shown bytes.Buffer
	conn, err := enter(args[0], addr)
	ts.Check(err)
	until := func(text string) error {
		b := make([]byte, 1)
		for from := shown.Len(); !bytes.HasSuffix(shown.Bytes()[from:], []byte(text)); {
			if _, err := conn.Read(b); err != nil {
				return fmt.Errorf("waiting for %q: %w", text, err)
			}
			shown.Write(b)
		}
		return nil
	}
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch word {
		case ">":
			err = until(rest)
		case "<":
			_, err = io.WriteString(conn, rest+"\r")
		case "<<":
			_, err = io.WriteString(conn, rest)
		case "back":
			_, _ = io.Copy(io.Discard, conn) // ends when the device goes, in whatever way
			conn.Close()
			for {
				if conn, err = enter(args[0], addr); err != nil {
					continue // nobody is there yet
				}
				if err = until("#"); err == nil {
					break
				}
				conn.Close()
			}
		}
		if err != nil {
			ts.Fatalf("%v after\n%s", err, shown.String())
		}
	}
	conn.Close()
	fmt.Fprint(ts.Stdout(), strings.ReplaceAll(shown.String(), "\r", ""))
}

// enter comes to the prompt of a device, or fails.
func enter(kind, addr string) (io.ReadWriteCloser, error) {
	if kind == "telnet" {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return nil, err
		}
		for _, prompt := range []string{"Username: ", "Password: "} {
			if err := readUntil(conn, prompt); err != nil {
				return nil, errors.Join(err, conn.Close())
			}
			if _, err := io.WriteString(conn, "cisco\r\n"); err != nil {
				return nil, errors.Join(err, conn.Close())
			}
		}
		return conn, nil
	}
	c, err := ssh.Dial("tcp", addr, &ssh.ClientConfig{
		User: "cisco", Auth: []ssh.AuthMethod{ssh.Password("cisco")}, HostKeyCallback: ssh.InsecureIgnoreHostKey(),
	})
	if err != nil {
		return nil, err
	}
	s, err := c.NewSession()
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	in, err1 := s.StdinPipe()
	out, err2 := s.StdoutPipe()
	if err := errors.Join(err1, err2, s.RequestPty("vt100", 24, 80, nil), s.Shell()); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return struct {
		io.Reader
		io.Writer
		io.Closer
	}{out, in, c}, nil
}

func readUntil(r io.Reader, text string) error {
	var got []byte
	b := make([]byte, 1)
	for !bytes.HasSuffix(got, []byte(text)) {
		if _, err := r.Read(b); err != nil {
			return err
		}
		got = append(got, b...)
	}
	return nil
}
