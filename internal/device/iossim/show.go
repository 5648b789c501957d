package iossim

import (
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"dray/internal/device/iossim/show"
)

func showRunning(s *session, a args, w io.Writer) error {
	if name := a["name"]; name != "" {
		fmt.Fprint(w, "Building configuration...\n\n")
		for _, l := range s.d.config().Heads("interface " + name) {
			text := "!\n" + l.Text + "\n"
			for _, sub := range l.Sub {
				text += " " + sub + "\n"
			}
			fmt.Fprintf(w, "Current configuration : %d bytes\n%send\n", len(text)+4, text)
		}
		fmt.Fprintln(w)
		return nil
	}
	text := s.d.runningText()
	fmt.Fprintf(w, "Building configuration...\n\nCurrent configuration : %d bytes\n%s\n", len(text), text)
	return nil
}

func showStartup(s *session, _ args, w io.Writer) error {
	s.d.mu.Lock()
	text := s.d.saved + s.d.startup
	s.d.mu.Unlock()
	if text == "" {
		fmt.Fprint(w, "startup-config is not present\n")
		return nil
	}
	fmt.Fprintf(w, "Using %d out of %d bytes\n%s\n", len(text), s.d.model.NVRAM, text)
	return nil
}

func showClock(s *session, _ args, w io.Writer) error {
	mark := "*"
	s.d.mu.Lock()
	if s.d.clockSet {
		mark = ""
	}
	s.d.mu.Unlock()
	fmt.Fprintf(w, "%s%s\n", mark, s.d.now().Format("15:04:05.000 MST Mon Jan 2 2006"))
	return nil
}

func showUsers(s *session, _ args, w io.Writer) error {
	fmt.Fprint(w, "    Line       User       Host(s)              Idle       Location\n")
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	for _, o := range s.d.screens {
		mark, n, line, from := " ", 0, "con 0", ""
		if o == s {
			mark = "*"
		}
		if !o.access.Console {
			n, line, from = o.vty+2, fmt.Sprintf("vty %d", o.vty), o.access.Remote.Addr().String()
		}
		fmt.Fprintf(w, "%s%3d %-10s %-10s %-20s %-10s %s\n", mark, n, line, o.user, "idle", "00:00:00", from)
	}
	fmt.Fprint(w, "\n  Interface    User               Mode         Idle     Peer Address\n\n")
	return nil
}

func showTCP(s *session, _ args, w io.Writer) error {
	fmt.Fprint(w, "TCB       Local Address               Foreign Address             (state)\n")
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	for _, o := range s.d.screens {
		if !o.access.Console {
			fmt.Fprintf(w, "%08X  %-27s %-27s ESTAB\n", 0x48C1A200+o.vty*0x518, dotted(o.access.Local), dotted(o.access.Remote))
		}
	}
	return nil
}

// dotted is an address as show tcp has it: the port after one more dot.
func dotted(a netip.AddrPort) string { return fmt.Sprintf("%s.%d", a.Addr(), a.Port()) }

func showHistory(s *session, _ args, w io.Writer) error {
	for _, l := range s.history.Lines() {
		fmt.Fprintf(w, "  %s\n", l)
	}
	return nil
}

func showPrivilege(s *session, _ args, w io.Writer) error {
	fmt.Fprintf(w, "Current privilege level is %d\n", s.Level)
	return nil
}

func showTerminal(s *session, _ args, w io.Writer) error {
	fmt.Fprintf(w, "Line %d, Location: \"\", Type: \"\"\nLength: %d lines, Width: %d columns\n", s.vty+2, s.Length, s.Width)
	return nil
}

func showLogging(s *session, _ args, w io.Writer) error {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	fmt.Fprintf(w, "Syslog logging: enabled\n\nLog Buffer (4096 bytes):\n\n%s\n", strings.Join(s.d.log, "\n"))
	return nil
}

// facts are those of now.
func (d *Device) facts() show.Facts {
	name := d.Hostname()
	d.mu.Lock()
	defer d.mu.Unlock()
	return show.Facts{
		Model: d.model, Hostname: name, Version: d.version, Image: d.image, Reason: d.reason, Register: d.register, Next: d.next,
		Booted: d.booted, Up: time.Since(d.booted), Packaged: d.packaged,
	}
}

func showVersion(s *session, _ args, w io.Writer) error {
	show.Version(w, s.d.facts())
	return nil
}

func showInventory(s *session, _ args, w io.Writer) error {
	show.Inventory(w, s.d.model)
	return nil
}

func showInterfaces(s *session, _ args, w io.Writer) error {
	show.Interfaces(w, s.d.model, s.d.config(), desk{s}.Startup())
	return nil
}

func showSwitch(s *session, _ args, w io.Writer) error {
	show.Switch(w, s.d.model)
	return nil
}

func showFileSystems(s *session, _ args, w io.Writer) error {
	show.FileSystems(w, s.sys(), len(desk{s}.Startup()))
	return nil
}

func showBoot(s *session, _ args, w io.Writer) error {
	c := s.d.config()
	_, manual := c.Get("boot manual")
	show.Boot(w, s.d.model, c.String(), desk{s}.Startup(), manual)
	return nil
}

func showBootvar(s *session, _ args, w io.Writer) error {
	show.Bootvar(w, s.d.facts(), desk{s}.Startup())
	return nil
}

// showFlash is "show flash:" as routers and switches have it.
func showFlash(s *session, a args, w io.Writer) error {
	m := s.d.model
	if m.Switch && !m.XE {
		return dir(s, args{"file": a["file"]}, w)
	}
	p, err := s.sys().Find(or(a["file"], m.Storage))
	if err != nil || p.FS == nil {
		fmt.Fprintf(w, "%%Error opening %s (Invalid argument)\n", a["file"])
		return nil
	}
	show.Flash(w, p)
	return nil
}
