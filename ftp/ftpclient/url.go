package ftpclient

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// URL is an "ftp://user:password@host:port/path;type=i" taken apart (RFC 1738, section
// 3.2). The scheme ftpes is for explicit TLS, ftps for implicit TLS.
type URL struct {
	Security Security
	Address  string // "host:port", port 21 or for implicit TLS 990 if none is given
	User     string // "anonymous" if none is given
	Password string // what guests give if there is neither user nor password

	// Path is relative to where the log-in leads, or absolute if the URL has "//" or
	// "/%2F" before it, and "" for no path. It names a directory if it ends with "/".
	Path string

	List bool // ";type=d"
}

// GuestPassword is what [ParseURL] gives for anonymous: no address of a person.
const GuestPassword = "anonymous@"

// ParseURL takes a URL apart. A path with a line end or NUL in it is an error, as is
// whatever else the scheme does not have: a query, a fragment, another type. Transfers
// as text (";type=a") are refused.
func ParseURL(s string) (URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return URL{}, err
	}
	security, port := Plain, "21"
	switch u.Scheme {
	case "ftp":
	case "ftpes":
		security = Explicit
	case "ftps":
		security, port = Implicit, "990"
	default:
		return URL{}, fmt.Errorf("ftpclient: scheme %q is none of ftp, ftpes, ftps", u.Scheme)
	}
	switch {
	case u.Hostname() == "":
		return URL{}, errors.New("ftpclient: no host in URL")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return URL{}, errors.New("ftpclient: an ftp URL has no query and no fragment: write ? as %3F and # as %23")
	}
	if u.Port() != "" {
		port = u.Port()
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return URL{}, fmt.Errorf("ftpclient: no port from 1 to 65535: %q", port)
		}
	}
	parsed := URL{Security: security, Address: net.JoinHostPort(u.Hostname(), port), User: "anonymous", Password: GuestPassword}
	if user := u.User.Username(); user != "" {
		parsed.User = user
		parsed.Password, _ = u.User.Password()
	}
	escaped, kind, hasType := cutType(u.EscapedPath())
	if hasType {
		switch strings.ToLower(kind) {
		case "i":
		case "a":
			return URL{}, errors.New("ftpclient: files are not transferred as text, write ;type=i")
		case "d":
			parsed.List = true
		default:
			return URL{}, fmt.Errorf("ftpclient: unknown type %q in URL", kind)
		}
	}
	if parsed.Path, err = url.PathUnescape(strings.TrimPrefix(escaped, "/")); err != nil {
		return URL{}, err
	}
	if strings.ContainsAny(parsed.Path+parsed.User+parsed.Password, "\r\n\x00") {
		return URL{}, errors.New("ftpclient: line end or NUL in URL")
	}
	return parsed, nil
}

// cutType takes ";type=x" off the end of an escaped path.
func cutType(escaped string) (path, kind string, ok bool) {
	i := strings.LastIndex(strings.ToLower(escaped), ";type=")
	if i < 0 {
		return escaped, "", false
	}
	return escaped[:i], escaped[i+len(";type="):], true
}
