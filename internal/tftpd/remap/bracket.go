package remap

import (
	"errors"
	"fmt"
	"strings"
)

// set is a set of octets.
type set [256]bool

func (s set) not() set {
	for c := range s {
		s[c] = !s[c]
	}
	return s
}

// folded adds the other case of every letter.
func (s set) folded() set {
	for c := byte('a'); c <= 'z'; c++ {
		either := s[c] || s[c-'a'+'A']
		s[c], s[c-'a'+'A'] = either, either
	}
	return s
}

// String returns the set as an expression in Go's syntax.
func (s set) String() string {
	var b strings.Builder
	for c := 0; c < len(s); {
		if !s[c] {
			c++
			continue
		}
		last := c
		// A range stays on its side of 0x80: the other one is elsewhere.
		for last+1 < len(s) && s[last+1] && last+1 != 0x80 {
			last++
		}
		fmt.Fprintf(&b, `\x{%X}-\x{%X}`, point(c), point(last))
		c = last + 1
	}
	if b.Len() == 0 {
		return `[^\x00-\x{10FFFF}]`
	}
	return "[" + b.String() + "]"
}

func point(c int) int {
	if c < 0x80 {
		return c
	}
	return octetBase + c
}

// class returns whether an octet is of a class of POSIX, in the locale C.
func class(name string) func(c byte) bool {
	between := func(c, first, last byte) bool { return first <= c && c <= last }
	upper := func(c byte) bool { return between(c, 'A', 'Z') }
	lower := func(c byte) bool { return between(c, 'a', 'z') }
	digit := func(c byte) bool { return between(c, '0', '9') }
	alnum := func(c byte) bool { return upper(c) || lower(c) || digit(c) }
	switch name {
	case "upper":
		return upper
	case "lower":
		return lower
	case "digit":
		return digit
	case "alnum":
		return alnum
	case "alpha":
		return func(c byte) bool { return upper(c) || lower(c) }
	case "xdigit":
		return func(c byte) bool { return digit(c) || between(c, 'a', 'f') || between(c, 'A', 'F') }
	case "space":
		return func(c byte) bool { return c == ' ' || between(c, '\t', '\r') }
	case "blank":
		return func(c byte) bool { return c == ' ' || c == '\t' }
	case "print":
		return func(c byte) bool { return between(c, ' ', '~') }
	case "graph":
		return func(c byte) bool { return between(c, '!', '~') }
	case "punct":
		return func(c byte) bool { return between(c, '!', '~') && !alnum(c) }
	case "cntrl":
		return func(c byte) bool { return c < 0x20 || c == 0x7f }
	}
	return nil
}

func classSet(name string) (s set) {
	is := class(name)
	for c := range s {
		s[c] = is(byte(c))
	}
	return s
}

func wordSet() set {
	s := classSet("alnum")
	s['_'] = true
	return s
}

// bracket reads what follows "[", up to its "]". A backslash stands for itself in there.
func (t *translator) bracket() (set, error) {
	var s set
	var negate bool
	t.rest, negate = strings.CutPrefix(t.rest, "^")
	for first := true; ; first = false {
		if t.rest == "" {
			return s, errors.New("[ without ]")
		}
		if t.rest[0] == ']' && !first {
			t.rest = t.rest[1:]
			break
		}
		if err := t.element(&s); err != nil {
			return s, err
		}
	}
	if t.fold {
		s = s.folded()
	}
	if negate {
		s = s.not()
	}
	return s, nil
}

// element reads a class, a character or a range.
func (t *translator) element(s *set) error {
	if name, rest, ok := cutNamed(t.rest, ':'); ok {
		if class(name) == nil {
			return fmt.Errorf("there is no class [:%s:]", name)
		}
		t.rest = rest
		for c, in := range classSet(name) {
			s[c] = s[c] || in
		}
		return nil
	}
	low, err := t.character()
	if err != nil {
		return err
	}
	high := low
	if len(t.rest) > 1 && t.rest[0] == '-' && t.rest[1] != ']' {
		t.rest = t.rest[1:]
		if high, err = t.character(); err != nil {
			return err
		}
	}
	if high < low {
		return fmt.Errorf("the range %c-%c ends before it begins", low, high)
	}
	for c := int(low); c <= int(high); c++ {
		s[c] = true
	}
	return nil
}

// character reads one member of a bracket, which may be written [.x.] or [=x=].
func (t *translator) character() (byte, error) {
	for _, mark := range [...]byte{'.', '='} {
		if name, rest, ok := cutNamed(t.rest, mark); ok {
			if len(name) != 1 {
				return 0, fmt.Errorf("[%c%s%[1]c] is not one character", mark, name)
			}
			t.rest = rest
			return name[0], nil
		}
	}
	if t.rest == "" {
		return 0, errors.New("[ without ]")
	}
	c := t.rest[0]
	t.rest = t.rest[1:]
	return c, nil
}

// cutNamed cuts [:name:] off the front, or the same with another mark.
func cutNamed(s string, mark byte) (name, rest string, ok bool) {
	s, ok = strings.CutPrefix(s, "["+string(mark))
	if !ok {
		return "", "", false
	}
	return strings.Cut(s, string(mark)+"]")
}
