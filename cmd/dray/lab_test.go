package main

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var updateLab = flag.Bool("update-lab", false, "rewrite the output in docs/lab.md")

// TestLab types what docs/lab.md says, at the console of the real program, and compares
// what is printed with the page.
func TestLab(t *testing.T) {
	const page = "../../docs/lab.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ports := startLab(t, dir)
	screen := startConsole(t, dir, ports["tftp"])
	guide := parseGuide(string(text))
	var shown []string
	for i, block := range guide.blocks {
		for j, step := range block {
			screen.until(step.prompt)
			if i+j > 0 && j == 0 {
				shown = append(shown, screen.cut(step.prompt))
			}
			screen.send(strings.Replace(step.typed, ":2121", ":"+ports["ftp"], 1))
		}
	}
	shown = append(shown, screen.cut(""))
	for i := range shown {
		shown[i] = strings.ReplaceAll(tidy(shown[i]), ":"+ports["ftp"], ":2121")
	}
	if *updateLab {
		if err := os.WriteFile(page, []byte(guide.with(shown)), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for i, want := range guide.texts {
		if got := shown[i]; likeness(got) != likeness(want) {
			t.Errorf("block %d of docs/lab.md; go test ./cmd/dray -run TestLab -update-lab rewrites it\ngot:\n%s\nwant:\n%s", i+1, got, want)
		}
	}
}

// startLab serves the images of the page, and returns the ports by protocol.
func startLab(t *testing.T, dir string) map[string]string {
	t.Helper()
	images := filepath.Join(dir, "images")
	if err := os.Mkdir(images, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"15.7(3)M9", "15.7(3)M10"} {
		out, err := exec.Command("dray", "sim", "image", "--platform", "2911", "--version", version, "--size", "4000000", images).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	file := filepath.Join(dir, "ports")
	cmd := exec.Command("dray", "serve", images, "--listen", "127.0.0.1", "--ftp", "0", "--tftp", "0", "--ports-file", file,
		"--user", "course:lab", "--write", "--tftp-write", "all", "--state-dir", dir)
	start(t, cmd, "Ctrl-C lets running transfers end")
	ports := addresses(t, file)
	for protocol, addr := range ports {
		ports[protocol] = addr[strings.LastIndexByte(addr, ':')+1:]
	}
	return ports
}

func startConsole(t *testing.T, dir, tftp string) *labScreen {
	t.Helper()
	cmd := exec.Command("dray", "sim", "--console", "--model", "2911", "--speed", "1000", "--tftp-port", tftp)
	cmd.Dir = dir
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_, _ = io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			t.Errorf("dray sim: %v", err)
		}
	})
	return &labScreen{t: t, out: out, in: in}
}

// labScreen is what a program has printed.
type labScreen struct {
	t    *testing.T
	out  io.Reader
	in   io.Writer
	text []byte
	from int // what was typed last came here
}

// until reads to where a text ends.
func (s *labScreen) until(text string) {
	s.t.Helper()
	b := make([]byte, 1)
	for !bytes.HasSuffix(s.text[s.from:], []byte(text)) {
		if _, err := s.out.Read(b); err != nil {
			s.t.Fatalf("waiting for %q: %v after\n%s", text, err, s.text)
		}
		if b[0] != '\r' {
			s.text = append(s.text, b[0])
		}
	}
}

func (s *labScreen) send(text string) {
	s.from = len(s.text)
	if _, err := io.WriteString(s.in, text); err != nil {
		s.t.Fatal(err)
	}
}

// cut returns what came before the prompt, and forgets it.
func (s *labScreen) cut(prompt string) string {
	shown := strings.TrimSuffix(string(s.text), prompt)
	s.text, s.from = []byte(prompt), 0
	return shown
}

// step is a prompt, and the keys that are typed there.
type step struct{ prompt, typed string }

// guide is the page: what is typed in each of its blocks, and how they read.
type guide struct {
	parts  []string // around the blocks
	texts  []string
	blocks [][]step
}

var prompts = regexp.MustCompile(`^(R1(?:\(config[^)]*\))?[>#]|Press RETURN to get started!|Password: |.*\]\? |.*\[confirm\])(.*)$`)

func parseGuide(page string) (g guide) {
	const fence = "```console\n"
	for {
		before, rest, ok := strings.Cut(page, fence)
		if !ok {
			g.parts = append(g.parts, page)
			return g
		}
		block, after, _ := strings.Cut(rest, "```\n")
		g.parts = append(g.parts, before+fence)
		g.texts = append(g.texts, block)
		page = "```\n" + after
		var steps []step
		for line := range strings.Lines(block) {
			m := prompts.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
			if m == nil {
				continue
			}
			typed := m[2] + "\r"
			switch {
			case m[1] == "Password: ":
				typed = "cisco\r"
			case strings.HasPrefix(m[1], "Erase"): // Enter would mean yes
				typed = "n"
			case m[1] == "R1#" && m[2] == "": // the end of the page
				typed = ""
			}
			steps = append(steps, step{m[1], typed})
		}
		g.blocks = append(g.blocks, steps)
	}
}

// with is the page with other blocks.
func (g guide) with(shown []string) string {
	var b strings.Builder
	for i, part := range g.parts {
		b.WriteString(part)
		if i < len(shown) {
			b.WriteString(shown[i])
		}
	}
	return b.String()
}

// tidy makes what was printed fit for a page.
func tidy(s string) string {
	s = regexp.MustCompile(`!{60,}`).ReplaceAllString(s, strings.Repeat("!", 60))
	if at := strings.Index(s, "Press RETURN"); at >= 0 && strings.HasPrefix(strings.TrimSpace(s), "Connected") {
		s = s[at:]
	}
	return strings.Trim(s, "\n") + "\n"
}

// likeness leaves out what is another thing each time.
func likeness(s string) string {
	for _, r := range [][2]string{
		{`[!.O]+(\n|Done)`, "!$1"}, {`in [\d.]+ secs \(\d+ bytes/sec\)`, "in no time"}, {`[A-Z][a-z]{2} +\d+ \d{4} \d\d:\d\d:\d\d`, "DATE"},
		{` +DATE`, " DATE"}, {`\*[A-Z][a-z]{2} +\d+ [\d:.]+`, "*DATE"}, {`max = [\d/]+ ms`, "max"}, {`\n\*DATE.*\n`, "\n"}, {`\n+`, "\n"}, {`\d+ bytes copied`, "copied"}, {`Writing .*`, ""},
	} {
		s = regexp.MustCompile(r[0]).ReplaceAllString(s, r[1])
	}
	return s
}
