package tftpd

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"text/template"

	"dray/internal/vfs"
)

// Facts are what is known of a request: what templates and programs are told.
type Facts struct {
	Name     string // the file that is asked for, after the rules, without "/" in front
	IP       IP     // the client's
	MAC      MAC    // the client's; "" when it is on no network of this machine
	Hostname string // the client's, of the list of names; "" when it is not there
	Server   IP     // the address that was asked
}

// IP is an address, as it stands in a name: "192.0.2.7", and "2001-db8--7" for IPv6, since
// no system takes a colon in every name.
type IP struct{ netip.Addr }

func (a IP) String() string {
	if !a.IsValid() {
		return ""
	}
	return strings.ReplaceAll(plainAddr(a.Addr).String(), ":", "-")
}

// Hex returns an address as PXELINUX, GRUB and U-Boot ask for it: "C0000207".
func (a IP) Hex() string { return fmt.Sprintf("%X", plainAddr(a.Addr).AsSlice()) }

// Text returns an address as it is usually written, with colons if it is IPv6.
func (a IP) Text() string {
	if !a.IsValid() {
		return ""
	}
	return plainAddr(a.Addr).String()
}

// MAC is a hardware address as it stands in a name: "00-11-22-aa-bb-cc".
type MAC string

// Colons returns "00:11:22:aa:bb:cc".
func (m MAC) Colons() string { return strings.ReplaceAll(string(m), "-", ":") }

// Plain returns "001122aabbcc".
func (m MAC) Plain() string { return strings.ReplaceAll(string(m), "-", "") }

// Dots returns "0011.22aa.bbcc", as IOS shows it.
func (m MAC) Dots() string {
	plain := m.Plain()
	var b strings.Builder
	for i := 0; i < len(plain); i += 4 {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(plain[i:min(i+4, len(plain))])
	}
	return b.String()
}

// Upper returns "00-11-22-AA-BB-CC".
func (m MAC) Upper() MAC { return MAC(strings.ToUpper(string(m))) }

func macOf(hw net.HardwareAddr) MAC { return MAC(strings.ReplaceAll(hw.String(), ":", "-")) }

// Host is a client with a name.
type Host struct {
	Name string           // letters, digits, dots, hyphens and underscores
	IP   netip.Addr       // of the client, or not valid
	MAC  net.HardwareAddr // of the client, or nil
}

// Check finds a host that stands for nobody, or whose name could not be one of a file.
func (h Host) Check() error {
	switch {
	case h.Name == "" || strings.Trim(h.Name, ".") == "":
		return fmt.Errorf("%q is no name for a host", h.Name)
	case strings.ContainsFunc(h.Name, notInNames):
		return fmt.Errorf("%q: the name of a host has letters, digits, dots, hyphens and underscores", h.Name)
	case !h.IP.IsValid() && len(h.MAC) == 0:
		return fmt.Errorf("%s: say its IP or its MAC address", h.Name)
	}
	return nil
}

func notInNames(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(".-_", r))
}

// Pattern is a name with facts in it, such as "{{.MAC}}.cfg". Use [ParsePattern].
type Pattern struct {
	text     string
	template *template.Template
	needs    map[string]bool // facts that may be missing, without which there is no name
}

// ParsePattern reads a pattern in the language of text/template; the dot is [Facts]. A
// pattern with a fact that is not known for a client stands for no name.
func ParsePattern(text string) (*Pattern, error) {
	t, err := template.New("pattern").Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", text, err)
	}
	p := &Pattern{text: text, template: t, needs: map[string]bool{}}
	all := Facts{
		Name: "name", IP: IP{netip.AddrFrom4([4]byte{192, 0, 2, 1})}, MAC: "00-00-5e-00-53-01", Hostname: "host",
		Server: IP{netip.AddrFrom4([4]byte{192, 0, 2, 2})},
	}
	whole, err := p.render(all)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", text, err)
	}
	for fact, without := range map[string]func(*Facts){
		"MAC": func(f *Facts) { f.MAC = "" }, "Hostname": func(f *Facts) { f.Hostname = "" },
	} {
		less := all
		without(&less)
		got, err := p.render(less)
		p.needs[fact] = err != nil || got != whole
	}
	return p, nil
}

// String returns the pattern as it was written.
func (p *Pattern) String() string { return p.text }

func (p *Pattern) render(f Facts) (string, error) {
	var b bytes.Buffer
	err := p.template.Execute(&limited{w: &b, left: vfs.MaxPath}, f)
	return b.String(), err
}

// name returns the name that the pattern stands for, and false if a fact is missing.
func (p *Pattern) name(f Facts) (string, bool) {
	if f.MAC == "" && p.needs["MAC"] || f.Hostname == "" && p.needs["Hostname"] {
		return "", false
	}
	s, err := p.render(f)
	return s, err == nil && s != ""
}
