// Package tty is the terminals of a simulated device: what is typed there and what is
// shown, questions, help, pages and their filters, and the messages that come in between.
// It knows no command.
package tty

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"dray/internal/device/iossim/cli"
	"dray/internal/device/iossim/line"
)

// What ends the work at a terminal, or of a command.
var (
	ErrAbort = errors.New("aborted at the keyboard")
	ErrIdle  = errors.New("idle for too long")
)

// notice is a text that a terminal is to show; a message begins on a line of its own.
type notice struct {
	text    string
	message bool
}

// Terminal is one terminal. One goroutine works at it, and [Terminal.Listen] is another;
// any may leave notices. Make it with [New], and set the fields before the first use.
type Terminal struct {
	Level  int           // of privilege, for help
	Length int           // lines of a page; 0 does not pause
	Width  int           // columns; 0 does not scroll
	Idle   time.Duration // how long to wait for a key; 0 is for ever

	Hang        string      // a text: after a question with it nothing happens any more; "" is none
	Confirming  func()      // is called when [confirm] has been asked; nil does nothing
	Synchronous func() bool // whether a message shows again the line that is being typed; nil is no

	rw      io.ReadWriter
	ctx     context.Context
	keys    chan []byte
	pending []byte
	cr      bool         // the last octet was CR
	editor  *line.Editor // while a line is typed
	tail    string       // of the question that waits for a key

	mu      sync.Mutex
	notices []notice
	left    chan struct{} // has one when there are notices
}

// New makes a terminal whose waits end with ctx.
func New(ctx context.Context, rw io.ReadWriter) *Terminal {
	return &Terminal{Level: 1, Length: 24, Width: 80, rw: rw, ctx: ctx, keys: make(chan []byte), left: make(chan struct{}, 1)}
}

// Context returns what ends the waits.
func (t *Terminal) Context() context.Context { return t.ctx }

// Bind lets waits end with another context, and forgets what was being typed.
func (t *Terminal) Bind(ctx context.Context) { t.ctx, t.editor, t.tail = ctx, nil, "" }

// Listen hands over what is typed, until ctx ends or nobody is there any more.
func (t *Terminal) Listen(ctx context.Context) {
	defer close(t.keys)
	for {
		b := make([]byte, 256)
		n, err := t.rw.Read(b)
		if n > 0 {
			select {
			case t.keys <- b[:n]:
			case <-ctx.Done():
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// Print shows text, whose lines end in LF.
func (t *Terminal) Print(text string) {
	if text != "" {
		_, _ = io.WriteString(t.rw, strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")) // who is gone is noticed by read
	}
}

// Printf shows what [fmt.Sprintf] makes.
func (t *Terminal) Printf(format string, args ...any) { t.Print(fmt.Sprintf(format, args...)) }

// Interrupt leaves a text that is shown in the middle of whatever is there.
func (t *Terminal) Interrupt(text string) { t.leave(notice{text, true}) }

// Leave leaves a text that is shown as it is. Any goroutine may call it, as Interrupt.
func (t *Terminal) Leave(text string) { t.leave(notice{text: text}) }

func (t *Terminal) leave(n notice) {
	const most = 500
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.notices) < most {
		t.notices = append(t.notices, n)
	}
	select {
	case t.left <- struct{}{}:
	default:
	}
}

// Flush shows what was left.
func (t *Terminal) Flush() {
	t.mu.Lock()
	notices := t.notices
	t.notices = nil
	t.mu.Unlock()
	messages := false
	for _, n := range notices {
		if n.message {
			messages = true
			t.Print("\n")
		}
		t.Print(n.text)
	}
	switch {
	case !messages:
	case t.tail != "":
		t.Print(t.tail)
	case t.editor != nil && t.Synchronous != nil && t.Synchronous():
		t.Print(t.editor.Redraw())
	}
}

// Next waits for an octet that is typed.
func (t *Terminal) Next() (byte, error) {
	var expired <-chan time.Time
	if t.Idle > 0 {
		timer := time.NewTimer(t.Idle)
		defer timer.Stop()
		expired = timer.C
	}
	for {
		for len(t.pending) > 0 {
			k := t.pending[0]
			t.pending = t.pending[1:]
			skip := k == '\n' && t.cr
			t.cr = k == '\r'
			if !skip {
				return k, nil
			}
		}
		select {
		case b, ok := <-t.keys:
			if !ok {
				return 0, io.EOF
			}
			t.pending = b
		case <-t.left:
			t.Flush()
		case <-t.ctx.Done():
			return 0, t.ctx.Err()
		case <-expired:
			return 0, ErrIdle
		}
	}
}

// typed reads a line. What is asked for besides, ev says; then the line is as far as it was.
func (t *Terminal) typed(e *line.Editor) (ev line.Event, err error) {
	t.editor = e
	defer func() { t.editor = nil }()
	for {
		k, err := t.Next()
		if err != nil {
			return line.None, err
		}
		show, ev := e.Key(k)
		t.Print(show)
		if ev != line.None {
			return ev, nil
		}
	}
}

// Command reads a command, and adds it to the history; line.Abort is a line that was given up.
func (t *Terminal) Command(prompt string, history *line.History, g Helper) (string, line.Event, error) {
	e := &line.Editor{Width: t.Width, History: history}
	t.Print(e.Begin(prompt, ""))
	for {
		ev, err := t.typed(e)
		if err != nil {
			return "", ev, err
		}
		text := e.Text()
		switch ev {
		case line.Help:
			help, err := g.Question(text, t.Level)
			t.answer(help, err, prompt)
			t.Print(e.Begin(prompt, text))
		case line.Tab:
			if full, ok := g.Complete(text, t.Level); ok {
				t.Print("\n" + e.Begin(prompt, full))
			}
		case line.EOF:
		case line.Abort:
			t.Print("\n")
			return "", ev, nil
		default:
			history.Add(text)
			return text, ev, nil
		}
	}
}

// Helper answers "?" and Tab.
type Helper interface {
	Question(text string, level int) (string, error)
	Complete(text string, level int) (string, bool)
}

// answer shows help, or what is wrong with a line.
func (t *Terminal) answer(text string, err error, prompt string) {
	var e *cli.Error
	if errors.As(err, &e) {
		text = e.Text(len(prompt))
	}
	p := t.Pager(cli.Filter{})
	io.WriteString(p, text)
	p.End()
}

// Ask asks for a line; what is in brackets is the answer of Enter alone.
func (t *Terminal) Ask(question string) (string, error) { return t.askFor(question, false) }

// AskSecret does the same and shows nothing of the answer.
func (t *Terminal) AskSecret(question string) (string, error) { return t.askFor(question, true) }

func (t *Terminal) askFor(question string, hidden bool) (string, error) {
	e := &line.Editor{Hidden: hidden, Plain: true} // a question never scrolls
	above := strings.LastIndexByte(question, '\n') + 1
	t.Print(question[:above] + e.Begin(question[above:], ""))
	if err := t.hang(question); err != nil {
		return "", err
	}
	for {
		ev, err := t.typed(e)
		switch {
		case err != nil:
			return "", err
		case ev == line.Abort, ev == line.End:
			t.Print("\n")
			return "", ErrAbort
		case ev == line.Enter:
			return strings.TrimSpace(e.Text()), nil
		}
	}
}

// Confirm asks for one key: Enter and "y" say yes.
func (t *Terminal) Confirm(question string) (bool, error) {
	t.tail = "[confirm]"
	defer func() { t.tail = "" }()
	t.Print(question + "[confirm]")
	if t.Confirming != nil {
		t.Confirming()
	}
	if err := t.hang(question); err != nil {
		return false, err
	}
	k, err := t.Next()
	if err != nil {
		return false, err
	}
	t.Print("\n")
	if k == 0x03 {
		return false, ErrAbort
	}
	return k == '\r' || k == '\n' || k == 'y' || k == 'Y', nil
}

// YesNo asks until the answer is one of these words.
func (t *Terminal) YesNo(question string) (bool, error) {
	for {
		text, err := t.Ask(question)
		if err != nil {
			return false, err
		}
		switch text = strings.ToLower(text); {
		case text != "" && strings.HasPrefix("yes", text):
			return true, nil
		case text != "" && strings.HasPrefix("no", text):
			return false, nil
		}
		t.Print("% Please answer 'yes' or 'no'.\n")
	}
}

// hang is a fault: after the question nothing happens any more.
func (t *Terminal) hang(question string) error {
	text := t.Hang
	if text == "" || !strings.Contains(question, text) {
		return nil
	}
	for {
		select {
		case _, ok := <-t.keys:
			if !ok {
				return io.EOF
			}
		case <-t.ctx.Done():
			return t.ctx.Err()
		}
	}
}

// During runs what takes long, while Ctrl-C and Ctrl-^ end it and what else is typed
// waits. What it shows is shown at once. After a key that ends it, it returns ErrAbort.
func (t *Terminal) During(job func(ctx context.Context, show func(string)) error) error {
	ctx, cancel := context.WithCancel(t.ctx)
	defer cancel()
	shown := make(chan string)
	done := make(chan error, 1)
	go func() { // ends before during does
		done <- job(ctx, func(text string) {
			select {
			case shown <- text:
			case <-ctx.Done():
			}
		})
	}()
	keys := t.keys
	aborted := false
	for {
		select {
		case text := <-shown:
			t.Print(text)
		case err := <-done:
			if aborted {
				return ErrAbort
			}
			return err
		case <-t.left:
			t.Flush()
		case b, ok := <-keys:
			if !ok {
				keys = nil
				cancel()
				continue
			}
			if strings.ContainsAny(string(b), "\x03\x1e") {
				aborted = true
				cancel()
			} else if len(t.pending) < 4096 {
				t.pending = append(t.pending, b...)
			}
		}
	}
}
