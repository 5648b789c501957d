package term

import (
	"regexp"
	"strings"
)

// Mode is where a prompt stands.
type Mode uint8

// The modes. Other is one in which no command should be given that was not made for it.
const (
	NoMode      Mode = iota
	User             // R1>
	Privileged       // R1#
	Configuring      // R1(config)# and its parts
	Loader           // rommon 1 >, switch:
	Other            // R1(tcl)#, R1(boot)#
)

func (m Mode) String() string {
	return [...]string{"none", "user", "privileged", "config", "boot loader", "other"}[m]
}

// prompts are the forms that a prompt may have: a name, a mode in brackets, and its end.
var prompts = []*regexp.Regexp{
	regexp.MustCompile(`^([A-Za-z0-9][\w.\-/@:~]{0,62})(\([\w.\- /:]{1,40}\))?([>#])$`),
	regexp.MustCompile(`^(?:rommon \d+ ?>|switch ?:|grub>|loader>|\+>)$`),
}

// cut is how much of a host name stands in the prompt of configuration mode.
const cut = 20

// prompt says what mode a text is the prompt of, and the name of the device in it. A device
// whose name is known has no other in user and privileged mode.
func (s *Scanner) prompt(text string) (mode Mode, name string) {
	text = strings.TrimRight(text, " ")
	if prompts[1].MatchString(text) {
		return Loader, ""
	}
	m := prompts[0].FindStringSubmatch(text)
	if m == nil {
		return NoMode, ""
	}
	name = m[1]
	switch {
	case strings.HasPrefix(m[2], "(config") && m[3] == "#":
		return Configuring, name
	case m[2] != "":
		return Other, name
	case s.host != "" && !strings.EqualFold(name, s.host) && !s.renamed(name):
		return NoMode, ""
	case m[3] == ">":
		return User, name
	}
	return Privileged, name
}

// renamed reports whether configuration mode has shown that the device is called so now.
func (s *Scanner) renamed(name string) bool {
	return s.config != "" && name[:min(cut, len(name))] == s.config
}
