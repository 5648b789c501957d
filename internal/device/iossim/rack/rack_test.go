package rack

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"dray/internal/device/iossim"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// start runs a rack until the test has ended.
func start(t *testing.T, p Plan) []Endpoint {
	t.Helper()
	devices, err := p.Expand(loopback)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Bind(Config{Listen: loopback, Speed: 5000, Devices: devices})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return r.Endpoints()
}

// terminal is somebody at a device.
type terminal struct {
	t  *testing.T
	rw io.ReadWriter
}

// until reads to where a text ends, and returns all.
func (x terminal) until(text string) string {
	x.t.Helper()
	var got []byte
	b := make([]byte, 1)
	for !bytes.HasSuffix(got, []byte(text)) {
		if _, err := x.rw.Read(b); err != nil {
			x.t.Fatalf("waiting for %q: %v after %q", text, err, got)
		}
		got = append(got, b...)
	}
	return string(got)
}

func (x terminal) send(text string) {
	x.t.Helper()
	if _, err := io.WriteString(x.rw, text); err != nil {
		x.t.Fatal(err)
	}
}

func login(e Endpoint, password string) (*ssh.Client, error) {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(e.HostKey))
	if err != nil {
		return nil, err
	}
	return ssh.Dial("tcp", e.SSH.String(), &ssh.ClientConfig{
		User: e.Device.User, Auth: []ssh.AuthMethod{ssh.Password(password)}, HostKeyCallback: ssh.FixedHostKey(key),
	})
}

// shell opens a terminal by SSH.
func shell(t *testing.T, c *ssh.Client) terminal {
	t.Helper()
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	in, err1 := s.StdinPipe()
	out, err2 := s.StdoutPipe()
	if err := errors.Join(err1, err2, s.RequestPty("vt100", 24, 80, nil), s.Shell()); err != nil {
		t.Fatal(err)
	}
	return terminal{t, struct {
		io.Reader
		io.Writer
	}{out, in}}
}

func TestSSH(t *testing.T) {
	e := start(t, Plan{Devices: []Group{{Model: "2911", Hostname: "Lab"}}})[0]
	if _, err := login(e, "wrong"); err == nil {
		t.Error("a wrong password opens the device")
	}
	c, err := login(e, Lab)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := string(c.ServerVersion()); got != "SSH-2.0-Cisco-1.25" {
		t.Errorf("the server is %s", got)
	}
	x := shell(t, c)
	x.until("Lab#")
	x.send("show ip interface brief | include 127\r")
	if got := x.until("Lab#"); !strings.Contains(got, "GigabitEthernet0/0         127.0.0.1") {
		t.Errorf("%q", got)
	}
	if _, err := c.NewSession(); err == nil {
		t.Error("a connection has two sessions")
	}
	x.send("exit\r")
	if _, err := io.Copy(io.Discard, x.rw); err != nil {
		t.Error(err)
	}

	one, err := login(e, Lab)
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	s, err := one.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Output("show version | include image")
	if err != nil || !strings.Contains(string(out), "c2900-universalk9") {
		t.Errorf("a single command prints %q, %v", out, err)
	}
}

// TestReloadGoesAwayAndComesBack by telnet, with every connection dropped meanwhile.
func TestReloadGoesAwayAndComesBack(t *testing.T) {
	e := start(t, Plan{Devices: []Group{{Model: "2960", Hostname: "Lab"}}})[0]
	c, err := login(e, Lab)
	if err != nil {
		t.Fatal(err)
	}
	other := shell(t, c)
	other.until("Lab#")
	conn := byTelnet(t, e)
	x := terminal{t, conn}
	x.until("Username: ")
	x.send("cisco\r\n")
	x.until("Password: ")
	x.send("cisco\r\n")
	x.until("Lab#")
	x.send("reload\r\n")
	x.until("[confirm]")
	x.send("\r\n")
	for _, end := range []io.Reader{conn, other.rw} {
		_, _ = io.Copy(io.Discard, end) // ends when the device drops it, in whatever way
	}
	for {
		again, err := login(e, Lab)
		if err != nil {
			if t.Context().Err() != nil {
				t.Fatal(err)
			}
			continue // it is still booting
		}
		defer again.Close()
		s := shell(t, again)
		s.until("Lab#")
		s.send("show version | include by reload\r")
		s.until("System returned to ROM by reload")
		return
	}
}

func byTelnet(t *testing.T, e Endpoint) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", e.Telnet.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// TestLinesRunOut: a device has five lines, and goes on when they are free again.
func TestLinesRunOut(t *testing.T) {
	e := start(t, Standard(1))[0]
	var all []net.Conn
	for range 5 {
		conn := byTelnet(t, e)
		terminal{t, conn}.until("Username: ")
		all = append(all, conn)
	}
	extra := byTelnet(t, e)
	if got, _ := io.ReadAll(extra); bytes.Contains(got, []byte("Username")) {
		t.Errorf("the line after the last says %q", got)
	}
	all[3].Close()
	for {
		conn := byTelnet(t, e)
		b := make([]byte, 64)
		n := 0
		for err := error(nil); err == nil && !bytes.Contains(b[:n], []byte("User")); {
			var m int
			m, err = conn.Read(b[n:])
			n += m
		}
		if bytes.Contains(b[:n], []byte("User")) {
			return
		}
	}
}

func TestPlans(t *testing.T) {
	p, err := ParsePlan([]byte(`
speed: 50
devices:
  - model: 2911
    count: 2
    hostname: edge
    password: geheim
    config:
      - ip domain name lab.example
    flash:
      class: disk
      size: 200000000
      files:
        - version: 15.7(3)M9
          size: 1000
    faults:
      loss: 0.1
      hang: Destination filename
  - model: "9300"
`))
	if err != nil {
		t.Fatal(err)
	}
	all, err := p.Expand(loopback)
	if err != nil || len(all) != 3 {
		t.Fatal(len(all), err)
	}
	if a := all[1]; a.Name != "edge2" || a.Model.Name != "2911" || a.Password != "geheim" || a.Link.Loss != 0.1 || a.Faults.Hang != "Destination filename" || a.Files[0].Name != "c2900-universalk9-mz.SPA.157-3.M9.bin" {
		t.Errorf("%+v", a)
	}
	if all[2].Name != "R3" || all[2].User != Lab {
		t.Errorf("%+v", all[2])
	}
	for _, s := range []Device(all) {
		d, err := iossim.New(iossim.Settings{Model: s.Model, FlashSize: s.FlashSize, Class: s.Class, Files: s.Files})
		if err != nil {
			t.Error(err)
			continue
		}
		d.Close()
	}
	for text, want := range map[string]string{
		"devices: []":                                                            "at least one",
		"devices:\n  - model: 2912":                                              "2912",
		"devices:\n  - modell: 2911":                                             "modell",
		"devices:\n  - model: 2911\n    count: 99999":                            "count",
		"devices:\n  - model: 2911\n    address: here":                           "address",
		"devices:\n  - model: 2911\n    flash: {class: x}":                       "class",
		"devices:\n  - model: 2911\n    ssh: none":                               "ssh",
		"devices:\n  - model: 2911\n    faults: {loss: 1}":                       "loss",
		"devices:\n  - model: 2911\n    flash: {files: [{version: x, size: 3}]}": "octets",
		"{": "",
	} {
		p, err := ParsePlan([]byte(text))
		if err == nil {
			_, err = p.Expand(loopback)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %q in it", text, err, want)
		}
	}
}

func TestInventory(t *testing.T) {
	devices, err := Standard(2).Expand(loopback)
	if err != nil {
		t.Fatal(err)
	}
	got := Inventory([]Endpoint{
		{Device: devices[0], SSH: netip.MustParseAddrPort("127.0.0.1:2200"), HostKey: "ssh-ed25519 AAAA\n"},
		{Device: devices[1], Telnet: netip.MustParseAddrPort("127.0.0.1:2301")},
	})
	const want = `# Simulated devices of dray sim. The passwords are those of a lab.
devices:
  - name: "R1"
    model: "2911"
    ssh: "127.0.0.1:2200"
    host-key: "ssh-ed25519 AAAA"
    user: "cisco"
    password: "cisco"
    enable: "cisco"
  - name: "R2"
    model: "2960"
    telnet: "127.0.0.1:2301"
    user: "cisco"
    password: "cisco"
    enable: "cisco"
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestOldSSH: a device that has the algorithms of old IOS only is refused by a client of
// today, and one that takes them works on it.
func TestOldSSH(t *testing.T) {
	e := start(t, Plan{Devices: []Group{{Model: "2911", Hostname: "Old", SSH: "old"}}})[0]
	if _, err := login(e, Lab); err == nil {
		t.Error("a client of today finds an algorithm")
	}
	old := ssh.Config{KeyExchanges: []string{ssh.InsecureKeyExchangeDH1SHA1}, Ciphers: []string{ssh.InsecureCipherTripleDESCBC}, MACs: []string{ssh.HMACSHA1}}
	c, err := ssh.Dial("tcp", e.SSH.String(), &ssh.ClientConfig{
		Config: old, User: Lab, Auth: []ssh.AuthMethod{ssh.Password(Lab)}, HostKeyAlgorithms: []string{ssh.KeyAlgoRSA}, HostKeyCallback: ssh.InsecureIgnoreHostKey(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	shell(t, c).until("Old#")
}
