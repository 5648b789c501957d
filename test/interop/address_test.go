package interop

import (
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestReplyAddress asks a server that listens on every address at one address of many.
// TFTP must answer from there, FTP must name it for its data connections.
func TestReplyAddress(t *testing.T) {
	for _, row := range []struct{ listen, ask string }{
		{"0.0.0.0", "127.0.0.1"},
		{"0.0.0.0", "127.0.0.2"},
		{"", "127.0.0.2"},
		{"", "::1"},
		{"::", "::1"},
	} {
		t.Run("listen "+row.listen+" ask "+row.ask, func(t *testing.T) {
			if strings.Contains(row.listen+row.ask, "::") {
				needIPv6(t)
			}
			peer(t, "curl")
			f := files[len(files)-2]
			root := folder(t)
			f.linkInto(t, root)
			var listen []string
			if row.listen != "" {
				listen = []string{"--listen", row.listen}
			}
			d := serveAnywhere(t, root, listen...)

			tftp := d.speaking(t, "tftp")
			tftp.host = row.ask
			answersFrom(t, tftp, f.name)

			ftp := d.speaking(t, "ftp")
			ftp.host = row.ask
			for _, c := range []client{curl("", "tftp"), curl("", "ftp"), curl("", "ftp", "--disable-epsv"), curl("", "ftp", "--ftp-port", "-")} {
				e := ftp
				if c.protocol == "tftp" {
					e = tftp
				}
				got := filepath.Join(t.TempDir(), "got")
				run(t, c.get(e, f.name, got))
				f.compare(t, got)
			}
		})
	}
}

// answersFrom sends a read request from an unconnected socket, which takes an answer from
// anywhere, and looks where the answer comes from.
func answersFrom(t *testing.T, e endpoint, name string) {
	t.Helper()
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(unspecified(e.host))})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	asked := netip.MustParseAddrPort(net.JoinHostPort(e.host, e.port))
	if _, err := c.WriteToUDPAddrPort([]byte("\x00\x01"+name+"\x00octet\x00"), asked); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 1024)
	n, from, err := c.ReadFromUDPAddrPort(answer)
	if err != nil {
		t.Fatal(err)
	}
	if from.Addr().Unmap() != asked.Addr() || string(answer[:min(n, 4)]) != "\x00\x03\x00\x01" {
		t.Errorf("%v was asked, %v answered %q", asked, from, answer[:min(n, 4)])
	}
	if _, err := c.WriteToUDPAddrPort([]byte("\x00\x05\x00\x00done\x00"), from); err != nil {
		t.Fatal(err)
	}
}

func unspecified(host string) string {
	if strings.Contains(host, ":") {
		return "::"
	}
	return "0.0.0.0"
}

func needIPv6(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skipf("this machine has no IPv6: %v", err)
	}
	l.Close()
}
