package iossim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"dray/internal/device/iossim/cli"
	"dray/internal/device/iossim/line"
)

// Access says how somebody has come to a device.
type Access struct {
	Console bool           // else a line of its vty
	SSH     bool           // else telnet
	Remote  netip.AddrPort // of the peer; zero for the console
	Local   netip.AddrPort // of the device
	User    string         // who has logged in already; "" lets the device ask
	Level   int            // of User
	Command string         // to run instead of a shell; "" for none
}

// What ends the work of a session, or of a command.
var (
	errLogout = errors.New("logged out")
	errAbort  = errors.New("aborted at the keyboard")
	errIdle   = errors.New("idle for too long")
	errNoLine = errors.New("iossim: all lines are in use")
)

// notice is a text that a session is to show; a message begins on a line of its own.
type notice struct {
	text    string
	message bool
}

// session is one terminal. Its goroutine alone reads and writes it; others leave notices.
type session struct {
	d      *Device
	access Access
	rw     io.ReadWriteCloser
	vty    int
	since  time.Time

	ctx     context.Context
	life    context.Context // of the device, when the session began
	keys    chan []byte
	pending []byte
	cr      bool // the last octet was CR

	mu      sync.Mutex
	notices []notice
	left    chan struct{} // has one when there are notices
	monitor bool          // terminal monitor

	user    string
	level   int
	length  int
	width   int
	history line.History
	past    line.History // of configuration mode
	editor  *line.Editor // while a line is typed
	tail    string       // of the question that waits for a key
	config  *configurer  // nil outside configuration mode
	idle    time.Duration
}

// Serve lets somebody work at a terminal until he leaves, the device goes down (but for
// the console, which sees it boot) or ctx ends. It closes the terminal. An error is why
// nobody could work there at all; that somebody hangs up is none.
func (d *Device) Serve(ctx context.Context, rw io.ReadWriteCloser, a Access) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(d.base, cancel)()
	s := &session{
		d: d, access: a, rw: rw, ctx: ctx, since: time.Now(), keys: make(chan []byte), left: make(chan struct{}, 1),
		length: 24, width: 80, user: a.User, level: 1,
	}
	if err := s.seat(); err != nil {
		return errors.Join(err, rw.Close())
	}
	d.join(s)
	defer d.leave(s)
	var reader sync.WaitGroup
	reader.Go(func() { s.read(ctx) })
	defer reader.Wait()
	defer rw.Close()
	defer cancel()
	if a.Console {
		s.atConsole()
		return nil
	}
	defer context.AfterFunc(s.life, cancel)()
	_ = s.work() // why somebody left matters to nobody
	return nil
}

// seat finds a free line.
func (s *session) seat() error {
	if s.access.Console {
		return nil
	}
	d := s.d
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state != up {
		return errNoLine
	}
	s.life = d.life
	for n := range d.lines() {
		if d.vtys[n] == nil {
			d.vtys[n], s.vty = s, n
			return nil
		}
	}
	return errNoLine
}

// lines is how many lines the configuration has for the network. The caller holds the lock.
func (d *Device) lines() (n int) {
	for _, l := range d.running.Heads("line vty") {
		words := strings.Fields(l.Text)
		last, _ := strconv.Atoi(words[len(words)-1])
		n = max(n, last+1)
	}
	return n
}

// read hands over what is typed.
func (s *session) read(ctx context.Context) {
	defer close(s.keys)
	for {
		b := make([]byte, 256)
		n, err := s.rw.Read(b)
		if n > 0 {
			select {
			case s.keys <- b[:n]:
			case <-ctx.Done():
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// write shows text, whose lines end in LF.
func (s *session) write(text string) {
	if text != "" {
		_, _ = io.WriteString(s.rw, strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")) // who is gone is noticed by read
	}
}

func (s *session) printf(format string, args ...any) { s.write(fmt.Sprintf(format, args...)) }

// interrupt leaves a text that is shown in the middle of whatever is there.
func (s *session) interrupt(text string) { s.leave(notice{text, true}) }

func (s *session) leave(n notice) {
	const most = 500
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.notices) < most {
		s.notices = append(s.notices, n)
	}
	select {
	case s.left <- struct{}{}:
	default:
	}
}

// monitors reports whether log messages are shown here.
func (s *session) monitors(consoleSilent bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.monitor || s.access.Console && !consoleSilent
}

// flush shows what was left.
func (s *session) flush() {
	s.mu.Lock()
	notices := s.notices
	s.notices = nil
	s.mu.Unlock()
	messages := false
	for _, n := range notices {
		if n.message {
			messages = true
			s.write("\n")
		}
		s.write(n.text)
	}
	switch {
	case !messages:
	case s.tail != "":
		s.write(s.tail)
	case s.editor != nil && s.synchronous():
		s.write(s.editor.Redraw())
	}
}

func (s *session) synchronous() bool {
	_, ok := s.lineSetting("logging synchronous")
	return ok
}

// lineSetting finds a setting of the session's line.
func (s *session) lineSetting(key string) (string, bool) {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	if s.access.Console {
		return s.d.running.Below("line con 0", key)
	}
	for _, l := range s.d.running.Heads("line vty") {
		var first, last int
		if n, _ := fmt.Sscanf(l.Text, "line vty %d %d", &first, &last); n == 1 {
			last = first
		}
		if s.vty < first || s.vty > last {
			continue
		}
		if rest, ok := s.d.running.Below(l.Text, key); ok {
			return rest, true
		}
	}
	return "", false
}

// timeout is how long the line may be idle; 0 means for ever.
func (s *session) timeout() time.Duration {
	rest, ok := s.lineSetting("exec-timeout")
	if !ok {
		return 10 * time.Minute
	}
	words := strings.Fields(rest + " 0")
	minutes, _ := strconv.Atoi(words[0])
	seconds, _ := strconv.Atoi(words[1])
	return time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second
}

// next waits for an octet that is typed.
func (s *session) next() (byte, error) {
	var expired <-chan time.Time
	if s.idle > 0 {
		t := time.NewTimer(s.idle)
		defer t.Stop()
		expired = t.C
	}
	for {
		for len(s.pending) > 0 {
			k := s.pending[0]
			s.pending = s.pending[1:]
			skip := k == '\n' && s.cr
			s.cr = k == '\r'
			if !skip {
				return k, nil
			}
		}
		select {
		case b, ok := <-s.keys:
			if !ok {
				return 0, io.EOF
			}
			s.pending = b
		case <-s.left:
			s.flush()
		case <-s.ctx.Done():
			return 0, s.ctx.Err()
		case <-expired:
			return 0, errIdle
		}
	}
}

// typed reads a line. What is asked for besides, ev says; then the line is as far as it was.
func (s *session) typed(e *line.Editor) (ev line.Event, err error) {
	s.editor = e
	defer func() { s.editor = nil }()
	for {
		k, err := s.next()
		if err != nil {
			return line.None, err
		}
		show, ev := e.Key(k)
		s.write(show)
		if ev != line.None {
			return ev, nil
		}
	}
}

// command reads a command.
func (s *session) command(prompt string, history *line.History, g helper) (string, line.Event, error) {
	e := &line.Editor{Width: s.width, History: history}
	s.write(e.Begin(prompt, ""))
	for {
		ev, err := s.typed(e)
		if err != nil {
			return "", ev, err
		}
		text := e.Text()
		switch ev {
		case line.Help:
			help, err := g.Question(text, s.level)
			s.answer(help, err, prompt)
			s.write(e.Begin(prompt, text))
		case line.Tab:
			if full, ok := g.Complete(text, s.level); ok {
				s.write("\n" + e.Begin(prompt, full))
			}
		case line.EOF:
		case line.Abort:
			s.write("\n")
			return "", ev, nil
		default:
			history.Add(text)
			return text, ev, nil
		}
	}
}

// helper answers "?" and Tab.
type helper interface {
	Question(text string, level int) (string, error)
	Complete(text string, level int) (string, bool)
}

// answer shows help, or what is wrong with a line.
func (s *session) answer(text string, err error, prompt string) {
	var e *cli.Error
	if errors.As(err, &e) {
		text = e.Text(len(prompt))
	}
	p := s.pager(cli.Filter{})
	io.WriteString(p, text)
	p.end()
}

// ask asks for a line; what is in brackets is the answer of Enter alone.
func (s *session) ask(question string) (string, error) { return s.askFor(question, false) }

// askSecret does the same and shows nothing of the answer.
func (s *session) askSecret(question string) (string, error) { return s.askFor(question, true) }

func (s *session) askFor(question string, secret bool) (string, error) {
	e := &line.Editor{Hidden: secret, Plain: true} // a question never scrolls
	above := strings.LastIndexByte(question, '\n') + 1
	s.write(question[:above] + e.Begin(question[above:], ""))
	if err := s.hang(question); err != nil {
		return "", err
	}
	for {
		ev, err := s.typed(e)
		switch {
		case err != nil:
			return "", err
		case ev == line.Abort, ev == line.End:
			s.write("\n")
			return "", errAbort
		case ev == line.Enter:
			return strings.TrimSpace(e.Text()), nil
		}
	}
}

// confirm asks for one key: Enter and "y" say yes.
func (s *session) confirm(question string) (bool, error) {
	s.tail = "[confirm]"
	defer func() { s.tail = "" }()
	s.write(question + "[confirm]")
	if s.d.set.Faults.LogAtPrompt {
		s.d.message("%%SYS-5-CONFIG_I: Configured from console by console")
		s.interrupt("*" + s.d.now().Format("Jan _2 15:04:05.000") + ": %LINK-3-UPDOWN: Interface " + s.d.model.Interfaces[1] + ", changed state to up\n")
	}
	if err := s.hang(question); err != nil {
		return false, err
	}
	k, err := s.next()
	if err != nil {
		return false, err
	}
	s.write("\n")
	if k == 0x03 {
		return false, errAbort
	}
	return k == '\r' || k == '\n' || k == 'y' || k == 'Y', nil
}

// yesNo asks until the answer is one of these words.
func (s *session) yesNo(question string) (bool, error) {
	for {
		text, err := s.ask(question)
		if err != nil {
			return false, err
		}
		switch text = strings.ToLower(text); {
		case text != "" && strings.HasPrefix("yes", text):
			return true, nil
		case text != "" && strings.HasPrefix("no", text):
			return false, nil
		}
		s.write("% Please answer 'yes' or 'no'.\n")
	}
}

// hang is a fault: after the question nothing happens any more.
func (s *session) hang(question string) error {
	text := s.d.set.Faults.Hang
	if text == "" || !strings.Contains(question, text) {
		return nil
	}
	for {
		select {
		case _, ok := <-s.keys:
			if !ok {
				return io.EOF
			}
		case <-s.ctx.Done():
			return s.ctx.Err()
		}
	}
}

// during runs what takes long, while Ctrl-C and Ctrl-^ end it and what else is typed
// waits. What it sends on the channel is shown at once.
func (s *session) during(job func(ctx context.Context, show func(string)) error) error {
	ctx, cancel := context.WithCancel(s.ctx)
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
	keys := s.keys
	aborted := false
	for {
		select {
		case text := <-shown:
			s.write(text)
		case err := <-done:
			if aborted {
				return errAbort
			}
			return err
		case <-s.left:
			s.flush()
		case b, ok := <-keys:
			if !ok {
				keys = nil
				cancel()
				continue
			}
			if strings.ContainsAny(string(b), "\x03\x1e") {
				aborted = true
				cancel()
			} else if len(s.pending) < 4096 {
				s.pending = append(s.pending, b...)
			}
		}
	}
}
