// Package configure is the configuration mode of simulated devices: its commands, what they
// put into the configuration, and the parts that have prompts of their own.
package configure

import (
	"errors"
	"strings"

	"dray/internal/device/iossim/cli"
	"dray/internal/device/iossim/conf"
	"dray/internal/device/iossim/place"
)

// Func takes in a command of configuration mode; what it returns is shown.
type Func func(c *Mode, m cli.Match[Func]) string

// Device is the device that is configured.
type Device interface {
	Hostname() string

	// Edit changes the running-config. who is for "Last configuration change".
	Edit(who string, change func(*conf.Config))

	// Message logs.
	Message(format string, args ...any)

	// ServeFiles begins or ends to serve the files that tftp-server lines name.
	ServeFiles()

	// SetRegister sets the configuration register of the next boot.
	SetRegister(text string)
}

// Mode takes configuration commands, from a terminal or from a file.
type Mode struct {
	Device   Device
	System   place.System
	Grammars map[string]*cli.Grammar[Func]
	Conf     *conf.Config // what is changed; nil is the running-config
	Who      string
	Factory  bool // nothing is logged and nothing is started
	Ended    bool // somebody has left

	mode    string   // "", or that of a part: "if", "line", "archive", "vlan"
	heads   []string // the lines of the part: several of a range of interfaces
	loading bool     // from a file
	banner  byte     // the delimiter of a banner that is being typed
	text    string
}

// edit changes the configuration.
func (c *Mode) edit(change func(*conf.Config)) {
	if c.Conf != nil {
		change(c.Conf)
		return
	}
	c.Device.Edit(c.Who, change)
}

// Prompt is what the terminal shows; "" while a banner is typed.
func (c *Mode) Prompt() string {
	if c.banner != 0 {
		return ""
	}
	name := c.Device.Hostname()
	part := ""
	if c.mode != "" {
		part = "-" + c.mode
	}
	return name[:min(len(name), 20)] + "(config" + part + ")#"
}

// grammars are those that hold where the configurer is, the nearest first.
func (c *Mode) grammars() []*cli.Grammar[Func] {
	if c.mode == "" {
		return []*cli.Grammar[Func]{c.Grammars[""]}
	}
	return []*cli.Grammar[Func]{c.Grammars[c.mode], c.Grammars[""]}
}

// Question answers "?".
func (c *Mode) Question(text string, level int) (string, error) {
	return c.grammars()[0].Question(text, level)
}

// Complete answers Tab.
func (c *Mode) Complete(text string, level int) (full string, ok bool) {
	for _, g := range c.grammars() {
		if full, ok = g.Complete(text, level); ok {
			break
		}
	}
	return full, ok
}

// Line takes in a line, and returns what a terminal shows.
func (c *Mode) Line(text string) string {
	if c.banner != 0 {
		return c.bannerLine(text)
	}
	trimmed := strings.TrimSpace(text)
	if trimmed == "" || strings.HasPrefix(trimmed, "!") {
		return ""
	}
	var first error
	for i, g := range c.grammars() {
		m, err := g.Parse(text, 15)
		if err == nil {
			if i > 0 {
				c.mode, c.heads = "", nil
			}
			return m.Command.Do(c, m)
		}
		if first == nil || !further(first, err) {
			first = err
		}
	}
	var e *cli.Error
	errors.As(first, &e)
	if c.loading {
		return e.Text(0)
	}
	return e.Text(len(c.Prompt()))
}

// further reports whether a line was understood further before the first error than
// before the second.
func further(first, second error) bool {
	var a, b *cli.Error
	errors.As(first, &a)
	errors.As(second, &b)
	return a.Word > b.Word || a.Word == b.Word && (a.Fault != cli.Invalid || a.At >= b.At)
}

// Load takes in a whole file, and returns what a terminal shows.
func (c *Mode) Load(text string) string {
	c.loading = true
	var said strings.Builder
	for l := range strings.Lines(text) {
		l = strings.TrimRight(l, "\r\n")
		if strings.TrimSpace(l) == "end" && c.banner == 0 {
			break
		}
		if c.banner == 0 && c.mode != "" && l != "" && l[0] != ' ' && l[0] != '!' {
			c.mode, c.heads = "", nil
		}
		if answer := c.Line(l); strings.Contains(answer, "%") {
			said.WriteString(l + "\n" + answer)
		}
	}
	return said.String()
}

// begin starts a banner, of which the first line may be all.
func (c *Mode) begin(text string) string {
	delimiter := text[0]
	rest := text[1:]
	if strings.HasPrefix(text, "^C") {
		delimiter, rest = 0x03, text[2:]
	}
	c.banner, c.text = delimiter, ""
	if rest == "" {
		c.text = "\n"
		return "Enter TEXT message.  End with the character '" + string(rune(delimiter)) + "'.\n"
	}
	return c.bannerLine(rest)
}

func (c *Mode) bannerLine(text string) string {
	const most = 4096
	mark := string(rune(c.banner))
	if c.banner == 0x03 {
		text = strings.ReplaceAll(text, "^C", mark)
	}
	line, _, ended := strings.Cut(text, mark)
	c.text += line
	if !ended && len(c.text) < most {
		c.text += "\n"
		return ""
	}
	c.banner = 0
	c.edit(func(f *conf.Config) { f.Set("banner motd", "banner motd ^C"+c.text+"^C") })
	return ""
}

// Banner reports whether a banner is being typed.
func (c *Mode) Banner() bool { return c.banner != 0 }

// DropBanner forgets a banner that is being typed.
func (c *Mode) DropBanner() { c.banner = 0 }
