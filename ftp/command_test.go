package ftp

import (
	"errors"
	"strings"
	"testing"
)

func TestParseCommand(t *testing.T) {
	tests := []struct {
		line string
		want Command
		err  error
	}{
		{"NOOP\r\n", Command{"NOOP", ""}, nil},
		{"noop\n", Command{"NOOP", ""}, nil},
		{"TYPE i", Command{"TYPE", "i"}, nil},
		{"  STAT", Command{"STAT", ""}, nil},
		{"RETR two  words \r\n", Command{"RETR", "two  words "}, nil},
		{"RETR  leading", Command{"RETR", " leading"}, nil},
		{"CWD ", Command{"CWD", ""}, nil},
		{"XSHA512 a", Command{"XSHA512", "a"}, nil},
		{"STOR caf\xe9\xff", Command{"STOR", "caf\xe9\xff"}, nil},
		{"\xf4\xf2ABOR\r\n", Command{"ABOR", ""}, nil},
		{"\r\n", Command{}, ErrBlank},
		{"", Command{}, ErrBlank},
		{"\xf2\r\n", Command{}, ErrBlank},
		{"SSH-2.0-OpenSSH_9.2", Command{}, ErrVerb},
		{"\x16\x03\x01\x02", Command{}, ErrVerb},
		{"ÄBOR", Command{}, ErrVerb},
		{strings.Repeat("A", 17), Command{}, ErrVerb},
		{"USER a\x00b", Command{"USER", ""}, ErrArgument},
		{"USER a\rb", Command{"USER", ""}, ErrArgument},
	}
	for _, tt := range tests {
		got, err := ParseCommand([]byte(tt.line))
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("ParseCommand(%q) = %+v, %v; want %+v, %v", tt.line, got, err, tt.want, tt.err)
		}
	}
}

func TestCommandAppend(t *testing.T) {
	tests := []struct {
		c    Command
		want string
		err  error
	}{
		{Command{"NOOP", ""}, "NOOP\r\n", nil},
		{Command{"RETR", "a b"}, "RETR a b\r\n", nil},
		{Command{"RETR", "\xff"}, "RETR \xff\xff\r\n", nil},
		{Command{"RETR", "x\r\nDELE y"}, "", ErrArgument},
		{Command{"RETR", "x\nDELE y"}, "", ErrArgument},
		{Command{"RETR", "x\x00"}, "", ErrArgument},
		{Command{"RETR x", ""}, "", ErrVerb},
		{Command{"", "x"}, "", ErrVerb},
	}
	for _, tt := range tests {
		got, err := tt.c.Append(nil)
		if string(got) != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%+v.Append = %q, %v; want %q, %v", tt.c, got, err, tt.want, tt.err)
		}
	}
}

func TestCommandStringHidesPassword(t *testing.T) {
	for _, verb := range []string{"PASS", "ACCT"} {
		if s := (Command{verb, "secret"}).String(); s != verb+" ****" {
			t.Errorf("String() = %q", s)
		}
	}
}

// FuzzCommand holds that whatever parses also prints, as one line that parses to the same.
func FuzzCommand(f *testing.F) {
	f.Add([]byte("RETR \xff\xfffile\r\n"))
	f.Add([]byte("\xff\xf4\xff\xf2ABOR\r\n"))
	f.Add([]byte("pass  two words "))
	f.Fuzz(func(t *testing.T, line []byte) {
		var telnet Telnet
		text, _ := telnet.Filter(line)
		c, err := ParseCommand(text)
		if err != nil {
			return
		}
		wire, err := c.Append(nil)
		if err != nil {
			t.Fatalf("%+v was parsed but does not print: %v", c, err)
		}
		var again Telnet
		text, answer := again.Filter(wire)
		if got, err := ParseCommand(text); err != nil || got != c || len(answer) > 0 {
			t.Fatalf("%+v came back as %+v, %v", c, got, err)
		}
	})
}
