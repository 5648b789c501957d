package term

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// device plays a device: what begins with "<" it shows, what begins with ">" it waits for,
// "~" is a time, "." hangs up. It returns our end. What was typed besides fails the test.
func device(t *testing.T, steps ...string) io.ReadWriteCloser {
	ours, theirs := net.Pipe()
	done := make(chan string, 1)
	go func() {
		defer close(done)
		for _, s := range steps {
			switch s[0] {
			case '<':
				if _, err := io.WriteString(theirs, strings.ReplaceAll(s[1:], "\n", "\r\n")); err != nil {
					return // our end has hung up
				}
			case '>':
				b := make([]byte, len(s)-1)
				if _, err := io.ReadFull(theirs, b); err != nil || string(b) != s[1:] {
					done <- "want " + s[1:] + ", typed was " + string(b)
					return
				}
			case '~':
				d, _ := time.ParseDuration(s[1:])
				time.Sleep(d)
			case '.':
				theirs.Close()
				return
			}
		}
		rest, _ := io.ReadAll(theirs)
		if len(rest) > 0 {
			done <- "typed was also " + string(rest)
		}
	}()
	t.Cleanup(func() {
		ours.Close()
		for wrong := range done {
			t.Error(wrong)
		}
	})
	return ours
}

// loggedIn is a device at its prompt, for which the rest is played.
func loggedIn(t *testing.T, steps ...string) (*Session, error) {
	t.Helper()
	steps = append([]string{"<R1#", ">terminal length 0\r", "<terminal length 0\nR1#", ">terminal width 512\r", "<terminal width 512\nR1#"}, steps...)
	return Open(t.Context(), device(t, steps...), Config{})
}

func TestLogin(t *testing.T) {
	const banner = "<\nAuthorized only!\nIs that you?\n\nUser Access Verification\n\n"
	ready := []string{">terminal length 0\r", "<terminal length 0\nR1>", ">terminal width 512\r", "<terminal width 512\n% Invalid input detected at '^' marker.\n\nR1>"}
	for name, c := range map[string]struct {
		cfg   Config
		steps []string
		err   error
		shows string
	}{
		"by user and password": {Config{User: "amy", Password: "secret"}, append([]string{banner, "<Username: ", ">amy\r", "<amy\nPassword: ", ">secret\r", "<\n\nR1>"}, ready...), nil, ""},
		"by other words":       {Config{User: "amy", Password: "secret"}, append([]string{banner, "<login: ", ">amy\r", "<amy\npassword: ", ">secret\r", "<\n\nR1>"}, ready...), nil, ""},
		"by password":          {Config{Password: "secret"}, append([]string{banner, "<Password: ", ">secret\r", "<\nR1>"}, ready...), nil, ""},
		"at a console":         {Config{}, append([]string{"<\n\nPress RETURN to get started.\n\n\n", ">\r", "<\n\nR1>"}, ready...), nil, ""},
		"enable":               {Config{Enable: "secret"}, append(append([]string{"<R1>"}, ready...), ">enable\r", "<enable\nPassword: ", ">secret\r", "<\nR1#"), nil, ""},
		"a wrong password": {Config{User: "amy", Password: "wrong"}, []string{banner, "<Username: ", ">amy\r", "<amy\nPassword: ", ">wrong\r", "<\n% Login invalid\n\nUsername: "},
			ErrLogin, "Login invalid"},
		"a wrong password, and it hangs up": {Config{User: "amy", Password: "wrong"}, []string{"<Username: ", ">amy\r", "<amy\nPassword: ", ">wrong\r", "<\n% Authentication failed\n", "."},
			ErrLogin, "Authentication failed"},
		"a wrong secret": {Config{Enable: "wrong"}, append(append([]string{"<R1>"}, ready...), ">enable\r", "<enable\nPassword: ", ">wrong\r", "<\n% Access denied\nPassword: "),
			ErrEnable, ""},
		"no secret there":        {Config{Enable: "wrong"}, append(append([]string{"<R1>"}, ready...), ">enable\r", "<enable\n% No password set\nR1>"), ErrEnable, "No password set"},
		"nobody to be":           {Config{Password: "x"}, []string{"<Username: "}, ErrQuestion, "no user was named"},
		"a question of its own":  {Config{}, []string{"<Would you like to enter the initial configuration dialog? [yes/no]: "}, ErrQuestion, "initial configuration dialog"},
		"a boot loader":          {Config{}, []string{"<rommon 1 > "}, ErrMode, "rommon 1 >"},
		"in configuration mode":  {Config{}, []string{"<R1(config)#"}, ErrMode, "configuration mode"},
		"silence":                {Config{}, []string{"<\n"}, ErrSilent, ""},
		"it hangs up":            {Config{}, []string{"."}, ErrHungUp, ""},
		"a code that is unknown": {Config{}, []string{"<Enter the token code: "}, ErrQuestion, "token code"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, err := Open(t.Context(), device(t, c.steps...), c.cfg)
				if !errors.Is(err, c.err) || err != nil && !strings.Contains(err.Error(), c.shows) {
					t.Fatal(err)
				}
				if err == nil {
					if s.Host() != "R1" || (s.Mode() == Privileged) != (c.cfg.Enable != "") {
						t.Errorf("at %s, in mode %s", s.Host(), s.Mode())
					}
					s.Close()
				}
			})
		})
	}
}

// always gives the same answer, whatever is asked.
func always(a Answer) Answerer { return func(Query) (Answer, error) { return a, nil } }

func TestDialogues(t *testing.T) {
	for name, c := range map[string]struct {
		command string
		answer  Answerer
		steps   []string
		err     error
		shows   string // of the error, or of the output
	}{
		"a page": {"show run", nil, []string{"<show run\n1\n --More-- ", "> ", "<\b\b\b\b\b\b\b\b\b        \b\b\b\b\b\b\b\b\b2\nR1#"}, nil, "1\n2\n"},
		"a text": {"copy tftp: flash:", always(Say("192.0.2.9")), []string{"<copy tftp: flash:\nAddress or name of remote host []? ", ">192.0.2.9\r", "<192.0.2.9\ndone\nR1#"}, nil, "done\n"},
		"Enter, where it is known": {"copy tftp: flash:", always(Enter()),
			[]string{"<copy tftp: flash:\nDestination filename [x]? ", ">\r", "<\ndone\nR1#"}, nil, "done\n"},
		"Enter, where it is not": {"reload", always(Enter()), []string{"<reload\n\nSystem configuration has been modified. Save? [yes/no]: "}, ErrQuestion, "what Enter means"},
		"yes by a key":           {"reload", always(Yes()), []string{"<reload\nProceed with reload? [confirm]", ">\r", "<\nR1#"}, nil, ""},
		"no by a key":            {"reload", always(No()), []string{"<reload\nProceed with reload? [confirm]", ">n", "<\nR1#"}, nil, ""},
		"yes by a word":          {"reload", always(Yes()), []string{"<reload\nSystem configuration has been modified. Save? [yes/no]: ", ">yes\r", "<yes\nR1#"}, nil, ""},
		"no by a letter": {"install activate", always(No()),
			[]string{"<install activate\nThis operation may require a reload of the system. Do you want to proceed? [y/n]", ">n\r", "<n\nR1#"}, nil, ""},
		"a log message in the question": {"reload", always(No()),
			[]string{"<reload\nProceed with reload? [confirm]\n*Nov 21 09:43:38.037: %LINK-3-UPDOWN: Interface x, changed state to up\n[confirm]", ">n", "<\nR1#"}, nil, ""},
		"erase, and somebody says yes": {"copy x flash:", always(Yes()), []string{"<copy x flash:\nErase flash: before copying? [confirm]", ">n", "<\ndone\nR1#"}, nil, "done\n"},
		"erase twice":                  {"copy x flash:", always(Yes()), []string{"<copy x flash:\nErasing the flash filesystem will remove all files! Continue? [confirm]", ">n", "<\nR1#"}, nil, ""},
		"squeeze":                      {"squeeze flash:", always(Yes()), []string{"<squeeze flash:\nSqueeze operation may take a while. Continue? [confirm]", ">n", "<\nR1#"}, nil, ""},
		"format":                       {"format flash:", always(Enter()), []string{"<format flash:\nFormat operation may take a while. Continue? [confirm]", ">n", "<\nR1#"}, nil, ""},
		"a question that nobody knows": {"upgrade", always(Yes()), []string{"<upgrade\nThis will reset the system. Continue? [confirm]"}, ErrQuestion, "This will reset the system"},
		"another one":                  {"upgrade", always(Yes()), []string{"<upgrade\nOverwrite the bootloader [y/n]"}, ErrQuestion, "Overwrite the bootloader [y/n]"},
		"a question not expected":      {"dir", nil, []string{"<dir\nProceed with reload? [confirm]"}, ErrQuestion, "the command does not expect it"},
		"an answer of two lines":       {"copy x y", always(Say("a\rreload")), []string{"<copy x y\nDestination filename [x]? "}, ErrQuestion, "acts at once"},
		"a text for a key":             {"reload", always(Say("y")), []string{"<reload\nProceed with reload? [confirm]"}, ErrQuestion, "of the kind"},
		"silence":                      {"show version", nil, []string{"<show version\nCisco IOS"}, ErrSilent, "Cisco IOS"},
		"marks, then silence":          {"copy x y", nil, []string{"<copy x y\n!!!", "~25s", "<!!!", "~25s", "<...", "~25s", "<.R1#"}, ErrSilent, "...."},
		"marks":                        {"copy x y", nil, []string{"<copy x y\n!!!", "~25s", "<!!!", "~25s", "<...\n", "~25s", "<R1#"}, nil, "!!!!!!...\n"},
		"a server that is slow to answer": {"copy x y", nil, []string{"<copy x y\nLoading x from 192.0.2.9 (via GigabitEthernet0/0): ", "~20s", "<!\n[OK - 3 bytes]\nR1#"}, nil,
			"Loading x from 192.0.2.9 (via GigabitEthernet0/0): !\n[OK - 3 bytes]\n"},
		"it hangs up":            {"show version", nil, []string{"<show version\nCi", "."}, ErrHungUp, "Ci"},
		"ROMMON":                 {"reload", nil, []string{"<reload\nrommon 1 > "}, ErrMode, "rommon"},
		"an unknown command":     {"foo", nil, []string{"<foo\nTranslating \"foo\"\n% Unknown command or computer name, or unable to find computer address\nR1#"}, ErrRefused, "Unknown command"},
		"an ambiguous command":   {"s", nil, []string{"<s\n% Ambiguous command:  \"s\"\nR1#"}, ErrRefused, "Ambiguous"},
		"a caret":                {"shov", nil, []string{"<shov\n   ^\n% Invalid input detected at '^' marker.\n\nR1#"}, ErrRefused, "Invalid input"},
		"an error in the output": {"show logging", nil, []string{"<show logging\n1\n2\n3\n4\n5\n% Invalid input detected at '^' marker.\nR1#"}, nil, "1\n2\n3\n4\n5\n% Invalid input detected at '^' marker.\n"},
		"two lines":              {"show clock\rreload", nil, nil, ErrCommand, "acts at once"},
		"help":                   {"show ?", nil, nil, ErrCommand, "acts at once"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				steps := c.steps
				if steps != nil {
					steps = append([]string{">" + c.command + "\r"}, steps...)
				}
				s, err := loggedIn(t, steps...)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				out, err := s.Run(t.Context(), Command{Text: c.command, Answer: c.answer})
				switch {
				case !errors.Is(err, c.err):
					t.Fatalf("%v; want %v", err, c.err)
				case err != nil && !strings.Contains(err.Error(), c.shows):
					t.Errorf("%v; want %q in it", err, c.shows)
				case err == nil && out.Text() != c.shows:
					t.Errorf("%q; want %q", out.Text(), c.shows)
				}
				over := err != nil && !errors.Is(err, ErrRefused) && !errors.Is(err, ErrCommand)
				if over {
					if _, err := s.Run(t.Context(), Command{Text: "show clock"}); !errors.Is(err, ErrOver) {
						t.Errorf("the session goes on: %v", err)
					}
				}
			})
		})
	}
}

// TestTotal: marks keep a command alive, but not for ever; and who gives up is obeyed.
func TestTotal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		steps := []string{">copy x y\r", "<copy x y\n"}
		for range 100 {
			steps = append(steps, "<!", "~10s")
		}
		s, err := loggedIn(t, steps[:20]...)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		begun := time.Now()
		if _, err := s.Run(t.Context(), Command{Text: "copy x y", Total: time.Minute}); !errors.Is(err, ErrTooLong) || time.Since(begun) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s, err := loggedIn(t, ">copy x y\r", "<copy x y\n")
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := s.Run(ctx, Command{Text: "copy x y"}); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// TestLeaving: who says that a device may hang up hears of it without an error.
func TestLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := loggedIn(t, ">exit\r", "<exit\n", ".")
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if out, err := s.Run(t.Context(), Command{Text: "exit", Leaves: true}); err != nil || !out.Gone {
			t.Errorf("%+v, %v", out, err)
		}
	})
}

func TestTranscript(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kept strings.Builder
		conn := device(t, "<Username: ", ">amy\r", "<amy\nPassword: ", ">s3cret\r", "<\nR1>", ">terminal length 0\r", "<terminal length 0\nR1>", ">terminal width 512\r", "<terminal width 512\nR1>",
			">enable\r", "<enable\nPassword: ", ">gehe1m\r", "<\nR1#",
			">copy ftp://bob:p4ss@192.0.2.9/x flash:\r", "<copy ftp://bob:p4ss@192.0.2.9/x flash:\n%Error opening ftp://*:*@192.0.2.9/x (Timed out)\nLoading ftp://192.0.2.9:2121/x\nR1#",
			">show run\r", "<show run\nenable secret 5 $1$abcd\nusername amy privilege 15 password 7 0822455D0A16\nsnmp-server community s3cret RO\n"+
				" key 7 0822455D0A16\n neighbor 192.0.2.2 password hush hush\nservice password-encryption\nR1#")
		s, err := Open(t.Context(), conn, Config{User: "amy", Password: "s3cret", Enable: "gehe1m", Transcript: &kept})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []string{"copy ftp://bob:p4ss@192.0.2.9/x flash:", "show run"} {
			if _, err := s.Run(t.Context(), Command{Text: c}); err != nil {
				t.Fatal(err)
			}
		}
		s.Close()
		const want = `Username: amy
Password: 
R1>terminal length 0
R1>terminal width 512
R1>enable
Password: 
R1#copy ftp://bob:*****@192.0.2.9/x flash:
%Error opening ftp://*:*@192.0.2.9/x (Timed out)
Loading ftp://192.0.2.9:2121/x
R1#show run
enable secret 5 *****
username amy privilege 15 password 7 *****
snmp-server community ***** RO
 key 7 *****
 neighbor 192.0.2.2 password *****
service password-encryption
`
		if kept.String() != want {
			t.Errorf("got\n%s", kept.String())
		}
	})
}
