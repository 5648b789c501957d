package tftp

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write what happens into the transcripts")

// A transcript is a list of cases, each told from the peer's side:
//
//	== D2 An ACK again gets no answer    (the name, and what it is about)
//	> RRQ "big" octet                    (the peer sends; >2 from another port, >3 from another host)
//	< DATA 1 512 d3b7                    (the peer receives: length and checksum of the payload)
//	~ 150ms                              (time passes; what is received has its time: < +1s …)
//	= read "big": …                      (what the side under test reports at the end)
//
// Lines with < and = are results, which -update writes.
type transcript struct {
	name  string // of the file
	cases []*scene
}

// scene is one case of a transcript.
type scene struct {
	title string
	lines []string
}

// id returns the number of the case.
func (c *scene) id() string { return strings.Fields(c.title)[0] }

// isResult reports whether a line is written by -update.
func isResult(line string) bool { return strings.HasPrefix(line, "<") || strings.HasPrefix(line, "=") }

func readTranscript(t *testing.T, name string) *transcript {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	tr := &transcript{name: name}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimRight(line, "\n")
		title, isTitle := strings.CutPrefix(line, "== ")
		switch {
		case isTitle:
			tr.cases = append(tr.cases, &scene{title: title})
		case line == "":
		case len(tr.cases) == 0:
			t.Fatalf("%s: %q before the first case", name, line)
		default:
			c := tr.cases[len(tr.cases)-1]
			c.lines = append(c.lines, line)
		}
	}
	return tr
}

func (tr *transcript) write() error {
	var b bytes.Buffer
	for i, c := range tr.cases {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "== %s\n%s\n", c.title, strings.Join(c.lines, "\n"))
	}
	return os.WriteFile(tr.name, b.Bytes(), 0o644)
}

// transcripts plays every case of the files that match, and compares the results.
func transcripts(t *testing.T, pattern string, play func(t *testing.T, c *scene) (lines []string)) {
	names, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(names) == 0 {
		t.Fatalf("no transcripts %s: %v", pattern, err)
	}
	for _, name := range names {
		tr := readTranscript(t, name)
		for _, c := range tr.cases {
			t.Run(c.id(), func(t *testing.T) {
				got := play(t, c)
				if *update {
					c.lines = got
				}
				if got, want := strings.Join(got, "\n"), strings.Join(c.lines, "\n"); got != want {
					t.Errorf("%s: %s\n--- got\n%s\n--- want\n%s", name, c.title, got, want)
				}
			})
		}
		if *update {
			if err := tr.write(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// parsePacket makes a packet of what stands in a line: hex octets, or the words that
// String methods print, with options as they are to be sent.
func parsePacket(t *testing.T, line string) []byte {
	t.Helper()
	if b, err := hex.DecodeString(strings.ReplaceAll(line, " ", "")); err == nil {
		return b
	}
	words := splitWords(t, line)
	number := func(i int) uint16 {
		n, err := strconv.ParseUint(words[i], 10, 16)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		return uint16(n)
	}
	options := func(b []byte, from int) []byte {
		for _, w := range words[from:] {
			name, value, _ := strings.Cut(w, "=")
			b = appendString(appendString(b, name), value)
		}
		return b
	}
	switch words[0] {
	case "RRQ", "WRQ":
		op := map[string]opcode{"RRQ": opRRQ, "WRQ": opWRQ}[words[0]]
		return options(appendString(appendString(appendOpcode(nil, op), words[1]), words[2]), 3)
	case "OACK":
		return options(appendOpcode(nil, opOACK), 1)
	case "ACK":
		return Ack{number(1)}.Append(nil)
	case "ERROR":
		return (&Error{Code(number(1)), words[2]}).Append(nil)
	case "DATA":
		payload := []byte(words[2])
		if !strings.Contains(line, `"`) {
			payload = content(int(number(2)))
		}
		return Data{number(1), payload}.Append(nil)
	}
	t.Fatalf("%q is no packet", line)
	return nil
}

// splitWords splits at blanks, and unquotes what stands in quotes.
func splitWords(t *testing.T, line string) (words []string) {
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		if quoted, err := strconv.QuotedPrefix(line); err == nil {
			line = line[len(quoted):]
			if quoted, err = strconv.Unquote(quoted); err != nil {
				t.Fatal(err)
			}
			words = append(words, quoted)
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		words, line = append(words, word), rest
	}
	return words
}

// describe prints a packet. Of a long payload it prints a checksum.
func describe(b []byte) string {
	p, err := Parse(b)
	if err != nil {
		return fmt.Sprintf("% x", b)
	}
	if e, ok := p.(*Error); ok {
		return e.String()
	}
	d, ok := p.(Data)
	switch {
	case !ok:
		return fmt.Sprint(p)
	case len(d.Payload) == 0:
		return d.String()
	case len(d.Payload) <= 24:
		return fmt.Sprintf("%v %q", d, d.Payload)
	}
	return fmt.Sprintf("%v %s", d, checksum(d.Payload))
}

func checksum(b []byte) string { return fmt.Sprintf("%04x", crc32.ChecksumIEEE(b)>>16) }

// director plays the lines of a case. What the side under test sends, it is told by
// received; settle returns when nothing more will come for now.
type director struct {
	t      *testing.T
	send   func(port string, packet string)
	settle func()
	now    func() time.Time

	mu    sync.Mutex
	since time.Time // of the latest line
	got   []string  // since then
}

func (d *director) received(port string, b []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := ""
	if passed := d.now().Sub(d.since); !d.since.IsZero() && passed > 0 {
		at = fmt.Sprintf("+%v ", passed.Round(time.Millisecond))
	}
	d.got = append(d.got, "<"+port+" "+at+describe(b))
}

// play returns the lines with the results that came.
func (d *director) play(lines []string, wait func(time.Duration), end func() []string) (out []string) {
	for _, line := range lines {
		if isResult(line) {
			continue
		}
		d.begin()
		head, rest, _ := strings.Cut(line, " ")
		switch {
		case head == "~":
			passes, err := time.ParseDuration(rest)
			if err != nil {
				d.t.Fatal(err)
			}
			wait(passes)
		case strings.HasPrefix(head, ">"):
			d.send(head[1:], rest)
		default:
			d.t.Fatalf("%q is no line of a transcript", line)
		}
		d.settle()
		out = append(append(out, line), d.begin()...)
	}
	return append(out, end()...)
}

// begin starts a line, and returns what came since the one before.
func (d *director) begin() (got []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	got, d.got, d.since = d.got, nil, d.now()
	return got
}
