package ftp

import (
	"strings"
	"time"
)

// Listing reads the lines of a LIST, which has no standard: those of Unix, of Windows
// (IIS), of VMS, of Cisco IOS and of EPLF. The form is found line by line, since servers
// mix them. The zero value is ready, except that without Now a date that says no year is
// some day before the year 1.
type Listing struct {
	Now time.Time // see ParseUnix

	split  string // VMS: a name whose columns stand in the next line
	newest string // VMS: the name whose newest version has been listed
}

// Line reads one line, without its end. ok is false if it tells of no file: it is blank,
// a heading, a sum. Of a VMS file only the newest version is told. An error means that
// the line is in none of the forms.
func (l *Listing) Line(line string) (e Entry, ok bool, err error) {
	if l.split != "" {
		line, l.split = l.split+" "+line, ""
	}
	switch {
	case isCaption(line):
		return Entry{}, false, nil
	case line[0] == '+':
		e, err = ParseEPLF(line)
	case isDOS(line):
		e, err = ParseDOS(line)
	case isCisco(line):
		e, err = ParseCisco(line)
	case isVMS(line):
		if e, err = ParseVMS(line); err == errNoColumns {
			l.split = line
			return Entry{}, false, nil
		}
		if err == nil && e.Name == l.newest {
			return Entry{}, false, nil
		}
		l.newest = e.Name
	default:
		e, err = ParseUnix(line, l.Now)
	}
	return e, err == nil, err
}

// captions are how lines begin that tell of no file.
var captions = [...]string{"total ", "Total of ", "Grand total of ", "Directory of ", "Directory ", "No files in directory"}

func isCaption(line string) bool {
	if strings.TrimSpace(line) == "" || strings.HasSuffix(line, " bytes free)") {
		return true
	}
	for _, caption := range captions {
		if strings.HasPrefix(line, caption) {
			return true
		}
	}
	return false
}
