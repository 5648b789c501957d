package remap

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Rules are the rules of a map file. The zero value has none and changes no name.
type Rules struct{ rules []rule }

// rule is one line.
type rule struct {
	line       int
	text       string // the line, without comment
	re         *regexp.Regexp
	pattern    string
	replace    bool // r
	global     bool // g
	end        bool // e
	restart    bool // s
	abort      bool // a
	inverse    bool // ~
	reads      bool // G
	writes     bool // P
	ipv4, ipv6 bool // 4, 6
}

// Parse reads a map file. The error names every line that is wrong.
func Parse(text string) (*Rules, error) {
	var rules Rules
	var errs []error
	n := 0
	for line := range strings.Lines(text) {
		n++
		r, ok, err := parseLine(line)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("line %d: %w", n, err))
		case ok:
			r.line = n
			rules.rules = append(rules.rules, r)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &rules, nil
}

// Len returns the number of rules.
func (r *Rules) Len() int { return len(r.rules) }

func parseLine(line string) (r rule, ok bool, err error) {
	operators, rest := word(line)
	if operators == "" {
		return rule{}, false, nil
	}
	expression, rest := word(rest)
	pattern, _ := word(rest)
	fold, err := r.operators(operators)
	switch {
	case err != nil:
		return rule{}, false, err
	case expression == "":
		return rule{}, false, errors.New("there is no regular expression after the operators")
	}
	if r.re, err = compile(expression, fold); err != nil {
		return rule{}, false, fmt.Errorf("regular expression %s: %w", expression, err)
	}
	r.pattern = pattern
	r.text = strings.TrimSuffix(strings.Join([]string{operators, expression, pattern}, " "), " ")
	return r, true, nil
}

// operators reads the letters that say what a rule does.
func (r *rule) operators(letters string) (fold bool, err error) {
	for _, c := range letters {
		switch c {
		case 'r':
			r.replace = true
		case 'g':
			if r.global {
				return false, errors.New("g twice means different things to releases of tftp-hpa: write g once")
			}
			r.global = true
		case 'i':
			fold = true
		case 'e':
			r.end = true
		case 's':
			r.restart = true
		case 'a':
			r.abort = true
		case '~':
			r.inverse = true
		case 'G':
			r.reads = true
		case 'P':
			r.writes = true
		case '4':
			r.ipv4 = true
		case '6':
			r.ipv6 = true
		default:
			return false, fmt.Errorf("operator %q is not one of r g i e s a ~ G P 4 6", c)
		}
	}
	switch {
	case r.replace && r.inverse:
		return false, errors.New("r cannot go with ~: there is nothing to replace where nothing matched")
	case r.reads && r.writes:
		return false, errors.New("no request is both G and P: leave both out for a rule for all")
	case r.ipv4 && r.ipv6:
		return false, errors.New("no client is both 4 and 6: leave both out for a rule for all")
	}
	return fold, nil
}

// word cuts the first word off a line. A backslash keeps the blank or the hash after it in
// the word, and stays there itself; any other hash ends the line.
func word(line string) (first, rest string) {
	start := 0
	for start < len(line) && isBlank(line[start]) {
		start++
	}
	escaped := false
	for i := start; i < len(line); i++ {
		c := line[i]
		switch {
		case !escaped && c == '#':
			return line[start:i], ""
		case !escaped && isBlank(c):
			return line[start:i], line[i:]
		}
		escaped = c == '\\' && !escaped
	}
	return line[start:], ""
}

func isBlank(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }
