package iossim

import (
	"fmt"
	"io"
	"net/netip"
	"path"
	"strings"
	"time"

	"dray/internal/device/iossim/configure"
	"dray/internal/device/iossim/model"
)

// showVersion is what a device says of itself.
func showVersion(s *session, _ args, w io.Writer) error {
	d := s.d
	m := d.model
	d.mu.Lock()
	version, booted, image, reason := d.version, d.booted, d.image, d.reason
	register, next := d.register, d.next
	installed := d.packaged
	d.mu.Unlock()
	short := model.Short(version)
	if m.XE {
		fmt.Fprintf(w, "Cisco IOS XE Software, Version %s\nCisco IOS Software [%s], %s (%s), Version %s, RELEASE SOFTWARE (fc1)\n",
			version, train(version), m.Software, m.Feature, short)
	} else {
		fmt.Fprintf(w, "Cisco IOS Software, %s (%s), Version %s, RELEASE SOFTWARE (fc1)\n", m.Software, m.Feature, version)
	}
	fmt.Fprintf(w, "This device is simulated by dray. No Cisco software runs here.\n\nROM: %s\n\n", strings.TrimPrefix(m.Bootstrap, "System "))
	fmt.Fprintf(w, "%s uptime is %s\n", d.Hostname(), uptime(time.Since(booted)))
	if m.XE {
		fmt.Fprintf(w, "Uptime for this control processor is %s\n", uptime(time.Since(booted)))
	}
	fmt.Fprintf(w, "System returned to ROM by %s\n", reason)
	fmt.Fprintf(w, "System restarted at %s\n", stamp(booted.UTC()))
	fmt.Fprintf(w, "System image file is \"%s\"\n", image)
	if m.XE || !m.Switch {
		fmt.Fprintf(w, "Last reload reason: %s\n", lastReason(reason))
	}
	fmt.Fprintf(w, "\ncisco %s (%s) processor with %s of memory.\nProcessor board ID %s\n", m.Product, m.Processor, m.Memory, m.Serial)
	for _, l := range m.Environment {
		fmt.Fprintln(w, l)
	}
	if m.Switch {
		fmt.Fprintf(w, "\nBase Ethernet MAC Address          : 00:1b:0c:00:00:80\nModel number                       : %s\nSystem serial number               : %s\n\n", m.Product, m.Serial)
		stackTable(w, m, version, installed)
	}
	if register != next {
		register += " (will be " + next + " at next reload)"
	}
	fmt.Fprintf(w, "\nConfiguration register is %s\n\n", register)
	return nil
}

func stackTable(w io.Writer, m model.Model, version string, installed bool) {
	mode, head := "", ""
	if m.XE {
		head = "  Mode   "
		mode = "  BUNDLE "
		if installed {
			mode = "  INSTALL"
		}
	}
	fmt.Fprintf(w, "Switch Ports Model              SW Version        SW Image            %s\n", head)
	fmt.Fprintf(w, "------ ----- -----              ----------        ----------          %s\n", strings.ReplaceAll(strings.TrimRight(head, " "), "Mode", "----"))
	for i := 1; i <= m.Members; i++ {
		mark := " "
		if i == 1 {
			mark = "*"
		}
		fmt.Fprintf(w, "%s%5d %-5d %-18s %-17s %-20s%s\n", mark, i, 52-26*btoi(!m.XE), m.Product, model.Short(version), m.Feature, mode)
	}
	fmt.Fprintln(w)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// train is what a version of IOS XE is called besides.
func train(version string) string {
	switch v := model.Short(version); {
	case strings.HasPrefix(v, "16.12"):
		return "Gibraltar"
	case strings.HasPrefix(v, "16."):
		return "Fuji"
	case strings.HasPrefix(v, "17.9"):
		return "Cupertino"
	case strings.HasPrefix(v, "17.6"):
		return "Bengaluru"
	}
	return "IOSXE"
}

func lastReason(reason string) string {
	if reason == "reload" {
		return "Reload Command"
	}
	return reason
}

// uptime is a span as devices say it: years, weeks, days, hours and minutes.
func uptime(span time.Duration) string {
	minutes := int(span / time.Minute)
	var parts []string
	for _, u := range []struct {
		name string
		size int
	}{{"year", 525600}, {"week", 10080}, {"day", 1440}, {"hour", 60}, {"minute", 1}} {
		n := minutes / u.size
		minutes %= u.size
		if n == 1 {
			parts = append(parts, "1 "+u.name)
		} else if n > 1 || u.size == 1 {
			parts = append(parts, fmt.Sprintf("%d %ss", n, u.name))
		}
	}
	return strings.Join(parts, ", ")
}

// showFlash is "show flash:" as routers and switches have it.
func showFlash(s *session, a args, w io.Writer) error {
	m := s.d.model
	if m.Switch && !m.XE {
		return dir(s, args{"file": a["file"]}, w)
	}
	p, err := s.d.sys().Find(or(a["file"], m.Storage))
	if err != nil || p.FS == nil {
		fmt.Fprintf(w, "%%Error opening %s (Invalid argument)\n", a["file"])
		return nil
	}
	fmt.Fprint(w, "-#- --length-- -----date/time------ path\n")
	used := int64(0)
	for _, f := range p.FS.Files(false) {
		fmt.Fprintf(w, "%-3d %10d %s /%s\n", f.Index, f.Content.Size(), f.Time.Format("Jan 2 2006 15:04:05 -07:00"), path.Clean(f.Name))
	}
	used = p.FS.Capacity() - p.FS.Free()
	fmt.Fprintf(w, "\n%d bytes available (%d bytes used)\n\n", p.FS.Free(), used)
	return nil
}

func showFileSystems(s *session, _ args, w io.Writer) error {
	d := s.d
	fmt.Fprint(w, "File Systems:\n\n       Size(b)       Free(b)      Type  Flags  Prefixes\n")
	row := func(mark, size, free, kind, flags, prefixes string) {
		fmt.Fprintf(w, "%s%13s %13s %9s %6s   %s\n", mark, size, free, kind, flags, prefixes)
	}
	row(" ", "-", "-", "opaque", "rw", "system:")
	for i, fs := range d.flash {
		names := append([]string{d.model.Storage}, d.model.Aliases...)
		mark := "*"
		if len(d.flash) > 1 {
			names = append(names, fmt.Sprintf("flash-%d:", i+1))
		}
		if i > 0 {
			mark, names = " ", names[len(names)-1:]
		}
		if i == 1 {
			names = append(names, "stby-flash:")
		}
		row(mark, itoa(fs.Capacity()), itoa(fs.Free()), "disk", "rw", strings.Join(names, " "))
	}
	d.mu.Lock()
	used := len(d.saved + d.startup)
	d.mu.Unlock()
	row(" ", itoa(int64(d.model.NVRAM)), itoa(int64(d.model.NVRAM-used)), "nvram", "rw", "nvram:")
	row(" ", "-", "-", "opaque", "wo", "null:")
	for _, p := range []string{"tftp:", "ftp:", "scp:"} {
		row(" ", "-", "-", "network", "rw", p)
	}
	fmt.Fprintln(w)
	return nil
}

func showInventory(s *session, _ args, w io.Writer) error {
	m := s.d.model
	for _, i := range m.Inventory {
		fill := func(text string) string { return strings.ReplaceAll(text, "%s", m.Serial) }
		fmt.Fprintf(w, "NAME: \"%s\", DESCR: \"%s\"\nPID: %-18s, VID: %-4s, SN: %s\n\n", i.Name, fill(i.Descr), i.PID, i.VID, fill(i.Serial))
	}
	return nil
}

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

func showInterfaces(s *session, _ args, w io.Writer) error {
	c := s.d.config()
	fmt.Fprint(w, "Interface                  IP-Address      OK? Method Status                Protocol\n")
	names := append([]string{}, s.d.model.Interfaces...)
	for _, l := range c.Heads("interface") {
		if name := strings.TrimPrefix(l.Text, "interface "); !contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		address, method, status, protocol := "unassigned", "unset", "up", "up"
		if a, ok := addressOf(c.Below("interface "+name, "ip address")); ok {
			address, method = a.String(), "NVRAM"
		} else if !configure.Virtual(name) {
			status, protocol = "down", "down"
		}
		if _, down := c.Below("interface "+name, "shutdown"); down {
			status, protocol = "administratively down", "down"
		}
		fmt.Fprintf(w, "%-26s %-15s YES %-6s %-21s %-8s\n", name, address, method, status, protocol)
	}
	return nil
}

func contains(all []string, s string) bool {
	for _, a := range all {
		if a == s {
			return true
		}
	}
	return false
}

func addressOf(rest string, ok bool) (netip.Addr, bool) {
	words := strings.Fields(rest)
	if !ok || len(words) != 2 {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(words[0])
	return a, err == nil
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

func showSwitch(s *session, _ args, w io.Writer) error {
	fmt.Fprint(w, "Switch/Stack Mac Address : 001b.0c00.0040 - Local Mac Address\nMac persistency wait time: Indefinite\n")
	fmt.Fprint(w, "                                             H/W   Current\nSwitch#   Role    Mac Address     Priority Version  State \n")
	fmt.Fprint(w, "-------------------------------------------------------------------------------------\n")
	for i := 1; i <= s.d.model.Members; i++ {
		mark, role := " ", "Member "
		switch i {
		case 1:
			mark, role = "*", "Active "
		case 2:
			role = "Standby"
		}
		fmt.Fprintf(w, "%s%d       %s  001b.0c00.00%02x     %d      V02     Ready                \n", mark, i, role, 0x40*i, 16-i)
	}
	fmt.Fprintln(w)
	return nil
}
