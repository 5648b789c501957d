package show

import (
	"regexp"
	"strings"
	"time"
)

// File is a row of a listing.
type File struct {
	Name string // within the folder that is listed, or from the root of the file system
	Dir  bool
	Size int64
	Time time.Time // zero where there is none
}

// Listing is what "dir" or "show flash:" says.
type Listing struct {
	Of    string // what is listed, such as flash0:/; "" where it does not say
	Files []File
	Total int64 // octets of the file system; -1 where it does not say
	Free  int64
}

const date = `((?:[A-Z][a-z]{2} +\d{1,2} \d{4} +\d\d:\d\d:\d\d(?:\.\d+)? ?[+-]\d\d:\d\d)|<no date>)`

// fileLines are the lines of listings.
var fileLines = map[string]*regexp.Regexp{
	"of":        regexp.MustCompile(`^Directory of (\S.*)$`),
	"row":       regexp.MustCompile(`^ *(\d+)? +([d-][r-][w-] *[x-]?(?: *-)?) +(\d+) +` + date + `  (\S.*)$`),
	"undated":   regexp.MustCompile(`^ *(\d+)? +([d-][r-][w-][x-]?) +(\d+) +(\S.*)$`),
	"flash":     regexp.MustCompile(`^ *(\d+) +(\d+) ` + date + ` (\S.*)$`),
	"old":       regexp.MustCompile(`^ *(\d+) +(\d+) +([^\s/<][^<]*?)(?: \[deleted\])?$`),
	"rommon":    regexp.MustCompile(`^([d-])[r-][w-][x-][r-][w-][x-][r-][w-][x-] +(\d+) +(\S.*)$`),
	"total":     regexp.MustCompile(`^(\d+) bytes total \((\d+) bytes free(?:/\d+% free)?\)$`),
	"available": regexp.MustCompile(`^(\d+) bytes available \((\d+) bytes used\)$`),
	"used":      regexp.MustCompile(`^\[(\d+) bytes used, (\d+) available, (\d+) total\]$`),
	"heading": regexp.MustCompile(`^(?:[A-Za-z]+: +)?-#- +-+length-+ -+date/time-+ path$|^No files in directory$|^System (?:CompactFlash|flash) directory:$|^File +Length +Name/status$` +
		`|^\d+K bytes of .* \(Read/Write\)$|^dir \S+$|^Attributes +Size +Name$|^(?:- )+-$|^\d+ [Ff]ile\(s\), total size .*$|^-#- ED --type-- .*$`),
}

// ParseDir reads "dir", and "show flash:" in all its forms.
func ParseDir(text string) (l Listing, err error) {
	l.Total, l.Free = -1, -1
	r := read("dir", text)
	for {
		line, ok := r.next()
		if !ok {
			break
		}
		if err := l.line(r, strings.TrimRight(line, " ")); err != nil {
			return l, err
		}
	}
	if l.Total < 0 && len(l.Files) == 0 {
		return l, r.missing("there is neither a file nor a line on how much is free")
	}
	return l, nil
}

func (l *Listing) line(r *reader, line string) error {
	match := func(key string) []string { return fileLines[key].FindStringSubmatch(line) }
	if m := match("of"); m != nil {
		l.Of = m[1]
		return nil
	}
	if match("heading") != nil {
		return nil
	}
	if m := match("total"); m != nil {
		return l.space(r, m[1], m[2], "")
	}
	if m := match("available"); m != nil {
		return l.space(r, "", m[1], m[2])
	}
	if m := match("used"); m != nil {
		return l.space(r, m[3], m[2], "")
	}
	if m := match("row"); m != nil {
		return l.add(r, m[2][0] == 'd', m[3], m[4], m[5])
	}
	if m := match("undated"); m != nil {
		return l.add(r, m[2][0] == 'd', m[3], "", m[4])
	}
	if m := match("flash"); m != nil {
		return l.add(r, strings.HasSuffix(m[4], "/"), m[2], m[3], m[4])
	}
	if m := match("rommon"); m != nil {
		return l.add(r, m[1] == "d", m[2], "", m[3])
	}
	if m := match("old"); m != nil {
		return l.add(r, false, m[2], "", m[3])
	}
	return r.wrong("it is no row of a listing")
}

// space notes how much there is: in all, free, and used, of which one may be missing.
func (l *Listing) space(r *reader, total, free, used string) (err error) {
	if l.Free, err = r.number(free); err != nil {
		return err
	}
	if total != "" {
		l.Total, err = r.number(total)
		return err
	}
	n, err := r.number(used)
	l.Total = l.Free + n
	return err
}

func (l *Listing) add(r *reader, dir bool, size, when, name string) error {
	n, err := r.number(size)
	if err != nil {
		return err
	}
	f := File{Name: strings.TrimSpace(name), Dir: dir, Size: n}
	if when != "" && when != "<no date>" {
		if f.Time, err = fileTime(when); err != nil {
			return r.wrong("it has a date of another form than is known")
		}
	}
	l.Files = append(l.Files, f)
	return nil
}

func fileTime(text string) (time.Time, error) {
	return time.Parse("Jan 2 2006 15:04:05.999999999 -07:00", strings.Join(strings.Fields(text), " "))
}

// FileSystem is a row of "show file systems".
type FileSystem struct {
	Default  bool
	Size     int64 // octets; -1 where there is no size
	Free     int64
	Type     string   // disk, flash, nvram, network, opaque
	Writable bool     // what can be written to
	Readable bool     // what can be read
	Prefixes []string // such as flash: bootflash: flash-1:
}

var fileSystemLines = map[string]*regexp.Regexp{
	"row":     regexp.MustCompile(`^(\*| ) *(\d+|-) +(\d+|-) +([a-z]+) +(rw|ro|wo) +(\S.*)$`),
	"heading": regexp.MustCompile(`^File Systems:$|^ *Size\(b\) +Free\(b\) +Type +Flags +Prefixes$`),
}

// ParseFileSystems reads "show file systems".
func ParseFileSystems(text string) (all []FileSystem, err error) {
	r := read("show file systems", text)
	for {
		line, ok := r.next()
		if !ok {
			break
		}
		line = strings.TrimRight(line, " ")
		if fileSystemLines["heading"].MatchString(line) {
			continue
		}
		m := fileSystemLines["row"].FindStringSubmatch(line)
		if m == nil {
			return nil, r.wrong("it is no row of the table")
		}
		f := FileSystem{Default: m[1] == "*", Size: -1, Free: -1, Type: m[4], Writable: m[5] != "ro", Readable: m[5] != "wo"}
		for i, at := range []*int64{&f.Size, &f.Free} {
			if s := m[2+i]; s != "-" {
				if *at, err = r.number(s); err != nil {
					return nil, err
				}
			}
		}
		for p := range strings.FieldsSeq(m[6]) {
			if p = strings.TrimSuffix(p, "#"); p != "" {
				f.Prefixes = append(f.Prefixes, p)
			}
		}
		all = append(all, f)
	}
	if len(all) == 0 {
		return nil, r.missing("there is no row")
	}
	return all, nil
}
