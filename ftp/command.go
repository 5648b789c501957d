package ftp

import (
	"bytes"
	"errors"
	"strings"
)

// Command is one line of the control connection (RFC 959, section 5.3).
type Command struct {
	Verb string // in upper case
	Arg  string // what follows the first space, verbatim; "" for none
}

// What is wrong with a line that is no command.
var (
	ErrBlank    = errors.New("ftp: blank line")                 // to be ignored
	ErrVerb     = errors.New("ftp: not a command")              // 500
	ErrArgument = errors.New("ftp: line end or NUL in command") // 501
)

// maxVerb is longer than any verb in use.
const maxVerb = 16

// ParseCommand takes a line apart. The line has been through a [Telnet] filter; a CR, LF
// or CR LF at its end is taken off. Octets of Telnet commands that lost their IAC
// on the way, as happens to urgent data, are skipped before the verb. With
// ErrArgument the command still has its verb.
func ParseCommand(line []byte) (Command, error) {
	line = bytes.TrimSuffix(line, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	for len(line) > 0 && (line[0] == ' ' || line[0] >= se) {
		line = line[1:]
	}
	if len(line) == 0 {
		return Command{}, ErrBlank
	}
	verb, arg, _ := bytes.Cut(line, []byte(" "))
	if len(verb) > maxVerb || bytes.ContainsFunc(verb, notVerb) {
		return Command{}, ErrVerb
	}
	c := Command{Verb: strings.ToUpper(string(verb)), Arg: string(arg)}
	if strings.ContainsAny(c.Arg, "\x00\r\n") {
		return Command{Verb: c.Verb}, ErrArgument
	}
	return c, nil
}

func notVerb(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
}

// Append appends c as it goes over the wire, with a doubled IAC (RFC 854). A command
// that would be more than one line, or that has no proper verb, is ErrArgument or
// ErrVerb, and b is returned as it was.
func (c Command) Append(b []byte) ([]byte, error) {
	if c.Verb == "" || len(c.Verb) > maxVerb || strings.ContainsFunc(c.Verb, notVerb) {
		return b, ErrVerb
	}
	if strings.ContainsAny(c.Arg, "\x00\r\n") {
		return b, ErrArgument
	}
	b = append(b, c.Verb...)
	if c.Arg != "" {
		b = append(b, ' ')
		for i := range len(c.Arg) {
			if c.Arg[i] == iac {
				b = append(b, iac)
			}
			b = append(b, c.Arg[i])
		}
	}
	return append(b, '\r', '\n'), nil
}

// String returns c for a log, with the argument of PASS and ACCT left out.
func (c Command) String() string {
	switch {
	case c.Arg == "":
		return c.Verb
	case c.Verb == "PASS" || c.Verb == "ACCT":
		return c.Verb + " ****"
	default:
		return c.Verb + " " + c.Arg
	}
}
