package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dray/internal/device/ios"
	"dray/internal/device/reach"
	"dray/internal/device/term"
)

// runOptions is what `dray device run` is told.
type runOptions struct {
	deviceOptions
	answers []string
	wait    time.Duration
	json    bool
}

func deviceRun(std stdio) *cobra.Command {
	var o runOptions
	c := &cobra.Command{
		Use:   "run HOST COMMAND…",
		Short: "Give commands, one after the other, and show what they print",
		Long: `Give commands to a device, each after the prompt that follows the one before, and show
what they print. A command that the device refuses ends it.

A question is answered by --answer 'TEXT=ANSWER' whose TEXT is part of it; ANSWER is a text,
yes, no, or nothing, which is Enter. Without one, a person at the terminal is asked; where
nobody is, the connection is closed, and the question is shown.

When the device hangs up, as after reload, the rest is given when it is back, if that is
within --wait.`,
		Example: `  dray device run --inventory lab.yaml R1 'show version' 'show clock'
  dray device run --inventory lab.yaml R1 'copy tftp://192.0.2.9/new.bin flash:' --answer 'Destination filename='
  dray device run --inventory lab.yaml R1 reload 'show version' --answer 'Proceed with reload=yes' --wait 20m`,
		Args: usageArgs(cobra.MinimumNArgs(2)),
		RunE: func(c *cobra.Command, args []string) error {
			answers, err := parseAnswers(o.answers)
			if err != nil {
				return err
			}
			o.away = o.wait
			return o.withDevice(c.Context(), args[0], std, func(ctx context.Context, d *ios.Device, e reach.Entry) error {
				r := runner{o: o, std: std, d: d, name: e.Name, answers: answers, ask: asker(std)}
				return r.all(ctx, args[1:])
			})
		},
	}
	o.add(c)
	f := c.Flags()
	f.StringArrayVar(&o.answers, "answer", nil, "answer the question that contains TEXT, written TEXT=ANSWER (repeatable)")
	f.DurationVar(&o.wait, "wait", 0, "how long to wait for a device that has hung up, to go on there")
	f.BoolVar(&o.json, "json", false, "print a JSON object a command")
	return c
}

// answer is one --answer.
type answer struct {
	part, text string
	asked      bool
}

func parseAnswers(all []string) (answers []answer, err error) {
	for _, a := range all {
		part, text, ok := strings.Cut(a, "=")
		if !ok || part == "" {
			return nil, &usageError{fmt.Errorf("--answer %q: want TEXT=ANSWER, with a part of the question", a)}
		}
		answers = append(answers, answer{part: part, text: text})
	}
	return answers, nil
}

// runner gives commands to one device.
type runner struct {
	o       runOptions
	std     stdio
	d       *ios.Device
	name    string
	answers []answer
	ask     func(string, bool) (string, error)
}

func (r *runner) all(ctx context.Context, commands []string) error {
	for i, text := range commands {
		if r.d.Prompt() == "" {
			if err := r.back(ctx, commands[i:]); err != nil {
				return err
			}
		}
		if err := r.one(ctx, text, len(commands) > 1); err != nil {
			err = fmt.Errorf("%s: %w", r.name, err)
			if errors.Is(err, term.ErrRefused) {
				err = &advisedError{err, howFar(commands[:i], commands[i+1:])}
			}
			return err
		}
	}
	if r.d.Prompt() == "" && r.o.wait > 0 {
		if err := r.back(ctx, nil); err != nil {
			return err
		}
	}
	for _, a := range r.answers {
		if !a.asked {
			fmt.Fprintf(r.std.err, "%s: nothing was asked with %q in it\n", r.name, a.part)
		}
	}
	return nil
}

// howFar says which commands were carried out when one of them was refused, "" if it was
// the only one.
func howFar(done, left []string) string {
	var parts []string
	for _, l := range []struct {
		title    string
		commands []string
	}{{"Given before it, and in effect", done}, {"Not given", left}} {
		var quoted []string
		for _, c := range l.commands {
			quoted = append(quoted, fmt.Sprintf("%q", term.Mask(c)))
		}
		if quoted != nil {
			parts = append(parts, l.title+": "+strings.Join(quoted, ", "))
		}
	}
	return strings.Join(parts, "\n")
}

// back waits for a device that has hung up.
func (r *runner) back(ctx context.Context, left []string) error {
	if r.o.wait <= 0 {
		return &advisedError{fmt.Errorf("%s: %w before %q", r.name, term.ErrHungUp, left[0]), "To go on when it is back, add --wait 20m"}
	}
	if _, err := r.d.Return(ctx, ""); err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	return nil
}

// one gives a command, and shows what it prints as it comes.
func (r *runner) one(ctx context.Context, text string, header bool) error {
	if header && !r.o.json {
		fmt.Fprintf(r.std.out, "%s%s\n", printable(strings.TrimSpace(r.d.Prompt())), term.Mask(text))
	}
	show := func(line string) { fmt.Fprintln(r.std.out, printable(line)) }
	if r.o.json {
		show = nil
	}
	out, err := r.d.Follow(ctx, term.Command{Text: text, Answer: r.answer, Leaves: true}, show)
	for _, q := range out.No {
		fmt.Fprintf(r.std.err, "%s: %s answered no\n", r.name, printable(strings.TrimSpace(q)))
	}
	if out.Gone {
		fmt.Fprintf(r.std.err, "%s: the device has hung up\n", r.name)
	}
	if !r.o.json {
		return err
	}
	row := struct {
		Device  string   `json:"device"`
		Command string   `json:"command"`
		Output  string   `json:"output"`
		No      []string `json:"answered_no,omitempty"`
		Gone    bool     `json:"hung_up,omitempty"`
		Error   string   `json:"error,omitempty"`
	}{Device: r.name, Command: term.Mask(text), Output: printable(out.All()), No: out.No, Gone: out.Gone}
	if err != nil {
		row.Error = err.Error()
	}
	e := json.NewEncoder(r.std.out)
	e.SetEscapeHTML(false)
	return errors.Join(err, e.Encode(row))
}

// answer finds the answer to a question, or asks for one.
func (r *runner) answer(q term.Query) (term.Answer, error) {
	for i, a := range r.answers {
		if strings.Contains(q.Text, a.part) {
			r.answers[i].asked = true
			if q.Name == "password" {
				return term.Answer{}, errors.New("a password does not belong on the command line: be at a terminal, where it is asked for")
			}
			return given(q, a.text)
		}
	}
	if r.ask == nil {
		return term.Answer{}, errors.New("there is no --answer for it, and nobody to be asked")
	}
	question := printable(q.Text)
	if q.Enter != "" {
		question = fmt.Sprintf("%s (Enter means: %s) ", strings.TrimSpace(question), q.Enter)
	}
	text, err := r.ask(question, q.Name == "password")
	switch {
	case err == io.EOF:
		return term.Answer{}, errors.New("nobody has answered")
	case err != nil:
		return term.Answer{}, err
	case q.Name == "password":
		return term.Hide(text), nil
	}
	return given(q, text)
}

// given is the answer that a text stands for.
func given(q term.Query, text string) (term.Answer, error) {
	low := strings.ToLower(strings.TrimSpace(text))
	switch {
	case low == "":
		return term.Enter(), nil
	case q.Kind == term.Line:
		return term.Say(text), nil
	case low == "y" || low == "yes":
		return term.Yes(), nil
	case low == "n" || low == "no":
		return term.No(), nil
	case q.Kind == term.YN && len(low) == 1:
		return term.Say(low), nil
	}
	return term.Answer{}, fmt.Errorf("%q is neither yes nor no", text)
}
