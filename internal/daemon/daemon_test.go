package daemon

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"dray/ftp/ftpclient"
	"dray/ftp/ftpserver"
	"dray/internal/config"
	"dray/internal/ftpd"
)

// configFor serves dir on loopback, on ports that the kernel chooses.
func configFor(t *testing.T, dir string) config.Serve {
	t.Helper()
	cfg := config.Serve{Dir: dir, StateDir: t.TempDir()}
	for _, set := range []error{cfg.Listen.Set("127.0.0.1"), cfg.FTP.Port.Set("0"), cfg.TFTP.Port.Set("0")} {
		if set != nil {
			t.Fatal(set)
		}
	}
	return cfg
}

// heldWriter takes the first octets and then holds the transfer until it is let go.
type heldWriter struct {
	bytes.Buffer
	begun chan struct{} // closed by the first Write
	free  chan struct{} // closed to let it go
}

func newHeldWriter() *heldWriter {
	return &heldWriter{begun: make(chan struct{}), free: make(chan struct{})}
}

func (w *heldWriter) Write(b []byte) (int, error) {
	if w.Len() == 0 {
		close(w.begun)
		<-w.free
	}
	return w.Buffer.Write(b)
}

// download is a transfer that runs while the daemon is told to stop.
type download struct {
	content []byte
	to      *heldWriter
	err     chan error
}

func startDownload(t *testing.T, dir string, d *Daemon) *download {
	t.Helper()
	dl := &download{content: bytes.Repeat([]byte("image"), 8<<20/5), to: newHeldWriter(), err: make(chan error, 1)}
	if err := os.WriteFile(filepath.Join(dir, "image"), dl.content, 0o644); err != nil {
		t.Fatal(err)
	}
	go func() {
		dl.err <- func() error {
			c, err := new(ftpclient.Dialer).Dial(context.Background(), d.Endpoints()[0].Addr.String())
			if err != nil {
				return err
			}
			defer c.Close()
			if err := c.Login(context.Background(), "anonymous", "guest@"); err != nil {
				return err
			}
			_, err = c.Retrieve(context.Background(), "image", 0, dl.to)
			return err
		}()
	}()
	return dl
}

func TestDrainLetsTransfersEnd(t *testing.T) {
	dir := t.TempDir()
	d, err := Bind(configFor(t, dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	drain, begin := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(drain, context.Background()) }()
	dl := startDownload(t, dir, d)
	<-dl.to.begun
	begin()
	close(dl.to.free)
	if err := <-dl.err; err != nil || !bytes.Equal(dl.to.Bytes(), dl.content) {
		t.Errorf("the transfer that was running: %v, %d of %d octets", err, dl.to.Len(), len(dl.content))
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if c, err := net.Dial("tcp", d.Endpoints()[0].Addr.String()); err == nil {
		t.Errorf("the port is still open: %v", c.Close())
	}
}

func TestCutEndsTransfers(t *testing.T) {
	dir := t.TempDir()
	d, err := Bind(configFor(t, dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	stop, begin := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(stop, stop) }()
	dl := startDownload(t, dir, d)
	<-dl.to.begun
	begin()
	if err := <-ended; err != nil { // while the client holds its transfer
		t.Error(err)
	}
	close(dl.to.free)
	if err := <-dl.err; err == nil {
		t.Error("the client did not notice that its transfer was cut")
	}
}

// What a crash has left of an upload goes when the folder is next served for writing; an
// upload that may be alive stays.
func TestRunSweepsWhatACrashLeft(t *testing.T) {
	dir, host := t.TempDir(), t.TempDir() // the folder, and that of a virtual host
	for _, folder := range []string{dir, host} {
		for name, age := range map[string]time.Duration{".dray-old": 2 * cutOff, ".dray-new": 0} {
			path := filepath.Join(folder, name)
			if err := os.WriteFile(path, []byte("half"), 0o644); err != nil {
				t.Fatal(err)
			}
			at := time.Now().Add(-age)
			if err := os.Chtimes(path, at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, write := range []bool{false, true} {
		cfg := configFor(t, dir)
		cfg.Write = write
		cfg.FTP.Hosts = []config.Host{{Name: "host.example", Dir: host}}
		d, err := Bind(cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		done, stop := context.WithCancel(t.Context())
		swept := make(chan struct{})
		d.swept = func() { close(swept) }
		ended := make(chan error, 1)
		go func() { ended <- d.Run(done, done) }()
		<-swept
		stop()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		for _, folder := range []string{dir, host} {
			_, old := os.Stat(filepath.Join(folder, ".dray-old"))
			_, alive := os.Stat(filepath.Join(folder, ".dray-new"))
			if write != errors.Is(old, os.ErrNotExist) || alive != nil {
				t.Errorf("write %v: old %v, new %v", write, old, alive)
			}
		}
	}
}

// TestSweepsAgain: what a crash just before the start has left goes while the server runs.
func TestSweepsAgain(t *testing.T) {
	cfg := configFor(t, t.TempDir())
	cfg.Write = true
	left := filepath.Join(cfg.Dir, ".dray-left")
	if err := os.WriteFile(left, []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	d, err := Bind(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	swept, later, waits := make(chan struct{}), make(chan time.Time), make(chan time.Duration, 1)
	d.swept = func() { swept <- struct{}{} }
	d.after = func(wait time.Duration) <-chan time.Time { waits <- wait; return later }
	done, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(done, done) }()
	<-swept
	if _, err := os.Stat(left); err != nil {
		t.Errorf("what is young is gone at the start: %v", err)
	}
	at := time.Now().Add(-<-waits)
	if err := os.Chtimes(left, at, at); err != nil {
		t.Fatal(err)
	}
	later <- time.Now()
	<-swept
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestBindSaysWhatToDo(t *testing.T) {
	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.LocalAddr().String())
	cfg := configFor(t, t.TempDir())
	if err := cfg.TFTP.Port.Set(port); err != nil {
		t.Fatal(err)
	}
	_, err = Bind(cfg, slog.New(slog.DiscardHandler))
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "--tftp PORT") {
		t.Errorf("a port that is taken: %v", err)
	}

	_, err = Bind(configFor(t, filepath.Join(t.TempDir(), "nothing")), slog.New(slog.DiscardHandler))
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// A standard port that is denied gives way to the one that anyone may bind, unless it was
// asked for.
func TestDeniedPort(t *testing.T) {
	denyLow := func(port uint16) (net.Addr, error) {
		if port < 1024 {
			return nil, &net.OpError{Op: "listen", Err: os.ErrPermission}
		}
		return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(port)}, nil
	}
	all := func(port uint16) (net.Addr, error) { return &net.TCPAddr{Port: int(port)}, nil }
	for _, s := range []service{ftpService(), ftpsService(), tftpService()} {
		at, err := s.bind(config.Port{}, denyLow)
		if err != nil || at.Addr.Port() != s.fallback || !at.Denied || at.Standard != s.standard {
			t.Errorf("%s, nothing said: %+v, %v", s.protocol, at, err)
		}
		var asked config.Port
		if err := asked.Set(strconv.Itoa(int(s.standard))); err != nil {
			t.Fatal(err)
		}
		if _, err := s.bind(asked, denyLow); !errors.Is(err, os.ErrPermission) {
			t.Errorf("port %d asked for: %v", s.standard, err)
		}
		at, err = s.bind(config.Port{}, all)
		if err != nil || at.Addr.Port() != s.standard || at.Denied {
			t.Errorf("%s, nothing denied: %+v, %v", s.protocol, at, err)
		}
	}
	if ftpService().fallback != 2121 || tftpService().fallback != 6969 || ftpService().standard != 21 || tftpService().standard != 69 {
		t.Errorf("the ports have changed: %+v, %+v", ftpService(), tftpService())
	}
}

// TestSettingsReachTheServer: what has no story of its own in cmd/dray is handed over.
func TestSettingsReachTheServer(t *testing.T) {
	cfg := configFor(t, t.TempDir())
	cfg.FTP.DeflateLimit, cfg.FTP.MaxHashSize, cfg.FTP.LenientAttributes = 1<<20, config.Unlimited, true
	cfg.TLS.RequireEnd = true
	log := slog.New(slog.DiscardHandler)
	told, err := openEvents(cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	d := &Daemon{events: told, log: log}
	if err := d.openFolders(cfg); err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	srv, err := d.ftpServer(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.protect(srv, cfg, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if srv.MaxInflate != 1<<20 || srv.MaxHashSize >= 0 || !srv.Backend.(*ftpd.Backend).LenientAttributes || !srv.RequireTLSEnd || srv.NoDataTickets {
		t.Errorf("the server is told %d, %d, %v", srv.MaxInflate, srv.MaxHashSize, srv.RequireTLSEnd)
	}
	if err := cfg.TLS.DataTickets.Set("false"); err != nil {
		t.Fatal(err)
	}
	if err := d.protect(srv, cfg, slog.New(slog.DiscardHandler)); err != nil || !srv.NoDataTickets {
		t.Errorf("no tickets: %v, %v", srv.NoDataTickets, err)
	}
}

// TestSuites: over TLS 1.2 nothing is agreed on that somebody could decipher later, or
// that is encrypted before it is authenticated.
func TestSuites(t *testing.T) {
	cfg := configFor(t, t.TempDir())
	d, srv := &Daemon{}, &ftpserver.Server{}
	if err := d.protect(srv, cfg, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	for _, c := range tls.CipherSuites() {
		if !slices.Contains(c.SupportedVersions, tls.VersionTLS12) {
			continue
		}
		name := c.Name
		want := strings.Contains(name, "_ECDHE_") && (strings.Contains(name, "_GCM_") || strings.Contains(name, "_CHACHA20_"))
		if got := slices.Contains(srv.TLS.CipherSuites, c.ID); got != want {
			t.Errorf("%s: %v; want %v", name, got, want)
		}
	}
}

func TestListenOnOneFamily(t *testing.T) {
	for host, want := range map[string]string{"": "", "0.0.0.0": "4", "127.0.0.1": "4", "::": "6", "::1": "6"} {
		if got := family(host); got != want {
			t.Errorf("family(%q) = %q; want %q", host, got, want)
		}
	}
}
