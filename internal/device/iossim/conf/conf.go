// Package conf is the configuration of a simulated device: lines in the order in which a
// device shows them, some of them with lines of their own below. It knows no command; who
// changes it says which lines a command replaces.
package conf

import (
	"cmp"
	"slices"
	"strings"
)

// Line is one line, and those below it.
type Line struct {
	Text string
	Sub  []string
}

// Config is a configuration. The zero value is empty.
type Config struct {
	lines []Line
}

// order is how lines are sorted, by what they begin with. "*" stands for all that is not
// named. A marker of "=" is shown in any case.
var order = []string{
	"version", "service", "hostname", "=boot-start-marker", "boot", "=boot-end-marker", "logging", "enable secret", "enable password",
	"switch", "aaa", "clock", "ip domain", "no ip domain", "license", "username", "redundancy", "archive", "vlan",
	"ip tcp", "ip tftp", "ip ftp", "no ip ftp", "ip ssh", "ip scp",
	"interface", "ip default-gateway", "ip forward-protocol", "ip http", "no ip http", "ip route", "*", "snmp-server", "tftp-server",
	"banner", "line", "ntp", "scheduler",
}

func starts(text, key string) bool {
	rest, ok := strings.CutPrefix(text, key)
	return ok && (rest == "" || rest[0] == ' ')
}

// replaces reports whether a line gives way to one with this key: it has the key, or
// negates it.
func replaces(text, key string) bool {
	return starts(text, key) || starts(text, "no "+key)
}

// rank is the place of a line among others; no line is before its own "no" form.
func rank(text string) int {
	best, length, other := -1, -1, 0
	for i, key := range order {
		if key == "*" {
			other = i
		}
		if starts(text, key) && len(key) > length {
			best, length = i, len(key)
		}
	}
	if best >= 0 {
		return best
	}
	if positive, ok := strings.CutPrefix(text, "no "); ok {
		return rank(positive)
	}
	return other
}

// Get returns what follows a key in the first line that begins with it.
func (c *Config) Get(key string) (rest string, ok bool) {
	for _, l := range c.lines {
		if starts(l.Text, key) {
			return strings.TrimPrefix(l.Text[len(key):], " "), true
		}
	}
	return "", false
}

// All returns what follows a key in all lines that begin with it.
func (c *Config) All(key string) (rests []string) {
	for _, l := range c.lines {
		if starts(l.Text, key) {
			rests = append(rests, strings.TrimPrefix(l.Text[len(key):], " "))
		}
	}
	return rests
}

// Heads returns the lines that begin with a key, with what is below them.
func (c *Config) Heads(key string) (found []Line) {
	for _, l := range c.lines {
		if starts(l.Text, key) {
			found = append(found, Line{l.Text, slices.Clone(l.Sub)})
		}
	}
	return found
}

// Below returns what follows a key in the first line below head that begins with it.
func (c *Config) Below(head, key string) (rest string, ok bool) {
	for _, l := range c.lines {
		if l.Text != head {
			continue
		}
		for _, s := range l.Sub {
			if starts(s, key) {
				return strings.TrimPrefix(s[len(key):], " "), true
			}
		}
	}
	return "", false
}

// Set puts a line in the place of the first that begins with key, negated or not, and removes the others.
// An empty text puts none.
func (c *Config) Set(key, text string) {
	at := slices.IndexFunc(c.lines, func(l Line) bool { return replaces(l.Text, key) })
	if at >= 0 && text != "" {
		c.lines[at].Text = text
		rest := slices.DeleteFunc(c.lines[at+1:], func(l Line) bool { return replaces(l.Text, key) })
		c.lines = c.lines[:at+1+len(rest)]
		return
	}
	c.lines = slices.DeleteFunc(c.lines, func(l Line) bool { return replaces(l.Text, key) })
	if text != "" {
		c.Add(text)
	}
}

// Add puts a line behind those of its kind, unless it is there. Interfaces are sorted.
func (c *Config) Add(text string) {
	if slices.ContainsFunc(c.lines, func(l Line) bool { return l.Text == text }) {
		return
	}
	at, _ := slices.BinarySearchFunc(c.lines, text, func(l Line, text string) int {
		return cmp.Or(cmp.Compare(rank(l.Text), rank(text)), -1)
	})
	c.lines = slices.Insert(c.lines, at, Line{Text: text})
}

// SetBelow does below head what Set does; head is added if it is missing.
func (c *Config) SetBelow(head, key, text string) {
	c.Add(head)
	at := slices.IndexFunc(c.lines, func(l Line) bool { return l.Text == head })
	sub := c.lines[at].Sub
	old := slices.IndexFunc(sub, func(s string) bool { return replaces(s, key) })
	sub = slices.DeleteFunc(sub, func(s string) bool { return replaces(s, key) })
	if text != "" {
		if old < 0 || old > len(sub) {
			old = len(sub)
		}
		sub = slices.Insert(sub, old, text)
	}
	c.lines[at].Sub = sub
}

// Remove removes the lines that are text, or begin with it, and returns how many.
func (c *Config) Remove(text string) int {
	before := len(c.lines)
	c.lines = slices.DeleteFunc(c.lines, func(l Line) bool { return starts(l.Text, text) })
	return before - len(c.lines)
}

// Clone returns a copy.
func (c *Config) Clone() *Config {
	d := &Config{lines: slices.Clone(c.lines)}
	for i := range d.lines {
		d.lines[i].Sub = slices.Clone(d.lines[i].Sub)
	}
	return d
}

// String returns the configuration as a device shows it, from "version" to "end".
func (c *Config) String() string {
	var b strings.Builder
	line := func(s string) { b.WriteString(s + "\n") }
	last, n := "", 0
	for i, key := range order {
		if marker, ok := strings.CutPrefix(key, "="); ok {
			if marker == "boot-start-marker" {
				line("!")
			}
			line(marker)
			last = "boot"
		}
		for ; n < len(c.lines) && rank(c.lines[n].Text) == i; n++ {
			l := c.lines[n]
			group := strings.Fields(strings.TrimPrefix(l.Text, "no "))[0]
			if last != "" && (group != last || len(l.Sub) > 0) {
				line("!")
			}
			line(l.Text)
			for _, s := range l.Sub {
				line(" " + s)
			}
			last = group
		}
	}
	line("!")
	line("end")
	return b.String()
}
