package interop

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// dray as a client.
func dray(protocol string, options ...string) client {
	command := func(name string, args ...string) *exec.Cmd {
		return exec.Command(drayPath, append(append([]string{name}, options...), args...)...)
	}
	c := client{
		name: strings.Join(append([]string{"dray"}, options...), " "), program: drayPath, protocol: protocol,
		get: func(e endpoint, remote, local string) *exec.Cmd { return command("get", e.url(remote), local) },
		put: func(e endpoint, local, remote string) *exec.Cmd { return command("put", local, e.url(remote)) },
	}
	switch protocol {
	case "ftp":
		c.missing = 78
		c.list = func(e endpoint, dir string) *exec.Cmd { return command("ls", e.url(dir+"/")) }
	case "tftp":
		c.missing = 68
	}
	return c
}

// drayFTP and drayTFTP are dray as a server that lets everyone write whom it can.
var (
	drayFTP  = server{name: "dray", protocol: "ftp", start: startFTP}
	drayTFTP = server{name: "dray", protocol: "tftp", start: startTFTP}
)

func startFTP(t *testing.T, root string) endpoint {
	e := serve(t, root, "--write", "--tftp", "off", "--user", peerUser+":"+peerPassword).speaking(t, "ftp")
	e.user, e.password = peerUser, peerPassword
	return e
}

func startTFTP(t *testing.T, root string) endpoint {
	return serve(t, root, "--write", "--ftp", "off").speaking(t, "tftp")
}

// endpoints are where one `dray serve` listens.
type endpoints []endpoint

// speaking returns the endpoint of a protocol.
func (all endpoints) speaking(t *testing.T, protocol string) endpoint {
	t.Helper()
	for _, e := range all {
		if e.protocol == protocol {
			return e
		}
	}
	t.Fatalf("dray serve does not speak %s", protocol)
	return endpoint{}
}

// serve runs `dray serve` on free ports of 127.0.0.1 until the test has ended, and returns
// where each protocol is. At the end it must stop by itself when it is interrupted.
func serve(t *testing.T, root string, args ...string) endpoints {
	t.Helper()
	return serveAnywhere(t, root, append(args, "--listen", "127.0.0.1")...)
}

// serveAnywhere does the same, on the addresses that the arguments say.
func serveAnywhere(t *testing.T, root string, args ...string) endpoints {
	t.Helper()
	ports := filepath.Join(t.TempDir(), "ports")
	events := new(eventLog)
	cmd := exec.Command(drayPath, append([]string{"serve", root, "--ftp", "0", "--tftp", "0",
		"--log-format", "json", "--ports-file", ports}, args...)...)
	cmd.Stderr = events
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+t.TempDir())
	// The last line of the greeting comes after the ports are written.
	up := serving(t, cmd, func(line string) bool { return strings.HasPrefix(line, "Ctrl-C") })
	if !up {
		t.Fatalf("dray serve ended before it served:\n%s", events)
	}
	t.Cleanup(func() { interrupt(t, cmd, events) })

	lines, err := os.ReadFile(ports)
	if err != nil {
		t.Fatal(err)
	}
	var all endpoints
	for line := range strings.Lines(string(lines)) {
		protocol, addr, _ := strings.Cut(strings.TrimSpace(line), " ")
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, endpoint{protocol: protocol, host: host, port: port, events: events})
	}
	return all
}

// interrupt stops a server as Ctrl-C does.
func interrupt(t *testing.T, cmd *exec.Cmd, events *eventLog) {
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Errorf("dray serve was gone: %v\n%s", err, events)
		return
	}
	hang := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer hang.Stop()
	if err := cmd.Wait(); err != nil {
		t.Errorf("dray serve: %v\n%s", err, events)
	}
}

// event is a line of our server's log, as far as it is compared.
type event struct {
	Msg, Op, Path, Outcome string
	Bytes                  int64
}

// anyBytes stands for every number of bytes.
const anyBytes = -1

func transferred(op, path string, bytes int64) event {
	return event{Msg: "transfer", Op: op, Path: path, Outcome: "ok", Bytes: bytes}
}

// eventLog is our server's standard error: one JSON object a line.
type eventLog struct{ transcript }

// expect waits for a line that says e.
func (l *eventLog) expect(t *testing.T, e event) {
	t.Helper()
	if l == nil {
		return // not our server
	}
	l.await(t, fmt.Sprintf("%+v", e), func(text string) bool {
		for line := range strings.Lines(text) {
			var got event
			if json.Unmarshal([]byte(line), &got) != nil {
				continue // half of a line, so far
			}
			if e.Bytes == anyBytes {
				got.Bytes = anyBytes
			}
			if got == e {
				return true
			}
		}
		return false
	})
}
