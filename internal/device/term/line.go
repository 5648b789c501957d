package term

import "strings"

// maxLine is how long a line may become before it is cut in two, in octets.
const maxLine = 64 << 10

// line is the last line of a terminal, as far as it has come: what was rubbed out, written
// over or coloured is as a person sees it.
type line struct {
	text   []byte
	cursor int
	escape escape
	params []byte // of the escape sequence
}

// escape is how far an escape sequence has come.
type escape uint8

const (
	none escape = iota
	begun
	control // CSI
	command // OSC, to BEL
)

// put takes an octet. It returns true when the line is whole.
func (l *line) put(k byte) (whole bool) {
	if l.escape != none {
		l.escaped(k)
		return false
	}
	switch {
	case k == '\n':
		return true
	case k == '\r':
		l.cursor = 0
	case k == '\b':
		l.back(1)
	case k == 0x1b:
		l.escape, l.params = begun, nil
	case k == '\t', k >= ' ' && k != 0x7f:
		if l.cursor < len(l.text) {
			l.text[l.cursor] = k
		} else {
			l.text = append(l.text, k)
		}
		l.cursor++
		return len(l.text) >= maxLine
	} // NUL, BEL and the like leave nothing
	return false
}

// back moves the cursor left. What is blank from there on was rubbed out.
func (l *line) back(n int) {
	l.cursor = max(l.cursor-n, 0)
	for _, k := range l.text[l.cursor:] {
		if k != ' ' {
			return
		}
	}
	l.text = l.text[:l.cursor]
}

func (l *line) escaped(k byte) {
	const longest = 32
	switch {
	case l.escape == begun && k == '[':
		l.escape = control
	case l.escape == begun && k == ']':
		l.escape = command
	case l.escape == command && k != 0x07 && k != 0x1b && k != '\n', l.escape == control && (k < 0x40 || k > 0x7e) && k != '\n':
		if l.params = append(l.params, k); len(l.params) > longest {
			l.escape = none
		}
	case l.escape == control:
		l.escape = none
		l.obey(k)
	default:
		l.escape = none
	}
}

// obey carries out the control sequences that devices send; the others are for looks.
func (l *line) obey(k byte) {
	n := 0
	for _, d := range l.params {
		if d >= '0' && d <= '9' {
			n = min(10*n+int(d-'0'), maxLine)
		}
	}
	switch {
	case k == 'K' && n == 0:
		l.text = l.text[:min(l.cursor, len(l.text))]
	case k == 'K' && n == 2:
		l.text, l.cursor = l.text[:0], 0
	case k == 'D':
		l.back(max(n, 1))
	case k == 'C':
		l.cursor = min(l.cursor+max(n, 1), len(l.text))
	}
}

// String is the line without what a device pads it with at its end.
func (l *line) String() string { return strings.TrimRight(string(l.text), "\x00") }

// reset begins a new line.
func (l *line) reset() { l.text, l.cursor = l.text[:0], 0 }
