package tty

import (
	"regexp"
	"strconv"
	"strings"

	"dray/internal/device/iossim/cli"
)

// Pager shows the output of a command, as much as fits at a time, and only the lines that
// its filter lets through. What is left when somebody has had enough is dropped.
type Pager struct {
	t       *Terminal
	match   func(line string) bool
	verb    string
	rest    string // of a line that is not whole yet
	shown   int    // lines since the last pause
	began   bool   // the filter has matched already
	section bool   // within one
	count   int
	stopped bool
	err     error
}

// Pager makes one for a filter. A pattern that is none is complained of, and stops it.
func (t *Terminal) Pager(f cli.Filter) *Pager {
	p := &Pager{t: t, verb: f.Verb}
	if f.Verb != "" {
		re, err := regexp.Compile(pattern(f.Pattern))
		if err != nil {
			t.Print("% Failed to compile regular expression.\n")
			p.stopped = true
			return p
		}
		p.match = re.MatchString
	}
	return p
}

// pattern turns Cisco's regular expressions into ours: "_" is any separator.
func pattern(s string) string {
	return strings.ReplaceAll(s, "_", `(?:^|$|[ ,{}()])`)
}

// Write takes text; it never fails.
func (p *Pager) Write(b []byte) (int, error) {
	n := len(b)
	p.rest += string(b)
	for !p.stopped {
		line, rest, ok := strings.Cut(p.rest, "\n")
		if !ok {
			break
		}
		p.rest = rest
		if p.passes(line) {
			p.show(line + "\n")
		}
	}
	return n, nil
}

func (p *Pager) passes(line string) bool {
	switch p.verb {
	case "include":
		return p.match(line)
	case "exclude":
		return !p.match(line)
	case "begin":
		p.began = p.began || p.match(line)
		return p.began
	case "count":
		if p.match(line) {
			p.count++
		}
		return false
	case "section":
		if !strings.HasPrefix(line, " ") {
			p.section = p.match(line)
		} else if p.match(line) {
			return true
		}
		return p.section
	}
	return true
}

const more = " --More-- "

// show shows a line, and pauses before it when the page is full.
func (p *Pager) show(line string) {
	if p.t.Length > 0 && p.shown >= p.t.Length-1 {
		p.t.Print(more)
		k, err := p.t.Next()
		p.t.Print(strings.Repeat("\b", 9) + strings.Repeat(" ", 8) + strings.Repeat("\b", 9))
		switch {
		case err != nil:
			p.err, p.stopped = err, true
			return
		case k == ' ':
			p.shown = 0
		case k == '\r' || k == '\n':
			p.shown--
		default:
			p.stopped = true
			p.t.Print("\n")
			return
		}
	}
	p.t.Print(line)
	p.shown++
}

// End shows what is left. Its error is that of the terminal.
func (p *Pager) End() error {
	if p.verb == "count" && !p.stopped {
		p.show("Number of lines which match regexp = " + strconv.Itoa(p.count) + "\n")
	}
	if !p.stopped && p.rest != "" && p.passes(p.rest) {
		p.t.Print(p.rest)
	}
	p.rest = ""
	return p.err
}

// Stopped reports whether nothing more will be shown.
func (p *Pager) Stopped() bool { return p.stopped }
