package iossim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"dray/internal/device/iossim/cli"
	"dray/internal/device/iossim/line"
	"dray/internal/device/iossim/secret"
	"dray/internal/device/iossim/tty"
)

// execFunc runs a command of EXEC. What it writes to w is paged and filtered; what it
// asks, it asks by s. Its error ends the session, but for tty.ErrAbort.
type execFunc func(s *session, a args, w io.Writer) error

// args are the arguments of a command by name.
type args map[string]string

// work is a session on a vty, from log-in to log-out.
func (s *session) work() error {
	if text, ok := s.d.get("banner motd"); ok {
		s.Print(bannerText(text))
	}
	if s.access.User == "" {
		if err := s.login(); err != nil {
			return err
		}
	} else {
		s.Level = s.access.Level
		s.Print("\n")
	}
	if s.access.Command != "" {
		s.Length = 0
		return s.execute(s.access.Command, s.prompt())
	}
	return s.shell()
}

// login asks who is there, as the line says.
func (s *session) login() error {
	const tries = 3
	s.Idle = 30 * time.Second
	_, local := s.lineSetting("login local")
	password, set := s.lineSetting("password")
	_, plain := s.lineSetting("login")
	switch {
	case !local && !plain:
		s.Level = 1
		return nil
	case !local && !set:
		s.Print("\n\nPassword required, but none set\n")
		return errLogout
	}
	s.Print("\n\nUser Access Verification\n\n")
	for range tries {
		user, err := "", error(nil)
		if local {
			if user, err = s.Ask("Username: "); err != nil {
				return err
			}
		}
		given, err := s.AskSecret("Password: ")
		if err != nil {
			return err
		}
		level, ok := 1, !local && !s.d.set.Faults.RefuseLogin && secret.Check(password, given)
		if local {
			level, ok = s.d.Authenticate(user, given)
		}
		if ok {
			s.user, s.Level = user, level
			return nil
		}
		if local {
			s.Print("% Login invalid\n\n")
		}
	}
	if !local {
		s.Print("% Bad passwords\n")
	}
	return errLogout
}

// atConsole is the console: it sees the device go down and come back.
func (s *session) atConsole() {
	base := s.Context()
	defer s.Bind(base)
	for base.Err() == nil {
		s.d.mu.Lock()
		where, life := s.d.state, s.d.life
		s.d.mu.Unlock()
		ctx, cancel := context.WithCancel(base)
		stop := context.AfterFunc(life, cancel)
		s.Bind(ctx)
		s.Flush()
		var err error
		switch where {
		case rommon:
			err = s.monitorROM()
		case booting:
			s.Idle = 0
			for err == nil { // a key is of no use now, but hanging up is
				_, err = s.Next()
			}
		default:
			err = s.atLivingConsole()
		}
		stop()
		cancel()
		s.config = nil
		if errors.Is(err, io.EOF) {
			return
		}
	}
}

func (s *session) atLivingConsole() error {
	s.Idle = 0
	s.d.mu.Lock()
	fresh := s.d.fresh
	s.d.mu.Unlock()
	if fresh {
		if err := s.setup(); err != nil {
			return err
		}
	}
	s.Print("\n\nPress RETURN to get started!\n\n")
	for {
		k, err := s.Next()
		if err != nil {
			return err
		}
		if k == '\r' || k == '\n' {
			break
		}
	}
	s.Print("\n\n")
	s.Level = 1
	if text, ok := s.d.get("banner motd"); ok {
		s.Print(bannerText(text))
	}
	if _, ok := s.lineSetting("login"); ok {
		if err := s.login(); err != nil {
			return err
		}
	}
	err := s.shell()
	if errors.Is(err, errLogout) || errors.Is(err, tty.ErrIdle) {
		s.Printf("\n\n\n\n%s con0 is now available\n\n\n", s.d.Hostname())
		return nil
	}
	return err
}

// shell reads commands and runs them until the session ends.
func (s *session) shell() error {
	for {
		s.Idle = s.timeout()
		if s.config != nil {
			if err := s.configure(); err != nil {
				return err
			}
			continue
		}
		text, ev, err := s.Command(s.prompt(), &s.history, s.d.exec)
		if err != nil {
			return err
		}
		if ev == line.Enter || ev == line.End {
			err = s.execute(text, s.prompt())
		}
		if err != nil && !errors.Is(err, tty.ErrAbort) {
			return err
		}
	}
}

func (s *session) prompt() string {
	mark := ">"
	if s.Level > 1 {
		mark = "#"
	}
	return s.d.Hostname() + mark
}

// execute runs one line of EXEC.
func (s *session) execute(text, prompt string) error {
	text = strings.TrimRight(text, " ")
	if strings.TrimSpace(text) == "" || strings.HasPrefix(strings.TrimSpace(text), "!") {
		return nil
	}
	m, err := s.d.exec.Parse(text, s.Level)
	var e *cli.Error
	switch {
	case errors.As(err, &e) && e.Fault == cli.Invalid && e.Word == 0 && len(strings.Fields(text)) == 1:
		return s.translate(strings.TrimSpace(text))
	case errors.As(err, &e):
		s.Print(e.Text(len(prompt)))
		return nil
	}
	p := s.Pager(m.Filter)
	if p.Stopped() {
		return nil
	}
	err = m.Command.Do(s, m.Args, p)
	return errors.Join(err, p.End())
}

// translate takes an unknown word for the name of a host, as a device does.
func (s *session) translate(word string) error {
	if _, off := s.d.get("no ip domain lookup"); !off {
		s.Printf("Translating \"%s\"...domain server (255.255.255.255)\n", word)
		err := s.During(func(ctx context.Context, show func(string)) error {
			show(" (255.255.255.255)\n")
			return s.d.pause(ctx, 6*time.Second)
		})
		if err != nil {
			return err
		}
	} else {
		s.Printf("Translating \"%s\"\n", word)
	}
	s.Print("% Unknown command or computer name, or unable to find computer address\n")
	return nil
}

// configure reads one line of configuration mode and takes it in.
func (s *session) configure() error {
	c := s.config
	if c.Banner() {
		text, ev, err := s.Command("", &line.History{}, c)
		if err != nil {
			return err
		}
		if ev == line.Abort {
			c.DropBanner()
			return nil
		}
		c.Line(text)
		return nil
	}
	prompt := c.Prompt()
	text, ev, err := s.Command(prompt, &s.past, c)
	if err != nil {
		return err
	}
	if ev == line.Abort {
		s.leaveConfig()
		return nil
	}
	if command, ok := isDo(text); ok {
		err := s.execute(command, prompt+"do ")
		if errors.Is(err, tty.ErrAbort) {
			return nil
		}
		return err
	}
	if said := c.Line(text); said != "" {
		s.Print(said)
	}
	if ev == line.End || c.Ended {
		s.leaveConfig()
	}
	return nil
}

// isDo finds "do" and what follows it.
func isDo(text string) (string, bool) {
	text = strings.TrimLeft(text, " ")
	if len(text) < 3 || !strings.EqualFold(text[:3], "do ") {
		return "", false
	}
	return text[3:], true
}

func (s *session) leaveConfig() {
	s.config = nil
	s.d.Message("%%SYS-5-CONFIG_I: Configured from console by %s", s.who())
}

// who is how messages call the user: "cisco on vty0 (192.0.2.1)", or "console".
func (s *session) who() string {
	if s.access.Console {
		return "console"
	}
	name := s.user
	if name != "" {
		name += " on "
	}
	return fmt.Sprintf("%svty%d (%s)", name, s.vty, s.access.Remote.Addr())
}

// enable asks for the secret that leads to privilege 15.
func enable(s *session, _ args, _ io.Writer) error {
	stored, ok := s.d.get("enable secret")
	if !ok {
		stored, ok = s.d.get("enable password")
	}
	switch {
	case s.Level >= 15:
		return nil
	case !ok && !s.access.Console:
		s.Print("% No password set\n")
		return nil
	case !ok:
		s.Level = 15
		return nil
	}
	for range 3 {
		given, err := s.AskSecret("Password: ")
		if err != nil {
			return err
		}
		if secret.Check(stored, given) && !s.d.set.Faults.RefuseLogin {
			s.Level = 15
			return nil
		}
	}
	s.Print("% Bad secrets\n\n")
	return nil
}

func disable(s *session, _ args, _ io.Writer) error {
	s.Level = 1
	return nil
}

// clearLine ends the session on another line.
func clearLine(s *session, a args, _ io.Writer) error {
	n, _ := strconv.Atoi(a["line"])
	if yes, err := s.Confirm(""); err != nil || !yes {
		return err
	}
	s.d.mu.Lock()
	other := s.d.vtys[n]
	s.d.mu.Unlock()
	if other != nil {
		other.end()
	}
	s.Print(" [OK]\n")
	return nil
}

func logout(*session, args, io.Writer) error { return errLogout }

func configureTerminal(s *session, a args, _ io.Writer) error {
	if a["how"] == "ask" {
		text, err := s.Ask("Configuring from terminal, memory, or network [terminal]? ")
		if err != nil {
			return err
		}
		if text != "" && !strings.HasPrefix("terminal", strings.ToLower(text)) {
			s.Print("?Must be \"terminal\"\n")
			return nil
		}
	}
	s.Print("Enter configuration commands, one per line.  End with CNTL/Z.\n")
	s.config = s.configurer()
	return nil
}

// bannerText takes the delimiters off a banner.
func bannerText(text string) string {
	return "\n" + strings.TrimSuffix(strings.TrimPrefix(text, "^C"), "^C") + "\n"
}
