package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Texts is a list of texts, which may have spaces.
type Texts []string

// Set adds a text.
func (t *Texts) Set(s string) error {
	var text Text
	if err := text.Set(s); err != nil {
		return err
	}
	*t = append(*t, string(text))
	return nil
}

func (t *Texts) String() string { return strings.Join(*t, " ") }

func (t *Texts) clear() { *t = nil }

func (t *Texts) items() []string { return *t }

// Type names the value in a usage text.
func (t *Texts) Type() string { return "TEXT" }

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

// Count is a number within bounds.
type Count struct {
	*int
	least, most int
}

// Set takes a number within the bounds.
func (c Count) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < c.least || n > c.most {
		return fmt.Errorf("want a number from %d to %d", c.least, c.most)
	}
	*c.int = n
	return nil
}

func (c Count) String() string {
	if c.int == nil || *c.int == 0 {
		return ""
	}
	return strconv.Itoa(*c.int)
}

// Type names the value in a usage text.
func (c Count) Type() string { return "NUMBER" }

// Duration is a time span.
type Duration time.Duration

// Set takes a number with a unit, such as 5s or 2m.
func (d *Duration) Set(s string) error {
	v, err := time.ParseDuration(s)
	if err != nil || v <= 0 {
		return errors.New("want a time span, such as 5s or 2m")
	}
	*d = Duration(v)
	return nil
}

func (d *Duration) String() string {
	if *d == 0 {
		return ""
	}
	return time.Duration(*d).String()
}

// Type names the value in a usage text.
func (d *Duration) Type() string { return "DURATION" }
