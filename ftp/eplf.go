package ftp

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// ParseEPLF reads a line of the Easily Parsed LIST Format: a plus, facts that each end
// with a comma, a tab, the name.
func ParseEPLF(line string) (Entry, error) {
	facts, name, ok := strings.Cut(line, "\t")
	if !strings.HasPrefix(facts, "+") || !ok || name == "" {
		return Entry{}, fmt.Errorf("ftp: not a line of EPLF: %q", line)
	}
	e := Entry{Name: name, Size: -1}
	for fact := range strings.SplitSeq(facts[1:], ",") {
		switch {
		case fact == "/":
			e.Type = TypeDir
		case fact == "r" && e.Type != TypeDir:
			e.Type = TypeFile
		case strings.HasPrefix(fact, "s"):
			e.Size = parseSize(fact[1:])
		case strings.HasPrefix(fact, "m"):
			if seconds, err := strconv.ParseInt(fact[1:], 10, 64); err == nil {
				e.ModTime = time.Unix(seconds, 0).UTC()
			}
		case strings.HasPrefix(fact, "i"):
			e.Unique = fact[1:]
		case strings.HasPrefix(fact, "up"):
			if mode, err := strconv.ParseUint(fact[2:], 8, 32); err == nil {
				e.Mode, e.HasMode = fs.FileMode(mode).Perm(), true
			}
		}
	}
	return e, nil
}
