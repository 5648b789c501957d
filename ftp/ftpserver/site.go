package ftpserver

import (
	"slices"
	"strings"
	"time"

	"dray/ftp"
)

// siteVerbs is the table of what SITE takes. The column of FEAT is not used: the row of
// SITE has it.
var siteVerbs = []verb{
	{"CHMOD", "de facto", text, 0, "", "mode path", siteChmod},
	{"HELP", "RFC 959", optText, 0, "", "", siteHelp},
	{"UTIME", "de facto", text, 0, "", "YYYYMMDDhhmm[ss] path, or path accessed modified created UTC", siteUtime},
}

func site(s *session, arg string) (op, ftp.Reply) {
	word, rest, _ := strings.Cut(strings.TrimLeft(arg, " "), " ")
	i := slices.IndexFunc(siteVerbs, func(v verb) bool { return strings.EqualFold(v.name, word) })
	switch {
	case i < 0:
		return nil, reply(ftp.CodeUnknown, "Unknown SITE command")
	case siteVerbs[i].args == text && rest == "":
		return nil, reply(ftp.CodeBadArgument, "SITE "+siteVerbs[i].name+" needs an argument")
	}
	return siteVerbs[i].run(s, rest)
}

func siteHelp(*session, string) (op, ftp.Reply) { return siteTopics{}, ftp.Reply{} }

// siteTopics answers SITE HELP and HELP SITE.
type siteTopics struct{}

func (siteTopics) do(*Conn) ftp.Reply {
	lines := []string{"SITE commands:"}
	for _, v := range siteVerbs {
		lines = append(lines, strings.TrimRight(" "+v.name+" "+v.help, " "))
	}
	return ftp.Reply{Code: ftp.CodeHelp, Lines: append(lines, "End")}
}

func siteChmod(s *session, arg string) (op, ftp.Reply) {
	octal, name, _ := strings.Cut(arg, " ")
	mode, err := parseMode(octal)
	if err != nil || name == "" {
		return nil, reply(ftp.CodeBadArgument, "SITE CHMOD takes a mode in octal and a path")
	}
	done := reply(ftp.CodeOK, "Mode changed")
	return setAttributes{name: s.resolve(name), mode: mode, hasMode: true, done: done}, ftp.Reply{}
}

// siteUtime takes both forms that are in use: one time and a path, or a path, three times
// and "UTC". Of the three, that of creation cannot be set.
func siteUtime(s *session, arg string) (op, ftp.Reply) {
	done := reply(ftp.CodeOK, "Times changed")
	if name, accessed, modified, ok := cutTimes(arg); ok {
		return setAttributes{name: s.resolve(name), accessed: accessed, modified: modified, done: done}, ftp.Reply{}
	}
	stamp, name, _ := strings.Cut(arg, " ")
	t, err := parseUtime(stamp)
	if err != nil || name == "" {
		return nil, reply(ftp.CodeBadArgument, "SITE UTIME takes YYYYMMDDhhmm[ss] and a path, or a path, three times and UTC")
	}
	return setAttributes{name: s.resolve(name), accessed: t, modified: t, done: done}, ftp.Reply{}
}

// cutTimes takes the second form of SITE UTIME apart, from the end since the path may
// hold spaces.
func cutTimes(arg string) (name string, accessed, modified time.Time, ok bool) {
	words := strings.Split(arg, " ")
	first := len(words) - len("amc") - 1
	if first < 1 || !strings.EqualFold(words[len(words)-1], "UTC") {
		return "", accessed, modified, false
	}
	var times [3]time.Time
	for i := range times {
		t, err := parseUtime(words[first+i])
		if err != nil {
			return "", accessed, modified, false
		}
		times[i] = t
	}
	name = strings.Join(words[:first], " ")
	return name, times[0], times[1], name != ""
}

// parseUtime reads a time to the minute or to the second.
func parseUtime(s string) (time.Time, error) {
	if len(s) == len("200601021504") {
		s += "00"
	}
	return parseStamp(s)
}
