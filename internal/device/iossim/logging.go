package iossim

import (
	"fmt"
	"slices"
)

// maxLog is how many messages the buffer keeps.
const maxLog = 50

// Message logs: to the buffer, to the console, and to the terminals that asked for it.
func (d *Device) Message(format string, args ...any) {
	d.mu.Lock()
	mark := "*"
	if d.clockSet {
		mark = ""
	}
	text := mark + d.clock().Format("Jan _2 15:04:05.000") + ": " + fmt.Sprintf(format, args...)
	d.log = append(d.log, text)
	if drop := len(d.log) - maxLog; drop > 0 {
		d.log = slices.Delete(d.log, 0, drop)
	}
	_, silent := d.running.Get("no logging console")
	to := slices.Clone(d.screens)
	d.mu.Unlock()
	for _, s := range to {
		if s.monitors(silent) {
			s.Interrupt(text + "\n")
		}
	}
}

// broadcast shows a banner on every terminal.
func (d *Device) broadcast(text string) {
	d.mu.Lock()
	to := slices.Clone(d.screens)
	d.mu.Unlock()
	for _, s := range to {
		s.Interrupt(text)
	}
}

// console shows what a device says while it boots.
func (d *Device) console(text string) {
	d.mu.Lock()
	to := slices.Clone(d.screens)
	d.mu.Unlock()
	for _, s := range to {
		if s.access.Console {
			s.Leave(text)
		}
	}
}

// join and leave say which terminals there are.
func (d *Device) join(s *session) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.screens = append(d.screens, s)
}

func (d *Device) leave(s *session) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.screens = slices.DeleteFunc(d.screens, func(o *session) bool { return o == s })
	if !s.access.Console && d.vtys[s.vty] == s {
		delete(d.vtys, s.vty)
	}
}
