package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dray/tftp"
)

// refusing is a TFTP server that answers every request with one ERROR, and keeps the
// requests.
func refusing(t *testing.T, answer *tftp.Error) (addr string, requests func() []string) {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for b := make([]byte, 1024); ; {
			n, from, err := conn.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			if p, err := tftp.Parse(b[:n]); err == nil {
				got = append(got, fmt.Sprint(p))
			}
			_, _ = conn.WriteToUDPAddrPort(answer.Append(nil), from) // a lost answer fails the test
		}
	}()
	return conn.LocalAddr().String(), func() []string {
		conn.Close()
		<-ended
		return got
	}
}

// TestWhatToDoAboutTFTPErrors: for each code of the protocol an exit code, a clear word, and
// what to do next.
func TestWhatToDoAboutTFTPErrors(t *testing.T) {
	local := filepath.Join(t.TempDir(), "local")
	if err := os.WriteFile(local, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code           tftp.Code
		exit           int
		word, get, put string
	}{
		{tftp.CodeUndefined, 71, "error", "its log may", "its log may"},
		{tftp.CodeNotFound, 68, "file not found", "how the name is spelt", "let the server create files"},
		{tftp.CodeAccess, 69, "access violation", "permissions of the file", "--write"},
		{tftp.CodeDiskFull, 70, "disk full or quota exceeded", "Make room", "Make room"},
		{tftp.CodeIllegal, 71, "illegal TFTP operation", "try --no-options", "try --no-options"},
		{tftp.CodeUnknownTID, 72, "unknown transfer ID", "--tftp-single-port", "--tftp-single-port"},
		{tftp.CodeExists, 73, "file already exists", "another name", "another name"},
		{tftp.CodeNoUser, 74, "no such user", "no users", "no users"},
		{tftp.CodeOptions, 71, "options refused", "try --no-options", "try --no-options"},
		{99, 71, "error code 99", "its log may", "its log may"},
	} {
		t.Run(c.code.String(), func(t *testing.T) {
			addr, requests := refusing(t, &tftp.Error{Code: c.code, Message: "the server's own words"})
			for _, row := range []struct {
				args   []string
				advice string
			}{
				{[]string{"get", "tftp://" + addr + "/f", "-"}, c.get},
				{[]string{"put", local, "tftp://" + addr + "/f"}, c.put},
			} {
				var out, errs bytes.Buffer
				code := run(context.Background(), row.args, stdio{strings.NewReader(""), &out, &errs})
				said := errs.String()
				if code != c.exit || !strings.HasPrefix(said, "dray: tftp: "+c.word+`: "the server's own words"`+"\n") || !strings.Contains(said, row.advice) {
					t.Errorf("dray %v: exit code %d, want %d; %q, want %q and %q", row.args, code, c.exit, said, c.word, row.advice)
				}
				if strings.Count(said, "\n") != 2 {
					t.Errorf("dray %v: two lines, please: %q", row.args, said)
				}
			}
			requests()
		})
	}
}

// TestTFTPFlagsOnTheWire: what is asked for is what the flags say.
func TestTFTPFlagsOnTheWire(t *testing.T) {
	for _, c := range []struct {
		url, flags, want string
	}{
		{"/f", "", `RRQ "f" octet blksize=1428 tsize=0 windowsize=16`},
		{"/f", "--blksize 8192 --windowsize 4 --timeout 3", `RRQ "f" octet blksize=8192 tsize=0 timeout=3 windowsize=4`},
		{"/f", "--blksize 512 --windowsize 1", `RRQ "f" octet tsize=0`},
		{"/f", "--timeout 5s", `RRQ "f" octet blksize=1428 tsize=0 timeout=5 windowsize=16`},
		{"/f", "--mode netascii", `RRQ "f" netascii blksize=1428 windowsize=16`},
		{"/f;mode=netascii", "", `RRQ "f" netascii blksize=1428 windowsize=16`},
		{"/f;mode=netascii", "--mode OCTET", `RRQ "f" octet blksize=1428 tsize=0 windowsize=16`},
		{"/dir/f", "--no-options", `RRQ "dir/f" octet`},
		{"//f", "--no-options", `RRQ "/f" octet`},
	} {
		addr, requests := refusing(t, &tftp.Error{Code: tftp.CodeNotFound})
		var out, errs bytes.Buffer
		args := append([]string{"get", "tftp://" + addr + c.url, "-"}, strings.Fields(c.flags)...)
		if code := run(context.Background(), args, stdio{strings.NewReader(""), &out, &errs}); code != 68 {
			t.Errorf("dray %v: exit code %d, %s", args, code, errs.String())
		}
		if got := requests(); len(got) == 0 || got[0] != c.want {
			t.Errorf("dray %v: asked %q, want %q", args, got, c.want)
		}
	}
}

// TestWhatToDoAboutSilence: no ERROR came, so the advice is a guess by how far the transfer got.
func TestWhatToDoAboutSilence(t *testing.T) {
	agreed := tftp.Options{BlockSize: 8192, WindowSize: 16}
	for _, c := range []struct {
		err      error
		transfer tftp.Transfer
		want     string
	}{
		{tftp.ErrGone, tftp.Transfer{}, "Nobody listens at 192.0.2.1:69"},
		{tftp.ErrTimeout, tftp.Transfer{}, "no firewall drops its answers"},
		{tftp.ErrTimeout, tftp.Transfer{Negotiated: agreed}, "no block of 8192 octets came through: try --blksize 512"},
		{tftp.ErrTimeout, tftp.Transfer{Negotiated: agreed, Bytes: 65536}, "lost after 65536 octets. TFTP cannot resume"},
		{tftp.ErrTimeout, tftp.Transfer{Bytes: 512}, "lost after 512 octets"},
		{context.Canceled, tftp.Transfer{}, ""},
	} {
		r := &tftpRemote{url: tftp.URL{Host: "192.0.2.1", Name: "f"}}
		err := r.advise(fmt.Errorf("get: %w", c.err), c.transfer, false)
		if !strings.Contains(hint(err), c.want) || c.want == "" && hint(err) != "" || !errors.Is(err, c.err) {
			t.Errorf("%v after %+v: %q, want %q", c.err, c.transfer, hint(err), c.want)
		}
	}
	if err := new(tftpRemote).advise(nil, tftp.Transfer{}, false); err != nil {
		t.Error(err)
	}
}

// TestWhatToDoAboutRequiredOptions: why a server that wants options did not see any.
func TestWhatToDoAboutRequiredOptions(t *testing.T) {
	for bare, want := range map[bool]string{true: "leave --no-options out", false: "its log says which limit it reached"} {
		r := &tftpRemote{client: tftp.Client{NoOptions: bare}}
		if got := hint(r.advise(&tftp.Error{Code: tftp.CodeAccess, Message: "options required"}, tftp.Transfer{}, false)); !strings.Contains(got, want) {
			t.Errorf("%q; want %q", got, want)
		}
	}
}
