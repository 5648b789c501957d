package term

import (
	"errors"
	"fmt"
	"strings"
)

// The reasons for which a session ends, or cannot go on.
var (
	ErrLogin    = errors.New("the device refuses the log-in")
	ErrEnable   = errors.New("the device refuses the secret of enable")
	ErrSilent   = errors.New("the device has gone silent")
	ErrTooLong  = errors.New("the command takes too long")
	ErrHungUp   = errors.New("the device has hung up")
	ErrQuestion = errors.New("a question that was not answered")
	ErrRefused  = errors.New("the device refuses the command")
	ErrMode     = errors.New("no prompt for commands")
	ErrCommand  = errors.New("no such command can be typed")
	ErrOver     = errors.New("the session is over, because of an earlier error")
)

// QuestionError is a question that ended a session: nobody has answered it, and nobody will.
// It is [ErrQuestion].
type QuestionError struct {
	Command  string
	Text     string // what stands there
	Question *Question
	Err      error // why there is no answer; nil: the question is in no table
}

func (e *QuestionError) Error() string {
	text := fmt.Sprintf("%q was asked after %q", strings.TrimSpace(e.Text), e.Command)
	if e.Err != nil {
		return text + ", and not answered: " + e.Err.Error()
	}
	return text + ": it is not known what an answer would do, so none was sent"
}

func (e *QuestionError) Unwrap() []error { return []error{ErrQuestion, e.Err} }

// CommandError is a command that the device does not carry out. It is [ErrRefused].
type CommandError struct {
	Command string
	Text    string // what the device says
}

func (e *CommandError) Error() string {
	return fmt.Sprintf("%q: %s", e.Command, e.Text)
}

func (e *CommandError) Unwrap() error { return ErrRefused }

// stateError says what stood there when a session ended.
type stateError struct {
	err     error
	command string
	tail    string
}

func (e *stateError) Error() string {
	text := e.err.Error()
	if e.command != "" {
		text += fmt.Sprintf(" after %q", e.command)
	}
	if tail := strings.TrimSpace(e.tail); tail != "" {
		text += fmt.Sprintf("; last it showed %q", shortened(tail))
	}
	return text
}

func (e *stateError) Unwrap() error { return e.err }

// shortened is the end of a text that is too long to show.
func shortened(text string) string {
	const most = 120
	if len(text) > most {
		return "…" + text[len(text)-most:]
	}
	return text
}

// refusal is what a device says when it does not take a command, "" if it has taken it. It
// stands at the beginning of what it says.
func refusal(lines []OutputLine) string {
	for i, l := range lines {
		text := strings.TrimSpace(l.Text)
		for _, begin := range []string{
			"% Invalid input detected", "% Incomplete command", "% Ambiguous command", "% Unknown command", "% Bad IP address or host name",
			"%Invalid input", "% Invalid command", "% Unrecognized command", "% Command authorization failed", "% Authorization failed", "Command authorization failed",
		} {
			if strings.HasPrefix(text, begin) {
				return strings.TrimPrefix(text, "% ")
			}
		}
		if !l.Message && !l.Asked && text != "" && text != "^" && !strings.HasPrefix(text, "Translating ") && i > 3 {
			return ""
		}
	}
	return ""
}
