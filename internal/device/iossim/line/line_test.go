package line

import (
	"slices"
	"strings"
	"testing"
)

// screen is what a terminal shows in its last line.
type screen struct {
	cells []byte
	at    int
}

func (s *screen) show(text string) {
	for _, k := range []byte(text) {
		switch k {
		case '\r':
			s.at = 0
		case '\n':
			s.cells, s.at = nil, 0
		case '\b':
			s.at = max(0, s.at-1)
		case '\a':
		default:
			for len(s.cells) <= s.at {
				s.cells = append(s.cells, ' ')
			}
			s.cells[s.at] = k
			s.at++
		}
	}
}

func (s *screen) String() string { return strings.TrimRight(string(s.cells), " ") }

const (
	up, down, left, right = "\x1b[A", "\x1b[B", "\x1b[D", "\x1b[C"
	home, end             = "\x01", "\x05"
)

func TestKeys(t *testing.T) {
	for name, c := range map[string]struct {
		keys, line string
		cursor     int // in the line
	}{
		"letters":                 {"show", "show", 4},
		"backspace":               {"shoe\x7fw", "show", 4},
		"backspace of a terminal": {"shoe\bw", "show", 4},
		"insert":                  {"shw" + left + "o", "show", 3},
		"start and end":           {"ow" + home + "sh" + end + " ver", "show ver", 8},
		"kill to the start":       {"xxx show" + left + left + left + left + "\x15", "show", 0},
		"kill to the end":         {"show xxx\x02\x02\x02\x02\x0b", "show", 4},
		"kill a word":             {"show version  \x17ip", "show ip", 7},
		"delete forward":          {"sxhow" + home + right + "\x1b[3~", "show", 1},
		"Ctrl-D in a line":        {"sxhow" + home + right + "\x04", "show", 1},
		"words":                   {"show ip int\x1bb\x1bb\x1bd\x1bf", "show  int", 9},
		"transpose":               {"shwo\x14", "show", 4},
		"too far to the left":     {"a" + left + left + left + "b", "ba", 1},
		"the last line":           {up, "show clock", 10},
		"the line before":         {up + up, "show version", 12},
		"before the first":        {up + up + up + up, "show version", 12},
		"there and back":          {"draft" + up + up + down + down, "draft", 5},
		"a longer one and back":   {up + up + down, "show clock", 10},
		"Ctrl-P and Ctrl-N":       {"\x10\x10\x0e", "show clock", 10},
		"a quoted question":       {"what\x16?", "what?", 5},
		"controls are nothing":    {"a\x00\x1f\x07b", "ab", 2},
		"an unknown sequence":     {"a\x1b[15~\x1bOPb", "ab", 2},
	} {
		h := &History{}
		h.Add("show version")
		h.Add("show clock")
		h.Add("show clock")
		e := Editor{History: h, Width: 80}
		var s screen
		s.show(e.Begin("R1#", ""))
		for _, k := range []byte(c.keys) {
			show, ev := e.Key(k)
			s.show(show)
			if ev != None {
				t.Errorf("%s: event %d", name, ev)
			}
		}
		if e.Text() != c.line || s.String() != strings.TrimRight("R1#"+c.line, " ") || s.at != 3+c.cursor {
			t.Errorf("%s: %q, shown as %q with the cursor at %d; want %q, %d", name, e.Text(), s.String(), s.at, c.line, 3+c.cursor)
		}
	}
}

func TestEvents(t *testing.T) {
	for _, c := range []struct {
		keys string
		want []Event
	}{
		{"a\r", []Event{Enter}}, {"a\n", []Event{Enter}}, {"a\r\n\r\n", []Event{Enter, Enter}}, {"\n\n", []Event{Enter, Enter}},
		{"?", []Event{Help}}, {"\t", []Event{Tab}}, {"\x1a", []Event{End}}, {"\x03", []Event{Abort}}, {"\x04", []Event{EOF}}, {"a\x04", nil},
	} {
		var e Editor
		e.Begin("", "")
		var got []Event
		for _, k := range []byte(c.keys) {
			if _, ev := e.Key(k); ev != None {
				got = append(got, ev)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: %v; want %v", c.keys, got, c.want)
		}
	}
}

func TestNothingIsShownOfAPassword(t *testing.T) {
	e := Editor{Hidden: true, Width: 20}
	shown := e.Begin("Password: ", "")
	for _, k := range []byte("s?cret\x7f" + left + "x") {
		show, _ := e.Key(k)
		shown += show
	}
	if shown != "Password: " || e.Text() != "s?crxe" {
		t.Errorf("shown: %q; typed: %q", shown, e.Text())
	}
}

func TestALongLineScrolls(t *testing.T) {
	e := Editor{Width: 30}
	var s screen
	s.show(e.Begin("R1#", ""))
	for _, k := range []byte("copy tftp://192.0.2.1/c2900-universalk9-mz.bin flash:") {
		show, _ := e.Key(k)
		s.show(show)
		if got := s.String(); len(got) > 30 || !strings.HasPrefix(got, "R1#") {
			t.Fatalf("shown: %q", got)
		}
	}
	if got := s.String(); !strings.HasPrefix(got, "R1#$") || !strings.HasSuffix(got, "bin flash:") {
		t.Errorf("the end is shown as %q", got)
	}
	show, _ := e.Key(0x01)
	s.show(show)
	if got := s.String(); !strings.HasPrefix(got, "R1#copy tftp:") || s.at != 3 {
		t.Errorf("the start is shown as %q, the cursor at %d", got, s.at)
	}
}

func TestALineHasAnEnd(t *testing.T) {
	var e Editor
	e.Begin("", "")
	for range 1000 {
		e.Key('x')
	}
	if n := len(e.Text()); n != MaxLine {
		t.Errorf("%d octets", n)
	}
}

// FuzzKeys types anything: the terminal shows what the editor holds.
func FuzzKeys(f *testing.F) {
	f.Add([]byte("show\x7f\x01x\x1b[A\x17\x14"), 20)
	f.Add([]byte("copy tftp://192.0.2.1/x flash:\x01\x0b"), 12)
	f.Fuzz(func(t *testing.T, keys []byte, width int) {
		h := &History{}
		h.Add("show running-config | include interface")
		e := Editor{History: h, Width: width % 200}
		var s screen
		s.show(e.Begin("R1#", ""))
		for _, k := range keys {
			show, ev := e.Key(k)
			s.show(show)
			if ev != None {
				return
			}
			if e.pos < 0 || e.pos > len(e.buf) || len(e.buf) > MaxLine {
				t.Fatalf("the cursor is at %d of %d", e.pos, len(e.buf))
			}
		}
		shown, mark := e.visible()
		if want := strings.TrimRight("R1#"+mark+shown, " "); s.String() != want {
			t.Errorf("%q, %d columns: shown as %q; want %q", keys, e.Width, s.String(), want)
		}
	})
}
