package scpd

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"dray/internal/device/iossim/flash"
	"dray/internal/device/iossim/model"
	"dray/internal/device/iossim/place"
)

// peer is the client: what it sends, and what it was told.
type peer struct {
	*strings.Reader
	told bytes.Buffer
}

func (p *peer) Write(b []byte) (int, error) { return p.told.Write(b) }

func TestCommandsOfClients(t *testing.T) {
	m, _ := model.Find("2960")
	for _, c := range []struct{ command, sent, told, there string }{
		{"scp -t flash:/x", "C0644 5 a\nhello\x00", "\x00\x00\x00", "x"},
		{"scp -t flash:", "C0644 5 a\nhello\x00", "\x00\x00\x00", "a"},
		{"scp -t x", "C0644 5 a\nhello\x00", "\x00\x00\x00", "x"},
		{"scp -t flash:/x", "C0644 5 a\nhel", "\x00\x00", ""}, // it vanishes
		{"scp -t flash:/x", "C0644 5000 a\n", "\x00\x01scp: flash:/x: Not enough space on device\n", ""},
		{"scp -t flash:/no/x", "C0644 5 a\nhello\x00", "\x00\x01scp: flash:/no/x: No such file or directory\n", ""},
		{"scp -t tftp://192.0.2.9/x", "C0644 5 a\nhello\x00", "\x00\x01scp: tftp://192.0.2.9/x: Invalid argument\n", ""},
		{"scp -f flash:/old", "\x00\x00\x00", "C0600 3 old\nabc\x00", "old"},
		{"scp -f running-config", "\x00\x00\x00", "C0600 4 running-config\nend\n\x00", ""},
		{"scp -f flash:/none", "\x00", "\x01scp: flash:/none: No such file or directory\n", ""},
		{"scp -r -t flash:", "D0755 0 d\n", "\x01Administratively disabled.\n", ""},
	} {
		fs := flash.New(flash.Disk, 1000)
		if c.there == "old" {
			if err := fs.Put("old", flash.Text("abc"), time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
		p := &peer{Reader: strings.NewReader(c.sent)}
		Serve(p, c.command, Files{
			System: place.System{Model: m, Flash: []*flash.FS{fs}}, Now: func() time.Time { return time.Time{} }, Running: func() string { return "end\n" },
		})
		there := ""
		for _, f := range fs.Files() {
			there += f.Name
		}
		if got := p.told.String(); got != c.told || there != c.there {
			t.Errorf("%s: it was told %q, and %q is there; want %q, %q", c.command, got, there, c.told, c.there)
		}
	}
}
