package config

import "net/netip"

// Proxy is whose PROXY headers are believed.
type Proxy struct {
	Networks []netip.Prefix // of the proxies; none: nobody's
	Headers  ProxyHeaders   // the zero value is ProxyRequire
}

// ProxyHeaders says what a proxy has to send.
type ProxyHeaders string

// What a proxy has to send. The zero value is ProxyRequire.
const (
	ProxyRequire ProxyHeaders = "require" // a connection without a header is closed
	ProxyUse     ProxyHeaders = "use"     // a control connection without one is the proxy's own
)

// Set takes a word.
func (h *ProxyHeaders) Set(s string) error { return setWord(h, s) }

// Words are what Set takes.
func (h *ProxyHeaders) Words() []string { return []string{string(ProxyRequire), string(ProxyUse)} }

func (h *ProxyHeaders) String() string { return string(*h) }

// Type names the value in a usage text.
func (h *ProxyHeaders) Type() string { return "require|use" }

func proxySettings(p *Proxy) []Setting {
	return []Setting{
		{Key: "proxy.networks", Flag: "proxy-from", Value: (*networks)(&p.Networks), Unset: "none",
			Usage: "believe the PROXY headers (v1, v2) of load balancers in this network, for FTP with its passive data connections, FTPS and SFTP"},
		{Key: "proxy.headers", Flag: "proxy-headers", Value: &p.Headers, Default: "require",
			Usage: "close connections of theirs without a header, or take control connections without one for their own"},
	}
}

// checkProxy refuses to believe everybody.
func (s *Serve) checkProxy() error {
	for _, n := range s.Proxy.Networks {
		if n.Bits() == 0 {
			return &Conflict{"proxy.networks", "has " + n.String() + ", and with it anybody could claim any address: name the addresses of the proxies"}
		}
	}
	return nil
}
