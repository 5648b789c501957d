package iossim

import (
	"errors"
	"strings"

	"dray/internal/device/iossim/cli"
	"dray/internal/device/iossim/conf"
)

// configFunc takes in a command of configuration mode; what it returns is shown.
type configFunc func(c *configurer, m cli.Match[configFunc]) string

// configurer takes configuration commands, from a terminal or from a file.
type configurer struct {
	d       *Device
	conf    *conf.Config // nil: the running-config
	who     string       // for "Last configuration change"
	factory bool         // nothing is logged and nothing is started
	mode    string       // "", or that of a part: "if", "line", "archive", "vlan"
	head    string       // the line of the part
	ended   bool
	loading bool // from a file
	banner  byte // the delimiter of a banner that is being typed
	text    string
}

// edit changes the configuration.
func (c *configurer) edit(change func(*conf.Config)) {
	if c.conf != nil {
		change(c.conf)
		return
	}
	d := c.d
	d.mu.Lock()
	defer d.mu.Unlock()
	change(d.running)
	d.changed = stamp(d.clock())
	if name := strings.Fields(c.who + " "); len(name) > 0 && name[0] != "console" && !strings.HasPrefix(name[0], "vty") {
		d.changed += " by " + name[0]
	}
}

func (c *configurer) prompt() string {
	name := c.d.Hostname()
	part := ""
	if c.mode != "" {
		part = "-" + c.mode
	}
	return name[:min(len(name), 20)] + "(config" + part + ")#"
}

// grammars are those that hold where the configurer is, the nearest first.
func (c *configurer) grammars() []*cli.Grammar[configFunc] {
	if c.mode == "" {
		return []*cli.Grammar[configFunc]{c.d.modes[""]}
	}
	return []*cli.Grammar[configFunc]{c.d.modes[c.mode], c.d.modes[""]}
}

// Question answers "?".
func (c *configurer) Question(text string, level int) (string, error) {
	return c.grammars()[0].Question(text, level)
}

// Complete answers Tab.
func (c *configurer) Complete(text string, level int) (full string, ok bool) {
	for _, g := range c.grammars() {
		if full, ok = g.Complete(text, level); ok {
			break
		}
	}
	return full, ok
}

// line takes in a line, and returns what a terminal shows.
func (c *configurer) line(text string) string {
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
				c.mode, c.head = "", ""
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
	return e.Text(len(c.prompt()))
}

// further reports whether a line was understood further before the first error than
// before the second.
func further(first, second error) bool {
	var a, b *cli.Error
	errors.As(first, &a)
	errors.As(second, &b)
	return a.Word > b.Word || a.Word == b.Word && (a.Fault != cli.Invalid || a.At >= b.At)
}

// load takes in a whole file, and returns what a terminal shows.
func (c *configurer) load(text string) string {
	c.loading = true
	var said strings.Builder
	for l := range strings.Lines(text) {
		l = strings.TrimRight(l, "\r\n")
		if strings.TrimSpace(l) == "end" && c.banner == 0 {
			break
		}
		if c.banner == 0 && c.mode != "" && l != "" && l[0] != ' ' && l[0] != '!' {
			c.mode, c.head = "", ""
		}
		if answer := c.line(l); strings.Contains(answer, "%") {
			said.WriteString(l + "\n" + answer)
		}
	}
	return said.String()
}

// begin starts a banner, of which the first line may be all.
func (c *configurer) begin(text string) string {
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

func (c *configurer) bannerLine(text string) string {
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
