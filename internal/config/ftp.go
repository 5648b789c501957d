package config

import "net/netip"

// FTP is how FTP is served, with TLS and without.
type FTP struct {
	Port           Port       // the zero value is the standard port, or 2121 without the privilege
	PassivePorts   PortRange  // for data connections; the zero value is any port
	PassiveAddress netip.Addr // as told to clients; the zero value is the address they came to
}

// FTPS is FTP that begins with TLS.
type FTPS struct {
	Port Port // the zero value is off
}
