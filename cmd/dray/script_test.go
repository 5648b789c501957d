package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	// A program built with -race lingers for a second before it ends, and there are hundreds.
	if err := os.Setenv("GORACE", lingerNot); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){"dray": main})
}

const lingerNot = "atexit_sleep_ms=0"

// TestScript runs the stories in testdata/script. Besides testscript's own commands they
// know
//
//	serve ARGS…   start `dray serve ARGS…`, set $FTP, $TFTP and $SFTP to its addresses and
//	              $HOSTKEY to the fingerprint that SSH clients see first, and keep what it
//	              prints before it serves in the file greeting
//	halt          interrupt it, wait for it, and keep what it logged in the file server.log
//	talk ADDR LINE… send FTP commands one by one, each after the reply to the one before, and
//	              print the replies to stdout
//	hold NAME ADDR LINE… as talk does, and stay connected as NAME
//	gone NAME     wait until the server has ended that connection
//	hangup TEXT   send it SIGHUP, and wait until TEXT is in server.log
//	exits N ARGS… run `dray ARGS…` and see that its exit code is N; stdout and stderr are as after exec
func TestScript(t *testing.T) {
	runScripts(t, "testdata/script", scriptCommands{"hangup": hangUp, "talk": talk, "hold": hold, "gone": gone})
}

type scriptCommands = map[string]func(ts *testscript.TestScript, neg bool, args []string)

// runScripts runs the stories in dir, each with a home of its own. They know serve, halt and
// exits, and these commands.
func runScripts(t *testing.T, dir string, commands scriptCommands) {
	maps.Copy(commands, scriptCommands{"serve": startServer, "halt": stopServer, "exits": exits})
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Values[serverKey{}] = &scriptServer{held: map[string]*textproto.Conn{}}
			e.Setenv("GORACE", lingerNot)
			e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, "state"))
			e.Setenv("XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "config"))
			return nil
		},
		Cmds: commands,
	})
}

// scriptServer is the `dray serve` that a script runs; one at a time.
type scriptServer struct {
	cmd  *exec.Cmd
	log  *serverLog
	rest chan string // what it printed after it was up
	held map[string]*textproto.Conn
}

func startServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("to see dray serve fail, write: ! exec dray serve …")
	}
	ports := filepath.Join(ts.Getenv("WORK"), "ports")
	log, err := newServerLog(filepath.Join(ts.Getenv("WORK"), "server.log"))
	ts.Check(err)
	ts.Defer(func() { _ = log.file.Close() })
	cmd := exec.Command("dray", append([]string{"serve", "--listen", "127.0.0.1", "--ftp", "0", "--tftp", "0", "--sftp", "off", "--ports-file", ports}, args...)...)
	cmd.Path, err = exec.LookPath("dray")
	ts.Check(err)
	cmd.Dir = ts.Getenv("WORK")
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+ts.Getenv("XDG_STATE_HOME"), "XDG_CONFIG_HOME="+ts.Getenv("XDG_CONFIG_HOME"))
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	s := server(ts)
	s.cmd, s.log, s.rest = cmd, log, make(chan string, 1)
	ts.Defer(func() { _ = cmd.Process.Kill() })

	// The ports are written before the last line of the greeting is read.
	r := bufio.NewReader(out)
	var greeting strings.Builder
	for line := ""; !strings.HasPrefix(line, "Ctrl-C"); greeting.WriteString(line) {
		if line, err = r.ReadString('\n'); err != nil {
			ts.Fatalf("dray serve ended before it was up: %v\n%s", err, ts.ReadFile("server.log"))
		}
		if _, key, found := strings.Cut(line, "ED25519 256 "); found {
			ts.Setenv("HOSTKEY", strings.TrimSpace(key))
		}
	}
	ts.Check(os.WriteFile(filepath.Join(ts.Getenv("WORK"), "greeting"), []byte(greeting.String()), 0o644))
	go func() {
		b, _ := io.ReadAll(r)
		s.rest <- string(b)
	}()
	for line := range strings.Lines(ts.ReadFile("ports")) {
		protocol, addr, _ := strings.Cut(strings.TrimSpace(line), " ")
		ts.Setenv(strings.ToUpper(protocol), addr)
	}
}

func stopServer(ts *testscript.TestScript, neg bool, _ []string) {
	s := server(ts)
	ts.Check(s.cmd.Process.Signal(syscall.SIGINT))
	<-s.rest
	if err := s.cmd.Wait(); (err != nil) != neg {
		ts.Fatalf("dray serve ended with %v\n%s", err, ts.ReadFile("server.log"))
	}
}

func hangUp(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hangup TEXT")
	}
	s := server(ts)
	ts.Check(s.cmd.Process.Signal(syscall.SIGHUP))
	s.log.await(args[0])
}

// serverLog is what a server logs, in a file and for those who wait for something.
type serverLog struct {
	file *os.File
	mu   sync.Mutex
	more sync.Cond
	text strings.Builder
}

func newServerLog(name string) (*serverLog, error) {
	file, err := os.Create(name)
	l := &serverLog{file: file}
	l.more.L = &l.mu
	return l, err
}

func (l *serverLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(b)
	l.more.Broadcast()
	return l.file.Write(b)
}

// await returns when the log holds text.
func (l *serverLog) await(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for !strings.Contains(l.text.String(), text) {
		l.more.Wait()
	}
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N ARGS…")
	}
	code := 0
	var exit *exec.ExitError
	if err := ts.Exec("dray", args[1:]...); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("exit code %d; want %s", code, args[0])
	}
}

func talk(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: talk ADDR LINE…")
	}
	converse(ts, args[0], args[1:]).Close()
}

// converse connects, and sends commands one by one.
func converse(ts *testscript.TestScript, addr string, lines []string) *textproto.Conn {
	c, err := textproto.Dial("tcp", addr)
	ts.Check(err)
	ts.Defer(func() { c.Close() })
	for _, line := range append([]string{""}, lines...) {
		if line != "" {
			ts.Check(c.PrintfLine("%s", line))
		}
		code, text, err := c.ReadResponse(0)
		ts.Check(err)
		fmt.Fprintf(ts.Stdout(), "%d %s\n", code, text)
	}
	return c
}

func hold(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: hold NAME ADDR LINE…")
	}
	server(ts).held[args[0]] = converse(ts, args[1], args[2:])
}

func gone(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || server(ts).held[args[0]] == nil {
		ts.Fatalf("usage: gone NAME")
	}
	for err := error(nil); err == nil; {
		_, err = server(ts).held[args[0]].ReadLine()
	}
}

type serverKey struct{}

func server(ts *testscript.TestScript) *scriptServer {
	return ts.Value(serverKey{}).(*scriptServer)
}

func TestTakeArgsWipesPasswords(t *testing.T) {
	for in, want := range map[string]string{
		"--user=amy:secret":                   "--user=amy:xxxxxx",
		"ftp://amy:s3cr3t@192.0.2.1/a:b":      "ftp://amy:xxxxxx@192.0.2.1/a:b",
		"ftp://amy@192.0.2.1/x":               "ftp://amy@192.0.2.1/x",
		"ftp://amy:p@ss@host/x":               "ftp://amy:xxxx@host/x",
		"tftp://192.0.2.1:69/user:name@there": "tftp://192.0.2.1:69/user:name@there",
		"./a:b":                               "./a:b",
	} {
		args := []string{strings.Clone(in)}
		if taken := takeArgs(args); taken[0] != in || args[0] != want {
			t.Errorf("%s: took %q, left %q; want %q", in, taken[0], args[0], want)
		}
	}
	args := []string{"serve", "--user", strings.Clone("amy:secret"), strings.Clone("dir:x")}
	if taken := takeArgs(args); taken[2] != "amy:secret" || args[2] != "amy:xxxxxx" || args[3] != "dir:x" {
		t.Errorf("took %q, left %q", taken, args)
	}
}

func TestUsageIsExitCode2(t *testing.T) {
	for _, args := range [][]string{
		{"serve", "a", "b"}, {"serve", "--ftp", "ftp"}, {"serve", "--ftp", "off", "--tftp", "off"},
		{"serve", "--user", "amy"}, {"serve", "--user=s3cret"}, {"serve", "--user", "s3cret\x01\"'%d:"}, {"get"}, {"put", "x"}, {"ls"}, {"nope"}, {"--nope"},
	} {
		var out, errs strings.Builder
		if code := run(context.Background(), args, stdio{strings.NewReader(""), &out, &errs}); code != 2 {
			t.Errorf("dray %s: exit code %d, %s", fmt.Sprint(args), code, errs.String())
		}
		if strings.Contains(errs.String(), "s3cret") {
			t.Errorf("dray %s shows a password: %s", fmt.Sprint(args), errs.String())
		}
	}
}
