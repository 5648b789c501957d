package tftp

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// DefaultPort is where servers listen.
const DefaultPort = 69

// URL names a file on a server (RFC 3617): tftp://host[:port]/name[;mode=octet|netascii].
type URL struct {
	Host string // name or address, an IPv6 address without brackets
	Port int    // 0 means 69
	Name string // without the slash that follows the host
	Mode Mode   // octet unless the URL says otherwise
}

// ParseURL reads a tftp URL. The slash after the host is not part of the name; octets
// may be escaped as %XX; a port, which RFC 3617 does not have, is taken.
func ParseURL(s string) (URL, error) {
	u, err := parseURL(s)
	if err != nil {
		return URL{}, fmt.Errorf("tftp: bad URL %q: %w", s, err)
	}
	return u, nil
}

func parseURL(s string) (u URL, err error) {
	const scheme = "tftp://"
	if len(s) < len(scheme) || !strings.EqualFold(s[:len(scheme)], scheme) {
		return u, errors.New("not tftp://")
	}
	authority, name, _ := strings.Cut(s[len(scheme):], "/")
	if strings.Contains(authority, "@") {
		return u, errors.New("TFTP has no users")
	}
	if u.Host, u.Port, err = splitHost(authority); err != nil {
		return u, err
	}
	name, word, ok := cutMode(name)
	if ok {
		if u.Mode, err = ParseMode(word); err != nil {
			return u, fmt.Errorf("mode %q is neither octet nor netascii", word)
		}
	}
	u.Name, err = url.PathUnescape(name)
	if err == nil {
		err = checkName(u.Name)
	}
	return u, err
}

func splitHost(s string) (host string, port int, err error) {
	if host, p, err := net.SplitHostPort(s); err == nil {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 || host == "" {
			return "", 0, errors.New("bad port or host")
		}
		host, err := unescapeZone(host)
		return host, int(n), err
	}
	if inner, ok := strings.CutPrefix(s, "["); ok {
		if s, ok = strings.CutSuffix(inner, "]"); !ok || !strings.Contains(s, ":") {
			return "", 0, errors.New("bad address")
		}
	} else if strings.ContainsAny(s, ":[]") {
		return "", 0, errors.New("bad host")
	}
	if s == "" {
		return "", 0, errors.New("host missing")
	}
	host, err = unescapeZone(s)
	return host, 0, err
}

// unescapeZone takes the %25 before an IPv6 zone (RFC 6874).
func unescapeZone(host string) (string, error) {
	if !strings.Contains(host, "%25") {
		return host, nil
	}
	return url.PathUnescape(host)
}

// cutMode takes ";mode=…" off the end.
func cutMode(s string) (name, mode string, ok bool) {
	i := strings.LastIndexByte(s, ';')
	if i < 0 {
		return s, "", false
	}
	key, value, found := strings.Cut(s[i+1:], "=")
	if !found || !strings.EqualFold(key, "mode") {
		return s, "", false
	}
	return s[:i], value, true
}

// checkName reports whether a name fits into a request.
func checkName(name string) error {
	switch {
	case name == "":
		return errors.New("file name missing")
	case len(name) > MaxName:
		return errors.New("file name too long")
	case strings.ContainsRune(name, 0):
		return errors.New("file name with NUL")
	}
	return nil
}

// Address returns host:port.
func (u URL) Address() string {
	port := u.Port
	if port == 0 {
		port = DefaultPort
	}
	return net.JoinHostPort(u.Host, strconv.Itoa(port))
}

// String returns the URL; ParseURL understands it.
func (u URL) String() string {
	host := strings.ReplaceAll(u.Host, "%", "%25")
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if u.Port != 0 {
		host += ":" + strconv.Itoa(u.Port)
	}
	elems := strings.Split(u.Name, "/")
	for i := range elems {
		elems[i] = strings.ReplaceAll(url.PathEscape(elems[i]), ";", "%3B")
	}
	s := "tftp://" + host + "/" + strings.Join(elems, "/")
	if u.Mode != Octet {
		s += ";mode=" + u.Mode.String()
	}
	return s
}
