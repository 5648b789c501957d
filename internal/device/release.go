package device

import (
	"cmp"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// Release is a version of IOS or IOS XE, however it is spelled: 15.7(3)M9 and 157-3.M9 are
// one, so are 17.12.04a and 17.12.4a. The zero value is none.
type Release struct {
	text    string
	family  family
	numbers [3]int // major, minor, maintenance
	letters string // behind maintenance
	train   string // M, T, SE, E, …
	rebuild int
	suffix  string // letter behind the rebuild
	build   string // tail that install mode adds
}

type family uint8

const (
	opaque  family = iota // compared as text
	classic               // 15.7(3)M9
	xe3                   // 03.06.05E
	xe16                  // 16.12.04 and all after it
)

// releases are the spellings.
var releases = map[string]*regexp.Regexp{
	"xe16":    regexp.MustCompile(`^(1[6-9]|[2-9]\d)\.(\d{1,2})\.(\d{1,2})([a-z]{0,3}\d{0,3})((?:\.\d+)*)$`),
	"xe3":     regexp.MustCompile(`^0?(3)\.(\d{1,2})\.(\d{1,2})([a-z]?)\.?([A-Z]{1,4})$`),
	"classic": regexp.MustCompile(`^(\d{1,2})\.(\d{1,2})\((\d{1,3})([a-z]?)\)([A-Z]*)(\d{0,3})([a-z]?)$`),
	"file":    regexp.MustCompile(`^(\d{2})(\d)-(\d{1,3})([a-z]?)(?:\.([A-Z]+)(\d{0,3})([a-z]?))?$`),

	"in xe16": regexp.MustCompile(`(?:^|[.\-_])((?:1[6-9]|[2-9]\d)\.\d{2}\.\d{2}[a-z]{0,3}\d{0,3})(?:\.|$)`),
	"in xe3":  regexp.MustCompile(`(?:^|[.\-_])(03\.\d{2}\.\d{2}[a-z]?\.?[A-Z]{1,4})(?:\.|$)`),
	"in file": regexp.MustCompile(`(?:^|[.\-_])(\d{3}-\d{1,3}[a-z]?(?:\.[A-Z]+\d{0,3}[a-z]?)?)(?:\.|$)`),
}

// ParseRelease reads a release in any of its spellings. What is in none is compared as it
// stands, and is neither newer nor older than anything.
func ParseRelease(text string) Release {
	text = strings.TrimSpace(text)
	r := Release{text: text}
	num := func(s string) int { n, _ := strconv.Atoi(s); return n } // the patterns let digits through only
	if m := releases["xe16"].FindStringSubmatch(text); m != nil {
		r.family, r.numbers, r.letters, r.build = xe16, [3]int{num(m[1]), num(m[2]), num(m[3])}, m[4], m[5]
		return r
	}
	if m := releases["xe3"].FindStringSubmatch(text); m != nil {
		r.family, r.numbers, r.letters, r.train = xe3, [3]int{num(m[1]), num(m[2]), num(m[3])}, m[4], m[5]
		return r
	}
	m := releases["classic"].FindStringSubmatch(text)
	if m == nil {
		m = releases["file"].FindStringSubmatch(text)
	}
	if m != nil {
		r.family, r.numbers, r.letters = classic, [3]int{num(m[1]), num(m[2]), num(m[3])}, m[4]
		r.train, r.rebuild, r.suffix = m[5], num(m[6]), m[7]
	}
	return r
}

// ReleaseOf finds the release in the name of an image.
func ReleaseOf(file string) (Release, bool) {
	file = path.Base(file[strings.LastIndexByte(file, ':')+1:])
	for _, key := range []string{"in xe16", "in xe3", "in file"} {
		if m := releases[key].FindStringSubmatch(file); m != nil {
			return ParseRelease(m[1]), true
		}
	}
	return Release{}, false
}

// String is the release as it was spelled.
func (r Release) String() string { return r.text }

// Same reports whether two spellings mean one release. Install mode drops letters where it
// adds the number of a build; then they do not count.
func (r Release) Same(o Release) bool {
	if r.family != o.family {
		return false
	}
	if r.family == opaque {
		return r.text == o.text
	}
	numbered := r.build != "" && r.letters == "" || o.build != "" && o.letters == ""
	if r.build != "" && o.build != "" && r.build != o.build {
		return false
	}
	return r.numbers == o.numbers && (r.letters == o.letters || numbered) && r.train == o.train && r.rebuild == o.rebuild && r.suffix == o.suffix
}

// Compare is negative if r is older than o, positive if it is newer. Releases of different
// trains, and those that are in no known spelling, have no order.
func (r Release) Compare(o Release) (order int, ok bool) {
	if r.Same(o) {
		return 0, true
	}
	if r.family == opaque || r.family != o.family || r.train != o.train {
		return 0, false
	}
	return cmp.Or(
		cmp.Compare(r.numbers[0], o.numbers[0]), cmp.Compare(r.numbers[1], o.numbers[1]), cmp.Compare(r.numbers[2], o.numbers[2]),
		cmp.Compare(r.letters, o.letters), cmp.Compare(r.rebuild, o.rebuild), cmp.Compare(r.suffix, o.suffix), cmp.Compare(r.build, o.build),
	), true
}
