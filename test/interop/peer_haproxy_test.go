package interop

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The addresses of a client, of HAProxy, and of dray behind it.
const (
	clientAddress   = "127.0.0.3"
	balancerAddress = "127.0.0.2"
	servedAddress   = "127.0.0.1"
)

// TestHAProxy puts HAProxy in front of dray, for control and passive data connections: dray
// knows the client by the PROXY header, and takes none from anybody else.
func TestHAProxy(t *testing.T) {
	for _, version := range []string{"send-proxy", "send-proxy-v2"} {
		for _, scheme := range []string{"ftp", "ftps"} {
			t.Run(version+"/"+scheme, func(t *testing.T) { throughHAProxy(t, version, scheme) })
		}
	}
}

func throughHAProxy(t *testing.T, version, scheme string) {
	curl, haproxy := peer(t, "curl"), peer(t, "haproxy")
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "image"), []byte(strings.Repeat("image", 1<<18)), 0o644); err != nil {
		t.Fatal(err)
	}
	control, data := listenAt(t, balancerAddress+":0"), dataPort(t)
	_, passive, _ := net.SplitHostPort(data.Addr().String())
	d := serve(t, root, "--ftps", "0", "--passive-ports", passive+"-"+passive, "--proxy-from", servedAddress)
	e := d.speaking(t, scheme)
	balance(t, haproxy, version, control, net.JoinHostPort(e.host, e.port), data, net.JoinHostPort(servedAddress, passive))

	out := filepath.Join(t.TempDir(), "image")
	url := fmt.Sprintf("%s://%s/image", scheme, control.Addr())
	run(t, exec.Command(curl, "-sS", "--insecure", "--interface", clientAddress, "-o", out, url))
	if got, err := os.ReadFile(out); err != nil || len(got) != 5<<18 {
		t.Errorf("%d octets, %v", len(got), err)
	}
	knowsTheClient(t, e)
}

// knowsTheClient waits for a transfer in the log of which the client has the address.
func knowsTheClient(t *testing.T, e endpoint) {
	t.Helper()
	e.events.await(t, "the transfer of the client", func(log string) bool {
		for line := range strings.Lines(log) {
			if strings.Contains(line, `"msg":"transfer"`) && strings.Contains(line, `"remote":"`+clientAddress+`:`) {
				return true
			}
		}
		return false
	})
}

// TestHAProxySFTP: OpenSSH comes through HAProxy, and dray knows its address.
func TestHAProxySFTP(t *testing.T) {
	haproxy, sftp, key := peer(t, "haproxy"), peer(t, "sftp"), sshKey(t, "-t", "ed25519")
	for _, version := range []string{"send-proxy", "send-proxy-v2"} {
		t.Run(version, func(t *testing.T) {
			d := serve(t, furnish(t), "--sftp", "0", "--authorized-keys", peerUser+"="+key+".pub", "--proxy-from", servedAddress)
			e := d.speaking(t, "sftp")
			e.identity = key
			control := listenAt(t, balancerAddress+":0")
			to := net.JoinHostPort(e.host, e.port)
			balance(t, haproxy, version, control, to, listenAt(t, balancerAddress+":0"), to)
			_, port, _ := net.SplitHostPort(control.Addr().String())
			cmd := exec.Command(sftp, append(openSSHOptions(e), "-o", "BindAddress="+clientAddress, "-P", port, "-b", "-", peerUser+"@"+balancerAddress)...)
			cmd.Stdin = strings.NewReader("get 1024.bin " + filepath.Join(t.TempDir(), "got") + "\n")
			run(t, cmd)
			knowsTheClient(t, e)
		})
	}
}

// dataPort is a port of HAProxy that is free for dray too: clients are told one for both.
func dataPort(t *testing.T) *net.TCPListener {
	t.Helper()
	for {
		l := listenAt(t, balancerAddress+":0")
		_, port, _ := net.SplitHostPort(l.Addr().String())
		if other, err := net.Listen("tcp", net.JoinHostPort(servedAddress, port)); err == nil {
			other.Close()
			return l
		}
	}
}

func listenAt(t *testing.T, addr string) *net.TCPListener {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.(*net.TCPListener)
}

// balance runs HAProxy on two listeners that are bound already, until the test has ended.
func balance(t *testing.T, haproxy, version string, control *net.TCPListener, controlTo string, data *net.TCPListener, dataTo string) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "haproxy.cfg")
	text := fmt.Sprintf(`defaults
	mode tcp
	timeout connect 1m
	timeout client 1m
	timeout server 1m
listen control
	bind fd@3
	server dray %s %s
listen data
	bind fd@4
	server dray %s %[2]s
`, controlTo, version, dataTo)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(haproxy, "-db", "-f", config)
	for _, l := range []*net.TCPListener{control, data} {
		f, err := l.File()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cmd.ExtraFiles = append(cmd.ExtraFiles, f)
	}
	var errs strings.Builder
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil { // the ports are open, so that nobody has to wait
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed
		if t.Failed() {
			t.Log(errs.String())
		}
	})
}

// TestHeadersOfStrangers: a PROXY header of somebody who is no balancer is no command.
func TestHeadersOfStrangers(t *testing.T) {
	d := serve(t, t.TempDir(), "--proxy-from", balancerAddress)
	e := d.speaking(t, "ftp")
	out := run(t, exec.Command("sh", "-c", `printf 'PROXY TCP4 192.0.2.7 192.0.2.1 4711 21\r\nQUIT\r\n' | `+peer(t, "busybox")+` nc "$0" "$1"`, e.host, e.port))
	if !strings.Contains(out, "500 ") || !strings.Contains(out, "221 ") {
		t.Errorf("it said:\n%s", out)
	}
}
