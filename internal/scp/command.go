// Package scp is the protocol of the older scp, the copy over a remote command, that
// OpenSSH's scp -O, PuTTY's pscp -scp and Cisco IOS speak. It has no RFC; what is
// written of it is OpenSSH's source and its record in ftp.md of the reference.
//
// It reads and writes streams and opens nothing: the files are the caller's, by the
// interfaces [Source] and [Sink]. The command line is read here and by no shell, and a
// name that could lead anywhere is refused on both sides.
package scp

import (
	"errors"
	"strings"
)

// Command is what a client has the other side run.
type Command struct {
	Sink      bool // -t: take files; else -f: give them
	Recursive bool // -r: folders too
	Preserve  bool // -p: with times and permissions
	Folder    bool // -d: the path must be a folder
	Paths     []string
}

// ErrNotScp is a command that is not scp, or not in a form that is known.
var ErrNotScp = errors.New("not an scp command")

// ParseCommand reads a command line such as "scp -prt -- '/a b'". Quotes and backslashes
// are those of a shell; nothing else of a shell is known, so that it means itself.
func ParseCommand(line string) (Command, error) {
	words, err := split(line)
	if err != nil || len(words) < 2 || words[0] != "scp" && !strings.HasSuffix(words[0], "/scp") {
		return Command{}, ErrNotScp
	}
	var c Command
	source := false
	words = words[1:]
	for len(words) > 0 && len(words[0]) > 1 && words[0][0] == '-' {
		flags := words[0][1:]
		words = words[1:]
		if flags == "-" {
			break
		}
		for _, flag := range flags {
			switch flag {
			case 't':
				c.Sink = true
			case 'f':
				source = true
			case 'r':
				c.Recursive = true
			case 'p':
				c.Preserve = true
			case 'd':
				c.Folder = true
			case 'v', 'q', 'E': // be talkative, be quiet, extended attributes: all the same here
			default:
				return Command{}, ErrNotScp
			}
		}
	}
	c.Paths = words
	if c.Sink == source || len(words) == 0 || c.Sink && len(words) != 1 {
		return Command{}, ErrNotScp
	}
	return c, nil
}

// String is the command line, quoted for a shell.
func (c Command) String() string {
	var b strings.Builder
	b.WriteString("scp -")
	for _, f := range [...]struct {
		set  bool
		name string
	}{{c.Recursive, "r"}, {c.Preserve, "p"}, {c.Folder, "d"}, {c.Sink, "t"}, {!c.Sink, "f"}} {
		if f.set {
			b.WriteString(f.name)
		}
	}
	for _, p := range c.Paths {
		if strings.HasPrefix(p, "-") {
			b.WriteString(" --")
			break
		}
	}
	for _, p := range c.Paths {
		b.WriteString(" " + quote(p))
	}
	return b.String()
}

// quote quotes a word only where it must: devices take what stands there by the letter.
func quote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-:+,=@%", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// split splits a line into words.
func split(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	var in byte // the quote that is open
	begun := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && in != '\'':
			if i++; i == len(line) {
				return nil, ErrNotScp
			}
			if in == '"' && !strings.ContainsRune("\"\\$`", rune(line[i])) {
				word.WriteByte('\\')
			}
			word.WriteByte(line[i])
			begun = true
		case in != 0 && c == in:
			in = 0
		case in != 0:
			word.WriteByte(c)
		case c == '\'' || c == '"':
			in, begun = c, true
		case c == ' ' || c == '\t':
			if begun {
				words = append(words, word.String())
				word.Reset()
				begun = false
			}
		default:
			word.WriteByte(c)
			begun = true
		}
	}
	if in != 0 {
		return nil, ErrNotScp
	}
	if begun {
		words = append(words, word.String())
	}
	return words, nil
}
