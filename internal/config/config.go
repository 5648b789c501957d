// Package config turns what a person wrote, on the command line today, into typed values.
// A value that is wrong is an error that names it and says what is allowed. It binds and
// serves nothing.
package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Serve is all that `dray serve` can be told.
type Serve struct {
	Dir            string     // the folder to serve
	Listen         Listen     // where to listen; the zero value is every address of the machine
	FTP            Port       // the zero value is the standard port, or 2121 without the privilege
	FTPS           Port       // FTP that begins with TLS; the zero value is off
	TFTP           Port       // the zero value is the standard port, or 6969 without the privilege
	TFTPSinglePort bool       // all TFTP transfers over that one port
	TLS            TLS        // of FTP and FTPS
	Users          []User     // none: FTP admits guests
	Write          bool       // allow changes
	PassivePorts   PortRange  // for FTP data connections; the zero value is any port
	PassiveAddress netip.Addr // as told to FTP clients; the zero value is the address they came to
	LogFormat      LogFormat  // the zero value is text
	PortsFile      string     // where to write the bound addresses; "" is nowhere
}

// Check finds what single values cannot show.
func (s *Serve) Check() error {
	_, implicit := s.FTPS.Number()
	if s.FTP.Off() && s.TFTP.Off() && !implicit {
		return errors.New("nothing to serve: --ftp and --tftp are off")
	}
	if err := s.checkTLS(); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, u := range s.Users {
		if seen[u.Name] {
			return fmt.Errorf("--user: %q is there twice", u.Name)
		}
		seen[u.Name] = true
	}
	return nil
}

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

// Address is an IP address as a flag value.
type Address struct{ *netip.Addr }

// Set takes an IPv4 or IPv6 address.
func (a Address) Set(s string) error {
	addr, err := netip.ParseAddr(s)
	if err != nil || addr.IsUnspecified() {
		return errors.New("want an IP address that clients can reach")
	}
	*a.Addr = addr.Unmap()
	return nil
}

func (a Address) String() string {
	if a.Addr == nil || !a.IsValid() {
		return ""
	}
	return a.Addr.String()
}

// Type names the value in a usage text.
func (a Address) Type() string { return "IP" }

// LogFormat is the form of the log.
type LogFormat string

// The forms of the log. The zero value is LogText.
const (
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// Set takes "text" or "json".
func (f *LogFormat) Set(s string) error { return setWord(f, s, LogText, LogJSON) }

func (f *LogFormat) String() string { return string(*f) }

// Type names the value in a usage text.
func (f *LogFormat) Type() string { return "text|json" }
