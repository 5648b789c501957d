package judges

import (
	"bufio"
	"crypto/md5"
	"encoding/hex"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/scrapli/scrapligo/channel"
	"github.com/scrapli/scrapligo/driver/network"
	"github.com/scrapli/scrapligo/driver/options"
	"github.com/scrapli/scrapligo/platform"
	"github.com/scrapli/scrapligo/util"
)

// simulate runs `dray sim` with one 2911 that asks TFTP servers on a port, and returns the
// ports where it answers SSH and telnet.
func simulate(t *testing.T, tftp string) (ssh, telnet int) {
	t.Helper()
	inventory := filepath.Join(t.TempDir(), "inventory.yaml")
	cmd := exec.Command(drayPath, "sim", "--model", "2911", "--ssh-port", "0", "--telnet-port", "0", "--speed", "500",
		"--tftp-port", tftp, "--inventory", inventory)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	rest := bufio.NewReader(out)
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		io.Copy(io.Discard, rest)
		if err := cmd.Wait(); err != nil {
			t.Errorf("dray sim ended with: %v", err)
		}
	})
	for line := ""; !strings.Contains(line, "Ctrl-C ends"); {
		if line, err = rest.ReadString('\n'); err != nil {
			t.Fatalf("dray sim ended before it was up: %v", err)
		}
	}
	text, err := os.ReadFile(inventory)
	if err != nil {
		t.Fatal(err)
	}
	find := func(key string) int {
		m := regexp.MustCompile(key + `: "[^"]+:(\d+)"`).FindStringSubmatch(string(text))
		if m == nil {
			t.Fatalf("the inventory names no %s:\n%s", key, text)
		}
		n, _ := strconv.Atoi(m[1])
		return n
	}
	return find("ssh"), find("telnet")
}

// reach opens a session, again and again while the device boots.
func reach(t *testing.T, transport string, port int) *network.Driver {
	t.Helper()
	var last error
	for end := time.Now().Add(patience); time.Now().Before(end) && t.Context().Err() == nil; {
		p, err := platform.NewPlatform("cisco_iosxe", "127.0.0.1", []util.Option{
			options.WithPort(port), options.WithTransportType(transport), options.WithAuthNoStrictKey(),
			options.WithAuthUsername("cisco"), options.WithAuthPassword("cisco"), options.WithAuthSecondary("cisco"),
			options.WithTimeoutOps(time.Minute), options.WithTermWidth(200),
		}...)
		if err != nil {
			t.Fatal(err)
		}
		d, err := p.GetNetworkDriver()
		if err != nil {
			t.Fatal(err)
		}
		if last = d.Open(); last == nil {
			return d
		}
	}
	t.Fatalf("the device cannot be reached: %v", last)
	return nil
}

// TestScrapligo upgrades a simulated device by scrapligo, over SSH and telnet: log in,
// enable, show, configure, copy with its questions, verify, reload, and come back.
func TestScrapligo(t *testing.T) {
	for _, transport := range []string{"standard", "telnet"} {
		t.Run(transport, func(t *testing.T) {
			images := t.TempDir()
			dray(t, "sim", "image", "--platform", "2911", "--version", "15.7(3)M9", "--size", "300000", images)
			const image = "c2900-universalk9-mz.SPA.157-3.M9.bin"
			address := serve(t, "tftp", "--ftp", "off", "--tftp", "0")
			_, tftp, _ := strings.Cut(address, ":")
			dray(t, "put", filepath.Join(images, image), "tftp://"+address+"/"+image)
			ssh, telnet := simulate(t, tftp)
			port := ssh
			if transport == "telnet" {
				port = telnet
			}
			d := reach(t, transport, port)
			said := func(command, want string) {
				t.Helper()
				r, err := d.SendCommand(command)
				if err != nil || r.Failed != nil || !strings.Contains(r.Result, want) {
					t.Fatalf("%s: %v, %v; want %q in\n%s", command, err, r.Failed, want, r.Result)
				}
			}
			said("disable", "")
			said("show version", "Version 15.1(4)M4") // by enable, with its secret
			if r, err := d.SendConfigs([]string{"hostname R9", "interface GigabitEthernet0/1", "description lab", "boot system flash0:" + image}); err != nil || r.Failed != nil {
				t.Fatal(err, r.Failed)
			}
			said("show running-config interface GigabitEthernet0/1", "description lab")
			said("write memory", "[OK]")
			r, err := d.SendInteractive([]*channel.SendInteractiveEvent{
				{ChannelInput: "copy tftp: flash:", ChannelResponse: regexp.QuoteMeta("Address or name of remote host []?")},
				{ChannelInput: "127.0.0.1", ChannelResponse: regexp.QuoteMeta("Source filename []?")},
				{ChannelInput: image, ChannelResponse: regexp.QuoteMeta("Destination filename [" + image + "]?")},
				{ChannelInput: "", ChannelResponse: regexp.QuoteMeta("Erase flash: before copying? [confirm]")},
				{ChannelInput: "n", ChannelResponse: "R9#", HideInput: true},
			})
			if err != nil || !strings.Contains(r.Result, "[OK - 300000 bytes]") {
				t.Fatalf("%v\n%s", err, r.Result)
			}
			said("verify /md5 flash:"+image, "= "+md5Of(t, filepath.Join(images, image)))
			_, err = d.SendInteractive([]*channel.SendInteractiveEvent{
				{ChannelInput: "reload", ChannelResponse: regexp.QuoteMeta("Proceed with reload? [confirm]")},
				{ChannelInput: "", ChannelResponse: "%SYS-5-RELOAD", HideInput: true},
			})
			if err == nil {
				t.Error("the device does not go away")
			}
			_ = d.Close() // the device may have gone first
			d = reach(t, transport, port)
			said("show version", "Version 15.7(3)M9")
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func md5Of(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}
