package judges

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pin/tftp/v3"
)

// tftpSizes are about the blocks of pin/tftp: 512 bytes, and 1428 where asked for.
var tftpSizes = []int{0, 1, 511, 512, 513, 1428, 2 * 1428, 512 * 2048, 3 << 20}

// pastRollover needs more than 65,535 blocks of 512 bytes.
const pastRollover = 512*65536 + 700

// TestPinClient: pin/tftp's client stores in dray and fetches from it.
func TestPinClient(t *testing.T) {
	addr := serve(t, "tftp", "--ftp", "off", "--tftp", "0")
	for _, o := range []struct {
		blksize int // 0: not asked for
		tsize   bool
	}{{0, false}, {0, true}, {512, true}, {1428, false}, {65464, true}} {
		for _, size := range tftpSizes {
			t.Run(fmt.Sprintf("blksize %d tsize %t/%d bytes", o.blksize, o.tsize, size), func(t *testing.T) {
				c := pinClient(t, addr, o.blksize)
				c.RequestTSize(o.tsize)
				pinRoundTrip(t, c, content(size), o.tsize)
			})
		}
	}
	t.Run("past the rollover", func(t *testing.T) {
		if testing.Short() {
			t.Skip("132,000 round trips")
		}
		pinRoundTrip(t, pinClient(t, addr, 0), content(pastRollover), false)
	})
	t.Run("netascii", func(t *testing.T) {
		c := pinClient(t, addr, 0)
		pinSend(t, c, "text", "netascii", []byte("one\ntwo\rthree\r\n\n"))
		sameContent(t, pinReceive(t, c, "text", "netascii", nil), []byte("one\ntwo\rthree\r\n\n"))
		sameContent(t, pinReceive(t, c, "text", "octet", nil), []byte("one\ntwo\rthree\r\n\n"))
	})
	t.Run("no file", func(t *testing.T) {
		if _, err := pinClient(t, addr, 0).Receive("missing", "octet"); err == nil || !strings.HasPrefix(err.Error(), "code: 1,") {
			t.Errorf("RRQ of nothing: %v", err)
		}
	})
}

func pinClient(t *testing.T, addr string, blksize int) *tftp.Client {
	t.Helper()
	c, err := tftp.NewClient(addr)
	must(t, err)
	c.SetBlockSize(blksize)
	return c
}

func pinRoundTrip(t *testing.T, c *tftp.Client, want []byte, tsize bool) {
	t.Helper()
	pinSend(t, c, "file", "octet", want)
	told := int64(-1)
	sameContent(t, pinReceive(t, c, "file", "octet", &told), want)
	if tsize && told != int64(len(want)) {
		t.Errorf("tsize %d; the file has %d bytes", told, len(want))
	}
}

func pinSend(t *testing.T, c *tftp.Client, name, mode string, b []byte) {
	t.Helper()
	out, err := c.Send(name, mode)
	must(t, err)
	_, err = out.ReadFrom(bytes.NewReader(b))
	must(t, err)
}

// pinReceive also stores the size that the server told in *told, if that is wanted.
func pinReceive(t *testing.T, c *tftp.Client, name, mode string, told *int64) []byte {
	t.Helper()
	in, err := c.Receive(name, mode)
	must(t, err)
	if n, ok := in.(tftp.IncomingTransfer).Size(); ok && told != nil {
		*told = n
	}
	var got bytes.Buffer
	_, err = in.WriteTo(&got)
	must(t, err)
	return got.Bytes()
}

// TestPinServer: `dray put` stores in pin/tftp's server, and `dray get` fetches from it.
func TestPinServer(t *testing.T) {
	addr := servePin(t)
	dir := t.TempDir()
	sizes := tftpSizes
	if !testing.Short() {
		sizes = append(sizes[:len(sizes):len(sizes)], pastRollover)
	}
	for _, size := range sizes {
		t.Run(fmt.Sprintf("%d bytes", size), func(t *testing.T) {
			want := content(size)
			sent, fetched := filepath.Join(dir, "sent"), filepath.Join(dir, "fetched")
			must(t, os.WriteFile(sent, want, 0o600))
			dray(t, "put", sent, "tftp://"+addr+"/file")
			dray(t, "get", "tftp://"+addr+"/file", fetched)
			got, err := os.ReadFile(fetched)
			must(t, err)
			sameContent(t, got, want)
		})
	}
	t.Run("no file", func(t *testing.T) {
		fetched := filepath.Join(dir, "nothing")
		err := exec.CommandContext(t.Context(), drayPath, "get", "tftp://"+addr+"/missing", fetched).Run()
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 68 {
			t.Errorf("dray get of nothing: %v; want exit code 68", err)
		}
		if _, err := os.Stat(fetched); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("it left a file: %v", err)
		}
	})
}

// servePin runs pin/tftp's server on files in memory until the test has ended.
func servePin(t *testing.T) (addr string) {
	t.Helper()
	var mu sync.Mutex
	files := make(map[string][]byte)
	read := func(name string, out io.ReaderFrom) error {
		mu.Lock()
		b, ok := files[name]
		mu.Unlock()
		if !ok {
			return os.ErrNotExist
		}
		out.(tftp.OutgoingTransfer).SetSize(int64(len(b)))
		_, err := out.ReadFrom(bytes.NewReader(b))
		return err
	}
	write := func(name string, in io.WriterTo) error {
		var b bytes.Buffer
		if _, err := in.WriteTo(&b); err != nil {
			return err
		}
		mu.Lock()
		files[name] = b.Bytes()
		mu.Unlock()
		return nil
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	must(t, err)
	s := tftp.NewServer(read, write)
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := s.Serve(conn); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		s.Shutdown()
		serving.Wait()
	})
	return conn.LocalAddr().String()
}
