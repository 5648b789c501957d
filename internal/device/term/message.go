package term

import (
	"regexp"
	"strings"
)

// noise is what devices print in the middle of anything: log messages, what autoinstall
// says, and the warnings before a reload. The first group is what it interrupts.
var noise = []*regexp.Regexp{
	regexp.MustCompile(`^(.*?)(?:<\d{1,3}>)?(?:\d{1,10}: )?(?:[*.]?(?:[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d+)?(?: [A-Za-z][A-Za-z0-9+-]{0,7})?|\d{1,5}[ywdhm]\d{1,3}[wdhms]|\d\d:\d\d:\d\d): )?%[A-Z][A-Z0-9_]*(?:-[A-Z0-9_]+)*-[0-7]-[A-Z0-9_]+: ?`),
	regexp.MustCompile(`^(.*?)%Error opening tftp://255\.255\.255\.255/\S+ \(`),
	regexp.MustCompile(`^(.*?)\*\*\* --- SHUTDOWN (?:in \d+:\d\d:\d\d|ABORTED|NOW) ---`),
	regexp.MustCompile(`^()\*\*\*$`),
}

// isNoise says whether a line is, or ends with, what nobody asked for, and what stands
// before that.
func isNoise(text string) (before string, yes bool) {
	if !strings.ContainsAny(text, "%*") {
		return "", false
	}
	for _, re := range noise {
		if m := re.FindStringSubmatch(text); m != nil {
			return m[1], true
		}
	}
	return "", false
}
