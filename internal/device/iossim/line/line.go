// Package line is the line editor of a simulated device: keys go in, what the terminal
// shows comes out. It has the keys of Cisco's command line, a history, and lines that
// scroll sideways when they are longer than the terminal is wide. It does no I/O.
package line

import (
	"slices"
	"strings"
)

// MaxLine is how many octets a line may have.
const MaxLine = 253

// Event is what a key asks for besides editing.
type Event uint8

// The events.
const (
	None  Event = iota
	Enter       // the line is complete
	Help        // "?"
	Tab         // complete the last word
	End         // Ctrl-Z
	Abort       // Ctrl-C
	EOF         // Ctrl-D on an empty line
)

// History is the lines that were entered, the oldest first. The zero value keeps ten.
type History struct {
	Size  int // 0 means 10
	lines []string
}

// Add remembers a line, unless it is empty or the last one once more.
func (h *History) Add(s string) {
	if strings.TrimSpace(s) == "" || len(h.lines) > 0 && h.lines[len(h.lines)-1] == s {
		return
	}
	h.lines = append(h.lines, s)
	size := h.Size
	if size <= 0 {
		size = 10
	}
	if drop := len(h.lines) - size; drop > 0 {
		h.lines = slices.Delete(h.lines, 0, drop)
	}
}

// Lines returns what is remembered, the oldest first.
func (h *History) Lines() []string { return slices.Clone(h.lines) }

// Editor is one line that is being typed. Begin comes before the first Key.
type Editor struct {
	Width   int      // columns of the terminal; 0 means that lines never scroll
	Hidden  bool     // nothing is shown of what is typed, and "?" is a letter
	Plain   bool     // "?" and Tab are letters
	History *History // nil for none

	prompt string
	buf    []byte
	pos    int    // of the cursor in buf
	offset int    // of the first octet that is shown
	escape []byte // of a sequence so far; nil outside one
	recall int    // which line of the history is shown; their number for none
	draft  string // what was typed before going back in the history
	quote  bool   // after Ctrl-V
	cr     bool   // the last key was CR
}

// Begin starts a line with a prompt and what stands in it already, and returns what to
// show.
func (e *Editor) Begin(prompt, text string) string {
	e.prompt, e.buf, e.escape, e.quote = prompt, []byte(text), nil, false
	e.pos, e.offset = len(e.buf), 0
	if e.History != nil {
		e.recall = len(e.History.lines)
	}
	return e.redraw()
}

// Text returns the line.
func (e *Editor) Text() string { return string(e.buf) }

// Redraw returns what shows prompt and line once more, on a line of the terminal that is
// empty.
func (e *Editor) Redraw() string { return e.redraw() }

// room is how many octets of the line can be seen.
func (e *Editor) room() int {
	if e.Width <= 0 || e.Hidden {
		return MaxLine + 1
	}
	return max(e.Width-len(e.prompt)-2, 8)
}

// redraw shows the prompt and as much of the line as fits, with the cursor in its place.
func (e *Editor) redraw() string {
	e.scroll()
	if e.Hidden {
		return e.prompt
	}
	shown, mark := e.visible()
	back := len(shown) - (e.pos - e.offset)
	return e.prompt + mark + shown + strings.Repeat("\b", back)
}

func (e *Editor) visible() (shown, mark string) {
	end := min(len(e.buf), e.offset+e.room())
	if e.offset > 0 {
		mark = "$"
	}
	return string(e.buf[e.offset:end]), mark
}

// scroll moves the window to where the cursor is, and reports whether it moved.
func (e *Editor) scroll() bool {
	old, room := e.offset, e.room()
	switch {
	case e.pos < e.offset:
		e.offset = max(0, e.pos-room/2)
	case e.pos-e.offset >= room && room <= len(e.buf):
		e.offset = e.pos - room/2
	}
	return e.offset != old
}

// changed shows what has changed from octet from on; old is how long the line was.
func (e *Editor) changed(from, cursor, old int) string {
	if e.Hidden {
		return ""
	}
	if offset := e.offset; e.scroll() || e.offset > 0 || old-offset >= e.room() || len(e.buf)-offset >= e.room() {
		return "\r" + strings.Repeat(" ", len(e.prompt)+min(old-offset, e.room())+1) + "\r" + e.redraw()
	}
	var b strings.Builder
	move(&b, cursor, from, e.buf)
	b.Write(e.buf[from:])
	gap := max(0, old-len(e.buf))
	b.WriteString(strings.Repeat(" ", gap) + strings.Repeat("\b", gap+len(e.buf)-e.pos))
	return b.String()
}

// move moves the cursor, over text that is shown.
func move(b *strings.Builder, from, to int, text []byte) {
	if to <= from {
		b.WriteString(strings.Repeat("\b", from-to))
	} else {
		b.Write(text[from:to])
	}
}

// Key takes one octet, and returns what to show and what is asked for.
func (e *Editor) Key(k byte) (show string, ev Event) {
	afterCR := e.cr
	e.cr = k == '\r'
	switch {
	case e.escape != nil:
		return e.sequence(k), None
	case e.quote:
		e.quote = false
		if k < ' ' || k == 0x7f {
			return "", None
		}
		return e.insert(k), None
	}
	switch k {
	case '\r':
		return "\r\n", Enter
	case '\n':
		if afterCR {
			return "", None
		}
		return "\r\n", Enter
	case 0x1b:
		e.escape = []byte{}
	case 0x03:
		return "", Abort
	case 0x04:
		if len(e.buf) == 0 {
			return "", EOF
		}
		return e.cut(e.pos, e.pos+1), None
	case 0x1a:
		return "^Z\r\n", End
	case 0x16:
		e.quote = true
	case '\t':
		if !e.Plain && !e.Hidden {
			return "", Tab
		}
	case '?':
		if !e.Plain && !e.Hidden {
			return "?\r\n", Help
		}
		return e.insert(k), None
	default:
		return e.edit(k), None
	}
	return "", None
}

// edit does what has no event.
func (e *Editor) edit(k byte) string {
	switch k {
	case 0x7f, 0x08:
		return e.cut(e.pos-1, e.pos)
	case 0x01: // A
		return e.to(0)
	case 0x05: // E
		return e.to(len(e.buf))
	case 0x02: // B
		return e.to(e.pos - 1)
	case 0x06: // F
		return e.to(e.pos + 1)
	case 0x15, 0x18: // U, X
		return e.cut(0, e.pos)
	case 0x0b: // K
		return e.cut(e.pos, len(e.buf))
	case 0x17: // W
		return e.cut(e.wordStart(), e.pos)
	case 0x10: // P
		return e.history(-1)
	case 0x0e: // N
		return e.history(1)
	case 0x14: // T
		return e.transpose()
	case 0x0c, 0x12: // L, R
		return "\r\n" + e.redraw()
	}
	if k < ' ' {
		return ""
	}
	return e.insert(k)
}

func (e *Editor) insert(k byte) string {
	if len(e.buf) >= MaxLine {
		return "\a"
	}
	old, at := len(e.buf), e.pos
	e.buf = slices.Insert(e.buf, at, k)
	e.pos++
	return e.changed(at, at, old)
}

// cut removes the octets from one to another.
func (e *Editor) cut(from, to int) string {
	from, to = max(from, 0), min(to, len(e.buf))
	if from >= to {
		return ""
	}
	old, cursor := len(e.buf), e.pos
	e.buf = slices.Delete(e.buf, from, to)
	e.pos = from
	return e.changed(from, cursor, old)
}

func (e *Editor) to(pos int) string {
	pos = max(0, min(pos, len(e.buf)))
	from := e.pos
	e.pos = pos
	if e.Hidden {
		return ""
	}
	if e.offset > 0 || len(e.buf) >= e.room() {
		return e.changed(pos, from, len(e.buf))
	}
	var b strings.Builder
	move(&b, from, pos, e.buf)
	return b.String()
}

func (e *Editor) wordStart() int {
	i := e.pos
	for i > 0 && e.buf[i-1] == ' ' {
		i--
	}
	for i > 0 && e.buf[i-1] != ' ' {
		i--
	}
	return i
}

func (e *Editor) wordEnd() int {
	i := e.pos
	for i < len(e.buf) && e.buf[i] == ' ' {
		i++
	}
	for i < len(e.buf) && e.buf[i] != ' ' {
		i++
	}
	return i
}

func (e *Editor) transpose() string {
	if e.pos < 2 {
		return ""
	}
	e.buf[e.pos-2], e.buf[e.pos-1] = e.buf[e.pos-1], e.buf[e.pos-2]
	return e.changed(e.pos-2, e.pos, len(e.buf))
}

// history goes back or forth in the lines that were entered.
func (e *Editor) history(step int) string {
	if e.History == nil {
		return ""
	}
	lines := e.History.lines
	next := e.recall + step
	if next < 0 || next > len(lines) {
		return ""
	}
	if e.recall == len(lines) {
		e.draft = string(e.buf)
	}
	e.recall = next
	text := e.draft
	if next < len(lines) {
		text = lines[next]
	}
	old, cursor := len(e.buf), e.pos
	e.buf = []byte(text)
	e.pos = len(e.buf)
	return e.changed(0, cursor, old)
}

// sequence takes what follows ESC: the keys with arrows, and words.
func (e *Editor) sequence(k byte) string {
	if len(e.escape) == 0 && (k == '[' || k == 'O') || len(e.escape) > 0 && (k >= '0' && k <= '9' || k == ';') && len(e.escape) < 8 {
		e.escape = append(e.escape, k)
		return ""
	}
	arrow := len(e.escape) > 0
	tail := string(e.escape[min(1, len(e.escape)):]) + string(rune(k))
	e.escape = nil
	if !arrow {
		tail = "\x1b" + tail
	}
	switch tail {
	case "A":
		return e.history(-1)
	case "B":
		return e.history(1)
	case "C":
		return e.to(e.pos + 1)
	case "D":
		return e.to(e.pos - 1)
	case "H", "1~":
		return e.to(0)
	case "F", "4~":
		return e.to(len(e.buf))
	case "3~":
		return e.cut(e.pos, e.pos+1)
	case "\x1bb", "\x1bB":
		return e.to(e.wordStart())
	case "\x1bf", "\x1bF":
		return e.to(e.wordEnd())
	case "\x1bd", "\x1bD":
		return e.cut(e.pos, e.wordEnd())
	}
	return ""
}
