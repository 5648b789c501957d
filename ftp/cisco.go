package ftp

import (
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// isCisco reports whether a line begins with a number and four characters of permissions.
func isCisco(line string) bool {
	words := splitWords(line)
	return len(words) >= 4 && isDigits(words[0].text) && len(words[1].text) == 4 && strings.IndexByte("-d", words[1].text[0]) >= 0
}

// ParseCisco reads a line of dir on Cisco IOS: a number, four characters of permissions, the
// size, the date with or without a zone or <no date>, and after two spaces the name.
func ParseCisco(line string) (Entry, error) {
	bad := fmt.Errorf("ftp: not a line of dir on IOS: %q", line)
	words := splitWords(line)
	if !isCisco(line) {
		return Entry{}, bad
	}
	e := Entry{Type: TypeFile, Size: parseSize(words[2].text), HasMode: true}
	if words[1].text[0] == 'd' {
		e.Type, e.Size = TypeDir, -1
	}
	for i, c := range []byte(words[1].text[1:]) {
		switch c {
		case "rwx"[i]:
			e.Mode |= fs.FileMode(0o400) >> i
		case '-':
		default:
			return Entry{}, bad
		}
	}
	t, n := parseCiscoTime(words[3:])
	if n == 0 {
		return Entry{}, bad
	}
	e.ModTime = t
	e.Name = strings.TrimPrefix(strings.TrimPrefix(line[words[3+n-1].end:], " "), " ")
	if e.Name == "" {
		return Entry{}, bad
	}
	return e, nil
}

// parseCiscoTime returns how many words the date took, 0 if there is none.
func parseCiscoTime(words []word) (time.Time, int) {
	if len(words) >= 2 && words[0].text == "<no" && words[1].text == "date>" {
		return time.Time{}, 2
	}
	if len(words) < 4 {
		return time.Time{}, 0
	}
	text := words[0].text + " " + words[1].text + " " + words[2].text + " " + words[3].text
	t, err := time.Parse("Jan 2 2006 15:04:05", text)
	if err != nil {
		return time.Time{}, 0
	}
	if len(words) >= 5 {
		if zoned, err := time.Parse("Jan 2 2006 15:04:05 -07:00", text+" "+words[4].text); err == nil {
			return zoned.UTC(), 5
		}
	}
	return t, 4
}
