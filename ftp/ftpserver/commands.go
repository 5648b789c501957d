package ftpserver

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"dray/ftp"
)

// The functions of this file are the rows of the table: each takes one command and is
// named after it. They touch nothing but the session.

func user(s *session, arg string) (op, ftp.Reply) {
	if s.loggedIn {
		host := s.host
		s.forget()
		s.host = host // it is the same until REIN (RFC 7151, section 3.2)
	}
	if s.requireTLS && !s.secure {
		return nil, reply(ftp.CodeNotLoggedIn, "TLS is required; send AUTH TLS first")
	}
	s.user = arg
	return logout{user: arg}, ftp.Reply{}
}

func pass(s *session, arg string) (op, ftp.Reply) {
	switch {
	case s.loggedIn:
		return nil, reply(ftp.CodeBadSequence, "Already logged in")
	case s.user == "":
		return nil, reply(ftp.CodeBadSequence, "USER first")
	}
	u := s.user
	s.user = ""
	return login{user: u, password: arg}, ftp.Reply{}
}

// auth begins TLS (RFC 4217, section 4). AUTH SSL and TLS-P are names of old for the same
// that protect the data connections too.
func auth(s *session, arg string) (op, ftp.Reply) {
	mechanism := strings.ToUpper(arg)
	switch {
	case !s.hasTLS:
		return nil, reply(ftp.CodeNotImplemented, "No TLS here")
	case !slices.Contains([]string{"TLS", "TLS-C", "SSL", "TLS-P"}, mechanism):
		return nil, reply(ftp.CodeBadParameter, "The only mechanism is TLS")
	case s.secure:
		return nil, reply(ftp.CodeBadSequence, "TLS is on")
	}
	return startTLS{protect: mechanism == "SSL" || mechanism == "TLS-P"}, ftp.Reply{}
}

// pbsz is without meaning in TLS, and expected all the same.
func pbsz(s *session, arg string) (op, ftp.Reply) {
	if !s.secure {
		return nil, reply(ftp.CodeBadSequence, "AUTH TLS first")
	}
	if _, err := strconv.ParseUint(arg, 10, 32); err != nil {
		return nil, reply(ftp.CodeBadArgument, "PBSZ takes a number")
	}
	return nil, reply(ftp.CodeOK, "PBSZ=0")
}

// prot says whether data connections have TLS. It does not insist on PBSZ, which
// some devices leave out.
func prot(s *session, arg string) (op, ftp.Reply) {
	level := strings.ToUpper(arg)
	switch {
	case !s.secure:
		return nil, reply(ftp.CodeBadSequence, "AUTH TLS first")
	case level == "C" && s.requireTLS:
		return nil, reply(ftp.CodePolicy, "Data connections need TLS")
	case level == "C", level == "P":
		s.protected = level == "P"
		return nil, reply(ftp.CodeOK, "Protection is "+level)
	case level == "S", level == "E":
		return nil, reply(ftp.CodeBadProtection, "Protection is C or P")
	}
	return nil, reply(ftp.CodeBadParameter, "No such protection")
}

func ccc(*session, string) (op, ftp.Reply) {
	return nil, reply(ftp.CodePolicy, "TLS stays on")
}

func acct(*session, string) (op, ftp.Reply) {
	return nil, reply(ftp.CodeSuperfluous, "No account needed")
}

func rein(s *session, _ string) (op, ftp.Reply) {
	s.forget()
	return reinitialize{}, ftp.Reply{}
}

func quit(*session, string) (op, ftp.Reply) { return goodbye{}, ftp.Reply{} }

func noop(*session, string) (op, ftp.Reply) { return nil, reply(ftp.CodeOK, "OK") }

func syst(*session, string) (op, ftp.Reply) {
	return nil, reply(ftp.CodeSystem, "UNIX Type: L8")
}

func feat(*session, string) (op, ftp.Reply) { return features{}, ftp.Reply{} }

func help(_ *session, arg string) (op, ftp.Reply) { return helpTopic{arg}, ftp.Reply{} }

// opts serves the options of HASH, of MLST (RFC 3659, section 7.9), of MODE Z, and of
// UTF8, which is always on (RFC 2640).
func opts(s *session, arg string) (op, ftp.Reply) {
	what, value, _ := strings.Cut(arg, " ")
	switch value = strings.TrimSpace(value); strings.ToUpper(what) {
	case "UTF8", "UTF-8":
		if value == "" || strings.EqualFold(value, "ON") || strings.EqualFold(value, "NLST") {
			return nil, reply(ftp.CodeOK, "UTF8 is on")
		}
		return nil, reply(ftp.CodeBadArgument, "UTF8 is always on")
	case "HASH":
		return nil, optsHash(s, value)
	case "MODE":
		return optsMode(s, value)
	case "MLST":
		s.facts = ftp.ParseFacts(value)
		return nil, reply(ftp.CodeOK, strings.TrimSpace("MLST OPTS "+s.facts.String()))
	}
	return nil, reply(ftp.CodeBadArgument, "No such option")
}

// typ acknowledges TYPE A and changes nothing: what is stored is what was sent.
func typ(s *session, arg string) (op, ftp.Reply) {
	fields := strings.Fields(strings.ToUpper(arg))
	switch strings.Join(fields, " ") {
	case "A", "A N":
		s.ascii = true
		if s.told {
			return nil, reply(ftp.CodeOK, "Type is A")
		}
		s.told = true
		return nil, reply(ftp.CodeOK, "Type is A; bytes are sent and stored unchanged all the same")
	case "I", "L 8", "L8":
		s.ascii = false
		return nil, reply(ftp.CodeOK, "Type is I")
	}
	switch fields[0] {
	case "A", "E", "L":
		return nil, reply(ftp.CodeBadParameter, "Types are A, I and L 8")
	}
	return nil, reply(ftp.CodeBadArgument, "No such type")
}

func mode(s *session, arg string) (op, ftp.Reply) {
	switch strings.ToUpper(arg) {
	case "S":
		s.deflate = false
		return nil, reply(ftp.CodeOK, "Mode is S")
	case "Z":
		return deflateOn{}, ftp.Reply{}
	case "B", "C":
		return nil, reply(ftp.CodeBadParameter, "Modes B and C are not implemented")
	}
	return nil, reply(ftp.CodeBadArgument, "No such mode")
}

func stru(_ *session, arg string) (op, ftp.Reply) {
	switch strings.ToUpper(arg) {
	case "F":
		return nil, reply(ftp.CodeOK, "Structure is F")
	case "R", "P":
		return nil, reply(ftp.CodeBadParameter, "The only structure is F")
	}
	return nil, reply(ftp.CodeBadArgument, "No such structure")
}

func pwd(s *session, _ string) (op, ftp.Reply) {
	return nil, reply(ftp.CodeDirectory, quote(s.cwd)+" is the current directory")
}

func cwd(s *session, arg string) (op, ftp.Reply) { return changeDir{s.resolve(arg)}, ftp.Reply{} }

func cdup(s *session, _ string) (op, ftp.Reply) { return changeDir{s.resolve("..")}, ftp.Reply{} }

func pasv(s *session, _ string) (op, ftp.Reply) {
	switch {
	case s.epsvOnly:
		return nil, reply(ftp.CodeBadSequence, "EPSV ALL was sent")
	case !s.peer.Is4():
		return nil, reply(ftp.CodeNoData, "PASV is for IPv4; use EPSV")
	}
	return listenData{extended: false}, ftp.Reply{}
}

func epsv(s *session, arg string) (op, ftp.Reply) {
	switch strings.ToUpper(arg) {
	case "":
		return listenData{extended: true}, ftp.Reply{}
	case "ALL":
		s.epsvOnly = true
		return nil, reply(ftp.CodeOK, "EPSV and nothing else from now on")
	}
	family, err := strconv.ParseUint(arg, 10, 16)
	switch {
	case err != nil:
		return nil, reply(ftp.CodeBadArgument, "EPSV takes 1, 2 or ALL")
	case family == 1 && s.peer.Is4(), family == 2 && s.peer.Is6():
		return listenData{extended: true}, ftp.Reply{}
	}
	return nil, s.badFamily()
}

func (s *session) badFamily() ftp.Reply {
	if s.peer.Is4() {
		return reply(ftp.CodeBadFamily, "Network protocol not supported, use (1)")
	}
	return reply(ftp.CodeBadFamily, "Network protocol not supported, use (2)")
}

func port(s *session, arg string) (op, ftp.Reply) {
	if s.epsvOnly {
		return nil, reply(ftp.CodeBadSequence, "EPSV ALL was sent")
	}
	a, err := ftp.ParseHostPort(arg)
	if err != nil {
		return nil, reply(ftp.CodeBadArgument, "PORT takes h1,h2,h3,h4,p1,p2")
	}
	if r := s.checkTarget(a.Addr().WithZone("") == s.peer, a.Port()); r.Code != 0 {
		return nil, r
	}
	return connectData{a}, ftp.Reply{}
}

func eprt(s *session, arg string) (op, ftp.Reply) {
	if s.epsvOnly {
		return nil, reply(ftp.CodeBadSequence, "EPSV ALL was sent")
	}
	a, err := ftp.ParseEPRT(arg)
	switch {
	case errors.Is(err, ftp.ErrFamily):
		return nil, s.badFamily()
	case err != nil:
		return nil, reply(ftp.CodeBadArgument, "EPRT takes |1|address|port| or |2|address|port|")
	}
	if r := s.checkTarget(a.Addr().Unmap() == s.peer, a.Port()); r.Code != 0 {
		return nil, r
	}
	return connectData{a}, ftp.Reply{}
}

// checkTarget refuses what RFC 2577 warns of: a server that connects for its client to
// another host, or to a service.
func (s *session) checkTarget(same bool, port uint16) ftp.Reply {
	switch {
	case !same:
		return reply(ftp.CodeBadParameter, "Data connections go to your own address only; behind NAT use EPSV or PASV")
	case port < 1024:
		return reply(ftp.CodeBadParameter, "Data connections go to ports from 1024 on only")
	}
	return ftp.Reply{}
}

// rest takes an offset (RFC 3659, section 5): digits alone, up to 2^63-1.
func rest(s *session, arg string) (op, ftp.Reply) {
	n, err := parseSize(arg)
	if err != nil {
		return nil, reply(ftp.CodeBadArgument, "REST takes a number of octets")
	}
	s.part = span{offset: n}
	return nil, reply(ftp.CodePending, "The next transfer starts at "+strconv.FormatInt(n, 10))
}

// parseSize parses digits alone: no sign, no blank.
func parseSize(arg string) (int64, error) {
	n, err := strconv.ParseUint(arg, 10, 63)
	return int64(n), err
}

// allo takes "n" or "n R m" (RFC 959, section 4.1.3). The size of a record is not used.
func allo(s *session, arg string) (op, ftp.Reply) {
	fields := strings.Fields(arg)
	n, err := parseSize(fields[0])
	if err == nil && len(fields) == 3 && strings.EqualFold(fields[1], "R") {
		_, err = parseSize(fields[2])
	} else if len(fields) != 1 {
		err = strconv.ErrSyntax
	}
	if err != nil {
		return nil, reply(ftp.CodeBadArgument, "ALLO takes a number of octets")
	}
	return allocate{octets: n, dir: s.cwd}, ftp.Reply{}
}

func avbl(s *session, arg string) (op, ftp.Reply) { return freeSpace{s.resolve(arg)}, ftp.Reply{} }

func abor(*session, string) (op, ftp.Reply) {
	return closeData{}, ftp.Reply{}
}

func stat(s *session, arg string) (op, ftp.Reply) {
	if arg == "" {
		return status{}, ftp.Reply{}
	}
	_, arg = splitOptions(arg)
	return statPath{s.resolve(arg)}, ftp.Reply{}
}

func retr(s *session, arg string) (op, ftp.Reply) {
	return transfer{verb: "RETR", name: s.resolve(arg), run: retrieve{s.part}}, ftp.Reply{}
}

func stor(s *session, arg string) (op, ftp.Reply) {
	o := CreateOptions{Resume: s.part.offset > 0, Offset: s.part.offset}
	return s.upload(transfer{verb: "STOR", name: s.resolve(arg), run: store{options: o}})
}

func appe(s *session, arg string) (op, ftp.Reply) {
	o := CreateOptions{Append: true}
	return s.upload(transfer{verb: "APPE", name: s.resolve(arg), run: store{options: o}})
}

func stou(s *session, arg string) (op, ftp.Reply) {
	if arg == "" {
		arg = "upload"
	}
	return s.upload(transfer{verb: "STOU", name: s.resolve(arg), run: storeUnique{}})
}

func list(s *session, arg string) (op, ftp.Reply) {
	o, arg := listOptions(arg)
	o.long = true
	return transfer{verb: "LIST", name: s.resolve(arg), run: o}, ftp.Reply{}
}

func nlst(s *session, arg string) (op, ftp.Reply) {
	o, arg := listOptions(arg)
	return transfer{verb: "NLST", name: s.resolve(arg), run: o}, ftp.Reply{}
}

// listOptions knows -l and -R. All others are tolerated, -a among them: names with a dot
// in front are shown in any case.
func listOptions(arg string) (o listing, name string) {
	options, name := splitOptions(arg)
	o = listing{asked: name, long: strings.Contains(options, "l"), recursive: strings.Contains(options, "R")}
	return o, name
}

func mlsd(s *session, arg string) (op, ftp.Reply) {
	return transfer{verb: "MLSD", name: s.resolve(arg), run: machineListing{facts: s.facts}}, ftp.Reply{}
}

func mlst(s *session, arg string) (op, ftp.Reply) {
	return describe{name: s.resolve(arg), facts: s.facts}, ftp.Reply{}
}

// splitOptions takes the groups that begin with a dash from the argument of LIST, such as
// "-la": clients send them as if to ls, though no RFC has them.
func splitOptions(arg string) (options, name string) {
	for strings.HasPrefix(arg, "-") {
		group, after, _ := strings.Cut(arg, " ")
		options += group[1:]
		arg = strings.TrimLeft(after, " ")
		if group == "--" {
			break
		}
	}
	return options, arg
}

func size(s *session, arg string) (op, ftp.Reply) { return fileSize{s.resolve(arg)}, ftp.Reply{} }

func dele(s *session, arg string) (op, ftp.Reply) {
	return remove{name: s.resolve(arg), dir: false}, ftp.Reply{}
}

func rmd(s *session, arg string) (op, ftp.Reply) {
	return remove{name: s.resolve(arg), dir: true}, ftp.Reply{}
}

func mkd(s *session, arg string) (op, ftp.Reply) { return makeDir{s.resolve(arg)}, ftp.Reply{} }

func rnfr(s *session, arg string) (op, ftp.Reply) { return renameFrom{s.resolve(arg)}, ftp.Reply{} }

func rnto(s *session, arg string) (op, ftp.Reply) {
	if s.from == "" {
		return nil, reply(ftp.CodeBadSequence, "RNFR first")
	}
	return rename{from: s.from, to: s.resolve(arg)}, ftp.Reply{}
}
