package cli

import (
	"errors"
	"os"
	"strings"
	"testing"
)

// small is a grammar with one of everything.
func small() *Grammar[string] {
	g := &Grammar[string]{
		Prefixes:   []string{"flash:", "ftp:", "tftp:"},
		Interfaces: []string{"FastEthernet", "GigabitEthernet", "Vlan"},
		Help: map[string]string{
			"show": "Show running system information", "version": "System hardware and software status",
			"flash:": "Copy from flash: file system", "<minutes>": "Time until reload",
		},
	}
	for _, c := range []Command[string]{
		{"enable", 0, false, ""}, {"exit", 0, false, ""}, {"erase startup-config", 15, false, ""},
		{"show version", 1, true, ""}, {"show (interfaces|inventory)", 1, true, ""}, {"show running-config [interface <name:INTERFACE>]", 15, true, ""},
		{"show ip interface brief", 1, true, ""}, {"show ip", 15, false, ""},
		{"configure [terminal]", 15, false, ""}, {"clear line <n:0-15>", 15, false, ""},
		{"clock set <time:HH:MM>", 15, false, ""}, {"copy", 15, false, ""},
		{"copy (running-config|startup-config|<from:FILE>) (running-config|startup-config|<to:FILE>)", 15, false, ""},
		{"reload [in <minutes:1-999> [<reason:LINE>]]", 15, false, ""}, {"hostname <name:WORD>", 15, false, ""},
		{"ip address <ip:A.B.C.D> <mask:A.B.C.D>", 15, false, ""}, {"no shutdown", 15, false, ""}, {"no shut", 15, false, ""},
	} {
		c.Do = c.Spec
		g.Add(c)
	}
	return g
}

// TestTranscript plays testdata/cli.txt: a line after a prompt is typed, "?" or Tab at its
// end included; what follows is the answer.
func TestTranscript(t *testing.T) {
	b, err := os.ReadFile("testdata/cli.txt")
	if err != nil {
		t.Fatal(err)
	}
	g := small()
	prompt, typed, want := "", "", ""
	play := func() {
		if typed == "" {
			return
		}
		if got := answer(g, prompt, typed); got != want {
			t.Errorf("%s%s\ngot:\n%s\nwant:\n%s", prompt, typed, got, want)
		}
	}
	for line := range strings.Lines(string(b)) {
		if i := strings.IndexAny(line, ">#"); strings.HasPrefix(line, "R1") && i > 0 {
			play()
			prompt, typed, want = line[:i+1], strings.TrimSuffix(line[i+1:], "\n"), ""
		} else {
			want += line
		}
	}
	play()
}

func answer(g *Grammar[string], prompt, typed string) string {
	level := 15
	if strings.HasSuffix(prompt, ">") {
		level = 1
	}
	var e *Error
	var err error
	var text string
	if line, ok := strings.CutSuffix(typed, "?"); ok {
		text, err = g.Question(line, level)
	} else if line, ok := strings.CutSuffix(typed, "<tab>"); ok {
		if full, ok := g.Complete(line, level); ok {
			return "completes to \"" + full + "\"\n"
		}
		return "completes to nothing\n"
	} else {
		var m Match[string]
		if m, err = g.Parse(typed, level); err == nil {
			text = "runs " + m.Text
			if m.Filter.Verb != "" {
				text += ", " + m.Filter.Verb + " \"" + m.Filter.Pattern + "\""
			}
			text += "\n"
		}
	}
	if errors.As(err, &e) {
		return e.Text(len(prompt))
	}
	return text
}

func TestArgumentsHaveNames(t *testing.T) {
	m, err := small().Parse("sh run int gi 0/1", 15)
	if err != nil || m.Args["name"] != "GigabitEthernet0/1" || m.Command.Spec != "show running-config [interface <name:INTERFACE>]" {
		t.Errorf("%+v, %v", m, err)
	}
	m, err = small().Parse("reload in 5  too late  ", 15)
	if err != nil || m.Args["minutes"] != "5" || m.Args["reason"] != "too late" {
		t.Errorf("%+v, %v", m, err)
	}
}

// FuzzLine types any line: it is a command or an error whose marker is within it, and what
// Tab makes of it is no less.
func FuzzLine(f *testing.F) {
	g := small()
	for _, s := range []string{"show version | inc x", "sh i", "copy tftp: flash:", "reload in 5 x", "int gi 0/", "show run |", "\x00 é", "  ", "|", "no shut", "i\t"} {
		f.Add(s, 15)
	}
	f.Fuzz(func(t *testing.T, s string, level int) {
		m, err := g.Parse(s, level)
		var e *Error
		switch {
		case err == nil && m.Command.Level > level:
			t.Errorf("%q needs %d, and is run at %d", s, m.Command.Level, level)
		case err == nil && m.Filter.Verb == "":
			if again, err := g.Parse(m.Text, level); err != nil || again.Text != m.Text {
				t.Errorf("%q is in full %q, which is %q, %v", s, m.Text, again.Text, err)
			}
		case err != nil && (!errors.As(err, &e) || e.At < 0 || e.At > len(s)):
			t.Errorf("%q: %v", s, err)
		}
		if _, err := g.Question(s, level); err != nil && !errors.As(err, &e) {
			t.Errorf("%q?: %v", s, err)
		}
		if full, ok := g.Complete(s, level); ok && !strings.HasPrefix(strings.ToLower(full), strings.ToLower(s)) {
			t.Errorf("%q completes to %q", s, full)
		}
	})
}
