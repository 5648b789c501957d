package term

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Command is a line to be typed, and what goes with it.
type Command struct {
	Text   string
	Answer Answerer      // nil answers nothing
	Idle   time.Duration // 0 is that of the session
	Total  time.Duration // 0 is that of the session
	Speaks bool          // the device says when it has begun: until then Idle is that of the session
	Leaves bool          // the device may hang up, as after exit or reload
}

// Answerer is asked what to answer. Its error ends the session, and is shown.
type Answerer func(Query) (Answer, error)

// Query is a question of the table, as it was asked.
type Query struct {
	*Question
	Text    string // as the device shows it
	Bracket string // what Enter means where it has brackets, or what it names
	Said    Output // what the command has shown before
}

// Answer is made by [Say], [Hide], [Enter], [Yes] and [No].
type Answer struct {
	how  how
	text string
}

type how uint8

const (
	nothing how = iota
	say
	hide
	enter
	yes
	no
)

// Say answers with a text.
func Say(text string) Answer { return Answer{say, text} }

// Hide answers with a text that is never shown.
func Hide(text string) Answer { return Answer{hide, text} }

// Enter answers with Enter alone.
func Enter() Answer { return Answer{how: enter} }

// Yes and No answer what is asked for the one or the other.
func Yes() Answer { return Answer{how: yes} }

// No is the other one.
func No() Answer { return Answer{how: no} }

// errUnanswered is why a question of the table was not answered.
var errUnanswered = errors.New("the command does not expect it")

// Run types a command, and waits for the next prompt. A command that the device refuses is a
// [CommandError]; then the session goes on. After any other error it is over. The output is
// as far as it has come, also with an error.
func (s *Session) Run(ctx context.Context, c Command) (Output, error) {
	if s.over != nil {
		return Output{}, errors.Join(ErrOver, s.over)
	}
	if err := typable(c.Text); err != nil {
		return Output{}, err
	}
	s.out, s.command, s.replied = Output{}, c.Text, false
	if err := s.send(c.Text, "\r"); err != nil {
		return s.leave(c, err)
	}
	e, err := s.dialogue(ctx, c)
	if err != nil {
		return s.leave(c, err)
	}
	if err := s.arrived(e); err != nil {
		return s.out, err
	}
	if text := refusal(s.out.Lines); text != "" {
		return s.out, &CommandError{Mask(c.Text, s.hidden...), text}
	}
	return s.out, nil
}

// leave returns what there is when a session has ended.
func (s *Session) leave(c Command, err error) (Output, error) {
	if c.Leaves && errors.Is(err, ErrHungUp) {
		s.out.Gone = true
		return s.out, nil
	}
	return s.out, err
}

// dialogue answers until there is a prompt.
func (s *Session) dialogue(ctx context.Context, c Command) (Event, error) {
	const most = 10_000 // pages, or questions that are asked again and again
	l := s.limits(c)
	for range most {
		e, err := s.await(ctx, l)
		if err != nil {
			return e, err
		}
		switch e.Kind {
		case Prompt:
			return e, nil
		case More:
			err = s.send("", " ")
		case Strange:
			err = s.ask(e, nil)
		case Asked:
			err = s.reply(e, c)
		}
		if err != nil {
			return e, err
		}
	}
	return Event{}, s.fail(ErrTooLong)
}

// ask ends the session because of a question.
func (s *Session) ask(e Event, err error) error {
	s.over = &QuestionError{Mask(s.command, s.hidden...), Mask(e.Text, s.hidden...), e.Question, err}
	s.record("(" + s.over.Error() + ")")
	return s.over
}

// reply answers a question of the table.
func (s *Session) reply(e Event, c Command) error {
	s.replied = true
	if e.Question.Class == Forbidden {
		s.out.No = append(s.out.No, e.Text)
		return s.key(e, No())
	}
	if c.Answer == nil {
		return s.ask(e, errUnanswered)
	}
	a, err := c.Answer(Query{e.Question, e.Text, e.Bracket, s.out})
	if err != nil {
		return s.ask(e, err)
	}
	return s.key(e, a)
}

// key types an answer in the way that the question wants.
func (s *Session) key(e Event, a Answer) error {
	q := e.Question
	if err := typable(a.text); err != nil && a.how != hide {
		return s.ask(e, err)
	}
	if strings.ContainsAny(a.text, "\r\n\x00") {
		return s.ask(e, ErrCommand)
	}
	switch {
	case a.how == enter && q.Enter == "":
		return s.ask(e, errors.New("it is not known what Enter means there"))
	case a.how == enter:
		return s.send("", "\r")
	case a.how == hide && q.Kind == Line:
		s.hidden = append(s.hidden, a.text)
		return s.secret(a.text)
	case a.how == say && q.Kind == Line, a.how == say && q.Kind == YN && len(a.text) == 1:
		return s.send(a.text, "\r")
	case a.how == say && q.Kind == Word && (a.text == "yes" || a.text == "no"):
		return s.send(a.text, "\r")
	case a.how == yes && q.Kind == Key:
		return s.send("", "\r")
	case a.how == no && q.Kind == Key:
		return s.send("", "n")
	case a.how == yes && q.Kind == YN, a.how == no && q.Kind == YN, a.how == yes && q.Kind == Word, a.how == no && q.Kind == Word:
		word := map[how]string{yes: "yes", no: "no"}[a.how]
		if q.Kind == YN {
			word = word[:1]
		}
		return s.send(word, "\r")
	}
	return s.ask(e, fmt.Errorf("it is no question of the kind that could be answered so"))
}

// arrived notes where the prompt stands.
func (s *Session) arrived(e Event) error {
	s.mode, s.prompt = e.Mode, e.Text
	if e.Mode == Loader || e.Mode == Other {
		s.over = &stateError{fmt.Errorf("%w: the device is at %q", ErrMode, strings.TrimSpace(e.Text)), Mask(s.command, s.hidden...), ""}
		return s.over
	}
	return nil
}
