package term

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// Config says how to work at a device.
type Config struct {
	User     string
	Password string
	Enable   string // secret of enable; "" stays in the mode that log-in leads to

	Idle  time.Duration // how long the device may say nothing while a command runs; 0 is 30 s
	Total time.Duration // how long a command may take; 0 is an hour
	Pause time.Duration // how long a question that is in no table stands before it is one; 0 is 2 s
	Quiet time.Duration // how long a prompt stands before it is one; 0 is 30 ms

	// Transcript takes all that is said on either side, line by line, with its secrets
	// masked. Nil keeps none.
	Transcript io.Writer
}

// The times where [Config] does not say.
const (
	usualIdle  = 30 * time.Second
	usualTotal = time.Hour
	usualPause = 2 * time.Second
	usualQuiet = 30 * time.Millisecond
)

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		at    *time.Duration
		usual time.Duration
	}{{&c.Idle, usualIdle}, {&c.Total, usualTotal}, {&c.Pause, usualPause}, {&c.Quiet, usualQuiet}} {
		if *d.at <= 0 {
			*d.at = d.usual
		}
	}
	return c
}

// Session is somebody at a device's prompt. Make it with [Open]; Close ends it. It is for one
// goroutine.
type Session struct {
	rw     io.ReadWriteCloser
	cfg    Config
	scan   Scanner
	chunks chan []byte
	stop   chan struct{}
	reader sync.WaitGroup
	hidden []string

	mode    Mode
	prompt  string
	over    error // why nothing more can be done
	command string
	replied bool // a question of the command has been answered
	out     Output
	note    func(string)
}

// Output is what came of a command.
type Output struct {
	Lines []OutputLine
	No    []string // what was asked that is answered with no, always
	Gone  bool     // the device has hung up, as was expected
}

// OutputLine is a line that the device has shown.
type OutputLine struct {
	Text    string
	Message bool // nobody has asked for it
	Asked   bool // it is a question, with its answer unless that is hidden
}

// Text is the output without questions, and without the messages that came in between; each
// line ends with LF.
func (o Output) Text() string { return o.join(false) }

// All is the output with them.
func (o Output) All() string { return o.join(true) }

func (o Output) join(all bool) string {
	var b strings.Builder
	for _, l := range o.Lines {
		if all || !l.Message && !l.Asked {
			b.WriteString(l.Text)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// Open logs in where the device asks, waits for its prompt, and sees to it that it does not
// stop at the end of each page. It owns rw from then on, also when it fails.
func Open(ctx context.Context, rw io.ReadWriteCloser, cfg Config) (*Session, error) {
	s := &Session{
		rw: rw, cfg: cfg.withDefaults(), chunks: make(chan []byte), stop: make(chan struct{}),
		hidden: []string{cfg.Password, cfg.Enable},
	}
	s.reader.Go(s.read)
	err := s.login(ctx)
	if err == nil {
		err = s.prepare(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close hangs up.
func (s *Session) Close() error {
	if s.rw == nil {
		return nil
	}
	close(s.stop)
	err := s.rw.Close()
	s.reader.Wait()
	s.rw = nil
	if s.over == nil {
		s.over = ErrOver
	}
	if errors.Is(err, io.EOF) { // it has hung up already
		err = nil
	}
	return err
}

// Host is what the device calls itself.
func (s *Session) Host() string { return s.scan.Host() }

// Mode is where the prompt stands.
func (s *Session) Mode() Mode { return s.mode }

// Prompt is the prompt as the device showed it last.
func (s *Session) Prompt() string { return s.prompt }

// Notify has f called with each line while a command runs; nil ends that.
func (s *Session) Notify(f func(line string)) { s.note = f }

// read hands over what the device sends.
func (s *Session) read() {
	defer close(s.chunks)
	for {
		b := make([]byte, 4096)
		n, err := s.rw.Read(b)
		if n > 0 {
			select {
			case s.chunks <- b[:n]:
			case <-s.stop:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// limits are the times of one command.
type limits struct {
	idle  time.Duration
	first time.Duration // idle, until the device has begun to say something
	end   time.Time
}

func (s *Session) limits(c Command) limits {
	l := limits{s.cfg.Idle, s.cfg.Idle, time.Now().Add(s.cfg.Total)}
	if c.Idle > 0 {
		l.idle = c.Idle
	}
	if c.Total > 0 {
		l.end = time.Now().Add(c.Total)
	}
	if !c.Speaks {
		l.first = l.idle
	}
	return l
}

// begun reports whether the device has said anything of its own about the command: questions
// are not that, nor messages.
func (s *Session) begun() bool {
	return s.scan.Speaking() || slices.ContainsFunc(s.out.Lines, func(l OutputLine) bool {
		return !l.Asked && !l.Message && strings.TrimSpace(l.Text) != ""
	})
}

// await waits until the device waits for somebody, and says for what.
func (s *Session) await(ctx context.Context, l limits) (Event, error) {
	var standing Event
	asked := false // there is an event that stands
	heard := time.Now()
	for {
		idle := l.idle
		if !s.begun() {
			idle = l.first
		}
		wait := min(time.Until(heard.Add(idle)), time.Until(l.end))
		if asked {
			wait = min(s.patience(standing), time.Until(l.end))
		}
		t := time.NewTimer(wait)
		select {
		case b, ok := <-s.chunks:
			t.Stop()
			if !ok {
				return Event{}, s.fail(ErrHungUp)
			}
			heard = time.Now()
			standing, asked = s.take(s.scan.Feed(b))
		case <-ctx.Done():
			t.Stop()
			return Event{}, s.fail(ctx.Err())
		case <-t.C:
			switch {
			case !time.Now().Before(l.end):
				return Event{}, s.fail(ErrTooLong)
			case asked:
				return standing, nil
			}
			return Event{}, s.fail(ErrSilent)
		}
	}
}

// patience is how long an event has to stand.
func (s *Session) patience(e Event) time.Duration {
	if e.Kind == Strange || e.Doubtful {
		return s.cfg.Pause
	}
	return s.cfg.Quiet
}

// take keeps lines, and returns what stands there.
func (s *Session) take(events []Event) (standing Event, ok bool) {
	for _, e := range events {
		switch e.Kind {
		case Plain, Message:
			s.add(OutputLine{Text: e.Text, Message: e.Kind == Message})
			s.record(Mask(e.Text))
		case Echo:
			text := Mask(e.Text, s.hidden...)
			if s.replied || e.Question != nil {
				s.add(OutputLine{Text: text, Asked: true})
			}
			s.record(text)
		default:
			return e, true
		}
	}
	return Event{}, false
}

// add keeps a line of the output.
func (s *Session) add(l OutputLine) {
	s.out.Lines = append(s.out.Lines, l)
	if s.note != nil {
		s.note(l.Text)
	}
}

// fail ends the session: nobody knows any more what a key would do.
func (s *Session) fail(err error) error {
	s.over = &stateError{err, Mask(s.command, s.hidden...), Mask(s.scan.Tail(), s.hidden...)}
	s.record("(" + s.over.Error() + ")")
	return s.over
}

// record keeps a line in the transcript.
func (s *Session) record(line string) {
	if s.cfg.Transcript != nil {
		_, _ = io.WriteString(s.cfg.Transcript, line+"\n") // work goes on without it
	}
}

// send types keys, of which the device echoes text.
func (s *Session) send(text, keys string) error {
	s.scan.Answered(text)
	if _, err := io.WriteString(s.rw, text+keys); err != nil {
		return s.fail(ErrHungUp)
	}
	return nil
}

// secret types what is not echoed.
func (s *Session) secret(text string) error {
	s.scan.Answered("")
	if _, err := io.WriteString(s.rw, text+"\r"); err != nil {
		return s.fail(ErrHungUp)
	}
	return nil
}

// typable refuses what would be more than a line.
func typable(text string) error {
	const longest = 1000
	if len(text) > longest {
		return fmt.Errorf("%w: it is longer than %d characters", ErrCommand, longest)
	}
	for _, k := range []byte(text) {
		if k < ' ' || k == 0x7f || k == '?' {
			return fmt.Errorf("%w: %q in %q acts at once", ErrCommand, k, Mask(text))
		}
	}
	return nil
}

// Gone waits until the device hangs up. What it shows until then is let pass.
func (s *Session) Gone(ctx context.Context) error {
	for s.over == nil || !errors.Is(s.over, ErrHungUp) {
		select {
		case b, ok := <-s.chunks:
			if !ok {
				_ = s.fail(ErrHungUp) // which is what was waited for
				return nil
			}
			s.take(s.scan.Feed(b))
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
