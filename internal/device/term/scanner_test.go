package term

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/*.txt")

// TestScripts plays testdata/*.txt. A line of them is
//
//	# TEXT      a remark
//	reset       another device
//	< "OCTETS"  what the device sends
//	> "TEXT"    what is answered
//
// and all else is the events that follow.
func TestScripts(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			whole, pieces := playScan(t, string(want), 1<<20), playScan(t, string(want), 1)
			if *update {
				if err := os.WriteFile(name, []byte(whole), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if whole != string(want) {
				t.Errorf("got\n%s", whole)
			}
			if pieces != whole {
				t.Errorf("octet by octet it comes to\n%s", pieces)
			}
		})
	}
}

func playScan(t *testing.T, script string, size int) string {
	var out strings.Builder
	var s Scanner
	for l := range strings.Lines(script) {
		l = strings.TrimRight(l, "\n")
		word, rest, _ := strings.Cut(l, " ")
		if word == "" {
			continue // an event, which is made anew
		}
		switch word {
		case "#":
			fmt.Fprintln(&out, l)
		case "reset":
			fmt.Fprintln(&out, l)
			s = Scanner{}
		case ">":
			fmt.Fprintln(&out, l)
			s.Answered(unquoted(t, rest))
		case "<":
			fmt.Fprintln(&out, l)
			var last string
			for text := []byte(unquoted(t, rest)); len(text) > 0; {
				n := min(size, len(text))
				last = ""
				for _, e := range s.Feed(text[:n]) {
					if e.Kind >= Prompt { // counts only if nothing comes after it
						last = shown(e)
						continue
					}
					fmt.Fprint(&out, shown(e))
				}
				text = text[n:]
			}
			fmt.Fprint(&out, last)
		}
	}
	return out.String()
}

func shown(e Event) string {
	text := fmt.Sprintf("  %v %q", e.Kind, e.Text)
	switch {
	case e.Kind == Prompt:
		text += " " + e.Mode.String()
	case e.Kind == Asked:
		text += fmt.Sprintf(" %s: %s [%s]", e.Question.Name, e.Question.Class, e.Bracket)
	}
	if e.Doubtful {
		text += " doubtful"
	}
	return text + "\n"
}

func unquoted(t *testing.T, s string) string {
	text, err := strconv.Unquote(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return text
}

// TestQuestions: the table says what Enter means wherever Enter may be sent, and what
// destroys a file system is forbidden however it is asked.
func TestQuestions(t *testing.T) {
	for _, q := range Questions() {
		if q.Class == Unknown || q.Name == "" {
			t.Errorf("%v has no class", q)
		}
		if q.Kind == Key && q.Enter == "" {
			t.Errorf("%s: nothing says what Enter means", q.Name)
		}
		if strings.Contains(q.Enter, "ERASE") != (q.Class == Forbidden && q.Kind == Key && q.Name != "format" && q.Name != "squeeze") {
			t.Errorf("%s is %s, but Enter means: %s", q.Name, q.Class, q.Enter)
		}
	}
	for _, text := range []string{
		"Erase flash: before copying? [confirm]", "Erase flash:before writing? [confirm]", "Erase slot0: ? [confirm]",
		"Erasing the flash filesystem will remove all files! Continue? [confirm]",
		"Erasing the nvram filesystem will remove all configuration files! Continue? [confirm]",
		"Format operation may take a while. Continue? [confirm]", "Format operation will destroy all data in \"disk0:\".  Continue? [confirm]",
		"Squeeze operation may take a while. Continue? [confirm]", "squeeze flash: [confirm]", "Format flash: now? [y/n]", "Erase it? [yes/no]:",
	} {
		if q, _, ok := question(text); !ok || q.Class != Forbidden {
			t.Errorf("%q is not forbidden", text)
		}
	}
	for _, text := range []string{
		"This will reset the system. Continue? [confirm]", "Abort erase? [confirm]", "Reload the entire shelf [confirm]", "Do you really want to? [y/n]",
		"Are you sure you want to continue connecting (yes/no)?", "Overwrite startup-config? [confirm]", "Enter hostname for the tftp server: ",
		"Not a question in mid-line: Proceed with reload? [confirm]",
	} {
		if q, _, ok := question(text); ok {
			t.Errorf("%q is taken for %s", text, q.Name)
		}
	}
}

// FuzzScanner: octets in pieces come to the same as all at once; nothing panics; and what
// stands there never asks for more than one thing.
func FuzzScanner(f *testing.F) {
	f.Add([]byte("R1#show clock\r\n*09:00:00\r\nR1#"), "show clock", 3)
	f.Add([]byte("Proceed with reload? [confirm]\r\n*Nov 21 09:43:38.037: %SYS-5-CONFIG_I: x\r\n[confirm]"), "", 20)
	f.Add([]byte(" --More-- \b\b\b\b\b\b\b\b\b        \b\b\b\b\b\b\b\b\bline\r\n\x1b[7m--More--\x1b[27m"), " ", 1)
	f.Fuzz(func(t *testing.T, raw []byte, answer string, at int) {
		at = max(0, min(at, len(raw)))
		var whole, pieces Scanner
		var a, b bytes.Buffer
		for i, part := range [][]byte{raw[:at], raw[at:]} {
			if i == 1 {
				whole.Answered(answer)
				pieces.Answered(answer)
			}
			events := whole.Feed(part)
			for n, e := range events {
				if e.Kind >= Prompt && n != len(events)-1 {
					t.Errorf("%q: %v is not the last event", part, e)
				}
				if e.Kind != Echo && (e.Kind == Asked) != (e.Question != nil) || (e.Kind == Prompt) != (e.Mode != NoMode) {
					t.Errorf("%q: %+v", part, e)
				}
				a.WriteString(shown(e))
			}
			last := ""
			for i := range part {
				last = ""
				for _, e := range pieces.Feed(part[i : i+1]) {
					if e.Kind >= Prompt {
						last = shown(e)
					} else {
						b.WriteString(shown(e))
					}
				}
			}
			b.WriteString(last)
			if len(part) == 0 { // a scanner that is fed nothing looks again at what stands there
				a.Reset()
				b.Reset()
			}
		}
		if a.String() != b.String() {
			t.Errorf("whole:\n%s\nin pieces:\n%s", a.String(), b.String())
		}
	})
}
