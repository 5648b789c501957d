// Package value has the values of settings that are the same in all sections: ports, addresses,
// sizes. Each knows how it is written, and says what is allowed.
package value

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Switch is on or off.
type Switch bool

// Set takes "true" or "false".
func (s *Switch) Set(text string) error {
	switch text {
	case "true":
		*s = true
	case "false":
		*s = false
	default:
		return errors.New("want true or false")
	}
	return nil
}

func (s *Switch) String() string {
	if *s {
		return "true"
	}
	return ""
}

// Type names the value in a usage text.
func (s *Switch) Type() string { return "bool" }

// Words are what Set takes.
func (s *Switch) Words() []string { return []string{"true", "false"} }

// SwitchOn is on unless it is switched off. The zero value is on.
type SwitchOn struct{ off bool }

// On reports whether it is on.
func (s SwitchOn) On() bool { return !s.off }

// Set takes "true" or "false".
func (s *SwitchOn) Set(text string) error {
	var on Switch
	err := on.Set(text)
	if err == nil {
		s.off = !bool(on)
	}
	return err
}

func (s *SwitchOn) String() string { return strconv.FormatBool(!s.off) }

// Type names the value in a usage text.
func (s *SwitchOn) Type() string { return "bool" }

// Words are what Set takes.
func (s *SwitchOn) Words() []string { return []string{"true", "false"} }

// Text is any text but the empty one.
type Text string

// Set takes a text without control characters.
func (t *Text) Set(s string) error {
	if s == "" || strings.ContainsFunc(s, IsControl) {
		return errors.New("want a text, not empty, in one line")
	}
	*t = Text(s)
	return nil
}

func (t *Text) String() string { return string(*t) }

// Type names the value in a usage text.
func (t *Text) Type() string { return "TEXT" }

// File is the name of a file. A relative one counts from the current folder.
type File string

// Set takes a name.
func (f *File) Set(s string) error { return (*Text)(f).Set(s) }

func (f *File) String() string { return string(*f) }

// Type names the value in a usage text.
func (f *File) Type() string { return "FILE" }

// Folder is the name of a folder. A relative one counts from the current folder.
type Folder string

// Set takes a name.
func (f *Folder) Set(s string) error { return (*Text)(f).Set(s) }

func (f *Folder) String() string { return string(*f) }

// Type names the value in a usage text.
func (f *Folder) Type() string { return "DIR" }

// Port is a port number, "off", or not said. The zero value is not said.
type Port struct {
	said   bool
	off    bool
	number uint16
}

// Off reports whether the protocol is switched off.
func (p Port) Off() bool { return p.off }

// Number returns the port that was asked for, and false if none was. Port 0 lets the
// kernel choose.
func (p Port) Number() (uint16, bool) { return p.number, p.said && !p.off }

// Set takes "off" or a number from 0 to 65535.
func (p *Port) Set(s string) error {
	if s == "off" {
		*p = Port{said: true, off: true}
		return nil
	}
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return errors.New(`want a port from 0 to 65535, or "off"`)
	}
	*p = Port{said: true, number: uint16(n)}
	return nil
}

func (p *Port) String() string {
	switch {
	case p.off:
		return "off"
	case p.said:
		return strconv.Itoa(int(p.number))
	}
	return ""
}

// Type names the value in a usage text.
func (p *Port) Type() string { return "PORT|off" }

// Listen is the address to listen on. The zero value is every address of the machine.
type Listen struct{ addr netip.Addr }

// Addr returns the address; it is not valid when every address is meant.
func (l Listen) Addr() netip.Addr { return l.addr }

// Host returns the address as the net package wants it, "" for every address.
func (l Listen) Host() string {
	if !l.addr.IsValid() {
		return ""
	}
	return l.addr.String()
}

// Set takes an IP address, or "" for every address. The unspecified addresses 0.0.0.0
// and :: are kept, since each means one family.
func (l *Listen) Set(s string) error {
	if s == "" {
		*l = Listen{}
		return nil
	}
	addr, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		return errors.New("want an IP address of this machine, without a port")
	}
	*l = Listen{addr.Unmap()}
	return nil
}

func (l *Listen) String() string { return l.Host() }

// Type names the value in a usage text.
func (l *Listen) Type() string { return "ADDR" }

// PortRange is a range of TCP ports, both ends included. The zero value is any port.
type PortRange struct{ First, Last uint16 }

// Set takes "50000-50100", or one port.
func (r *PortRange) Set(s string) error {
	first, last, found := strings.Cut(s, "-")
	if !found {
		last = first
	}
	a, errA := strconv.ParseUint(first, 10, 16)
	b, errB := strconv.ParseUint(last, 10, 16)
	if errA != nil || errB != nil || a < 1024 || b < a {
		return errors.New("want FIRST-LAST, two ports from 1024 to 65535 in order")
	}
	*r = PortRange{uint16(a), uint16(b)}
	return nil
}

func (r *PortRange) String() string {
	if *r == (PortRange{}) {
		return ""
	}
	return fmt.Sprintf("%d-%d", r.First, r.Last)
}

// Type names the value in a usage text.
func (r *PortRange) Type() string { return "FIRST-LAST" }

// Network is an IP network. The zero value is none.
type Network netip.Prefix

// Set takes an address with the length of its prefix, such as 192.0.2.0/24, or an address
// alone. Bits behind the prefix have to be zero.
func (n *Network) Set(s string) error {
	p, err := netip.ParsePrefix(s)
	if addr, single := netip.ParseAddr(s); single == nil && addr.Zone() == "" {
		p, err = netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	switch {
	case err != nil || p.Addr().Is4In6():
		return errors.New("want a network such as 192.0.2.0/24 or 2001:db8::/32")
	case p != p.Masked():
		return fmt.Errorf("want a network: perhaps %v", p.Masked())
	}
	*n = Network(p)
	return nil
}

func (n *Network) String() string {
	if p := netip.Prefix(*n); p.IsValid() {
		return p.String()
	}
	return ""
}

// Type names the value in a usage text.
func (n *Network) Type() string { return "NETWORK" }

// Size is a number of octets. The zero value is not said, Unlimited no limit.
type Size int64

// Unlimited is the Size that "off" stands for.
const Unlimited Size = -1

// Set takes "off", or a number from 1 with an optional K, M, G or T, which are powers of
// 1024.
func (z *Size) Set(s string) error {
	if s == "off" {
		*z = Unlimited
		return nil
	}
	unit := int64(1)
	digits := s
	if i := strings.IndexAny(s, sizeUnits); i == len(s)-1 && i > 0 {
		unit <<= 10 * (1 + strings.IndexByte(sizeUnits, s[i]))
		digits = s[:i]
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || n == 0 || int64(n) > (1<<63-1)/unit {
		return errors.New(`want a size such as 500M or 16G, or "off"`)
	}
	*z = Size(int64(n) * unit)
	return nil
}

const sizeUnits = "KMGT"

func (z *Size) String() string {
	switch {
	case *z == 0:
		return ""
	case *z < 0:
		return "off"
	}
	n, unit := int64(*z), ""
	for i := 0; i < len(sizeUnits) && n%1024 == 0; i++ {
		n, unit = n/1024, sizeUnits[i:i+1]
	}
	return strconv.FormatInt(n, 10) + unit
}

// Type names the value in a usage text.
func (z *Size) Type() string { return "SIZE|off" }

// Block is a text of one or more lines.
type Block string

// Set takes a text that is not empty.
func (b *Block) Set(s string) error {
	if s == "" {
		return errors.New("want a text, not empty")
	}
	*b = Block(s)
	return nil
}

func (b *Block) String() string { return string(*b) }

// Type names the value in a usage text.
func (b *Block) Type() string { return "LINES" }

// ClientIP is the address of one client. The zero value is none.
type ClientIP netip.Addr

// Set takes an IPv4 or an IPv6 address.
func (a *ClientIP) Set(s string) error {
	addr, err := netip.ParseAddr(s)
	if err != nil || addr.IsUnspecified() || addr.IsMulticast() {
		return errors.New("want the IP address of one client")
	}
	*a = ClientIP(addr.Unmap())
	return nil
}

func (a *ClientIP) String() string {
	if addr := netip.Addr(*a); addr.IsValid() {
		return addr.String()
	}
	return ""
}

// Type names the value in a usage text.
func (a *ClientIP) Type() string { return "IP" }

// MAC is a hardware address.
type MAC net.HardwareAddr

// Set takes the forms of [net.ParseMAC]: 00:11:22:aa:bb:cc, 00-11-22-aa-bb-cc or 0011.22aa.bbcc.
func (m *MAC) Set(s string) error {
	hw, err := net.ParseMAC(s)
	if err != nil {
		return errors.New("want a hardware address, such as 00:11:22:aa:bb:cc")
	}
	*m = MAC(hw)
	return nil
}

func (m *MAC) String() string { return net.HardwareAddr(*m).String() }

// Type names the value in a usage text.
func (m *MAC) Type() string { return "MAC" }

// IsControl reports whether a character steers terminals, and stands in no value.
func IsControl(r rune) bool { return r < 0x20 || r == 0x7f }
