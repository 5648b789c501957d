package show

import (
	"regexp"
	"strings"
)

// Packages is what "show install summary" says of some members.
type Packages struct {
	Of       string // such as "Switch 1 2"
	Packages []Package
}

// Package is a row of it.
type Package struct {
	Type  string // IMG, SMU
	State string // I inactive, U activated and uncommitted, C committed, D deactivated and uncommitted
	Name  string // file, or version
}

// Summary is the whole of it.
type Summary struct {
	Groups []Packages
	Timer  string // of the automatic rollback: "inactive", "active on install_activate, …"; "" where it does not say
}

// Pending reports whether a rollback is going to come by itself.
func (s Summary) Pending() bool { return strings.HasPrefix(s.Timer, "active") }

// In returns the names of what is in a state, each once.
func (s Summary) In(state string) (names []string) {
	seen := map[string]bool{}
	for _, g := range s.Groups {
		for _, p := range g.Packages {
			if p.State == state && p.Type == "IMG" && !seen[p.Name] {
				seen[p.Name] = true
				names = append(names, p.Name)
			}
		}
	}
	return names
}

var installLines = map[string]*regexp.Regexp{
	"group": regexp.MustCompile(`^\[ (.*) \] (?:Installed|Active|Inactive|Committed|Uncommitted) Package\(s\) Information:$`),
	"row":   regexp.MustCompile(`^([A-Z]{2,8}) +([IUCD]) +(\S+)$`),
	"timer": regexp.MustCompile(`^Auto abort timer: (.*)$`),
	"other": regexp.MustCompile(`^State \(St\): |^ +C - Activated & Committed|^-+$|^Type +St +Filename/Version$|^No packages$`),
}

// ParseInstall reads "show install summary".
func ParseInstall(text string) (s Summary, err error) {
	r := read("show install summary", text)
	for {
		line, ok := r.next()
		if !ok {
			break
		}
		line = strings.TrimRight(line, " ")
		if m := installLines["group"].FindStringSubmatch(line); m != nil {
			s.Groups = append(s.Groups, Packages{Of: m[1]})
			continue
		}
		if m := installLines["timer"].FindStringSubmatch(line); m != nil {
			s.Timer = m[1]
			continue
		}
		if m := installLines["row"].FindStringSubmatch(line); m != nil && len(s.Groups) > 0 {
			g := &s.Groups[len(s.Groups)-1]
			g.Packages = append(g.Packages, Package{m[1], m[2], m[3]})
			continue
		}
		if !installLines["other"].MatchString(line) {
			return s, r.wrong("it is no line of the summary")
		}
	}
	if len(s.Groups) == 0 {
		return s, r.missing("there is no package")
	}
	return s, nil
}
