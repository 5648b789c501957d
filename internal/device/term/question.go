package term

import (
	"regexp"
	"strings"
)

// Class is how much a wrong answer to a question may cost.
type Class uint8

// The classes.
const (
	Unknown   Class = iota // not in the table: nothing is sent
	Safe                   // nothing is lost by it
	Guarded                // only who gave the command can know: he has to say
	Forbidden              // answered with no, whoever asks
)

func (c Class) String() string { return [...]string{"unknown", "safe", "guarded", "forbidden"}[c] }

// Kind is how a question is answered.
type Kind uint8

// The kinds.
const (
	Line Kind = iota // a text and Enter
	Key              // one key, no Enter after it: Enter or y is yes, any other key is no
	Word             // "yes" or "no", and Enter
	YN               // "y" or "n", and Enter
)

// Question is a row of the table.
type Question struct {
	Name    string // by which programs speak of it
	Kind    Kind
	Class   Class
	Enter   string // what Enter alone means; "" means that nobody should send it
	pattern *regexp.Regexp
}

const (
	confirm  = ` ?\[confirm\]$`
	answerYN = ` ?\[y/n\]:?$`
)

// questions are what a device may ask. The first row that matches counts.
var questions = []Question{
	{"remote-host", Line, Safe, "the host in brackets", regexp.MustCompile(`^Address or name of remote host \[(.*)\]\?$`)},
	{"source-filename", Line, Safe, "the name in brackets", regexp.MustCompile(`^Source filename \[(.*)\]\?$`)},
	{"source-username", Line, Safe, "the name in brackets", regexp.MustCompile(`^Source username \[(.*)\]\?$`)},
	{"destination-username", Line, Safe, "the name in brackets", regexp.MustCompile(`^Destination username \[(.*)\]\?$`)},
	{"destination-filename", Line, Safe, "the name in brackets", regexp.MustCompile(`^Destination filename \[(.*)\]\?$`)},
	{"username", Line, Safe, "", regexp.MustCompile(`(?i)^(?:user ?name|login|user):$`)},
	{"password", Line, Safe, "", regexp.MustCompile(`(?i)^(?:enter )?password:$`)},
	{"return", Line, Safe, "go on", regexp.MustCompile(`^Press RETURN to get started[!.]?$`)},
	{"configure", Line, Safe, "from the terminal", regexp.MustCompile(`^Configuring from terminal, memory, or network \[(terminal)\]\?$`)},

	{"erase", Key, Forbidden, "ERASE the file system", regexp.MustCompile(`(?i)^erase .*` + confirm)},
	{"erasing", Key, Forbidden, "ERASE the file system", regexp.MustCompile(`(?i)^erasing .*` + confirm)},
	{"before", Key, Forbidden, "ERASE the file system", regexp.MustCompile(`(?i)^eras.* before (?:copying|writing)\?` + confirm)},
	{"format", Key, Forbidden, "FORMAT the file system", regexp.MustCompile(`(?i)^format .*` + confirm)},
	{"squeeze", Key, Forbidden, "minutes of work on the file system", regexp.MustCompile(`(?i)^squeeze .*` + confirm)},
	{"erase", YN, Forbidden, "", regexp.MustCompile(`(?i)^(?:eras|format|squeez)\w* .*` + answerYN)},
	{"erase", Word, Forbidden, "", regexp.MustCompile(`(?i)^(?:eras|format|squeez)\w* .* ?\[yes/no\]:?$`)},

	{"overwrite", Key, Guarded, "overwrite the file", regexp.MustCompile(`^Do you want to over ?write\?` + confirm)},
	{"abort-copy", Key, Safe, "end the copy: the file is for another platform", regexp.MustCompile(`^Abort Copy\?` + confirm)},
	{"delete-filename", Line, Guarded, "the name in brackets", regexp.MustCompile(`^Delete filename \[(.*)\]\?$`)},
	{"delete", Key, Guarded, "delete the file", regexp.MustCompile(`^Delete (\S+)\?` + confirm)},
	{"verify-filename", Line, Safe, "", regexp.MustCompile(`^Verify filename \[(.*)\]\?$`)},
	{"save", Word, Guarded, "", regexp.MustCompile(`^System configuration has been modified\. Save\? ?\[yes/no\]:$`)},
	{"reload", Key, Guarded, "reload the device", regexp.MustCompile(`^Proceed with reload\?` + confirm)},
	{"nvram", Key, Guarded, "overwrite the configuration of the other version", regexp.MustCompile(`^Overwrite the previous NVRAM configuration\?` + confirm)},
	{"install-reload", YN, Guarded, "", regexp.MustCompile(`require a reload of the system\. Do you want to proceed\?` + answerYN)},
	{"install-remove", YN, Guarded, "", regexp.MustCompile(`^Do you want to remove the above files\?` + answerYN)},
	{"install-save", YN, Guarded, "", regexp.MustCompile(`you may save configuration and re-enter the command\. ?\[y/n/q\]:?$`)},
	{"install-boot", YN, Guarded, "", regexp.MustCompile(`^Please confirm you have changed boot config to (\S+)` + answerYN)},
	{"setup", Word, Guarded, "", regexp.MustCompile(`^Would you like to enter the initial configuration dialog\? ?\[yes/no\]:$`)},
	{"basic-setup", Word, Guarded, "", regexp.MustCompile(`^Would you like to enter basic management setup\? ?\[yes/no\]:$`)},
	{"autoinstall", Word, Guarded, "yes", regexp.MustCompile(`^Would you like to terminate autoinstall\? ?\[yes\]:$`)},
}

// Questions returns the table.
func Questions() []Question { return append([]Question(nil), questions...) }

// question finds what is asked, and what stands in the brackets, or is named.
func question(text string) (q *Question, bracket string, ok bool) {
	text = strings.TrimRight(text, " ")
	for _, q := range questions {
		if m := q.pattern.FindStringSubmatch(text); m != nil {
			if len(m) > 1 {
				bracket = m[1]
			}
			return &q, bracket, true
		}
	}
	return nil, "", false
}

// asks reports whether a text that is in no table looks as if somebody should answer it.
func asks(text string) bool {
	text = strings.TrimRight(text, " ")
	for _, end := range []string{"?", "[confirm]", "]:", "/n]", "/no]", "/q]", "/n)", "/no)", "/n):", "/no):", "word:", "name:", "code:"} {
		if strings.HasSuffix(text, end) {
			return true
		}
	}
	return false
}
