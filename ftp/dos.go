package ftp

import (
	"fmt"
	"strings"
	"time"
)

// isDOS reports whether a line begins with a date in digits.
func isDOS(line string) bool {
	return len(line) > 8 && isDigits(line[:2]) && (line[2] == '-' || line[2] == '/') && isDigits(line[3:5]) && line[5] == line[2] ||
		len(line) > 10 && isDigits(line[:4]) && line[4] == '-' && isDigits(line[5:7]) && line[7] == '-'
}

// ParseDOS reads a line of DIR as Windows servers send it for LIST: the date with the
// month first or the year first, the time with or without AM and PM, a size or <DIR>, the
// name. The server's time is taken for UTC, since it does not say.
func ParseDOS(line string) (Entry, error) {
	words := splitWords(line)
	bad := fmt.Errorf("ftp: not a line of DIR: %q", line)
	if len(words) < 4 {
		return Entry{}, bad
	}
	t, ok := parseDOSTime(words[0].text, words[1].text)
	if !ok {
		return Entry{}, bad
	}
	e := Entry{Type: TypeDir, Size: -1, ModTime: t, Name: strings.TrimLeft(line[words[2].end:], " ")}
	switch kind := words[2].text; kind {
	case "<DIR>":
	case "<JUNCTION>", "<SYMLINKD>", "<SYMLINK>":
		e.Type = TypeLink
		name, target, found := strings.Cut(e.Name, " [")
		if found && strings.HasSuffix(target, "]") {
			e.Name, e.Target = name, strings.TrimSuffix(target, "]")
		}
	default:
		e.Type, e.Size = TypeFile, parseSize(strings.ReplaceAll(kind, ",", ""))
		e.Name = line[words[2].end+1:] // one space, the rest is the name's own
		if e.Size < 0 {
			return Entry{}, bad
		}
	}
	return e, nil
}

// parseDOSTime takes two digits of a year for one from 1969 to 2068.
func parseDOSTime(date, clock string) (time.Time, bool) {
	date = strings.ReplaceAll(date, "/", "-")
	clock = strings.ToUpper(clock)
	for _, layout := range []string{"01-02-06", "01-02-2006", "2006-01-02"} {
		if len(date) != len(layout) {
			continue
		}
		for _, hour := range []string{"03:04PM", "15:04", "15:04:05"} {
			if t, err := time.Parse(layout+" "+hour, date+" "+clock); err == nil {
				return t, true
			}
		}
	}
	return time.Time{}, false
}
