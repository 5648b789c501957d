// Package show reads what IOS and IOS XE print: one function a command, each from text to a
// value. It is pure. What a function cannot read is a [ParseError] with the line; nothing is
// guessed and nothing is left out in silence, but for lines that are prose by nature.
package show

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// ParseError is a text that is not what the command prints, as far as it is known here.
type ParseError struct {
	Command string
	Number  int    // of the line, from 1; 0 for the text as a whole
	Line    string // that could not be read
	Reason  string
}

func (e *ParseError) Error() string {
	if e.Number == 0 {
		return fmt.Sprintf("%s: %s", e.Command, e.Reason)
	}
	return fmt.Sprintf("%s: line %d, %q: %s", e.Command, e.Number, e.Line, e.Reason)
}

// reader goes through the lines of an output.
type reader struct {
	command string
	lines   []string
	n       int // of the line that was read last, from 1
}

// around matches what stands around an output when somebody has cut it out of a terminal:
// prompts, the command itself, and what "exec prompt timestamp" adds.
var around = []*regexp.Regexp{
	regexp.MustCompile(`^\s*\S*[>#] ?(?:(?:s|sh|sho|show|dir|verify|more)\b.*)?$`),
	regexp.MustCompile(`^\s*(?:s?how|dir) \S+.*$`),
	regexp.MustCompile(`^Load for five secs: |^Time source is |^No time source, |^\++( .* \++)?$`),
}

func read(command, text string) *reader {
	return &reader{command: command, lines: strings.Split(strings.ReplaceAll(text, "\r", ""), "\n")}
}

// next returns the next line that is not blank, nor around the output.
func (r *reader) next() (string, bool) {
	for r.n < len(r.lines) {
		line := r.lines[r.n]
		r.n++
		if strings.TrimSpace(line) != "" && !isAround(line) {
			return line, true
		}
	}
	return "", false
}

func isAround(line string) bool {
	line = strings.TrimRight(line, " ")
	for _, re := range around {
		if re.MatchString(line) {
			return true
		}
	}
	return false
}

// wrong is an error about the line that was read last.
func (r *reader) wrong(reason string) error {
	if r.n == 0 {
		return r.missing(reason)
	}
	return &ParseError{r.command, r.n, strings.TrimSpace(r.lines[r.n-1]), reason}
}

// missing is an error about the text as a whole.
func (r *reader) missing(reason string) error { return &ParseError{Command: r.command, Reason: reason} }

// number reads an integer, which the caller's pattern has let through.
func (r *reader) number(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, r.wrong("the number is too large")
	}
	return n, nil
}
