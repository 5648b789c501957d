package ftpserver

import (
	"errors"
	"net/netip"
	"path"
	"strings"

	"dray/ftp"
)

// session is what the server remembers of one dialogue. It is a machine without I/O: a
// command goes in; a reply comes out, or an op that finds it out.
type session struct {
	peer     netip.Addr // of the control connection; data goes there and nowhere else
	host     string     // as HOST named it; "" for no HOST
	user     string     // as USER named it; "" before
	loggedIn bool       //
	cwd      string     // rooted and clean
	ascii    bool       // TYPE A, the default of RFC 959
	deflate  bool       // MODE Z
	level    int        // of MODE Z, 1 to 9
	told     bool       // that TYPE A changes no byte
	part     span       // from REST or RANG, for the next transfer
	hash     algorithm  // what HASH uses
	from     string     // from RNFR, for the very next command; "" for none
	epsvOnly bool       // EPSV ALL was sent
	facts    ftp.Facts  // what MLST and MLSD tell
	failed   int        // log-ins refused

	hasTLS     bool // there is TLS
	requireTLS bool // and nothing goes without it
	secure     bool // the control connection has it
	protected  bool // data connections get it (PROT P)

	unknown int // commands not understood before log-in
}

func newSession(peer netip.Addr) session {
	return session{peer: peer.Unmap().WithZone(""), cwd: "/", ascii: true, level: deflateLevel, facts: ftp.AllFacts}
}

// forget puts the transfer parameters and the user back to where a new connection has
// them (REIN). TLS and the counters of failures stay.
func (s *session) forget() {
	old := *s
	*s = newSession(s.peer)
	s.failed, s.unknown = old.failed, old.unknown
	s.hasTLS, s.requireTLS, s.secure, s.protected = old.hasTLS, old.requireTLS, old.secure, old.protected
}

// mode is that of data connections.
func (s *session) mode() string {
	if s.deflate {
		return "Z"
	}
	return "S"
}

// op is what a command asks of the connection, when a reply needs more than the session.
type op interface {
	// do runs in the goroutine of the connection and returns the final reply. A reply
	// without a code means that it comes later, at the end of a transfer.
	do(c *Conn) ftp.Reply
}

// command takes one command. If the op is nil the reply is final, else the op gives it.
func (s *session) command(c ftp.Command) (op, ftp.Reply) {
	defer func() { s.from = "" }()
	v, known := lookup(c.Verb)
	switch {
	case !known:
		s.unknown++
		return nil, reply(ftp.CodeUnknown, "Unknown command")
	case v.run == nil:
		return nil, reply(ftp.CodeNotImplemented, "Not implemented")
	case !s.loggedIn && !v.is(beforeLogin):
		return nil, reply(ftp.CodeNotLoggedIn, "Log in with USER and PASS first")
	case v.is(transfers) && s.requireTLS && !s.protected:
		return nil, reply(ftp.CodeDataNeedsTLS, "Data connections need TLS; send PBSZ 0 and PROT P")
	}
	arg := c.Arg
	if v.args == noArg || v.args == word || v.args == optWord {
		arg = strings.TrimSpace(arg)
	}
	if arg == "" && (v.args == word || v.args == name || v.args == text) {
		return nil, reply(ftp.CodeBadArgument, v.name+" needs an argument")
	}
	o, r := v.run(s, arg)
	if v.is(transfers) {
		s.part = span{}
	}
	return o, r
}

// malformed answers a line that is not a command.
func (s *session) malformed(err error) ftp.Reply {
	s.from = ""
	if errors.Is(err, ftp.ErrArgument) {
		return reply(ftp.CodeBadArgument, "Line ends and NUL are not allowed in an argument")
	}
	s.unknown++
	return reply(ftp.CodeUnknown, "Not a command")
}

// resolve returns the rooted and clean form of a name as the peer sent it. A leading %2F
// is how URLs spell the root, and IOS XR sends it as it is.
func (s *session) resolve(arg string) string {
	if rest := strings.TrimPrefix(arg, "/"); len(rest) >= 3 && strings.EqualFold(rest[:3], "%2f") {
		arg = "/" + rest[3:]
	}
	if !strings.HasPrefix(arg, "/") {
		arg = s.cwd + "/" + arg
	}
	return path.Clean(arg)
}

// reply makes a reply of one line.
func reply(code ftp.Code, text string) ftp.Reply {
	return ftp.Reply{Code: code, Lines: []string{text}}
}

// quote puts a path into a 257 reply (RFC 959, appendix II).
func quote(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}
