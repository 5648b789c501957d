package configure

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"dray/internal/device/iossim/cli"
	"dray/internal/device/iossim/conf"
	"dray/internal/device/iossim/keywords"
	"dray/internal/device/iossim/model"
	"dray/internal/device/iossim/place"
	"dray/internal/device/iossim/secret"
)

// setting is a command of configuration mode that only stands in the configuration.
type setting struct {
	mode string
	spec string
	key  string // of the line that it replaces; "" adds a line
	off  string // what stands there after "no"; "" is nothing
}

// settings are what a configuration may say, besides what specials do.
var settings = []setting{
	{"", "version <version:WORD>", "version", ""},
	{"", "hostname <hostname:WORD>", "hostname", "hostname Router"},
	{"", "service (timestamps (debug|log) [datetime [msec|localtime]|uptime]|password-encryption|tcp-keepalives-in|tcp-keepalives-out|compress-config)", "", ""},
	{"", "ip domain lookup", "no ip domain lookup", "no ip domain lookup"},
	{"", "ip domain name <domain:WORD>", "ip domain name", ""},
	{"", "ip ftp username <user:WORD>", "ip ftp username", ""},
	{"", "ip ftp passive", "no ip ftp passive", "no ip ftp passive"},
	{"", "ip ftp source-interface <interface:INTERFACE>", "ip ftp source-interface", ""},
	{"", "ip tftp source-interface <interface:INTERFACE>", "ip tftp source-interface", ""},
	{"", "ip tftp blocksize <blocksize:512-8192>", "ip tftp blocksize", ""},
	{"", "ip scp server enable", "ip scp server enable", ""},
	{"", "ip ssh version <version:1-2>", "ip ssh version", ""},
	{"", "ip ssh window-size <octets:1-131072>", "ip ssh window-size", ""},
	{"", "ip tcp window-size <octets:0-1073741823>", "ip tcp window-size", ""},
	{"", "ip tcp path-mtu-discovery", "ip tcp path-mtu-discovery", ""},
	{"", "ip http (server|secure-server)", "", ""},
	{"", "ip default-gateway <gateway:A.B.C.D>", "ip default-gateway", ""},
	{"", "ip route <network:A.B.C.D> <mask:A.B.C.D> <gateway:A.B.C.D>", "", ""},
	{"", "ip routing", "no ip routing", "no ip routing"},
	{"", "file prompt (quiet|alert|noisy)", "file prompt", ""},
	{"", "logging console", "no logging console", "no logging console"},
	{"", "logging buffered <octets:4096-2147483647>", "logging buffered", ""},
	{"", "logging host <address:A.B.C.D>", "", ""},
	{"", "ntp server <address:A.B.C.D>", "", ""},
	{"", "clock timezone <zone:WORD> <hours:0-23>", "clock timezone", ""},
	{"", "aaa new-model", "no aaa new-model", "no aaa new-model"},
	{"", "boot-start-marker", "-", ""},
	{"", "boot-end-marker", "-", ""},
	{"", "snmp-server (location|contact) <text:LINE>", "", ""},
	{"if", "ip address <address:A.B.C.D> <mask:A.B.C.D>", "ip address", "no ip address"},
	{"if", "ip address dhcp", "ip address", "no ip address"},
	{"if", "description <text:LINE>", "description", ""},
	{"if", "duplex (auto|full|half)", "duplex", ""},
	{"if", "speed (10|100|1000|auto)", "speed", ""},
	{"if", "switchport mode (access|trunk)", "switchport mode", ""},
	{"if", "switchport access vlan <vlan:1-4094>", "switchport access vlan", ""},
	{"subif", "encapsulation dot1Q <vlan:1-4094> [native]", "encapsulation", ""},
	{"line", "login [local]", "login", ""},
	{"line", "exec-timeout <minutes:0-35791> [<seconds:0-2147483>]", "exec-timeout", ""},
	{"line", "logging synchronous", "logging synchronous", ""},
	{"line", "transport (input|output) (all|none|ssh|telnet|telnet ssh)", "", ""},
	{"line", "privilege level <level:0-15>", "privilege level", ""},
	{"line", "history size <lines:0-256>", "history size", ""},
	{"line", "stopbits (1|2)", "stopbits", ""},
	{"vlan", "name <name:WORD>", "name", ""},
	{"archive", "path <path:FILE>", "path", ""},
	{"archive", "maximum <copies:1-14>", "maximum", ""},
	{"archive", "write-memory", "write-memory", ""},
}

// special is a command of configuration mode that does more.
type special struct {
	mode string
	spec string
	do   Func
}

func specials() []special {
	return []special{
		{"", "(enable|no enable) (secret|password)", refuseEmptySecret},
		{"", "enable secret [0|5] <secret:LINE>", setSecret("enable secret", true)},
		{"", "enable password [0|7] <secret:LINE>", setSecret("enable password", false)},
		{"", "ip ftp password [0|7] <secret:LINE>", setSecret("ip ftp password", false)},
		{"", "no (enable secret|enable password|ip ftp password)", remove},
		{"", "username <user:WORD> [privilege <level:0-15>] (secret|password) [0|5|7] <secret:LINE>", setUser},
		{"", "no username <user:WORD>", remove},
		{"", "interface <interface:INTERFACE>", enterInterface},
		{"", "no interface <interface:INTERFACE>", removeInterface},
		{"", "line con <line:0-0>", enter("line")},
		{"", "line aux <line:0-0>", enter("line")},
		{"", "line vty <first:0-15> [<last:0-15>]", enter("line")},
		{"", "archive", enter("archive")},
		{"", "no archive", remove},
		{"", "banner motd <text:LINE>", func(c *Mode, m cli.Match[Func]) string { return c.begin(m.Args["text"]) }},
		{"", "no banner motd", remove},
		{"", "config-register <register:WORD>", setRegister},
		{"", "boot system [flash|switch all] <file:FILE>", addBoot},
		{"", "no boot system [[flash|switch all] <file:FILE>]", remove},
		{"", "tftp-server [flash] <file:FILE> [alias <alias:WORD>]", addServed},
		{"", "no tftp-server [flash] <file:FILE> [alias <alias:WORD>]", removeServed},
		{"", "no ip domain-lookup", func(c *Mode, _ cli.Match[Func]) string { return c.Line("no ip domain lookup") }},
		{"", "end", func(c *Mode, _ cli.Match[Func]) string { c.mode, c.heads, c.Ended = "", nil, true; return "" }},
		{"", "exit", func(c *Mode, _ cli.Match[Func]) string {
			c.Ended = c.mode == ""
			c.mode, c.heads = "", nil
			return ""
		}},
		{"if", "exit", leave}, {"line", "exit", leave}, {"archive", "exit", leave}, {"vlan", "exit", leave},
		{"if", "shutdown", shutdown}, {"if", "no shutdown", shutdown},
		{"line", "password [0|7] <secret:LINE>", setSecret("password", false)},
		{"line", "no password", remove},
	}
}

// modes are the parts of the configuration mode, by the end of their prompt, and how "?"
// calls their commands.
var modes = map[string]string{
	"": "Configure", "subif": "Interface configuration", "if-range": "Interface configuration", "if": "Interface configuration", "line": "Line configuration", "archive": "Archive configuration", "vlan": "VLAN configuration",
}

// Grammars makes the grammars of configuration mode and its parts.
func Grammars(m model.Model) map[string]*cli.Grammar[Func] {
	all := make(map[string]*cli.Grammar[Func])
	help := maps.Clone(keywords.Help)
	maps.Copy(help, keywords.Configure)
	for mode, title := range modes {
		all[mode] = &cli.Grammar[Func]{Title: title + " commands:", Prefixes: place.Prefixes(m), Devices: place.Flashes(m), Interfaces: keywords.Interfaces, Help: help}
	}
	add := func(mode, spec string, do Func) {
		for name, g := range all {
			if name == mode || mode == "if" && (name == "subif" || name == "if-range") {
				g.Add(cli.Command[Func]{Spec: spec, Level: 15, Do: do})
			}
		}
	}
	for _, s := range settings {
		add(s.mode, s.spec, s.set)
		add(s.mode, "default "+s.spec, s.unset)
		add(s.mode, "no "+s.spec, s.unset)
		if short, _, ok := strings.Cut(s.spec, " <"); ok && s.key != "" {
			add(s.mode, "no "+strings.TrimSuffix(short, " ["), s.unset)
		}
	}
	for _, s := range specials() {
		add(s.mode, s.spec, s.do)
	}
	if m.Switch {
		add("", "interface range <interface:INTERFACE> [- <last:1-48>]", enterRange)
		add("", "vlan <vlan:1-4094>", enter("vlan"))
		add("", "no vlan <vlan:1-4094>", remove)
		add("", "boot manual", setting{key: "boot manual"}.set)
		add("", "no boot manual", setting{key: "boot manual"}.unset)
	}
	return all
}

// put puts a line where the configurer is.
func (c *Mode) put(key, text string) {
	c.edit(func(f *conf.Config) {
		switch {
		case c.mode != "":
			for _, head := range c.heads {
				f.SetBelow(head, key, text)
			}
		case key == text && text != "":
			f.Add(text)
		default:
			f.Set(key, text)
		}
	})
}

func (s setting) set(c *Mode, m cli.Match[Func]) string {
	switch {
	case s.key == "-": // a marker, which is always there
	case strings.HasPrefix(s.key, "no "): // on is how it comes
		c.put(s.key, "")
	case s.key == "":
		c.put(m.Text, m.Text)
	case s.key == "hostname":
		return setHostname(c, m)
	default:
		c.put(s.key, m.Text)
	}
	return ""
}

func (s setting) unset(c *Mode, m cli.Match[Func]) string {
	text := strings.TrimPrefix(strings.TrimPrefix(m.Text, "default "), "no ")
	key := s.key
	if key == "" {
		key = text
	}
	off := s.off
	if strings.HasPrefix(m.Text, "default ") && strings.HasPrefix(off, "no ") {
		off = ""
	}
	c.put(key, off)
	return ""
}

func setHostname(c *Mode, m cli.Match[Func]) string {
	name := m.Args["hostname"]
	bad := func(r rune) bool {
		return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("-_.", r))
	}
	if len(name) > 63 || strings.ContainsFunc(name, bad) {
		return "% Hostname contains one or more illegal characters.\n\n"
	}
	c.put("hostname", m.Text)
	return ""
}

// remove removes the lines that begin as the command says.
func remove(c *Mode, m cli.Match[Func]) string {
	text := strings.TrimPrefix(m.Text, "no ")
	if c.mode != "" {
		c.put(text, "")
		return ""
	}
	n := 0
	c.edit(func(f *conf.Config) { n = f.Remove(text) })
	if n == 0 && strings.HasPrefix(text, "boot system ") {
		return "% No such boot system entry\n"
	}
	return ""
}

func leave(c *Mode, _ cli.Match[Func]) string {
	c.mode, c.heads = "", nil
	return ""
}

// enter begins a part of the configuration.
func enter(mode string) Func {
	return func(c *Mode, m cli.Match[Func]) string {
		c.mode, c.heads = mode, []string{m.Text}
		c.edit(func(f *conf.Config) { f.Add(m.Text) })
		return ""
	}
}

func enterInterface(c *Mode, m cli.Match[Func]) string {
	name := m.Args["interface"]
	physical, _, sub := strings.Cut(name, ".")
	known := slices.Contains(c.System.Model.Interfaces, name) || sub && !c.System.Model.Switch && slices.Contains(c.System.Model.Interfaces, physical)
	if !known && !Virtual(name) {
		return "% Invalid interface type and number\n"
	}
	c.mode = "if"
	if sub {
		c.mode = "subif"
	}
	c.enterInterfaces(m.Text)
	return ""
}

// enterInterfaces begins the parts of interfaces, which it makes where they are missing.
func (c *Mode) enterInterfaces(heads ...string) {
	c.heads = heads
	c.edit(func(f *conf.Config) {
		for _, head := range heads {
			port := c.System.Model.Switch && !Virtual(strings.TrimPrefix(head, "interface "))
			switch {
			case len(f.Heads(head)) > 0:
			case port: // of a switch: it has no addresses
				f.Add(head)
			default:
				f.SetBelow(head, "ip address", "no ip address")
			}
		}
	})
}

// enterRange begins the parts of several ports of a switch.
func enterRange(c *Mode, m cli.Match[Func]) string {
	name := m.Args["interface"]
	at := strings.LastIndexAny(name, "/") + 1
	first, _ := strconv.Atoi(name[at:])
	last := first
	if text := m.Args["last"]; text != "" {
		last, _ = strconv.Atoi(text)
	}
	var heads []string
	for n := first; n <= last; n++ {
		one := name[:at] + strconv.Itoa(n)
		if at == 0 || !slices.Contains(c.System.Model.Interfaces, one) {
			heads = nil
			break
		}
		heads = append(heads, "interface "+one)
	}
	if len(heads) == 0 {
		return "% Invalid interface range\n"
	}
	c.mode = "if-range"
	c.enterInterfaces(heads...)
	return ""
}

// Virtual reports whether an interface is made by its name.
func Virtual(name string) bool {
	return strings.HasPrefix(name, "Vlan") || strings.HasPrefix(name, "Loopback") || strings.HasPrefix(name, "Port-channel")
}

func removeInterface(c *Mode, m cli.Match[Func]) string {
	if name := m.Args["interface"]; !Virtual(name) && !strings.Contains(name, ".") {
		return "% Removal of physical interfaces is not permitted.\n"
	}
	return remove(c, m)
}

func shutdown(c *Mode, m cli.Match[Func]) string {
	for _, head := range c.heads {
		name := strings.TrimPrefix(head, "interface ")
		_, was := c.below(head, "shutdown")
		switch {
		case m.Text == "shutdown":
			c.say("%%LINK-5-CHANGED: Interface %s, changed state to administratively down", name)
		case was:
			c.say("%%LINK-3-UPDOWN: Interface %s, changed state to up", name)
			c.say("%%LINEPROTO-5-UPDOWN: Line protocol on Interface %s, changed state to up", name)
		}
	}
	text := ""
	if m.Text == "shutdown" {
		text = "shutdown"
	}
	c.put("shutdown", text)
	return ""
}

func (c *Mode) below(head, key string) (rest string, ok bool) {
	c.edit(func(f *conf.Config) { rest, ok = f.Below(head, key) })
	return rest, ok
}

func (c *Mode) say(format string, args ...any) {
	if !c.Factory {
		c.Device.Message(format, args...)
	}
}

func refuseEmptySecret(*Mode, cli.Match[Func]) string { return "% Incomplete command.\n\n" }

// setSecret stores a password, as a hash or under the veil that the configuration asks for.
func setSecret(key string, hash bool) Func {
	return func(c *Mode, m cli.Match[Func]) string {
		stored, complaint := c.store(strings.TrimPrefix(m.Text, key+" "), m.Args["secret"], hash)
		if complaint == "" {
			c.put(key, key+" "+strings.TrimPrefix(stored, "0 "))
		}
		return complaint
	}
}

// store returns a password as it stands in the configuration; given is it with its type.
func (c *Mode) store(given, password string, hash bool) (stored, complaint string) {
	kind, _, ok := strings.Cut(given, " ")
	if !ok || kind != "0" && kind != "5" && kind != "7" || given == password {
		kind = "0"
	}
	if kind == "5" && strings.Count(password, "$") != 3 {
		return "", "ERROR: The secret you entered is not a valid encrypted secret.\n"
	}
	if _, ok := secret.Reveal(password); kind == "7" && !ok {
		return "", "Invalid encrypted password: " + password + "\n"
	}
	veiled := false
	c.edit(func(f *conf.Config) { _, veiled = f.Get("service password-encryption") })
	switch {
	case kind == "0" && hash:
		return "5 " + secret.New(password), ""
	case kind == "0" && veiled:
		return "7 " + secret.Conceal(password), ""
	}
	return kind + " " + password, ""
}

func setUser(c *Mode, m cli.Match[Func]) string {
	key := "username " + m.Args["user"]
	rest := strings.TrimPrefix(m.Text, key+" ")
	verb := "secret"
	before, after, ok := strings.Cut(rest, "secret ")
	if p, a, found := strings.Cut(rest, "password "); found && (!ok || len(p) < len(before)) {
		before, after, verb = p, a, "password"
	}
	stored, complaint := c.store(after, m.Args["secret"], verb == "secret")
	if complaint == "" {
		c.put(key, key+" "+before+verb+" "+stored)
	}
	return complaint
}

func setRegister(c *Mode, m cli.Match[Func]) string {
	var n uint16
	text := strings.ToLower(m.Args["register"])
	if _, err := fmt.Sscanf(text, "0x%x", &n); err != nil || len(text) > 6 {
		return "% Invalid register value\n"
	}
	c.Device.SetRegister(fmt.Sprintf("0x%X", n))
	return ""
}

func addBoot(c *Mode, m cli.Match[Func]) string {
	c.edit(func(f *conf.Config) {
		if c.System.Model.Switch { // a switch has one line, with all files
			f.Remove("boot system")
		}
		f.Add(m.Text)
	})
	return ""
}

func addServed(c *Mode, m cli.Match[Func]) string {
	text := strings.Replace(m.Text, "tftp-server flash ", "tftp-server ", 1)
	p, err := c.System.Find(m.Args["file"])
	if err != nil || p.FS == nil || p.Path == "" {
		return "% Only files of the flash can be served\n"
	}
	c.edit(func(f *conf.Config) { f.Add(text) })
	c.serve()
	return ""
}

func removeServed(c *Mode, m cli.Match[Func]) string {
	text := strings.Replace(strings.TrimPrefix(m.Text, "no "), "tftp-server flash ", "tftp-server ", 1)
	c.edit(func(f *conf.Config) { f.Remove(text) })
	c.serve()
	return ""
}

// serve starts or stops the server of what tftp-server lines name.
func (c *Mode) serve() {
	if c.Factory {
		return
	}
	c.Device.ServeFiles()
}

// Address is the address of an interface, and false if it has none or is down.
func Address(c *conf.Config, name string) (netip.Addr, bool) {
	rest, ok := c.Below("interface "+name, "ip address")
	words := strings.Fields(rest)
	if _, down := c.Below("interface "+name, "shutdown"); down || !ok || len(words) != 2 {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(words[0])
	return a, err == nil
}
