package term

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// login comes to the prompt.
func (s *Session) login(ctx context.Context) error {
	l := s.limits(Command{})
	named, proved := false, false
	for {
		e, err := s.await(ctx, l)
		switch {
		case refusedLogin(s.out.Lines):
			return s.fail(fmt.Errorf("%w%s", ErrLogin, s.reason()))
		case err != nil:
			return err
		}
		switch {
		case e.Kind == Prompt:
			return s.arrived(e)
		case e.Kind == More:
			err = s.send("", " ")
		case e.Kind == Strange:
			err = s.ask(e, nil)
		case e.Question.Name == "return":
			err = s.send("", "\r")
		case e.Question.Name == "username" && !named && s.cfg.User != "":
			named = true
			err = s.send(s.cfg.User, "\r")
		case e.Question.Name == "password" && !proved:
			proved = true
			err = s.secret(s.cfg.Password)
		case e.Question.Name == "username" && !named:
			err = s.ask(e, errors.New("no user was named"))
		case e.Question.Name == "username", e.Question.Name == "password":
			err = s.fail(ErrLogin)
		default:
			err = s.ask(e, errors.New("it was asked instead of a prompt"))
		}
		if err != nil {
			return err
		}
	}
}

// refusedLogin reports whether the device says that the log-in has failed.
func refusedLogin(lines []OutputLine) bool {
	for _, l := range lines {
		for _, text := range []string{"% Login invalid", "% Authentication failed", "% Access denied", "% Bad passwords", "% Bad secrets", "% Login failed", "%Authentication failed"} {
			if strings.HasPrefix(strings.TrimSpace(l.Text), text) {
				return true
			}
		}
	}
	return false
}

// reason is the last line that begins with "%".
func (s *Session) reason() string {
	for i := len(s.out.Lines) - 1; i >= 0; i-- {
		if text := strings.TrimSpace(s.out.Lines[i].Text); strings.HasPrefix(text, "%") {
			return " (" + strings.TrimLeft(text, "% ") + ")"
		}
	}
	return ""
}

// prepare sets the terminal up, and becomes privileged where there is a secret for it.
func (s *Session) prepare(ctx context.Context) error {
	if s.mode == Configuring {
		return s.fail(fmt.Errorf("%w: somebody has left the line in configuration mode", ErrMode))
	}
	for _, text := range []string{"terminal length 0", "terminal width 512"} {
		if _, err := s.Run(ctx, Command{Text: text}); err != nil && !errors.Is(err, ErrRefused) {
			return err
		}
	}
	if s.mode == User && s.cfg.Enable != "" {
		return s.enable(ctx)
	}
	return nil
}

// enable becomes privileged. It tries its secret once: devices count.
func (s *Session) enable(ctx context.Context) error {
	tried := false
	errAgain := errors.New("asked again")
	out, err := s.Run(ctx, Command{Text: "enable", Answer: func(q Query) (Answer, error) {
		if q.Name != "password" {
			return Answer{}, errUnanswered
		}
		if tried {
			return Answer{}, errAgain
		}
		tried = true
		return Hide(s.cfg.Enable), nil
	}})
	switch {
	case errors.Is(err, errAgain), err == nil && s.mode != Privileged:
		s.out = out
		return s.fail(fmt.Errorf("%w%s", ErrEnable, s.reason()))
	}
	return err
}
