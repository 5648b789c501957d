package interop

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"dray/tftp"
)

// TestTFTPOptions has our client ask the servers of others for all that it can ask for. What
// they do not know it does without.
func TestTFTPOptions(t *testing.T) {
	for _, s := range []server{tftpdHPA, atftpd, dnsmasq, drayTFTP, drayTFTP1} {
		s.brief = true // TestFetch moves the longest file
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for _, flags := range []string{
				"--no-options", "--blksize 512 --windowsize 1", "--blksize 1468 --timeout 3", "--blksize 8 --windowsize 8",
				"--blksize 8192 --windowsize 32", "--blksize 65464 --windowsize 64", "--any-host --windowsize 3",
			} {
				c := dray("tftp", strings.Fields(flags)...)
				c.slow = true
				exchange(t, c, s)
			}
		})
	}
}

// TestTFTPGrants: what the servers of others make of the same wishes.
func TestTFTPGrants(t *testing.T) {
	for _, c := range []struct {
		server server
		block  int
		window int
		want   string
	}{
		{tftpdHPA, 0, 0, "blksize=1428 tsize=65536"},
		{tftpdHPA, 65464, 64, "blksize=65464 tsize=65536"},
		{atftpd, 0, 0, "blksize=1428 tsize=65536 windowsize=16"},
		{atftpd, 512, 4, "tsize=65536 windowsize=4"},
		{dnsmasq, 0, 0, "blksize=1428 tsize=65536"},
		{drayTFTP, 0, 0, "blksize=1428 tsize=65536 windowsize=16"},
		{drayTFTP1, 1468, 100, "blksize=1468 tsize=65536 windowsize=64"},
	} {
		t.Run(c.server.name+" "+c.want, func(t *testing.T) {
			root, f := folder(t), files[4]
			f.linkInto(t, root)
			e := c.server.start(t, root)
			port, err := strconv.Atoi(e.port)
			if err != nil {
				t.Fatal(err)
			}
			client := tftp.Client{BlockSize: c.block, WindowSize: c.window}
			defer client.Close()
			var got bytes.Buffer
			told, err := client.Get(t.Context(), tftp.URL{Host: e.host, Port: port, Name: f.name}, &got)
			if err != nil || int64(got.Len()) != f.size || told.Negotiated.String() != c.want {
				t.Errorf("%d octets of %d, negotiated %q, want %q: %v", got.Len(), f.size, told.Negotiated, c.want, err)
			}
		})
	}
}

// TestTextForOthers moves text with every kind of line end to the servers of others and back.
func TestTextForOthers(t *testing.T) {
	text := strings.Repeat("unix\nmac\rdos\r\n\r\r\n", 1000) + "\r"
	for _, s := range []server{tftpdHPA, atftpd} {
		t.Run(s.name, func(t *testing.T) {
			root, local := furnish(t), t.TempDir()
			e := s.start(t, root)
			here, back := filepath.Join(local, "text"), filepath.Join(local, "back")
			if err := os.WriteFile(here, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			run(t, exec.Command(drayPath, "put", "--mode", "netascii", here, e.url("incoming/text")))
			if e.settled != nil {
				e.settled()
			}
			sameText(t, filepath.Join(root, "incoming", "text"), text)
			run(t, exec.Command(drayPath, "get", e.url("incoming/text")+";mode=netascii", back))
			sameText(t, back, text)
		})
	}
}
