package cli

import (
	"fmt"
	"strings"
)

// entry is a line of help.
type entry struct{ word, text string }

// Question returns what "?" prints after a line: the words that may complete the last one,
// or what may follow, or the lines of an *Error without a prompt before them.
func (g *Grammar[H]) Question(s string, level int) (string, error) {
	w, partial, err := g.reach(s, level)
	if err != nil {
		return "", err
	}
	if partial != "" {
		return w.completions(partial)
	}
	var all []entry
	for _, k := range w.at.keys {
		if k.level <= level {
			all = append(all, entry{k.word, g.explain(k)})
		}
	}
	for _, a := range w.at.args {
		if a.level <= level {
			all = append(all, w.argument(a)...)
		}
	}
	if c := w.at.command; c != nil && c.Level <= level {
		if c.Pipe {
			all = append(all, entry{"|", "Output modifiers"})
		}
		all = append(all, entry{"<cr>", ""})
	}
	text := format(all)
	if g.Title != "" && len(w.all) == 0 {
		text = g.Title + "\n" + text
	}
	return text, nil
}

func format(all []entry) string {
	width := 0
	for _, e := range all {
		width = max(width, len(e.word))
	}
	var b strings.Builder
	for _, e := range all {
		b.WriteString(strings.TrimRight(fmt.Sprintf("  %-*s  %s", width, e.word, e.text), " ") + "\n")
	}
	b.WriteString("\n")
	return b.String()
}

// reach goes down as far as the line is whole; partial is a last word without a space
// behind it.
func (g *Grammar[H]) reach(s string, level int) (w *walk[H], partial string, err error) {
	w = &walk[H]{g: g, line: s, level: level, all: tokens(s), at: &g.root, args: map[string]string{}}
	if n := len(w.all); n > 0 && w.all[n-1].at+len(w.all[n-1].text) == len(s) {
		partial = w.all[n-1].text
		w.all = w.all[:n-1]
	}
	for w.n < len(w.all) {
		if t := w.all[w.n]; t.text == "|" && w.at.command != nil && w.at.command.Pipe {
			w.at = filterNode[H]()
			w.n++
			continue
		}
		if err := w.step(); err != nil {
			return w, "", err
		}
	}
	if partial != "" {
		w.all = tokens(s)
	}
	return w, partial, nil
}

// completions are the words that a last one begins.
func (w *walk[H]) completions(partial string) (string, error) {
	var words []string
	for _, k := range w.at.keys {
		if k.level <= w.level && len(partial) <= len(k.word) && strings.EqualFold(k.word[:len(partial)], partial) {
			words = append(words, k.word)
		}
	}
	for _, a := range w.at.args {
		if a.level > w.level {
			continue
		}
		if a.kind == file || a.kind == device {
			for _, p := range w.g.schemes(a.kind) {
				if strings.HasPrefix(p, strings.ToLower(partial)) {
					words = append(words, p)
				}
			}
		} else if _, _, ok := w.accept(a); ok {
			words = append(words, kindName(a.kind, a.lo, a.hi))
		}
	}
	if len(words) == 0 {
		return "% Unrecognized command\n", nil
	}
	return strings.Join(words, "  ") + "  \n\n", nil
}

// Complete returns the line with its last word completed, and false if that is not
// possible.
func (g *Grammar[H]) Complete(s string, level int) (string, bool) {
	w, partial, err := g.reach(s, level)
	if err != nil || partial == "" {
		return s, false
	}
	keys := w.candidates(partial)
	if len(keys) != 1 {
		return s, false
	}
	return s[:len(s)-len(partial)] + keys[0].word + " ", true
}

func (g *Grammar[H]) explain(n *node[H]) string {
	if text, ok := g.Help[n.path]; ok {
		return text
	}
	return g.Help[n.word]
}

// argument is the help on an argument: one line, or one for each file system.
func (w *walk[H]) argument(a *node[H]) (all []entry) {
	switch a.kind {
	case file, device:
		for _, p := range w.g.schemes(a.kind) {
			all = append(all, entry{p, w.g.Help[p]})
		}
		return all
	case iface:
		for _, name := range w.g.Interfaces {
			all = append(all, entry{name, w.g.Help[name]})
		}
		return all
	}
	text, ok := w.g.Help[a.path+" <"+a.word+">"]
	if !ok {
		text = w.g.Help["<"+a.word+">"]
	}
	return []entry{{kindName(a.kind, a.lo, a.hi), text}}
}

func kindName(k kind, lo, hi int) string {
	switch k {
	case line:
		return "LINE"
	case number:
		return fmt.Sprintf("<%d-%d>", lo, hi)
	case address:
		return "A.B.C.D"
	case clock:
		return "hh:mm"
	}
	return "WORD"
}

// Undocumented returns the keywords, by path, that Help says nothing about: for tests.
func (g *Grammar[H]) Undocumented() (all []string) {
	var visit func(n *node[H])
	visit = func(n *node[H]) {
		for _, k := range n.keys {
			if g.explain(k) == "" {
				all = append(all, k.path)
			}
			visit(k)
		}
		for _, a := range n.args {
			visit(a)
		}
	}
	visit(&g.root)
	return all
}
