package ios

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dray/internal/device/iossim"
	"dray/internal/device/iossim/flash"
	"dray/internal/device/iossim/image"
	"dray/internal/device/iossim/model"
	"dray/internal/device/iossim/place"
	"dray/internal/device/term"
)

// bench is a simulated device, a server that it copies from, and what its driver is told.
type bench struct {
	settings iossim.Settings
	server   *shelf
	cfg      Config
	telnet   bool // the device asks who is there

	t      *testing.T
	device *iossim.Device
}

// The images of the tests.
const (
	newImage = "c2900-universalk9-mz.SPA.157-3.M9.bin"
	oldImage = "c2900-universalk9-mz.SPA.151-4.M4.bin"
	foreign  = "isr4300-universalk9.17.03.02.SPA.bin"
	bigImage = "cat9k_iosxe.17.09.04a.SPA.bin"
)

// atBench runs a test at a device, with a clock of its own. Change may alter what there is.
func atBench(t *testing.T, name string, change func(*bench), test func(t *testing.T, b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m, ok := model.Find(name)
		if !ok {
			t.Fatal(name)
		}
		b := &bench{t: t, server: &shelf{files: map[string]flash.Content{
			newImage: picture(t, "2911", "15.7(3)M9", 512<<10), foreign: picture(t, "4331", "17.03.02", 256<<10), bigImage: picture(t, "9300", "17.09.04a", 512<<10),
		}}}
		b.settings = iossim.Settings{
			Model: m, Hostname: "R1", Address: netip.MustParseAddr("192.0.2.1"), User: "amy", Password: "secret", Enable: "gehe1m", Transfers: b.server,
		}
		b.cfg.Term = term.Config{User: "amy", Password: "secret", Enable: "gehe1m"}
		if change != nil {
			change(b)
		}
		d, err := iossim.New(b.settings)
		if err != nil {
			t.Fatal(err)
		}
		b.device = d
		defer d.Close()
		b.cfg.Dial = b.dial
		test(t, b)
	})
}

func picture(t *testing.T, platform, version string, size int64) flash.Content {
	i, err := image.New(image.Header{Platform: platform, Version: version, Size: size})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// dial comes to a line of the device; while it is down, nobody is there.
func (b *bench) dial(ctx context.Context) (io.ReadWriteCloser, error) {
	if !b.device.Up() {
		return nil, fmt.Errorf("dial: %w", net.ErrClosed)
	}
	ours, theirs := net.Pipe()
	a := iossim.Access{Remote: netip.MustParseAddrPort("192.0.2.8:40000"), Local: netip.MustParseAddrPort("192.0.2.1:22")}
	if !b.telnet {
		a.SSH, a.User, a.Level = true, "amy", 15
	}
	go func() { _ = b.device.Serve(ctx, theirs, a) }() // ends with the device at the latest
	return ours, nil
}

// open logs in.
func (b *bench) open(ctx context.Context) *Device {
	b.t.Helper()
	d, err := Open(ctx, b.cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

// state is what must not change by an act that fails.
func (b *bench) state(ctx context.Context) string {
	b.t.Helper()
	d := b.open(ctx)
	defer d.Close()
	f, err := d.Facts(ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	l, err := d.List(ctx, "flash:")
	if err != nil {
		b.t.Fatal(err)
	}
	kept, err := d.Config(ctx, true)
	if err != nil {
		b.t.Fatal(err)
	}
	running, err := d.Config(ctx, false)
	if err != nil {
		b.t.Fatal(err)
	}
	return fmt.Sprintf("%s runs %s from %s, boots %v, packages %v, has %v\n%s\n%s", f.Hostname, f.Release, f.Image, f.Boot, f.Packages, l.Files, kept, running)
}

// shelf is the server.
type shelf struct {
	files   map[string]flash.Content
	cut     bool          // a transfer breaks off in its middle
	stall   bool          // it never ends
	pace    time.Duration // between two marks
	lossy   bool          // each second mark is a time-out
	corrupt bool          // an octet comes wrong
}

const piece = 64 << 10

func (s *shelf) Fetch(ctx context.Context, r place.Remote, w io.Writer, mark func(place.Mark)) error {
	if r.Scheme == "ftp" && (r.User != "bob" || r.Password != "hush") {
		return place.ErrLogin
	}
	if r.Host != "192.0.2.9" {
		if err := s.wait(ctx, 20*time.Second); err != nil {
			return err
		}
		return place.ErrTimeout
	}
	f, ok := s.files[r.Path]
	if !ok {
		return fs.ErrNotExist
	}
	src := io.NewSectionReader(f, 0, f.Size())
	b := make([]byte, piece)
	for n := 0; ; n++ {
		got, err := io.ReadFull(src, b)
		if s.corrupt && n == 1 {
			b[100] ^= 1
		}
		if _, werr := w.Write(b[:got]); werr != nil {
			return werr
		}
		if err != nil {
			return nil
		}
		mark(place.MarkPackets)
		if s.lossy {
			mark(place.MarkTimeout)
		}
		switch {
		case n == 3 && s.cut:
			mark(place.MarkTimeout)
			return place.ErrTimeout
		case n == 3 && s.stall:
			<-ctx.Done()
			return ctx.Err()
		}
		if err := s.wait(ctx, s.pace); err != nil {
			return err
		}
	}
}

func (s *shelf) wait(ctx context.Context, long time.Duration) error {
	select {
	case <-time.After(long):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *shelf) Store(_ context.Context, r place.Remote, src io.Reader, _ int64, mark func(place.Mark)) error {
	b, err := io.ReadAll(src)
	if err != nil {
		return err
	}
	mark(place.MarkPackets)
	s.files[r.Path] = flash.Text(b)
	return nil
}

func (s *shelf) ServeTFTP(ctx context.Context, _ func(string) (flash.Content, bool)) error {
	<-ctx.Done()
	return ctx.Err()
}

// goBy lets time go by, which takes none here.
func (b *bench) goBy(long time.Duration) { time.Sleep(long) }

// hangUp is a reply after which nothing comes any more.
const hangUp = "hang up"

// scripted is a device that says what a test makes it say. Typed is what it was told, once
// the connection is closed.
func scripted(reply func(line string) string) (conn io.ReadWriteCloser, typed func() []string) {
	ours, theirs := net.Pipe()
	var lines []string
	done := make(chan struct{})
	go func() {
		defer close(done)
		r := bufio.NewReader(theirs)
		prompt := "R1#"
		out := prompt
		for {
			if _, err := io.WriteString(theirs, out); err != nil {
				return
			}
			line, err := r.ReadString('\r')
			if err != nil {
				return
			}
			line = strings.TrimSuffix(line, "\r")
			lines = append(lines, line)
			switch line {
			case "configure terminal":
				prompt = "R1(config)#"
			case "end":
				prompt = "R1#"
			}
			said := reply(line)
			if said == hangUp {
				theirs.Close()
				return
			}
			out = line + "\r\n" + said + prompt
		}
	}()
	return ours, func() []string {
		<-done
		return lines
	}
}
