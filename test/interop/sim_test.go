package interop

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// simImage is what simulated devices pull.
const simImage = "c2900-universalk9-mz.SPA.157-3.M9.bin"

// makeSimImage makes it in a folder, and returns its MD5.
func makeSimImage(t *testing.T, root string) string {
	t.Helper()
	run(t, exec.Command(drayPath, "sim", "image", "--platform", "2911", "--version", "15.7(3)M9", "--size", "700000", root))
	b, err := os.ReadFile(filepath.Join(root, simImage))
	if err != nil {
		t.Fatal(err)
	}
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

// simulate runs `dray sim` with one 2911 until the test has ended, and returns where it
// answers SSH and telnet.
func simulate(t *testing.T, args ...string) (ssh, telnet string) {
	t.Helper()
	inventory := filepath.Join(t.TempDir(), "inventory.yaml")
	cmd := exec.Command(drayPath, append([]string{"sim", "--model", "2911", "--ssh-port", "0", "--telnet-port", "0",
		"--speed", "500", "--inventory", inventory}, args...)...)
	if !serving(t, cmd, func(line string) bool { return strings.Contains(line, "Ctrl-C ends") }) {
		t.Fatal("dray sim ended before it served")
	}
	text, err := os.ReadFile(inventory)
	if err != nil {
		t.Fatal(err)
	}
	find := func(key string) string {
		m := regexp.MustCompile(key + `: "([^"]+)"`).FindStringSubmatch(string(text))
		if m == nil {
			t.Fatalf("the inventory names no %s:\n%s", key, text)
		}
		return m[1]
	}
	return find("ssh"), find("telnet")
}

// dialogue is somebody at a device's telnet port.
type dialogue struct {
	t    *testing.T
	conn net.Conn
}

// until reads to where a text ends, and returns all. What telnet negotiates is left in.
func (d dialogue) until(text string) string {
	d.t.Helper()
	var got []byte
	b := make([]byte, 1)
	for !bytes.HasSuffix(got, []byte(text)) {
		if _, err := d.conn.Read(b); err != nil {
			d.t.Fatalf("waiting for %q: %v after %q", text, err, got)
		}
		got = append(got, b...)
	}
	return string(got)
}

func (d dialogue) say(line string) {
	d.t.Helper()
	if _, err := d.conn.Write([]byte(line + "\r\n")); err != nil {
		d.t.Fatal(err)
	}
}

func telnetTo(t *testing.T, addr string) dialogue {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	d := dialogue{t, conn}
	d.until("Username: ")
	d.say("cisco")
	d.until("Password: ")
	d.say("cisco")
	d.until("R1#")
	return d
}

// TestSimulatedDevicesPull: a device's copy command has the whole file from any server.
func TestSimulatedDevicesPull(t *testing.T) {
	ssh := drayServerSSH()
	for _, s := range []server{drayTFTP, tftpdHPA, drayFTP, vsftpd, ssh} {
		t.Run(s.protocol+" "+s.name, func(t *testing.T) {
			t.Parallel()
			root := furnish(t)
			sum := makeSimImage(t, root)
			e := s.start(t, root)
			args, url := []string{}, ""
			switch s.protocol {
			case "tftp":
				args = []string{"--tftp-port", e.port}
				url = "tftp://" + e.host + "/" + e.base + simImage
			case "sftp":
				url = fmt.Sprintf("scp://%s:%s@%s/%s", e.user, e.password, net.JoinHostPort(e.host, e.port), simImage)
			default:
				user := ""
				if e.user != "" {
					user = e.user + ":" + e.password + "@"
				}
				url = fmt.Sprintf("ftp://%s%s/%s", user, net.JoinHostPort(e.host, e.port), e.base+simImage)
			}
			_, addr := simulate(t, args...)
			d := telnetTo(t, addr)
			d.say("terminal length 0")
			d.until("R1#")
			d.say("copy " + url + " flash:")
			d.until("]? ")
			d.say("")
			d.until("Erase flash: before copying? [confirm]")
			if _, err := d.conn.Write([]byte("n")); err != nil {
				t.Fatal(err)
			}
			if got := d.until("R1#"); !strings.Contains(got, "700000 bytes copied") {
				t.Fatalf("the copy says\n%s", got)
			}
			d.say("verify /md5 flash:" + simImage)
			if got := d.until("R1#"); !strings.Contains(got, "= "+sum) {
				t.Errorf("MD5 is %s, the device says\n%s", sum, got)
			}
		})
	}
}

// TestNetmiko drives a device as the scripts of engineers do: log in, enable, show,
// configure, save, copy with its questions, verify, reload, and come back.
func TestNetmiko(t *testing.T) {
	peer(t, "/usr/bin/python3")
	for _, kind := range []string{"cisco_ios", "cisco_ios_telnet"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			root := furnish(t)
			sum := makeSimImage(t, root)
			e := serve(t, root, "--ftp", "off").speaking(t, "tftp")
			ssh, telnet := simulate(t, "--tftp-port", e.port)
			addr := ssh
			if kind == "cisco_ios_telnet" {
				addr = telnet
			}
			_, port, err := net.SplitHostPort(addr)
			if err != nil {
				t.Fatal(err)
			}
			out := run(t, exec.Command("/usr/bin/python3", "-W", "ignore", "testdata/drive_netmiko.py", kind, port, simImage, sum))
			if !strings.HasSuffix(out, "upgraded\n") {
				t.Errorf("%s", out)
			}
		})
	}
}
