package config

import (
	"errors"
	"net/netip"
	"strings"
)

// FTP is how FTP is served, with TLS and without.
type FTP struct {
	Port              Port             // the zero value is the standard port, or 2121 without the privilege
	PassivePorts      PortRange        // for data connections; the zero value is any port
	PassiveAddresses  []PassiveAddress // as told to clients; none is the address they came to
	Hosts             []Host           // that HOST takes; none is any
	Deflate           bool             // mode Z
	DeflateLimit      Size             // of an upload in mode Z; the zero value is 1G
	LenientAttributes bool             // answer changes of attributes that are not allowed as done
	MaxHashSize       Size             // of a file that is read for HASH; the zero value is 16G
}

// FTPS is FTP that begins with TLS.
type FTPS struct {
	Port Port // the zero value is off
}

// PassiveAddress is what clients of a network are told as the address of data connections.
type PassiveAddress struct {
	Network netip.Prefix // the zero value is all others
	Host    string       // an IPv4 address, or a name that is looked up
}

// passiveAddresses are PassiveAddress as a flag that can be repeated.
type passiveAddresses []PassiveAddress

// Set adds [NETWORK=]ADDRESS, or a name in the place of the address.
func (l *passiveAddresses) Set(s string) error {
	var p PassiveAddress
	network, host, found := strings.Cut(s, "=")
	if !found {
		host = network
	} else if err := (*Network)(&p.Network).Set(network); err != nil {
		return err
	}
	if err := (*hostName)(&p.Host).Set(host); err != nil {
		return err
	}
	*l = append(*l, p)
	return nil
}

func (l *passiveAddresses) String() string {
	var all []string
	for _, p := range *l {
		if p.Network.IsValid() {
			all = append(all, p.Network.String()+"="+p.Host)
			continue
		}
		all = append(all, p.Host)
	}
	return strings.Join(all, " ")
}

func (l *passiveAddresses) clear() { *l = nil }

// Type names the value in a usage text.
func (l *passiveAddresses) Type() string { return "[NETWORK=]HOST" }

func passiveSettings(p *PassiveAddress) []Setting {
	return []Setting{
		{Key: "network", Value: (*Network)(&p.Network), Unset: "all others", Usage: "where clients come from"},
		{Key: "address", Value: (*hostName)(&p.Host), Required: true, Usage: "IPv4 address, or a name that is looked up"},
	}
}

// hostName is an IPv4 address or a name.
type hostName string

func (h *hostName) Set(s string) error {
	addr, err := netip.ParseAddr(s)
	switch {
	case err != nil && isHostName(s):
	case err != nil || !addr.Is4() || addr.IsUnspecified():
		return errors.New("want an IPv4 address that clients can reach, or the name of a host")
	}
	*h = hostName(s)
	return nil
}

func (h *hostName) String() string { return string(*h) }

func (h *hostName) Type() string { return "HOST" }

// isHostName reports whether s is a name of labels (RFC 1123, section 2.1) that cannot be
// a wrongly written address.
func isHostName(s string) bool {
	s = strings.TrimSuffix(s, ".")
	if len(s) > 253 {
		return false
	}
	last := ""
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || strings.ContainsFunc(label, notLabel) {
			return false
		}
		last = label
	}
	return strings.ContainsFunc(last, func(r rune) bool { return r < '0' || r > '9' })
}

func notLabel(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// Host is a name of the server that HOST takes (RFC 7151).
type Host struct {
	Name     string
	Dir      string // its folder; "" is that of the server
	CertFile string // PEM, for clients that ask for it by name (SNI); "" is that of the server
	KeyFile  string // PEM; "" is CertFile
}

// hosts are Host as a flag that can be repeated.
type hosts []Host

// Set adds a name.
func (l *hosts) Set(s string) error {
	var h Host
	if err := (*virtualName)(&h.Name).Set(s); err != nil {
		return err
	}
	*l = append(*l, h)
	return nil
}

func (l *hosts) String() string {
	var all []string
	for _, h := range *l {
		all = append(all, h.Name)
	}
	return strings.Join(all, " ")
}

func (l *hosts) clear() { *l = nil }

// Type names the value in a usage text.
func (l *hosts) Type() string { return "NAME" }

func hostSettings(h *Host) []Setting {
	return []Setting{
		{Key: "name", Value: (*virtualName)(&h.Name), Required: true, Usage: "as clients say it"},
		{Key: "dir", Value: (*Folder)(&h.Dir), Unset: "that of the server", Usage: "its folder"},
		{Key: "cert", Value: (*File)(&h.CertFile), Unset: "that of the server", Usage: "its certificate, PEM, for clients that name it in TLS (SNI)"},
		{Key: "key", Value: (*File)(&h.KeyFile), Unset: "in the file of its certificate", Usage: "its private key, PEM"},
	}
}

// virtualName is the name of a host, not an address, in lower case.
type virtualName string

func (n *virtualName) Set(s string) error {
	if !isHostName(s) {
		return errors.New("want the name of a host, such as ftp.example.net")
	}
	*n = virtualName(strings.ToLower(strings.TrimSuffix(s, ".")))
	return nil
}

func (n *virtualName) String() string { return string(*n) }

func (n *virtualName) Type() string { return "NAME" }

// checkFTP finds what single values of FTP cannot show.
func (s *Serve) checkFTP() error {
	networks := map[netip.Prefix]bool{}
	for _, p := range s.FTP.PassiveAddresses {
		if networks[p.Network] {
			where := "every client"
			if p.Network.IsValid() {
				where = p.Network.String()
			}
			return &Conflict{"ftp.passive-address", "has two addresses for " + where}
		}
		networks[p.Network] = true
	}
	names := map[string]bool{}
	for _, h := range s.FTP.Hosts {
		switch {
		case names[h.Name]:
			return &Conflict{"ftp.hosts", "has " + h.Name + " twice"}
		case h.KeyFile != "" && h.CertFile == "":
			return &Conflict{"ftp.hosts", "has a key for " + h.Name + " without its certificate, cert"}
		case h.CertFile != "" && s.TLS.Mode == TLSOff:
			return &Conflict{"ftp.hosts", "has a certificate for " + h.Name + ", and tls.mode (--tls) is off"}
		}
		names[h.Name] = true
	}
	return nil
}
