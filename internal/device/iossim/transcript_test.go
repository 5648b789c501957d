package iossim

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dray/internal/device/iossim/flash"
	"dray/internal/device/iossim/image"
	"dray/internal/device/iossim/model"
	"dray/internal/device/iossim/place"
)

var update = flag.Bool("update", false, "rewrite testdata/*.txt")

// TestTranscripts plays testdata/*.txt. A line of them is
//
//	device MODEL KEY=VALUE…   a device, with host name R1 and user amy, password secret
//	server NAME PLATFORM VERSION SIZE   an image that the server 192.0.2.9 has
//	text NAME "CONTENT"       a file that it has
//	open console|vty|ssh      a terminal, which is the one that is typed at from now on
//	close                     it hangs up
//	~ DURATION                time goes by
//	< LINE                    what is typed, with Enter behind it
//	<< "KEYS"                 what is typed, and nothing else
//
// and all else is what the terminal shows.
func TestTranscripts(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { play(t, name) })
		})
	}
}

func play(t *testing.T, name string) {
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	p := &player{t: t, servers: &shelf{files: map[string]flash.Content{}}}
	for line := range strings.Lines(string(want)) {
		p.line(strings.TrimRight(line, "\n"))
	}
	p.putAway()
	if *update {
		if err := os.WriteFile(name, p.out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got := p.out.String(); got != string(want) {
		t.Errorf("%s", difference(string(want), got))
	}
}

// difference is the first place where two texts part.
func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range w {
		if i >= len(g) || w[i] != g[i] {
			from := max(0, i-4)
			return fmt.Sprintf("line %d:\ngot:\n%s\n\nwant:\n%s", i+1, strings.Join(g[from:min(len(g), i+8)], "\n"), strings.Join(w[from:min(len(w), i+8)], "\n"))
		}
	}
	return "got more than wanted:\n" + strings.Join(g[len(w):], "\n")
}

type player struct {
	t        *testing.T
	servers  *shelf
	device   *Device
	terminal *terminal
	out      bytes.Buffer
}

func (p *player) line(l string) {
	word, rest, _ := strings.Cut(l, " ")
	switch word {
	case "device", "server", "text", "open", "close", "~", "<", "<<", "#":
		p.out.WriteString(l + "\n")
	}
	switch word {
	case "device":
		p.putAway()
		p.start(strings.Fields(rest))
	case "server":
		w := strings.Fields(rest)
		p.servers.files[w[0]] = picture(p.t, w[1], w[2], w[3])
	case "text":
		name, quoted, _ := strings.Cut(rest, " ")
		p.servers.files[name] = flash.Text(unquote(p.t, quoted))
	case "open":
		p.hangUp()
		p.terminal = open(p.device, rest)
		p.shown()
	case "close":
		p.hangUp()
	case "~":
		long, err := time.ParseDuration(rest)
		if err != nil {
			p.t.Fatal(err)
		}
		time.Sleep(long)
		p.shown()
	case "<":
		p.terminal.keys(rest + "\r")
		p.shown()
	case "<<":
		p.terminal.keys(unquote(p.t, rest))
		p.shown()
	}
}

// shown adds what the terminal has shown since.
func (p *player) shown() {
	synctest.Wait()
	if p.terminal == nil {
		return
	}
	text := p.terminal.text()
	for _, e := range [][2]string{{"\r\n", "\n"}, {"\r", `\r`}, {"\b", `\b`}, {"\a", `\a`}} {
		text = strings.ReplaceAll(text, e[0], e[1])
	}
	if text != "" {
		p.out.WriteString(text + "\n")
	}
}

func (p *player) putAway() {
	p.hangUp()
	if p.device != nil {
		p.device.Close()
	}
}

func (p *player) hangUp() {
	if p.terminal != nil {
		p.terminal.end()
		p.terminal = nil
	}
}

func unquote(t *testing.T, s string) string {
	text, err := strconv.Unquote(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return text
}

func picture(t *testing.T, platform, version, size string) *image.Image {
	n, err := strconv.ParseInt(size, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	i, err := image.New(image.Header{Platform: platform, Version: version, Size: n})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func (p *player) start(words []string) {
	m, ok := model.Find(words[0])
	if !ok {
		p.t.Fatalf("there is no model %s", words[0])
	}
	s := Settings{Model: m, Hostname: "R1", Address: netip.MustParseAddr("192.0.2.1"), User: "amy", Password: "secret", Enable: "enable", Transfers: p.servers}
	p.servers.cut, p.servers.stall = false, false
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "class":
			class := map[string]flash.Class{"disk": flash.Disk, "a": flash.ClassA, "c": flash.ClassC}[value]
			s.Class = &class
		case "size":
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				p.t.Fatal(err)
			}
			s.FlashSize = n
		case "hang":
			s.Faults.Hang = value
		case "fault":
			switch value {
			case "login":
				s.Faults.RefuseLogin = true
			case "never":
				s.Faults.NeverBack = true
			case "old":
				s.Faults.BootOld = true
			case "full":
				s.Faults.FullFlash = true
			case "log":
				s.Faults.LogAtPrompt = true
			}
		case "line":
			s.Lines = append(s.Lines, strings.ReplaceAll(value, "_", " "))
		case "password":
			s.Password = value
		case "cut":
			p.servers.cut = true
		case "stall":
			p.servers.stall = true
		default:
			p.t.Fatalf("unknown: %s", w)
		}
	}
	d, err := New(s)
	if err != nil {
		p.t.Fatal(err)
	}
	p.device = d
}

// terminal is our end of a session.
type terminal struct {
	conn   net.Conn
	out    chan []byte
	served chan error
}

func open(d *Device, kind string) *terminal {
	ours, theirs := net.Pipe()
	a := Access{Remote: netip.MustParseAddrPort("192.0.2.8:40000"), Local: netip.MustParseAddrPort("192.0.2.1:23")}
	switch kind {
	case "console":
		a = Access{Console: true}
	case "ssh":
		a.SSH, a.User, a.Level = true, "amy", 15
	}
	x := &terminal{conn: ours, out: make(chan []byte, 4096), served: make(chan error, 1)}
	go func() { x.served <- d.Serve(context.Background(), theirs, a) }()
	go func() {
		defer close(x.out)
		for {
			b := make([]byte, 4096)
			n, err := ours.Read(b)
			if err != nil {
				return
			}
			x.out <- b[:n]
		}
	}()
	return x
}

func (x *terminal) keys(s string) {
	if _, err := io.WriteString(x.conn, s); err != nil {
		return // the device has hung up, which the transcript shows
	}
}

// text is what has been shown since the last call.
func (x *terminal) text() string {
	var all []byte
	for {
		select {
		case b, ok := <-x.out:
			if !ok {
				x.out = nil
				return string(all) + "\n(the device has hung up)"
			}
			all = append(all, b...)
		default:
			return string(all)
		}
	}
}

func (x *terminal) end() {
	x.conn.Close()
	<-x.served
}

// shelf is a server for the tests: what it has, it gives at once.
type shelf struct {
	files map[string]flash.Content
	cut   bool // each transfer breaks off after a while
	stall bool // each transfer never ends
}

func (s *shelf) Fetch(ctx context.Context, r place.Remote, w io.Writer, mark func(place.Mark)) error {
	if err := s.reach(ctx, r); err != nil {
		if r.Scheme == "tftp" {
			mark(place.MarkTimeout)
		}
		return err
	}
	f, ok := s.files[r.Path]
	if !ok {
		return fs.ErrNotExist
	}
	src := io.NewSectionReader(f, 0, f.Size())
	for n := 0; ; n++ {
		_, err := io.CopyN(w, src, 512<<10)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		mark(place.MarkPackets)
		if n > 2 && s.cut {
			mark(place.MarkTimeout)
			mark(place.MarkTimeout)
			return place.ErrTimeout
		}
		if n > 2 && s.stall {
			<-ctx.Done()
			return ctx.Err()
		}
	}
}

func (s *shelf) reach(ctx context.Context, r place.Remote) error {
	if r.Scheme == "ftp" && (r.User != "bob" || r.Password != "geheim") {
		return place.ErrLogin
	}
	if r.Host != "192.0.2.9" {
		select {
		case <-time.After(20 * time.Second):
			return place.ErrTimeout
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (s *shelf) Store(ctx context.Context, r place.Remote, src io.Reader, size int64, mark func(place.Mark)) error {
	if err := s.reach(ctx, r); err != nil {
		if r.Scheme == "tftp" {
			mark(place.MarkTimeout)
		}
		return err
	}
	b, err := io.ReadAll(src)
	if err != nil {
		return err
	}
	mark(place.MarkPackets)
	mark(place.MarkPackets)
	s.files[r.Path] = flash.Text(b)
	return nil
}

func (s *shelf) Ping(ctx context.Context, host string) error {
	if host == "nowhere" {
		return place.ErrHost
	}
	return s.reach(ctx, place.Remote{Scheme: "tftp", Host: host})
}

func (s *shelf) ServeTFTP(ctx context.Context, _ func(string) (flash.Content, bool)) error {
	<-ctx.Done()
	return ctx.Err()
}
