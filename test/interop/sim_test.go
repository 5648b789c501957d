package interop

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
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
	for _, s := range []server{drayTFTP, tftpdHPA, drayFTP, vsftpd, ssh, openSSHByPassword} {
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
			out := run(t, exec.Command("/usr/bin/python3", "-W", "ignore", "testdata/drive_netmiko.py", kind, portOf(t, addr), simImage, sum))
			if !strings.HasSuffix(out, "upgraded\n") {
				t.Errorf("%s", out)
			}
		})
	}
}

// TestParamiko does the same with a bare channel, and with single commands.
func TestParamiko(t *testing.T) {
	peer(t, "/usr/bin/python3")
	t.Parallel()
	root := furnish(t)
	sum := makeSimImage(t, root)
	e := serve(t, root, "--ftp", "off").speaking(t, "tftp")
	ssh, _ := simulate(t, "--tftp-port", e.port)
	out := run(t, exec.Command("/usr/bin/python3", "-W", "ignore", "testdata/drive_paramiko.py", portOf(t, ssh), simImage, sum))
	if !strings.HasSuffix(out, "upgraded\n") {
		t.Errorf("%s", out)
	}
}

func portOf(t *testing.T, addr string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// TestByHand: somebody works at a device with ssh and with telnet, key by key.
func TestByHand(t *testing.T) {
	peer(t, "expect")
	for _, program := range []string{"ssh", "telnet"} {
		t.Run(program, func(t *testing.T) {
			peer(t, program)
			t.Parallel()
			root := furnish(t)
			makeSimImage(t, root)
			e := serve(t, root, "--ftp", "off").speaking(t, "tftp")
			ssh, telnet := simulate(t, "--tftp-port", e.port)
			args := []string{"-f", "testdata/by_hand.exp", simImage, program}
			if program == "ssh" {
				args = append(args, "-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
					"-o", "IdentityAgent=none", "-o", "PubkeyAuthentication=no", "-p", portOf(t, ssh), "cisco@127.0.0.1")
			} else {
				args = append(args, "127.0.0.1", portOf(t, telnet))
			}
			if out := run(t, exec.Command("expect", args...)); !strings.Contains(out, "done by hand") {
				t.Errorf("%s", out)
			}
		})
	}
}

// TestTemplates: the templates of other people read what devices of all models print.
func TestTemplates(t *testing.T) {
	peer(t, "/usr/bin/python3")
	t.Parallel()
	inventory := filepath.Join(t.TempDir(), "inventory.yaml")
	cmd := exec.Command(drayPath, "sim", "--devices", "4", "--ssh-port", "0", "--telnet-port", "off", "--inventory", inventory)
	if !serving(t, cmd, func(line string) bool { return strings.Contains(line, "Ctrl-C ends") }) {
		t.Fatal("dray sim ended before it served")
	}
	text, err := os.ReadFile(inventory)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-W", "ignore", "testdata/parse_textfsm.py", "testdata/ntc-templates"}
	for _, m := range regexp.MustCompile(`model: "(\w+)"\n +ssh: "[^"]+:(\d+)"`).FindAllStringSubmatch(string(text), -1) {
		args = append(args, m[1]+"="+m[2])
	}
	got := make(map[string][]map[string]any)
	for line := range strings.Lines(run(t, exec.Command("/usr/bin/python3", args...))) {
		words := strings.SplitN(line, " ", 3)
		var records []map[string]any
		if err := json.Unmarshal([]byte(words[2]), &records); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		got[words[0]+" "+words[1]] = records
	}
	for _, want := range templated {
		records := got[want.model+" "+want.command]
		if len(records) < want.records {
			t.Errorf("%s, %s: %d records; want %d: %v", want.model, want.command, len(records), want.records, records)
			continue
		}
		for i := 0; i+1 < len(want.fields); i += 2 {
			if v := fmt.Sprint(records[want.at][want.fields[i]]); v != want.fields[i+1] {
				t.Errorf("%s, %s: %s is %q; want %q", want.model, want.command, want.fields[i], v, want.fields[i+1])
			}
		}
	}
}

// templated is what the templates find: at least so many records, and fields of one.
var templated = []struct {
	model, command string
	records, at    int
	fields         []string
}{
	{"2911", "show_version", 1, 0, []string{"SOFTWARE_IMAGE", "C2900-UNIVERSALK9-M", "VERSION", "15.1(4)M4", "RUNNING_IMAGE", "c2900-universalk9-mz.SPA.151-4.M4.bin",
		"HARDWARE", "[CISCO2911/K9]", "SERIAL", "[FTX152400KS]", "CONFIG_REGISTER", "0x2102", "HOSTNAME", "R1", "RELOAD_REASON", "power-on"}},
	{"2960", "show_version", 1, 0, []string{"VERSION", "15.0(2)SE4", "HARDWARE", "[WS-C2960-24TT-L]", "CONFIG_REGISTER", "0xF"}},
	{"4331", "show_version", 1, 0, []string{"VERSION", "16.9.4", "RUNNING_IMAGE", "isr4300-universalk9.16.09.04.SPA.bin", "HARDWARE", "[ISR4331/K9]"}},
	{"9300", "show_version", 1, 0, []string{"VERSION", "16.12.4", "RUNNING_IMAGE", "packages.conf", "CONFIG_REGISTER", "0x102"}},
	{"2911", "dir", 2, 0, []string{"FILE_SYSTEM", "flash0:/", "PERMISSIONS", "-rw-", "SIZE", "97794040", "NAME", "c2900-universalk9-mz.SPA.151-4.M4.bin", "TOTAL_SIZE", "256487424"}},
	{"9300", "dir", 12, 10, []string{"NAME", "packages.conf"}},
	{"2911", "show_inventory", 1, 0, []string{"PID", "CISCO2911/K9", "VID", "V05 ", "SN", "FTX152400KS"}},
	{"4331", "show_inventory", 5, 0, []string{"NAME", "Chassis", "PID", "ISR4331/K9"}},
	{"9300", "show_inventory", 4, 3, []string{"NAME", "Switch 3", "SN", "FCW2134L00C"}},
	{"2911", "show_ip_interface_brief", 4, 1, []string{"INTERFACE", "GigabitEthernet0/0", "IP_ADDRESS", "127.0.0.1", "STATUS", "up", "PROTO", "up"}},
	{"2960", "show_ip_interface_brief", 27, 0, []string{"INTERFACE", "Vlan1", "IP_ADDRESS", "127.0.0.1"}},
	{"4331", "show_clock", 1, 0, []string{"TIMEZONE", "UTC"}},
	{"2911", "show_users", 1, 0, []string{"USER", "cisco", "LOCATION", "127.0.0.1"}},
	{"2960", "show_boot", 1, 0, []string{"MANUAL_BOOT", "no", "ENABLE_BREAK", "no", "BOOT_PATH", "flash:/c2960-lanbasek9-mz.150-2.SE4.bin"}},
	{"9300", "show_boot", 1, 0, []string{"BOOT_PATH", "flash:packages.conf;", "MANUAL_BOOT", "no", "BOOT_MODE", "DEVICE"}},
	{"2911", "show_file_systems", 5, 0, []string{"PREFIXES", "system:", "FLAGS", "rw"}},
	{"2911", "show_archive", 1, 0, []string{"CURRENT_INDEX", "1"}},
}

// TestScpOfDevices: OpenSSH's scp puts a file on a device and gets it back, once the device
// is told to take it; and the device puts it on OpenSSH's server.
func TestScpOfDevices(t *testing.T) {
	peer(t, "scp")
	t.Parallel()
	root := furnish(t)
	makeSimImage(t, root)
	e := openSSHByPassword.start(t, root)
	addr, telnet := simulate(t)
	ask := configFile(t, "ask", "#!/bin/sh\necho cisco\n")
	if err := os.Chmod(ask, 0o755); err != nil {
		t.Fatal(err)
	}
	device := "cisco@127.0.0.1:flash:"
	copies := func(from, to string) (string, int) {
		cmd := exec.Command("env", "SSH_ASKPASS="+ask, "SSH_ASKPASS_REQUIRE=force", "scp", "-O", "-F", "none", "-q", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "IdentityAgent=none",
			"-o", "PubkeyAuthentication=no", "-P", portOf(t, addr), from, to)
		return runAny(t, cmd)
	}
	image := filepath.Join(root, simImage)
	if out, code := copies(image, device); code == 0 || !strings.Contains(out, "Privilege denied.") {
		t.Errorf("a device that was not told takes a file: %d\n%s", code, out)
	}
	d := telnetTo(t, telnet)
	for _, line := range []string{"configure terminal", "ip scp server enable", "end"} {
		d.say(line)
		d.until("#")
	}
	back := filepath.Join(t.TempDir(), "back")
	for _, c := range [][2]string{{image, device}, {device + "/" + simImage, back}} {
		if out, code := copies(c[0], c[1]); code != 0 {
			t.Fatalf("%s: %d\n%s", c, code, out)
		}
	}
	sent := filepath.Join(root, "incoming", "sent.bin")
	d.say(fmt.Sprintf("copy flash:%s scp://%s:%s@%s/%s", simImage, e.user, e.password, net.JoinHostPort(e.host, e.port), sent))
	d.until("]? ")
	d.say("")
	if got := d.until("R1#"); !strings.Contains(got, "Sending file modes: C0644 700000 sent.bin") || !strings.Contains(got, "700000 bytes copied") {
		t.Errorf("the device says\n%s", got)
	}
	want, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{back, sent} {
		if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s has %d octets, %v; want those of the image", name, len(got), err)
		}
	}
}
