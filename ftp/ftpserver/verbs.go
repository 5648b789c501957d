package ftpserver

import (
	"fmt"
	"strings"

	"dray/ftp"
)

// args says what may follow a verb.
type args uint8

const (
	noArg   args = iota // nothing; what follows is ignored
	optWord             // perhaps something, blanks around it are taken off
	word                // something, blanks around it are taken off
	optName             // perhaps a path, verbatim
	name                // a path, verbatim
	text                // something, verbatim
	optText             // perhaps something, verbatim
)

// when says in which states a command is more than refused or queued, and what it is.
type when uint8

const (
	beforeLogin    when = 1 << iota // may come before log-in
	duringTransfer                  // is answered at once while a transfer runs
	transfers                       // uses up what REST or RANG has set
	forTLS                          // is a feature only where there is TLS
)

// verb is a row of the table that drives the server: dispatch, FEAT, HELP and the page
// docs/ftp-verbs.md come from it.
type verb struct {
	name string
	spec string // where it is described
	args args
	when when
	feat string // its line in FEAT, "" for none
	help string // what follows the verb, in words
	run  func(s *session, arg string) (op, ftp.Reply)
}

func (v verb) is(w when) bool { return v.when&w != 0 }

// verbs is the table. A row without run is known and refused with 502.
var verbs = []verb{
	{"ABOR", "RFC 959", noArg, duringTransfer, "", "", abor},
	{"ACCT", "RFC 959", optText, beforeLogin, "", "account", acct},
	{"ADAT", "RFC 2228", optText, beforeLogin, "", "", nil},
	{"ALLO", "RFC 959", word, 0, "", "octets [R octets]", allo},
	{"APPE", "RFC 959", name, transfers, "", "file", appe},
	{"AUTH", "RFC 4217", word, beforeLogin | forTLS, "AUTH TLS", "TLS", auth},
	{"AVBL", "draft-peterson", optName, 0, "AVBL", "[directory]", avbl},
	{"CCC", "RFC 4217", noArg, beforeLogin, "", "", ccc},
	{"CDUP", "RFC 959", noArg, 0, "", "", cdup},
	{"CLNT", "de facto", optText, beforeLogin, "CLNT", "name of the client", clnt},
	{"CONF", "RFC 2228", optText, beforeLogin, "", "", nil},
	{"CSID", "draft-peterson", optText, beforeLogin, "CSID", "Name=client;Version=version;", csid},
	{"CWD", "RFC 959", optName, 0, "", "[directory]", cwd},
	{"DELE", "RFC 959", name, 0, "", "file", dele},
	{"ENC", "RFC 2228", optText, beforeLogin, "", "", nil},
	{"EPRT", "RFC 2428", word, 0, "EPRT", "|1|address|port| or |2|address|port|", eprt},
	{"EPSV", "RFC 2428", optWord, 0, "EPSV", "[1|2|ALL]", epsv},
	{"ESTA", "draft", optText, 0, "", "", nil},
	{"ESTP", "draft", optText, 0, "", "", nil},
	{"FEAT", "RFC 2389", noArg, beforeLogin, "", "", feat},
	{"HASH", "draft-bryan", name, transfers, "HASH", "file", hashFile},
	{"HELP", "RFC 959", optWord, beforeLogin, "", "[verb]", help},
	{"HOST", "RFC 7151", word, beforeLogin, "HOST", "name of the server", host},
	{"LANG", "RFC 2640", optWord, beforeLogin, "LANG EN*", "[EN]", lang},
	{"LIST", "RFC 959", optName, transfers, "", "[-aR] [path]", list},
	{"LPRT", "RFC 1639", optText, 0, "", "", nil},
	{"LPSV", "RFC 1639", optText, 0, "", "", nil},
	{"MD5", "draft-twine", name, 0, "MD5", "file", md5File},
	{"MDTM", "RFC 3659", name, 0, "MDTM", "[YYYYMMDDHHMMSS] path", mdtm},
	{"MFCT", "draft-somers", optText, 0, "", "", nil},
	{"MFF", "draft-somers", text, 0, "MFF Modify;UNIX.mode;", "facts path", mff},
	{"MFMT", "draft-somers", text, 0, "MFMT", "YYYYMMDDHHMMSS path", mfmt},
	{"MIC", "RFC 2228", optText, beforeLogin, "", "", nil},
	{"MKD", "RFC 959", name, 0, "", "directory", mkd},
	{"MLSD", "RFC 3659", optName, transfers, "MLSD", "[directory]", mlsd},
	{"MLST", "RFC 3659", optName, 0, "MLST", "[path]", mlst},
	{"MODE", "RFC 959", word, 0, "", "S, or Z where FEAT has it", mode},
	{"NLST", "RFC 959", optName, transfers, "", "[-alR] [path]", nlst},
	{"NOOP", "RFC 959", noArg, beforeLogin, "", "", noop},
	{"OPTS", "RFC 2389", word, beforeLogin, "", "UTF8 ON, MLST facts, HASH algorithm or MODE Z LEVEL 1-9", opts},
	{"PASS", "RFC 959", optText, beforeLogin, "", "password", pass},
	{"PASV", "RFC 959", noArg, 0, "", "", pasv},
	{"PBSZ", "RFC 4217", word, beforeLogin | forTLS, "PBSZ", "0", pbsz},
	{"PORT", "RFC 959", word, 0, "", "h1,h2,h3,h4,p1,p2", port},
	{"PRET", "de facto", optText, 0, "", "", nil},
	{"PROT", "RFC 4217", word, beforeLogin | forTLS, "PROT", "C or P", prot},
	{"PWD", "RFC 959", noArg, 0, "", "", pwd},
	{"QUIT", "RFC 959", noArg, beforeLogin, "", "", quit},
	{"RANG", "draft-bryan", word, 0, "RANG STREAM", "first last", rang},
	{"REIN", "RFC 959", noArg, beforeLogin, "", "", rein},
	{"REST", "RFC 3659", word, 0, "REST STREAM", "octets", rest},
	{"RETR", "RFC 959", name, transfers, "", "file", retr},
	{"RMD", "RFC 959", name, 0, "", "directory", rmd},
	{"RNFR", "RFC 959", name, 0, "", "path", rnfr},
	{"RNTO", "RFC 959", name, 0, "", "path", rnto},
	{"SITE", "RFC 959", optText, 0, "SITE CHMOD;UTIME", "command", site},
	{"SIZE", "RFC 3659", name, 0, "SIZE", "file", size},
	{"SMNT", "RFC 959", optText, 0, "", "", nil},
	{"SPSV", "de facto", optText, 0, "", "", nil},
	{"STAT", "RFC 959", optName, duringTransfer, "", "[path]", stat},
	{"STOR", "RFC 959", name, transfers, "", "file", stor},
	{"STOU", "RFC 959", optName, transfers, "", "[prefix]", stou},
	{"STRU", "RFC 959", word, 0, "", "F", stru},
	{"SYST", "RFC 959", noArg, beforeLogin, "", "", syst},
	{"TYPE", "RFC 959", word, 0, "", "A, I or L 8", typ},
	{"USER", "RFC 959", text, beforeLogin, "", "name", user},
	{"XCRC", "de facto", name, 0, "XCRC", `file or "file" first end`, xhash("XCRC", hashCRC32)},
	{"XCUP", "RFC 775", noArg, 0, "", "", cdup},
	{"XCWD", "RFC 775", optName, 0, "", "[directory]", cwd},
	{"XMD5", "de facto", name, 0, "XMD5", `file or "file" first end`, xhash("XMD5", hashMD5)},
	{"XMKD", "RFC 775", name, 0, "", "directory", mkd},
	{"XPWD", "RFC 775", noArg, 0, "", "", pwd},
	{"XRMD", "RFC 775", name, 0, "", "directory", rmd},
	{"XSHA1", "de facto", name, 0, "XSHA1", `file or "file" first end`, xhash("XSHA1", hashSHA1)},
	{"XSHA256", "de facto", name, 0, "XSHA256", `file or "file" first end`, xhash("XSHA256", hashSHA256)},
	{"XSHA512", "de facto", name, 0, "XSHA512", `file or "file" first end`, xhash("XSHA512", hashSHA512)},
}

// verbIndex finds rows by name.
var verbIndex = indexVerbs()

func indexVerbs() map[string]int {
	m := make(map[string]int, len(verbs))
	for i, v := range verbs {
		m[v.name] = i
	}
	return m
}

func lookup(verb string) (v verb, known bool) {
	i, known := verbIndex[verb]
	if known {
		v = verbs[i]
	}
	return v, known
}

// features answers FEAT, helpTopic answers HELP. They print the table, so they are
// methods: rows of a table cannot mention the table.
type (
	features  struct{}
	helpTopic struct{ verb string }
)

func (features) do(c *Conn) ftp.Reply {
	lines := []string{"Features:"}
	for _, v := range verbs {
		switch {
		case v.is(forTLS) && !c.state.hasTLS:
		case v.name == "HASH":
			lines = append(lines, " HASH "+hashFeature(c.state.hash))
		case v.name == "MODE" && c.srv.Deflate:
			lines = append(lines, " MODE Z")
		case v.name == "MLST":
			lines = append(lines, " MLST "+ftp.AllFacts.Feature(c.state.facts))
		case v.feat != "":
			lines = append(lines, " "+v.feat)
		}
	}
	return ftp.Reply{Code: ftp.CodeFeatures, Lines: append(lines, " TVFS", " UTF8", "End")}
}

func (h helpTopic) do(*Conn) ftp.Reply {
	switch v, known := lookup(strings.ToUpper(h.verb)); {
	case h.verb == "":
		return helpAll()
	case v.name == "SITE":
		return siteTopics{}.do(nil)
	case !known:
		return reply(ftp.CodeBadArgument, "No such command")
	case v.run == nil:
		return reply(ftp.CodeHelp, v.name+" is known and not implemented")
	case v.help == "":
		return reply(ftp.CodeHelp, "Syntax: "+v.name)
	default:
		return reply(ftp.CodeHelp, "Syntax: "+v.name+" "+v.help)
	}
}

func helpAll() ftp.Reply {
	lines := []string{"Commands, * not implemented:"}
	var row strings.Builder
	for i, v := range verbs {
		mark := ""
		if v.run == nil {
			mark = "*"
		}
		fmt.Fprintf(&row, " %-7s", v.name+mark)
		if i%8 == 7 || i == len(verbs)-1 {
			lines = append(lines, strings.TrimRight(row.String(), " "))
			row.Reset()
		}
	}
	return ftp.Reply{Code: ftp.CodeHelp, Lines: append(lines, "End")}
}
