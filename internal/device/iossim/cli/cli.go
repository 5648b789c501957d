// Package cli is the grammar of a command line like Cisco's: one tree of keywords and
// arguments, from which commands are parsed and abbreviated, the error lines with their
// marker are made, and "?" and Tab are answered. It knows no command itself, and does no
// I/O.
package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Grammar is a tree of commands, each with an H, say what runs it. Add the commands first;
// then it may be used by several goroutines.
type Grammar[H any] struct {
	// Prefixes are what a URL begins with, such as "flash:", in the order of "?".
	Prefixes []string

	// Devices are those of them that a DEVICE may begin with.
	Devices []string

	// Interfaces are the kinds of interfaces, such as "GigabitEthernet".
	Interfaces []string

	// Title is the line above all commands, such as "Exec commands:".
	Title string

	// Help says what a path of keywords means: "show version", or "version" wherever
	// nothing else is said.
	Help map[string]string

	root node[H]
}

// node is a keyword or an argument, or the root.
type node[H any] struct {
	word    string // the keyword, or the name of the argument
	path    string // the keywords from the root
	kind    kind
	lo, hi  int
	keys    []*node[H] // sorted
	args    []*node[H]
	level   int // the least privilege of a command that ends here or below
	command *Command[H]
}

// kind is what an argument looks like.
type kind uint8

const (
	keyword kind = iota
	word
	line
	number
	address
	clock
	file
	device
	iface
)

// schemes are what an argument of a kind may begin with.
func (g *Grammar[H]) schemes(k kind) []string {
	if k == device {
		return g.Devices
	}
	return g.Prefixes
}

// Command is what Add was told.
type Command[H any] struct {
	Spec  string
	Level int  // the privilege that it takes
	Pipe  bool // its output may be filtered
	Do    H
}

// Match is a line that was understood.
type Match[H any] struct {
	Command *Command[H]
	Text    string            // the line with its keywords in full
	Args    map[string]string // the arguments by name; an interface in full
	Filter  Filter
}

// Filter is what follows the bar.
type Filter struct {
	Verb    string // "" for none
	Pattern string
}

// filters are the verbs that may follow a bar.
var filters = []string{"begin", "count", "exclude", "include", "section"}

// Fault says why a line is no command.
type Fault uint8

// The faults.
const (
	Invalid    Fault = iota + 1 // at Error.At
	Incomplete                  // more is needed
	Ambiguous                   // a keyword could be several
)

// Error is a line that is no command. It has the lines that a device prints.
type Error struct {
	Fault Fault
	Line  string
	At    int // octets from the start of the line to what is not understood
	Word  int // which word that is, from 0
}

func (e *Error) Error() string { return strings.TrimSpace(e.Text(0)) }

// Text returns the lines that a device prints, each with its line end, when the prompt
// takes so many columns.
func (e *Error) Text(prompt int) string {
	switch e.Fault {
	case Invalid:
		return strings.Repeat(" ", prompt+e.At) + "^\n% Invalid input detected at '^' marker.\n\n"
	case Incomplete:
		return "% Incomplete command.\n\n"
	default:
		return fmt.Sprintf("%% Ambiguous command:  \"%s\"\n", strings.TrimSpace(e.Line))
	}
}

// Add adds a command. Its spec is keywords and arguments, <name:KIND>, where KIND is WORD,
// LINE (the rest), A.B.C.D, HH:MM, FILE (a URL or a name), DEVICE (what begins with one of Devices), INTERFACE or a range of numbers;
// [x] may be left out, and of (x|y) one is taken. A spec that is none panics: it is part
// of the program.
func (g *Grammar[H]) Add(c Command[H]) {
	for _, words := range expand(c.Spec) {
		at := &g.root
		for _, w := range words {
			at = at.child(w, c.Level)
		}
		at.command = &c
	}
	g.root.level = 0
}

// expand returns the sequences of words that a spec stands for.
func expand(spec string) [][]string {
	open := strings.IndexAny(spec, "[(")
	if open < 0 {
		return [][]string{strings.Fields(spec)}
	}
	depth, closing := 0, -1
	var bars []int
	for i := open; i < len(spec) && closing < 0; i++ {
		switch spec[i] {
		case '[', '(':
			depth++
		case ']', ')':
			if depth--; depth == 0 {
				closing = i
			}
		case '|':
			if depth == 1 {
				bars = append(bars, i)
			}
		}
	}
	if closing < 0 {
		panic("cli: " + spec)
	}
	var all [][]string
	from := open + 1
	for _, bar := range append(bars, closing) {
		all = append(all, expand(spec[:open]+spec[from:bar]+spec[closing+1:])...)
		from = bar + 1
	}
	if spec[open] == '[' {
		all = append(all, expand(spec[:open]+spec[closing+1:])...)
	}
	return all
}

// child returns the node of a word of a spec, which it makes if it is missing.
func (n *node[H]) child(w string, level int) *node[H] {
	c := newNode[H](w)
	list := &n.keys
	if c.kind != keyword {
		list = &n.args
	}
	for _, old := range *list {
		if old.word == c.word && old.kind == c.kind && old.lo == c.lo && old.hi == c.hi {
			old.level = min(old.level, level)
			return old
		}
	}
	c.level, c.path = level, n.path
	if c.kind == keyword {
		c.path = strings.TrimSpace(n.path + " " + c.word)
	}
	*list = append(*list, c)
	slices.SortStableFunc(n.keys, func(a, b *node[H]) int { return strings.Compare(a.word, b.word) })
	return c
}

func newNode[H any](w string) *node[H] {
	name, ok := strings.CutPrefix(w, "<")
	if !ok {
		return &node[H]{word: w}
	}
	name, what, _ := strings.Cut(strings.TrimSuffix(name, ">"), ":")
	n := &node[H]{word: name}
	switch what {
	case "WORD":
		n.kind = word
	case "LINE":
		n.kind = line
	case "A.B.C.D":
		n.kind = address
	case "HH:MM":
		n.kind = clock
	case "FILE":
		n.kind = file
	case "DEVICE":
		n.kind = device
	case "INTERFACE":
		n.kind = iface
	default:
		lo, hi, ok := strings.Cut(what, "-")
		var err1, err2 error
		n.kind = number
		n.lo, err1 = strconv.Atoi(lo)
		n.hi, err2 = strconv.Atoi(hi)
		if !ok || err1 != nil || err2 != nil {
			panic("cli: " + w)
		}
	}
	return n
}
