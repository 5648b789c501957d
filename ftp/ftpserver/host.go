package ftpserver

import (
	"net/netip"
	"slices"
	"strings"

	"dray/ftp"
)

// selectHost is the operation of HOST.
type selectHost struct{ name string }

// host takes the name by which the client knows the server (RFC 7151): before USER, since
// whose password it is may depend on it.
func host(s *session, arg string) (op, ftp.Reply) {
	name, ok := parseHost(arg)
	switch {
	case s.user != "":
		return nil, reply(ftp.CodeBadSequence, "HOST comes before USER")
	case !ok:
		return nil, reply(ftp.CodeBadArgument, "HOST takes a domain, an IPv4 address or an [IPv6] address")
	}
	return selectHost{name}, ftp.Reply{}
}

// do takes any name where the server has none, and its own address in any case.
func (o selectHost) do(c *Conn) ftp.Reply {
	known := func(name string) bool { return strings.EqualFold(name, o.name) }
	if len(c.srv.Hosts) > 0 && !slices.ContainsFunc(c.srv.Hosts, known) && o.name != c.reached.Addr().WithZone("").String() {
		return reply(ftp.CodeBadParameter, "There is no such host here")
	}
	c.state.host = o.name
	return reply(ftp.CodeReady, "Host accepted")
}

// Host returns what the client has named with HOST, in lower case and without brackets,
// and "" if it has not. It may be called from [Session.Login].
func (c *Conn) Host() string { return c.state.host }

// parseHost reads the argument of HOST (RFC 7151, section 3.1).
func parseHost(s string) (name string, ok bool) {
	if inner, bracketed := strings.CutPrefix(s, "["); bracketed {
		inner, closed := strings.CutSuffix(inner, "]")
		a, err := netip.ParseAddr(inner)
		return a.String(), closed && err == nil && a.Is6() && a.Zone() == ""
	}
	if len(s) > 253 {
		return "", false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, notLabel) {
			return "", false
		}
	}
	return strings.ToLower(s), true
}

func notLabel(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}
