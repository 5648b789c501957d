package ftp

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// errNoColumns is a VMS name that stands alone in its line.
var errNoColumns = errors.New("ftp: a VMS name without columns")

// isVMS reports whether the first word of a line is a name with a version.
func isVMS(line string) bool {
	first, _, _ := strings.Cut(line, " ")
	name, version, ok := strings.Cut(first, ";")
	return ok && strings.Contains(name, ".") && isDigits(version)
}

// ParseVMS reads a line of DIRECTORY on VMS: name, blocks, date, and optionally the owner
// and the protection. The version is left out of the name, and ".DIR" of a directory's.
// The size is unknown, since a count of blocks does not tell it. A line that says why
// nothing is told of the file is an entry of which nothing is known but its name.
func ParseVMS(line string) (Entry, error) {
	if !isVMS(line) {
		return Entry{}, fmt.Errorf("ftp: not a line of DIRECTORY on VMS: %q", line)
	}
	words := splitWords(line)
	name, _, _ := strings.Cut(words[0].text, ";")
	e := Entry{Name: name, Type: TypeFile, Size: -1}
	if dir := len(name) - len(".DIR"); dir > 0 && strings.EqualFold(name[dir:], ".DIR") {
		e.Name, e.Type = name[:dir], TypeDir
	}
	switch {
	case len(words) == 1:
		return Entry{}, errNoColumns
	case strings.HasPrefix(words[1].text, "%"): // %RMS-E-PRV, insufficient privilege
		return e, nil
	case len(words) < 4:
		return Entry{}, fmt.Errorf("ftp: too few columns of DIRECTORY on VMS: %q", line)
	}
	blocks, _, _ := strings.Cut(words[1].text, "/")
	t, err := parseVMSTime(words[2].text, words[3].text)
	if err != nil || !isDigits(blocks) {
		return Entry{}, fmt.Errorf("ftp: no blocks and date of DIRECTORY on VMS: %q", line)
	}
	e.ModTime = t
	_, rest, _ := strings.Cut(line[words[3].end:], "[")
	owner, rest, closed := strings.Cut(rest, "]")
	if !closed { // it was too long for its column
		end := max(strings.IndexByte(owner, '('), 0)
		owner, rest = strings.TrimRight(owner[:end], " "), owner[end:]
	}
	if group, user, ok := strings.Cut(owner, ","); ok {
		e.Group, e.Owner = strings.TrimSpace(group), strings.TrimSpace(user)
	} else {
		e.Owner = owner
	}
	e.parseProtection(rest)
	return e, nil
}

func parseVMSTime(date, clock string) (time.Time, error) {
	clock, _, _ = strings.Cut(clock, ".") // hundredths
	layout := "2-Jan-2006 15:04:05"
	if strings.Count(clock, ":") == 1 {
		layout = "2-Jan-2006 15:04"
	}
	return time.Parse(layout, date+" "+clock)
}

// parseProtection reads "(RWED,RWED,RE,)": what system, owner, group and world may do.
func (e *Entry) parseProtection(s string) {
	_, s, opened := strings.Cut(s, "(")
	s, _, closed := strings.Cut(s, ")")
	classes := strings.Split(s, ",")
	if !opened || !closed || len(classes) != 4 {
		return
	}
	for i, class := range classes[1:] {
		for letter, bit := range map[string]fs.FileMode{"R": 0o400, "W": 0o200, "E": 0o100} {
			if strings.Contains(class, letter) {
				e.Mode |= bit >> (3 * i)
			}
		}
	}
	e.HasMode = true
}
