package cli

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// token is a word of a line.
type token struct {
	text string
	at   int // octets from the start of the line
}

func tokens(line string) (all []token) {
	for i := 0; i < len(line); {
		if line[i] == ' ' || line[i] == '\t' {
			i++
			continue
		}
		j := i
		for j < len(line) && line[j] != ' ' && line[j] != '\t' {
			j++
		}
		all = append(all, token{line[i:j], i})
		i = j
	}
	return all
}

// walk is a way down the tree.
type walk[H any] struct {
	g     *Grammar[H]
	line  string
	level int
	all   []token
	n     int // how many of them are behind
	at    *node[H]
	text  []string
	args  map[string]string
}

// Parse understands a line at a privilege level, or returns an *Error.
func (g *Grammar[H]) Parse(line string, level int) (Match[H], error) {
	w := &walk[H]{g: g, line: line, level: level, all: tokens(line), at: &g.root, args: map[string]string{}}
	var m Match[H]
	for w.n < len(w.all) {
		if t := w.all[w.n]; t.text[0] == '|' && w.at.command != nil && w.at.command.Pipe {
			filter, err := w.filter()
			if err != nil {
				return m, err
			}
			m.Filter = filter
			break
		}
		if err := w.step(); err != nil {
			return m, err
		}
	}
	if w.at.command == nil || w.at.command.Level > level {
		return m, w.fail(Incomplete, len(line))
	}
	m.Command, m.Args, m.Text = w.at.command, w.args, strings.Join(w.text, " ")
	return m, nil
}

func (w *walk[H]) fail(f Fault, at int) *Error {
	return &Error{Fault: f, Line: w.line, At: at, Word: w.n}
}

// step goes from a node to a child.
func (w *walk[H]) step() error {
	t := w.all[w.n]
	keys := w.candidates(t.text)
	switch {
	case len(keys) == 1:
		w.at = keys[0]
		w.text = append(w.text, keys[0].word)
		w.n++
		return nil
	case len(keys) > 1:
		return w.fail(Ambiguous, t.at)
	}
	for _, a := range w.at.args {
		if a.level > w.level {
			continue
		}
		if value, used, ok := w.accept(a); ok {
			w.at = a
			w.args[a.word] = value
			w.text = append(w.text, value)
			w.n += used
			return nil
		}
	}
	return w.fail(Invalid, t.at+w.matching(t.text))
}

// candidates are the keywords that a word may stand for: the one that it is, or all that
// it begins.
func (w *walk[H]) candidates(text string) (found []*node[H]) {
	for _, k := range w.at.keys {
		if k.level > w.level || len(text) > len(k.word) || !strings.EqualFold(k.word[:len(text)], text) {
			continue
		}
		if len(text) == len(k.word) {
			return []*node[H]{k}
		}
		found = append(found, k)
	}
	return found
}

// matching is how many octets of a word are the beginning of something.
func (w *walk[H]) matching(text string) (most int) {
	try := func(s string) {
		n := 0
		for n < len(s) && n < len(text) && s[n]|0x20 == text[n]|0x20 {
			n++
		}
		most = max(most, n)
	}
	for _, k := range w.at.keys {
		if k.level <= w.level {
			try(k.word)
		}
	}
	for _, a := range w.at.args {
		switch a.kind {
		case file, device:
			for _, p := range w.g.schemes(a.kind) {
				try(p)
			}
		case iface:
			for _, i := range w.g.Interfaces {
				try(i)
			}
		}
	}
	return min(most, len(text)-1)
}

// accept reports whether the next words are the argument, how many they are, and its
// value.
func (w *walk[H]) accept(a *node[H]) (value string, used int, ok bool) {
	t := w.all[w.n].text
	switch a.kind {
	case line:
		return strings.TrimRight(w.line[w.all[w.n].at:], " \t"), len(w.all) - w.n, true
	case number:
		n, err := strconv.Atoi(t)
		return t, 1, err == nil && n >= a.lo && n <= a.hi
	case address:
		ip, err := netip.ParseAddr(t)
		return t, 1, err == nil && ip.Is4()
	case clock:
		h, m, ok := strings.Cut(t, ":")
		hours, err1 := strconv.ParseUint(h, 10, 8)
		minutes, err2 := strconv.ParseUint(m, 10, 8)
		return t, 1, ok && err1 == nil && err2 == nil && hours < 1000 && minutes < 60
	case file, device:
		scheme, _, ok := strings.Cut(t, ":")
		known := slices.ContainsFunc(w.g.schemes(a.kind), func(p string) bool { return strings.EqualFold(p, scheme+":") })
		return t, 1, known || !ok && a.kind == file
	case iface:
		return w.iface()
	}
	return t, 1, true
}

// iface accepts "gi0/0" and "gi 0/0".
func (w *walk[H]) iface() (value string, used int, ok bool) {
	text, used := w.all[w.n].text, 1
	digit := strings.IndexAny(text, "0123456789")
	if digit < 0 && w.n+1 < len(w.all) {
		digit, text, used = len(text), text+w.all[w.n+1].text, 2
	}
	if digit <= 0 || digit == len(text) || strings.Trim(text[digit:], "0123456789/.") != "" {
		return "", 0, false
	}
	var found []string
	for _, name := range w.g.Interfaces {
		if digit <= len(name) && strings.EqualFold(name[:digit], text[:digit]) {
			found = append(found, name)
		}
	}
	if len(found) != 1 {
		return "", 0, false
	}
	return found[0] + text[digit:], used, true
}

// filter understands the bar and what follows it.
func (w *walk[H]) filter() (Filter, error) {
	bar := w.all[w.n]
	rest := w.all[w.n+1:]
	if len(bar.text) > 1 { // "|inc x"
		rest = append([]token{{bar.text[1:], bar.at + 1}}, rest...)
	}
	w.n++
	if len(rest) == 0 {
		return Filter{}, w.fail(Incomplete, len(w.line))
	}
	var verbs []string
	for _, v := range filters {
		if strings.HasPrefix(v, strings.ToLower(rest[0].text)) {
			verbs = append(verbs, v)
		}
	}
	switch {
	case len(verbs) == 0:
		sub := walk[H]{g: w.g, at: filterNode[H]()}
		return Filter{}, w.fail(Invalid, rest[0].at+sub.matching(rest[0].text))
	case len(verbs) > 1:
		return Filter{}, w.fail(Ambiguous, rest[0].at)
	case len(rest) == 1:
		return Filter{}, w.fail(Incomplete, len(w.line))
	}
	return Filter{verbs[0], strings.TrimRight(w.line[rest[1].at:], " ")}, nil
}

func filterNode[H any]() *node[H] {
	n := &node[H]{}
	for _, v := range filters {
		n.keys = append(n.keys, &node[H]{word: v, path: "| " + v, args: []*node[H]{{word: "pattern", kind: line}}})
	}
	return n
}
