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

// dray as a client. It trusts the key of a server that has TLS, and no other.
func dray(protocol string, options ...string) client {
	command := func(e endpoint, name string, args ...string) *exec.Cmd {
		all := append([]string{name}, options...)
		if e.ca != "" {
			all = append(all, "--pin", keyPin(e.ca))
		}
		if e.hostKey != "" {
			all = append(all, "--host-key", e.hostKey, "--identity", e.identity)
		}
		return exec.Command(drayPath, append(all, args...)...)
	}
	c := client{
		name: strings.Join(append([]string{"dray"}, options...), " "), program: drayPath, protocol: protocol,
		get: func(e endpoint, remote, local string) *exec.Cmd {
			return command(e, "get", e.as(protocol).url(remote), local)
		},
		put: func(e endpoint, local, remote string) *exec.Cmd {
			return command(e, "put", local, e.as(protocol).url(remote))
		},
		missing: 78,
	}
	if protocol == "tftp" {
		c.missing = 68
		return c
	}
	if protocol == "scp" {
		return c
	}
	c.list = func(e endpoint, dir string) *exec.Cmd { return command(e, "ls", e.as(protocol).url(dir+"/")) }
	return c
}

// dray as a server that lets everyone write whom it can. drayFTP offers TLS too, as it does
// by default; drayTLS and drayFTPS insist on it, and on data connections that belong to
// their control connection.
var (
	drayFTP   = drayServer("ftp")
	drayTFTP  = drayServer("tftp")
	drayTFTP1 = drayOnePort()
	drayTLS   = drayServer("ftp", "--tls", "required", "--tls-data-binding", "require")
	drayFTPS  = drayServer("ftps", "--ftps", "0", "--tls", "required", "--tls-data-binding", "require")
)

// drayOnePort answers TFTP from its one port.
func drayOnePort() server {
	s := drayServer("tftp", "--tftp-single-port")
	s.brief = true
	return s
}

func drayServer(protocol string, args ...string) server {
	return server{name: "dray", protocol: protocol, start: func(t *testing.T, root string) endpoint {
		d := serve(t, root, append(args, "--write", "--tftp-write", "all", "--user", peerUser+":"+peerPassword)...)
		e := d.speaking(t, protocol)
		if protocol != "tftp" {
			e.user, e.password = peerUser, peerPassword
		}
		if protocol != "tftp" && len(args) > 0 {
			e.ca = d.certificate
		}
		return e
	}}
}

// drayServe is one `dray serve` that runs.
type drayServe struct {
	endpoints   []endpoint
	certificate string // file
	state       string // folder
}

// speaking returns the endpoint of a protocol.
func (d drayServe) speaking(t *testing.T, protocol string) endpoint {
	t.Helper()
	for _, e := range d.endpoints {
		if e.protocol == protocol {
			return e
		}
	}
	t.Fatalf("dray serve does not speak %s", protocol)
	return endpoint{}
}

// serve runs `dray serve` on free ports of 127.0.0.1 until the test has ended. Then it must
// stop by itself when it is interrupted.
func serve(t *testing.T, root string, args ...string) drayServe {
	t.Helper()
	return serveAnywhere(t, root, append(args, "--listen", "127.0.0.1")...)
}

// serveAnywhere does the same, on the addresses that the arguments say.
func serveAnywhere(t *testing.T, root string, args ...string) drayServe {
	t.Helper()
	state := t.TempDir()
	ports := filepath.Join(state, "ports")
	events := new(eventLog)
	cmd := exec.Command(drayPath, append([]string{"serve", root, "--config", "none", "--ftp", "0", "--tftp", "0", "--sftp", "off",
		"--log-format", "json", "--ports-file", ports, "--state-dir", state}, args...)...)
	cmd.Stderr = events
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
	d := drayServe{certificate: filepath.Join(state, "tls-cert.pem"), state: state}
	for line := range strings.Lines(string(lines)) {
		protocol, addr, _ := strings.Cut(strings.TrimSpace(line), " ")
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			t.Fatal(err)
		}
		d.endpoints = append(d.endpoints, endpoint{protocol: protocol, host: host, port: port, events: events})
	}
	return d
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
	Detail                 string // is not compared as a whole
}

// anyBytes stands for every number of bytes.
const anyBytes = -1

func transferred(op, path string, bytes int64) event {
	return event{Msg: "transfer", Op: op, Path: path, Outcome: "ok", Bytes: bytes}
}

// eventLog is our server's standard error: one JSON object a line.
type eventLog struct{ transcript }

// expect waits for a line that says e, whatever its detail, and returns it.
func (l *eventLog) expect(t *testing.T, e event) event {
	t.Helper()
	e.Detail = ""
	return l.expectDetail(t, e)
}

// expectDetail waits for a line that says e, with a detail that contains the one of e.
func (l *eventLog) expectDetail(t *testing.T, e event) event {
	t.Helper()
	if l == nil {
		return event{} // not our server
	}
	var found event
	l.await(t, fmt.Sprintf("%+v", e), func(text string) bool {
		for line := range strings.Lines(text) {
			found = event{}
			if json.Unmarshal([]byte(line), &found) != nil {
				continue // half of a line, so far
			}
			same := found
			same.Detail = e.Detail
			if e.Bytes == anyBytes {
				same.Bytes = anyBytes
			}
			if same == e && strings.Contains(found.Detail, e.Detail) {
				return true
			}
		}
		return false
	})
	return found
}
