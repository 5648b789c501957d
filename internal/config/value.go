package config

import (
	"fmt"
	"slices"
	"strings"

	"dray/internal/config/value"
)

// Value is a value that can be written: on the command line, in the environment, in a file.
type Value interface {
	Set(s string) error // an error says what is allowed
	String() string     // as Set takes it; "" when nothing was set
	Type() string       // as a usage text shows it
}

// list is a Value of which Set adds one member. String joins the members with spaces.
type list interface {
	Value
	clear()
}

// items is a list whose members may have spaces.
type items interface{ items() []string }

// members of a list, as Set takes them.
func each(v Value) []string {
	if l, ok := v.(items); ok {
		return l.items()
	}
	return strings.Fields(v.String())
}

// words is a Value that takes one of a few words.
type words interface{ Words() []string }

// setWord sets v to s if that is one of its words.
func setWord[T ~string, P interface {
	*T
	words
}](v P, s string) error {
	if allowed := v.Words(); !slices.Contains(allowed, s) {
		return fmt.Errorf("want %s", oneOf(allowed))
	}
	*v = T(s)
	return nil
}

// oneOf is a list of words as a sentence has it.
func oneOf(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// LogFormat is the form of the log.
type LogFormat string

// The forms of the log. The zero value is LogText.
const (
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// Set takes "text" or "json".
func (f *LogFormat) Set(s string) error { return setWord(f, s) }

// Words are what Set takes.
func (f *LogFormat) Words() []string { return []string{string(LogText), string(LogJSON)} }

func (f *LogFormat) String() string { return string(*f) }

// Type names the value in a usage text.
func (f *LogFormat) Type() string { return "text|json" }

// Values that are the same in all sections.
type (
	Switch    = value.Switch
	SwitchOn  = value.SwitchOn
	Text      = value.Text
	Block     = value.Block
	File      = value.File
	Folder    = value.Folder
	Port      = value.Port
	Listen    = value.Listen
	PortRange = value.PortRange
	Network   = value.Network
	Size      = value.Size
	ClientIP  = value.ClientIP
	MAC       = value.MAC
)

// Unlimited is the Size that "off" stands for.
const Unlimited = value.Unlimited
