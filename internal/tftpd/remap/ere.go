package remap

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// translate writes a POSIX extended regular expression in Go's syntax. Octets from 0x80
// on become characters of their own, see [widen].
func translate(ere string, fold bool) (string, error) {
	t := translator{rest: ere, fold: fold}
	for t.rest != "" {
		if err := t.step(); err != nil {
			return "", err
		}
	}
	if t.depth > 0 {
		return "", errors.New("( without )")
	}
	t.flush()
	flags := "(?s)"
	if fold {
		flags = "(?si)"
	}
	return flags + t.out.String(), nil
}

// compile compiles an expression to match as POSIX wants it: leftmost, then longest.
func compile(ere string, fold bool) (*regexp.Regexp, error) {
	text, err := translate(ere, fold)
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, errors.New("the expression is too large, or repeats too often") // all else has been found
	}
	re.Longest()
	return re, nil
}

// octetBase is where octets that are not ASCII go: characters for private use, which have
// no case and no class.
const octetBase = 0xE000

// widen makes every octet of s a character.
func widen(s string) string {
	if isASCII(s) {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		b.WriteString(octet(s[i]))
	}
	return b.String()
}

// narrow takes back widen.
func narrow(s string) string {
	if isASCII(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		b.WriteByte(byte(r)) // octetBase ends in 00
	}
	return b.String()
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func octet(c byte) string {
	if c < 0x80 {
		return string(rune(c))
	}
	return string(rune(octetBase + int(c)))
}

// translator goes through an expression from left to right.
type translator struct {
	rest   string
	fold   bool
	out    strings.Builder
	atom   string   // the last thing, which a repetition would hold for; "" if it cannot be repeated
	groups []string // what stands before each open parenthesis
	depth  int
}

// step takes one thing off the rest.
func (t *translator) step() error {
	c := t.rest[0]
	t.rest = t.rest[1:]
	switch c {
	case '\\':
		return t.escape()
	case '[':
		set, err := t.bracket()
		if err != nil {
			return err
		}
		t.next(set.String())
	case '(':
		t.open()
	case ')':
		if t.depth == 0 {
			t.next(`\)`)
			return nil
		}
		t.closeGroup()
	case '|':
		t.anchor("|")
	case '^', '$':
		t.anchor(string(c))
	case '.':
		t.next(".")
	case '*', '+', '?':
		return t.repeat(string(c))
	case '{':
		return t.interval()
	default:
		t.next(regexp.QuoteMeta(octet(c)))
	}
	return nil
}

// next puts a thing that can be repeated.
func (t *translator) next(atom string) {
	t.flush()
	t.atom = atom
}

// anchor puts a thing that cannot.
func (t *translator) anchor(s string) {
	t.flush()
	t.out.WriteString(s)
}

func (t *translator) flush() {
	t.out.WriteString(t.atom)
	t.atom = ""
}

// open begins a group: what it holds is an atom of its own.
func (t *translator) open() {
	t.flush()
	t.groups = append(t.groups, t.out.String())
	t.out.Reset()
	t.depth++
}

func (t *translator) closeGroup() {
	t.flush()
	group := "(" + t.out.String() + ")"
	t.depth--
	before := t.groups[t.depth]
	t.groups = t.groups[:t.depth]
	t.out.Reset()
	t.out.WriteString(before)
	t.atom = group
}

// repeat puts an operator after the last atom. In Go a second one would mean something else.
func (t *translator) repeat(op string) error {
	if t.atom == "" {
		return fmt.Errorf("nothing to repeat before %s", op)
	}
	t.atom = "(?:" + t.atom + op + ")"
	return nil
}

// maxRepeat is how often Go's expressions repeat at most.
const maxRepeat = 1000

// interval reads {m}, {m,}, {,n} or {m,n}.
func (t *translator) interval() error {
	body, rest, ok := strings.Cut(t.rest, "}")
	if !ok {
		return errors.New("{ without }")
	}
	low, high, ranged := strings.Cut(body, ",")
	if ranged && low == "" {
		low = "0"
	}
	m, err := strconv.ParseUint(low, 10, 16)
	n := m
	if err == nil && ranged && high != "" {
		n, err = strconv.ParseUint(high, 10, 16)
	}
	switch {
	case err != nil:
		return fmt.Errorf("{%s} is no interval", body)
	case n < m:
		return fmt.Errorf("{%s} ends before it begins", body)
	case n > maxRepeat:
		return fmt.Errorf("{%s} repeats more than %d times", body, maxRepeat)
	}
	t.rest = rest
	op := fmt.Sprintf("{%d,%d}", m, n)
	if ranged && high == "" {
		op = fmt.Sprintf("{%d,}", m)
	}
	return t.repeat(op)
}

// escape reads what follows a backslash: a character by itself, or one of GNU's classes.
func (t *translator) escape() error {
	if t.rest == "" {
		return errors.New("a backslash at the end")
	}
	c := t.rest[0]
	t.rest = t.rest[1:]
	switch c {
	case '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return fmt.Errorf(`\%c: back-references are not supported in expressions`, c)
	case '<', '>':
		return fmt.Errorf(`\%c: word borders are written \b`, c)
	case 'w':
		t.next(wordSet().String())
	case 'W':
		t.next(wordSet().not().String())
	case 's':
		t.next(classSet("space").String())
	case 'S':
		t.next(classSet("space").not().String())
	case 'b', 'B':
		t.anchor(`\` + string(c))
	case '`':
		t.anchor(`\A`)
	case '\'':
		t.anchor(`\z`)
	default:
		t.next(regexp.QuoteMeta(octet(c)))
	}
	return nil
}
