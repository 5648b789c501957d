// Package show is the texts of a simulated device's show commands, made of facts about it.
// It knows no terminal and no device.
package show

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"dray/internal/device/iossim/boot"
	"dray/internal/device/iossim/conf"
	"dray/internal/device/iossim/configure"
	"dray/internal/device/iossim/model"
)

// Facts are what show version says.
type Facts struct {
	Model    model.Model
	Hostname string
	Version  string
	Image    string // that runs, such as "flash0:x.bin"
	Reason   string // why it booted
	Register string
	Next     string // register at the next boot
	Booted   time.Time
	Up       time.Duration
	Packaged bool // packages run
}

// Version is "show version".
func Version(w io.Writer, f Facts) {
	m := f.Model
	if m.XE {
		fmt.Fprintf(w, "Cisco IOS XE Software, Version %s\nCisco IOS Software [%s], %s (%s), Version %s, RELEASE SOFTWARE (fc1)\n",
			f.Version, train(f.Version), m.Software, m.Feature, model.Short(f.Version))
	} else {
		fmt.Fprintf(w, "Cisco IOS Software, %s (%s), Version %s, RELEASE SOFTWARE (fc1)\n", m.Software, m.Feature, f.Version)
	}
	fmt.Fprintf(w, "This device is simulated by dray. No Cisco software runs here.\n\nROM: %s\n\n", strings.TrimPrefix(m.Bootstrap, "System "))
	fmt.Fprintf(w, "%s uptime is %s\n", f.Hostname, uptime(f.Up))
	if m.XE {
		fmt.Fprintf(w, "Uptime for this control processor is %s\n", uptime(f.Up))
	}
	fmt.Fprintf(w, "System returned to ROM by %s\n", f.Reason)
	fmt.Fprintf(w, "System restarted at %s\n", Stamp(f.Booted.UTC()))
	fmt.Fprintf(w, "System image file is \"%s\"\n", f.Image)
	if m.XE || !m.Switch {
		fmt.Fprintf(w, "Last reload reason: %s\n", lastReason(f.Reason))
	}
	fmt.Fprintf(w, "\ncisco %s (%s) processor with %s of memory.\nProcessor board ID %s\n", m.Product, m.Processor, m.Memory, m.Serial)
	for _, l := range m.Environment {
		fmt.Fprintln(w, l)
	}
	if m.Switch {
		fmt.Fprintf(w, "\nBase Ethernet MAC Address          : 00:1b:0c:00:00:80\nModel number                       : %s\nSystem serial number               : %s\n\n", m.Product, m.Serial)
		stackTable(w, m, f.Version, f.Packaged)
	}
	register := f.Register
	if register != f.Next {
		register += " (will be " + f.Next + " at next reload)"
	}
	fmt.Fprintf(w, "\nConfiguration register is %s\n\n", register)
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

// Boot is "show boot" of switches.
func Boot(w io.Writer, m model.Model, running, startup string, manual bool) {
	byHand := "no"
	if manual {
		byHand = "yes"
	}
	if !m.Install {
		list := boot.List(m, running)
		for i := range list {
			list[i] = boot.Slashed(list[i])
		}
		fmt.Fprintf(w, "BOOT path-list      : %s\nConfig file         : flash:/config.text\nPrivate Config file : flash:/private-config.text\nEnable Break        : no\nManual Boot         : %s\nHELPER path-list    : \nAuto upgrade        : yes\n", strings.ReplaceAll(strings.Join(list, ";"), "://", ":/"), byHand)
		return
	}
	fmt.Fprintf(w, "---------------------------\nSwitch 1\n---------------------------\nCurrent Boot Variables:\n%s\n\nBoot Variables on next reload:\n%s\nManual Boot = %s\nEnable Break = no\nBoot Mode = DEVICE\niPXE Timeout = 0\n",
		variable(boot.List(m, startup)), variable(boot.List(m, running)), byHand)
}

func variable(list []string) string {
	if len(list) == 0 {
		return "BOOT variable does not exist"
	}
	return "BOOT variable = " + strings.Join(list, ";") + ";"
}

// Bootvar is the same of routers; what counts is what was saved.
func Bootvar(w io.Writer, f Facts, startup string) {
	list, register := boot.List(f.Model, startup), f.Register
	for i := range list {
		list[i] += ",1"
	}
	text := "BOOT variable does not exist"
	if len(list) > 0 {
		text = "BOOT variable = " + strings.Join(list, ";")
		if f.Model.XE {
			text += ";"
		}
	}
	if register != f.Next {
		register += " (will be " + f.Next + " at next reload)"
	}
	fmt.Fprintf(w, "%s\nCONFIG_FILE variable =\nBOOTLDR variable does not exist\nConfiguration register is %s\n\nStandby not ready to show bootvar\n\n", text, register)
}

// Interfaces is "show ip interface brief"; an address that the text of the startup-config
// has not is one of somebody at a terminal.
func Interfaces(w io.Writer, m model.Model, c *conf.Config, startup string) {
	fmt.Fprint(w, "Interface                  IP-Address      OK? Method Status                Protocol\n")
	names := slices.Clone(m.Interfaces)
	for _, l := range c.Heads("interface") {
		if name := strings.TrimPrefix(l.Text, "interface "); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		address, method, status, protocol := "unassigned", "unset", "up", "up"
		if a, ok := addressOf(c.Below("interface "+name, "ip address")); ok {
			address, method = a.String(), "NVRAM"
			if !strings.Contains(part(startup, "interface "+name), "\n ip address "+address+" ") {
				method = "manual"
			}
		} else if !configure.Virtual(name) {
			status, protocol = "down", "down"
		}
		if _, down := c.Below("interface "+name, "shutdown"); down {
			status, protocol = "administratively down", "down"
		}
		fmt.Fprintf(w, "%-26s %-15s YES %-6s %-21s %-8s\n", name, address, method, status, protocol)
	}
}

// part is a line of a configuration and what is below it.
func part(text, head string) string {
	_, rest, ok := strings.Cut("\n"+text, "\n"+head+"\n")
	if !ok {
		return ""
	}
	below := head
	for line := range strings.Lines(rest) {
		if !strings.HasPrefix(line, " ") {
			break
		}
		below += "\n" + strings.TrimSuffix(line, "\n")
	}
	return below
}

func addressOf(rest string, ok bool) (netip.Addr, bool) {
	words := strings.Fields(rest)
	if !ok || len(words) != 2 {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(words[0])
	return a, err == nil
}

// Inventory is "show inventory".
func Inventory(w io.Writer, m model.Model) {
	for _, i := range m.Inventory {
		fill := func(text string) string { return strings.ReplaceAll(text, "%s", m.Serial) }
		fmt.Fprintf(w, "NAME: \"%s\", DESCR: \"%s\"\nPID: %-18s, VID: %-4s, SN: %s\n\n", i.Name, fill(i.Descr), i.PID, i.VID, fill(i.Serial))
	}
}

// Switch is "show switch".
func Switch(w io.Writer, m model.Model) {
	fmt.Fprint(w, "Switch/Stack Mac Address : 001b.0c00.0040 - Local Mac Address\nMac persistency wait time: Indefinite\n")
	fmt.Fprint(w, "                                             H/W   Current\nSwitch#   Role    Mac Address     Priority Version  State \n")
	fmt.Fprint(w, "-------------------------------------------------------------------------------------\n")
	for i := 1; i <= m.Members; i++ {
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
}

// Stamp is the time as configurations have it.
func Stamp(t time.Time) string { return t.Format("15:04:05 MST Mon Jan 2 2006") }
