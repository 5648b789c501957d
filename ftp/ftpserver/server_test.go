package ftpserver

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dray/ftp"
	"dray/ftp/ftpclient"
)

// peer is a client by hand.
type peer struct {
	t testing.TB
	net.Conn
	r *bufio.Reader
}

// greet connects and reads the greeting.
func greet(t testing.TB, addr string) *peer {
	t.Helper()
	return greetFrom(t, "127.0.0.1", addr)
}

func greetFrom(t testing.TB, from, addr string) *peer {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := d.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	p := &peer{t, conn, bufio.NewReader(conn)}
	p.want(ftp.CodeReady)
	return p
}

// enter connects and logs in.
func enter(t testing.TB, addr string) *peer { return enterFrom(t, "127.0.0.1", addr) }

func enterFrom(t testing.TB, from, addr string) *peer {
	p := greetFrom(t, from, addr)
	p.ask("USER alice", ftp.CodeNeedPassword)
	p.ask("PASS secret", ftp.CodeLoggedIn)
	return p
}

func (p *peer) say(lines string) {
	p.t.Helper()
	if _, err := io.WriteString(p, lines); err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) want(code ftp.Code) ftp.Reply {
	p.t.Helper()
	r, err := ftp.ReadReply(p.r)
	if err != nil || r.Code != code {
		p.t.Fatalf("reply %q, %v; want %d", r, err, code)
	}
	return r
}

func (p *peer) ask(line string, code ftp.Code) ftp.Reply {
	p.t.Helper()
	p.say(line + "\r\n")
	return p.want(code)
}

// open connects to a passive port.
func (p *peer) open() net.Conn {
	p.t.Helper()
	port, err := ftp.ParseEPSV(p.ask("EPSV", ftp.CodeExtPassive).Text())
	if err != nil {
		p.t.Fatal(err)
	}
	host, _, _ := net.SplitHostPort(p.RemoteAddr().String())
	conn, err := net.Dial("tcp", net.JoinHostPort(host, fmt.Sprint(port)))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// ended checks that the server has closed the connection.
func (p *peer) ended() {
	p.t.Helper()
	if b, err := p.r.ReadByte(); err == nil {
		p.t.Fatalf("%q instead of the end", b)
	}
}

// barrier lets nobody go on before all have come.
type barrier struct {
	missing atomic.Int64
	all     chan struct{}
}

func newBarrier(n int64) *barrier {
	b := &barrier{all: make(chan struct{})}
	b.missing.Store(n)
	return b
}

func (b *barrier) wait(ctx context.Context) error {
	if b.missing.Add(-1) == 0 {
		close(b.all)
	}
	select {
	case <-b.all:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Two hundred sessions at once upload, resume and download, and every byte is right. In
// the middle all of them have a transfer that runs.
func TestManySessions(t *testing.T) {
	const sessions = 200
	addr := serve(t, &Server{Backend: newMemory()}, "127.0.0.1:0")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b := newBarrier(sessions)
	var wg sync.WaitGroup
	for i := range sessions {
		wg.Go(func() {
			if err := roundTrip(ctx, addr, i, b); err != nil {
				cancel() // or the others would wait for it
				t.Errorf("session %d: %v", i, err)
			}
		})
	}
	wg.Wait()
}

func roundTrip(ctx context.Context, addr string, i int, b *barrier) (err error) {
	dialer := &ftpclient.Dialer{Mode: []ftpclient.Mode{ftpclient.Passive, ftpclient.Active}[i%2]}
	c, err := dialer.Dial(ctx, addr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Quit(ctx)) }()
	if err := c.Login(ctx, "alice", "secret"); err != nil {
		return err
	}
	data := make([]byte, 1+i*1237)
	rng := rand.NewChaCha8([32]byte{byte(i)})
	rng.Read(data)
	name, half := fmt.Sprintf("/file-%d", i), int64(len(data)/2)
	if _, err := c.Store(ctx, name, 0, bytes.NewReader(data[:half])); err != nil {
		return fmt.Errorf("first half: %w", err)
	}
	meet := readerFunc(func([]byte) (int, error) {
		if err := b.wait(ctx); err != nil {
			return 0, err
		}
		return 0, io.EOF
	})
	if _, err := c.Store(ctx, name, half, io.MultiReader(meet, bytes.NewReader(data[half:]))); err != nil {
		return fmt.Errorf("second half: %w", err)
	}
	digest := sha256.New()
	if _, err := c.Retrieve(ctx, name, 0, digest); err != nil {
		return fmt.Errorf("download: %w", err)
	}
	if [32]byte(digest.Sum(nil)) != sha256.Sum256(data) {
		return errors.New("the digest is wrong")
	}
	return nil
}

// Shutdown lets a transfer end, and tells everybody else 421 at once.
func TestShutdown(t *testing.T) {
	m := newMemory()
	s := &Server{Backend: m}
	addr := serve(t, s, "127.0.0.1:0")
	idle, before, busy := enter(t, addr), greet(t, addr), enter(t, addr)
	data := busy.open()
	busy.ask("STOR new.txt", ftp.CodeOpening)

	down := make(chan error, 1)
	go func() { down <- s.Shutdown(context.Background()) }()
	for _, p := range []*peer{idle, before} {
		p.want(ftp.CodeShutdown)
		p.ended()
	}
	if conn, err := net.Dial("tcp", addr); err == nil {
		conn.Close()
		t.Error("the server still takes connections")
	}
	select {
	case err := <-down:
		t.Errorf("Shutdown did not wait: %v", err)
	default:
	}
	io.WriteString(data, "whole")
	data.Close()
	busy.want(ftp.CodeDone)
	busy.want(ftp.CodeShutdown)
	busy.ended()
	if err := <-down; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if got := string(m.files["/new.txt"]); got != "whole" {
		t.Errorf("stored %q", got)
	}
	if m.closed != 3 {
		t.Errorf("%d sessions were closed, want 3", m.closed)
	}
}

// When its context ends Shutdown gives up, and Close cuts what is left.
func TestShutdownThenClose(t *testing.T) {
	m := newMemory()
	s := &Server{Backend: m}
	p := enter(t, serve(t, s, "127.0.0.1:0"))
	p.open()
	p.ask("STOR new.txt", ftp.CodeOpening)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if _, ok := m.files["/new.txt"]; ok {
		t.Error("a cut upload was stored")
	}
	if len(m.transfers) != 1 || !errors.Is(m.transfers[0].Err, context.Canceled) {
		t.Errorf("transfers: %+v", m.transfers)
	}
}

func TestServeAfterClose(t *testing.T) {
	var s Server
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(l); !errors.Is(err, ErrServerClosed) {
		t.Errorf("Serve: %v", err)
	}
}

// A line of a million octets is answered once, and the next line is heard.
func TestLongLine(t *testing.T) {
	p := greet(t, serve(t, &Server{Backend: newMemory()}, "127.0.0.1:0"))
	p.say("USER " + strings.Repeat("x", 1<<20) + "\r\n")
	p.want(ftp.CodeTooLong)
	p.ask("NOOP", ftp.CodeOK)
	p.say("USER " + strings.Repeat("x", MaxLine))
	p.want(ftp.CodeUnavailable)
	p.ended()
}

// TLS that nobody asked for is closed without a word.
func TestTLSHello(t *testing.T) {
	p := greet(t, serve(t, &Server{Backend: newMemory()}, "127.0.0.1:0"))
	p.say("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
	p.ended()
}

// Commands may come all at once.
func TestPipelined(t *testing.T) {
	p := greet(t, serve(t, &Server{Backend: newMemory()}, "127.0.0.1:0"))
	p.say("USER alice\r\nPASS secret\r\nTYPE I\r\nCWD dir\r\nPWD\r\nFLY\r\nQUIT\r\nNOOP\r\n")
	for _, code := range []ftp.Code{331, 230, 200, 250, 257, 500, 221} {
		p.want(code)
	}
	p.ended()
}

// The control connection answers while a long transfer is fed with NOOPs, and takes no
// more than its share of memory.
func TestManyCommandsWait(t *testing.T) {
	p := enter(t, serve(t, &Server{Backend: newMemory()}, "127.0.0.1:0"))
	data := p.open()
	p.ask("STOR new.txt", ftp.CodeOpening)
	const count = 5000
	go io.WriteString(p, strings.Repeat("NOOP\r\n", count))
	data.Close()
	p.want(ftp.CodeDone)
	for range count {
		p.want(ftp.CodeOK)
	}
}

// Transfers are told of, whole or not.
func TestTransferred(t *testing.T) {
	m := newMemory()
	p := enter(t, serve(t, &Server{Backend: m}, "127.0.0.1:0"))
	data := p.open()
	p.ask("RETR hello.txt", ftp.CodeOpening)
	io.Copy(io.Discard, data)
	p.want(ftp.CodeDone)
	p.ask("RETR missing", ftp.CodeNotFound)
	p.ask("QUIT", ftp.CodeGoodbye)
	p.ended()
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.transfers) != 2 || m.transfers[0].Bytes != 13 || m.transfers[0].Name != "/hello.txt" ||
		m.transfers[0].Verb != "RETR" || m.transfers[0].Err != nil || m.transfers[1].Err == nil {
		t.Errorf("transfers: %+v", m.transfers)
	}
}

// STOU never takes a name that somebody has, also if it guesses one, and gives up in the end.
func TestUniqueNames(t *testing.T) {
	for taken, want := range map[int]ftp.Code{0: ftp.CodeDone, 3: ftp.CodeDone, 1000: ftp.CodeNotFile} {
		b := &crowded{memory: newMemory(), t: t, taken: taken, tried: make(map[string]bool)}
		p := enter(t, serve(t, &Server{Backend: b}, "127.0.0.1:0"))
		data := p.open()
		p.say("STOU mine\r\n")
		if want == ftp.CodeDone {
			p.want(ftp.CodeOpening)
			data.Close()
		}
		p.want(want)
		if len(b.tried) != min(taken+1, 16) {
			t.Errorf("%d names taken: tried %v", taken, b.tried)
		}
	}
}

// crowded has files of the first names that STOU thinks of.
type crowded struct {
	*memory
	t     *testing.T
	taken int
	tried map[string]bool
}

func (c *crowded) NewSession(context.Context, *Conn) (Session, error) { return c, nil }

func (c *crowded) Login(context.Context, string, string) (FS, error) { return c, nil }

func (c *crowded) Close() error { return nil }

func (c *crowded) Create(ctx context.Context, name string, o CreateOptions) (Upload, error) {
	if !o.New || c.tried[name] {
		c.t.Errorf("STOU creates %s with %+v", name, o)
	}
	c.tried[name] = true
	if len(c.tried) <= c.taken {
		return nil, fs.ErrExist
	}
	return c.memory.Create(ctx, name, o)
}

// A panic is a fault of its session alone.
func TestPanicIsContained(t *testing.T) {
	m := newMemory()
	addr := serve(t, &Server{Backend: m}, "127.0.0.1:0")
	other := enter(t, addr)
	for _, line := range []string{"SIZE bad-panic", "RETR bad-panic"} {
		p := enter(t, addr)
		p.ask(line, ftp.CodeUnavailable)
		p.ended()
	}
	other.ask("PWD", ftp.CodeDirectory)
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.faults) != 2 || !strings.Contains(m.faults[0].Error(), "told to") {
		t.Errorf("faults: %v", m.faults)
	}
}

// mined is a listener on whose connections the next read panics once it is armed.
type mined struct {
	net.Listener
	armed atomic.Bool
}

func (l *mined) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	return minedConn{nc, l}, err
}

type minedConn struct {
	net.Conn
	of *mined
}

func (c minedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.of.armed.Swap(false) {
		panic("told to")
	}
	return n, err
}

// A panic while a command is read during a transfer is a fault of its session alone, too.
func TestPanicDuringTransferIsContained(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m, l := newMemory(), &mined{Listener: listener}
	addr := serveOn(t, &Server{Backend: m}, l)
	other, p := enter(t, addr), enter(t, addr)
	defer p.open().Close()
	p.ask("STOR new.txt", ftp.CodeOpening)
	l.armed.Store(true)
	p.ask("NOOP", ftp.CodeUnavailable)
	other.ask("PWD", ftp.CodeDirectory)
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.faults) != 1 || !strings.Contains(m.faults[0].Error(), "told to") || !strings.Contains(m.faults[0].Error(), "server_test.go") {
		t.Errorf("faults: %v", m.faults)
	}
}

// Passive ports come from the range alone, and a second PASV gives the first back.
func TestPassivePorts(t *testing.T) {
	port := freePort(t)
	p := enter(t, serve(t, &Server{Backend: newMemory(), PassivePorts: PortRange{port, port}}, "127.0.0.1:0"))
	for range 3 {
		got, err := ftp.ParseEPSV(p.ask("EPSV", ftp.CodeExtPassive).Text())
		if err != nil || got != port {
			t.Errorf("port %d, %v; want %d", got, err, port)
		}
	}
	data := p.open()
	p.ask("RETR hello.txt", ftp.CodeOpening)
	if b, err := io.ReadAll(data); string(b) != "hello, world\n" {
		t.Errorf("read %q, %v", b, err)
	}
	p.want(ftp.CodeDone)
}

// Where in the range a passive port is cannot be told from those before, so that nobody
// is there before the client.
func TestPassivePortsAreRandom(t *testing.T) {
	p := enter(t, serve(t, &Server{Backend: newMemory(), PassivePorts: PortRange{10_000, 65_535}}, "127.0.0.1:0"))
	var ports []int
	for range 8 {
		port, err := ftp.ParseEPSV(p.ask("EPSV", ftp.CodeExtPassive).Text())
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, int(port))
	}
	near := 0
	for i, port := range ports[1:] {
		if d := port - ports[i]; -64 < d && d < 64 {
			near++
		}
	}
	if near > 2 { // by chance once in two million runs
		t.Errorf("ports follow each other: %v", ports)
	}
}

func TestShuffled(t *testing.T) {
	first := map[uint16]bool{}
	for range 200 {
		var all []uint16
		for port := range (PortRange{65_530, 65_535}).shuffled() {
			all = append(all, port)
		}
		first[all[0]] = true
		slices.Sort(all)
		if !slices.Equal(all, []uint16{65_530, 65_531, 65_532, 65_533, 65_534, 65_535}) {
			t.Fatalf("not each port once: %v", all)
		}
	}
	if len(first) != 6 { // by chance once in 10^15 runs
		t.Errorf("it begins with %v only", first)
	}
}

// A client on a socket of both families may name its IPv4 address as IPv6 has it.
func TestMappedAddress(t *testing.T) {
	p := enter(t, serve(t, &Server{Backend: newMemory()}, "127.0.0.1:0"))
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p.ask(fmt.Sprintf("EPRT |2|::ffff:127.0.0.1|%d|", l.Addr().(*net.TCPAddr).Port), ftp.CodeOK)
	p.say("RETR hello.txt\r\n")
	data, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	p.want(ftp.CodeOpening)
	if b, err := io.ReadAll(data); string(b) != "hello, world\n" {
		t.Errorf("read %q, %v", b, err)
	}
	p.want(ftp.CodeDone)
	p.ask("EPRT |2|::ffff:127.0.0.2|2049|", ftp.CodeBadParameter)
}

// Port 20 is where active connections come from, if the server may.
func TestActiveFromPort20(t *testing.T) {
	probe, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.9:20")
	if err != nil {
		t.Skip("port 20 needs a privilege")
	}
	probe.Close()
	// Nobody else uses port 20 of this address.
	addr := serve(t, &Server{Backend: newMemory()}, "127.0.0.20:0")
	for range 3 { // the same port again, though the last connection lingers
		if source := activeSource(t, addr); source != 20 {
			t.Errorf("from port %d", source)
		}
	}
}

// Where port 20 is taken, or may not be used, any other port will do.
func TestActiveSourcePortTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	source := int(addrPort(taken.Addr()).Port())
	addr := serve(t, &Server{Backend: newMemory(), ActiveSourcePort: source}, "127.0.0.1:0")
	if from := activeSource(t, addr); from == source {
		t.Errorf("from port %d, which somebody else has", from)
	}
}

// activeSource is the port that an active data connection of the server comes from.
func activeSource(t *testing.T, addr string) int {
	t.Helper()
	p := enter(t, addr)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p.ask("PORT "+ftp.FormatHostPort(addrPort(l.Addr())), ftp.CodeOK)
	p.ask("RETR hello.txt", ftp.CodeOpening)
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() }) // it lingers when the next one comes
	p.want(ftp.CodeDone)
	return int(addrPort(conn.RemoteAddr()).Port())
}

// A file of the system goes out by sendfile(2): so this checks that pieces of it are put
// together well, and from an offset.
func TestSystemFile(t *testing.T) {
	data := make([]byte, 40<<20)
	rand.NewChaCha8([32]byte{1}).Read(data)
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	p := enter(t, serve(t, &Server{Backend: systemFile{newMemory(), name}}, "127.0.0.1:0"))
	for _, offset := range []int64{0, 1, 64<<10 + 1, int64(len(data)) - 1, int64(len(data))} {
		p.ask(fmt.Sprintf("REST %d", offset), ftp.CodePending)
		conn := p.open()
		r := p.ask("RETR file", ftp.CodeOpening)
		if want := fmt.Sprintf("(%d bytes)", int64(len(data))-offset); !strings.HasSuffix(r.Text(), want) {
			t.Errorf("%q does not tell %s", r, want)
		}
		got, err := io.ReadAll(conn)
		if err != nil || !bytes.Equal(got, data[offset:]) {
			t.Errorf("from %d: %d octets, %v", offset, len(got), err)
		}
		p.want(ftp.CodeDone)
	}
}

// systemFile is a backend with one file of the system under every name.
type systemFile struct {
	*memory
	path string
}

func (s systemFile) NewSession(context.Context, *Conn) (Session, error) { return s, nil }

func (s systemFile) Login(context.Context, string, string) (FS, error) { return s, nil }

func (s systemFile) Close() error { return nil }

func (s systemFile) Open(_ context.Context, _ string, offset int64) (io.ReadCloser, error) {
	f, err := os.Open(s.path)
	if err != nil {
		return nil, err
	}
	_, err = f.Seek(offset, io.SeekStart)
	return f, err
}
