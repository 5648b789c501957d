package link

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"dray/internal/device/iossim/flash"
	"dray/internal/device/iossim/place"
	"dray/tftp"
)

// octets is a file that every transfer can be compared with.
var octets = bytes.Repeat([]byte("0123456789abcdef"), 2000)

// shelf is a TFTP server with one file, which also takes files.
type shelf struct {
	mu    sync.Mutex
	taken map[string][]byte
}

func (s *shelf) ReadFile(_ context.Context, r *tftp.Request) (io.ReadCloser, int64, error) {
	if r.Name != "image.bin" {
		return nil, 0, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(octets)), int64(len(octets)), nil
}

func (s *shelf) WriteFile(_ context.Context, r *tftp.Request) (tftp.Upload, error) {
	if r.Name == "forbidden" {
		return nil, fs.ErrPermission
	}
	return &upload{shelf: s, name: r.Name}, nil
}

type upload struct {
	bytes.Buffer
	shelf *shelf
	name  string
}

func (u *upload) Commit() error {
	u.shelf.mu.Lock()
	defer u.shelf.mu.Unlock()
	u.shelf.taken[u.name] = u.Bytes()
	return nil
}

func (u *upload) Abort() error { return nil }

// serve starts a server, and returns its port.
func serve(t *testing.T) (*shelf, int) {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	h := &shelf{taken: map[string][]byte{}}
	s := &tftp.Server{Handler: h}
	done := make(chan error, 1)
	go func() { done <- s.Serve(conn) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		<-done
	})
	return h, conn.LocalAddr().(*net.UDPAddr).Port
}

func fetch(t *testing.T, l *Link, r place.Remote) (got []byte, marks string, err error) {
	t.Helper()
	var b bytes.Buffer
	var mu sync.Mutex
	err = l.Fetch(t.Context(), r, &b, func(m place.Mark) {
		mu.Lock()
		defer mu.Unlock()
		marks += string(rune(m))
	})
	mu.Lock()
	defer mu.Unlock()
	return b.Bytes(), marks, err
}

func TestTFTPFetchesAndStores(t *testing.T) {
	h, port := serve(t)
	r := place.Remote{Scheme: "tftp", Host: "127.0.0.1", Path: "image.bin"}
	for _, block := range []int{0, 1024, 8192} {
		l := &Link{TFTPPort: port}
		r.BlockSize = block
		got, marks, err := fetch(t, l, r)
		if err != nil || !bytes.Equal(got, octets) {
			t.Errorf("blocks of %d: %d octets, %v", block, len(got), err)
		}
		if want := len(octets)/max(block, 512)/10 + 1; strings.Count(marks, "!") != want {
			t.Errorf("blocks of %d: marks %s; want %d of !", block, marks, want)
		}
	}
	l := &Link{TFTPPort: port}
	r.Path = "router-confg"
	err := l.Store(t.Context(), r, bytes.NewReader(octets), int64(len(octets)), nil)
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil || !bytes.Equal(h.taken[r.Path], octets) {
		t.Errorf("stored %d octets, %v", len(h.taken[r.Path]), err)
	}
}

func TestWhatAServerSaysIsUnderstood(t *testing.T) {
	_, port := serve(t)
	l := &Link{TFTPPort: port, Timeout: time.Minute}
	_, _, err := fetch(t, l, place.Remote{Scheme: "tftp", Host: "127.0.0.1", Path: "missing"})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	err = l.Store(t.Context(), place.Remote{Scheme: "tftp", Host: "127.0.0.1", Path: "forbidden"}, strings.NewReader("x"), 1, nil)
	if !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a file that is refused: %v", err)
	}
	if _, _, err := fetch(t, l, place.Remote{Scheme: "gopher", Host: "127.0.0.1"}); !errors.Is(err, place.ErrUnsupported) {
		t.Errorf("another protocol: %v", err)
	}
}

// closedPort is a TCP port where nobody listens.
func closedPort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func TestNobodyAnswers(t *testing.T) {
	silent, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	l := &Link{TFTPPort: silent.LocalAddr().(*net.UDPAddr).Port, Timeout: 50 * time.Millisecond}
	if _, _, err := fetch(t, l, place.Remote{Scheme: "tftp", Host: "127.0.0.1", Path: "x"}); !errors.Is(err, place.ErrTimeout) {
		t.Errorf("a silent TFTP server: %v", err)
	}
	port := closedPort(t)
	for _, scheme := range []string{"ftp", "scp"} {
		if _, _, err := fetch(t, l, place.Remote{Scheme: scheme, Host: "127.0.0.1", Port: port, Path: "x"}); !errors.Is(err, place.ErrRefused) {
			t.Errorf("no %s server: %v", scheme, err)
		}
	}
}

func TestFaults(t *testing.T) {
	_, port := serve(t)
	r := place.Remote{Scheme: "tftp", Host: "127.0.0.1", Path: "image.bin"}

	got, _, err := fetch(t, &Link{TFTPPort: port, Faults: Faults{Corrupt: 20000}}, r)
	want := bytes.Clone(octets)
	want[19999] ^= 0x20
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("one octet wrong: %d octets, %v", len(got), err)
	}
	got, marks, err := fetch(t, &Link{TFTPPort: port, Timeout: 2 * time.Second, Faults: Faults{CutAfter: 10000}}, r)
	if !errors.Is(err, place.ErrTimeout) || len(got) > 10000 || !strings.HasPrefix(marks, "!!") {
		t.Errorf("cut off: %d octets, marks %s, %v", len(got), marks, err)
	}
	got, _, err = fetch(t, &Link{TFTPPort: port, Faults: Faults{Rate: 1 << 20}}, r)
	if err != nil || !bytes.Equal(got, octets) {
		t.Errorf("slow: %d octets, %v", len(got), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = (&Link{TFTPPort: port, Faults: Faults{Rate: 10000}}).Fetch(ctx, r, io.Discard, func(place.Mark) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("broken off: %v", err)
	}
}

func TestMarksAreOfThePackets(t *testing.T) {
	data := func(block byte) []byte { return []byte{0, opDATA, 0, block, 'x'} }
	request := []byte{0, opRRQ, 'x', 0}
	r := &relay{link: &Link{}}
	var marks []byte
	packets := [][]byte{request, data(1), data(2), data(3), data(4), data(5), data(6), data(7), data(8), data(9), data(10), data(11), data(12), data(14), data(12), data(13), {0, 4, 0, 12}}
	for _, p := range packets {
		if m := r.count(uint16(p[1]), p); m != 0 {
			marks = append(marks, byte(m))
		}
	}
	if string(marks) != "!!O." || r.octets != 13 {
		t.Errorf("marks %s, %d octets", marks, r.octets)
	}
	r = &relay{link: &Link{}}
	if m := r.count(opRRQ, request); m != 0 {
		t.Errorf("a request makes %c", m)
	}
	if m := r.count(opRRQ, request); m != place.MarkTimeout {
		t.Errorf("the request once more makes %c", m)
	}
}

// TestALossyLinkLosesNothing: what comes is whole, whatever was lost on the way.
func TestALossyLinkLosesNothing(t *testing.T) {
	_, port := serve(t)
	got, marks, err := fetch(t, &Link{TFTPPort: port, Faults: Faults{Loss: 0.03}}, place.Remote{Scheme: "tftp", Host: "127.0.0.1", Path: "image.bin"})
	if err != nil || !bytes.Equal(got, octets) {
		t.Errorf("%d octets, marks %s, %v", len(got), marks, err)
	}
}

func TestADeviceServesItsFlash(t *testing.T) {
	free, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	at := free.LocalAddr().(*net.UDPAddr).AddrPort()
	free.Close()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- (&Link{Serve: at}).ServeTFTP(ctx, func(name string) (flash.Content, bool) { return flash.Text(octets), name == "image.bin" })
	}()
	l := &Link{TFTPPort: int(at.Port())}
	got, _, err := fetch(t, l, place.Remote{Scheme: "tftp", Host: "127.0.0.1", Path: "image.bin"})
	if err != nil || !bytes.Equal(got, octets) {
		t.Errorf("%d octets, %v", len(got), err)
	}
	if _, _, err := fetch(t, l, place.Remote{Scheme: "tftp", Host: "127.0.0.1", Path: "secret"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not served: %v", err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestPing: a host that refuses is there, and a name that nobody has is none.
func TestPing(t *testing.T) {
	l := new(Link)
	if err := l.Ping(t.Context(), "127.0.0.1"); err != nil {
		t.Error(err)
	}
	if err := l.Ping(t.Context(), "no..such"); !errors.Is(err, place.ErrHost) {
		t.Errorf("a name that nobody has: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Ping(ctx, "127.0.0.1"); err == nil {
		t.Error("a ping that was broken off has an answer")
	}
}
