package ftp

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// What is wrong with the text of an address.
var (
	ErrHostPort = errors.New("ftp: malformed address")
	ErrFamily   = errors.New("ftp: network protocol not supported") // 522
)

// FormatHostPort returns the argument of PORT, "h1,h2,h3,h4,p1,p2" (RFC 959, section
// 4.1.2); a 227 reply has it in parentheses. Only IPv4 has such a form, also when it is
// mapped into IPv6; for any other address it returns "".
func FormatHostPort(a netip.AddrPort) string {
	ip := a.Addr().Unmap()
	if !ip.Is4() {
		return ""
	}
	h, p := ip.As4(), a.Port()
	return fmt.Sprintf("%d,%d,%d,%d,%d,%d", h[0], h[1], h[2], h[3], p>>8, p&0xff)
}

// ParseHostPort parses the argument of PORT. Blanks around it are allowed.
func ParseHostPort(s string) (netip.AddrPort, error) {
	var n [6]byte
	fields := strings.Split(strings.TrimSpace(s), ",")
	if len(fields) != len(n) {
		return netip.AddrPort{}, fmt.Errorf("%w: %.40q", ErrHostPort, s)
	}
	for i, f := range fields {
		v, err := parseDecimal(f, 8)
		if err != nil {
			return netip.AddrPort{}, fmt.Errorf("%w: %.40q", ErrHostPort, s)
		}
		n[i] = byte(v)
	}
	ip := netip.AddrFrom4([4]byte(n[:4]))
	return netip.AddrPortFrom(ip, uint16(n[4])<<8|uint16(n[5])), nil
}

// ParsePASV finds the address in the text of a 227 reply. Parentheses are not relied on
// (RFC 1123, section 4.1.2.6): it is the first run of digits and commas that is one.
func ParsePASV(text string) (netip.AddrPort, error) {
	notAddress := func(r rune) bool { return (r < '0' || r > '9') && r != ',' }
	for run := range strings.FieldsFuncSeq(text, notAddress) {
		if a, err := ParseHostPort(strings.Trim(run, ",")); err == nil {
			return a, nil
		}
	}
	return netip.AddrPort{}, fmt.Errorf("%w: no address in %.80q", ErrHostPort, text)
}

// FormatEPRT returns the argument of EPRT, such as "|2|2001:db8::1|5282|" (RFC 2428,
// section 2). A zone is left out, IPv4 mapped into IPv6 is given as IPv4.
func FormatEPRT(a netip.AddrPort) string {
	ip := a.Addr().Unmap().WithZone("")
	family := 2
	if ip.Is4() {
		family = 1
	}
	return fmt.Sprintf("|%d|%s|%d|", family, ip, a.Port())
}

// ParseEPRT parses the argument of EPRT. Any printable delimiter is good. A protocol
// other than 1 and 2 is ErrFamily.
func ParseEPRT(s string) (netip.AddrPort, error) {
	bad := fmt.Errorf("%w: %.80q", ErrHostPort, s)
	s = strings.TrimSpace(s)
	if s == "" || s[0] < 33 || s[0] > 126 {
		return netip.AddrPort{}, bad
	}
	fields := strings.Split(s, s[:1])
	if len(fields) != 5 || fields[0] != "" || fields[4] != "" {
		return netip.AddrPort{}, bad
	}
	family, err := parseDecimal(fields[1], 16)
	if err != nil {
		return netip.AddrPort{}, bad
	}
	if family != 1 && family != 2 {
		return netip.AddrPort{}, fmt.Errorf("%w: %d", ErrFamily, family)
	}
	ip, err := netip.ParseAddr(fields[2])
	if err != nil || ip.Zone() != "" || ip.Is4() != (family == 1) {
		return netip.AddrPort{}, bad
	}
	port, err := parseDecimal(fields[3], 16)
	if err != nil {
		return netip.AddrPort{}, bad
	}
	return netip.AddrPortFrom(ip, uint16(port)), nil
}

// FormatEPSV returns the part in parentheses of a 229 reply, "(|||port|)" (RFC 2428,
// section 3).
func FormatEPSV(port uint16) string { return fmt.Sprintf("(|||%d|)", port) }

// ParseEPSV finds the port in the text of a 229 reply. Any printable delimiter is good;
// a network protocol and an address before the port are tolerated and not used.
func ParseEPSV(text string) (uint16, error) {
	_, inner, _ := strings.Cut(text, "(")
	inner, _, found := strings.Cut(inner, ")")
	if !found || inner == "" || inner[0] < 33 || inner[0] > 126 {
		return 0, fmt.Errorf("%w: %.80q", ErrHostPort, text)
	}
	fields := strings.Split(inner, inner[:1])
	if len(fields) != 5 || fields[4] != "" {
		return 0, fmt.Errorf("%w: %.80q", ErrHostPort, text)
	}
	port, err := parseDecimal(fields[3], 16)
	if err != nil || port == 0 {
		return 0, fmt.Errorf("%w: port in %.80q", ErrHostPort, text)
	}
	return uint16(port), nil
}

// parseDecimal parses digits alone: no sign, no blank, no prefix.
func parseDecimal(s string, bits int) (uint64, error) {
	if strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' }) {
		return 0, ErrHostPort
	}
	return strconv.ParseUint(s, 10, bits)
}
