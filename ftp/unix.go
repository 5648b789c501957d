package ftp

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// halfYear is how far back ls tells the hour instead of the year.
const halfYear = 365*24*time.Hour/2 + 3*time.Hour

// AppendUnix appends the entry as a line of ls -l, without a line end, the de facto form
// of LIST. Times are in UTC: with the hour within the half year before now, else with
// the year. What is not known is filled in: owner and group "ftp", size 0, one link,
// 1970.
func (e Entry) AppendUnix(b []byte, now time.Time) []byte {
	b = appendMode(b, e)
	b = append(b, ' ')
	b = appendRight(b, max(e.Links, 1), 3)
	b = append(b, ' ')
	b = appendOwner(b, e.Owner)
	b = append(b, ' ')
	b = appendOwner(b, e.Group)
	b = append(b, ' ')
	b = appendRight(b, uint64(max(e.Size, 0)), 12)
	b = append(b, ' ')
	b = appendUnixTime(b, e.ModTime, now)
	b = append(b, ' ')
	b = appendName(b, e.Name)
	if e.Type == TypeLink && e.Target != "" {
		b = append(b, " -> "...)
		b = appendName(b, e.Target)
	}
	return b
}

// appendMode appends the ten characters of type and permissions.
func appendMode(b []byte, e Entry) []byte {
	letter, mode := byte('-'), fs.FileMode(0o644)
	switch {
	case e.Type.IsDir():
		letter, mode = 'd', 0o755
	case e.Type == TypeLink:
		letter, mode = 'l', 0o777
	case e.Type == TypeOther:
		letter = 'p'
	}
	if e.HasMode {
		mode = e.Mode
	}
	b = append(b, letter)
	for i, c := range []byte("rwxrwxrwx") {
		if mode&(0o400>>i) == 0 {
			c = '-'
		}
		b = append(b, c)
	}
	return b
}

// appendRight appends a number aligned to the right of at least width columns.
func appendRight(b []byte, n uint64, width int) []byte {
	var digits [20]byte
	s := strconv.AppendUint(digits[:0], n, 10)
	for range width - len(s) {
		b = append(b, ' ')
	}
	return append(b, s...)
}

// appendOwner appends the name of an owner or a group in at least eight columns. It has
// to stay one word.
func appendOwner(b []byte, name string) []byte {
	if name == "" {
		name = "ftp"
	}
	for i := range len(name) {
		if c := name[i]; c == ' ' || c == ',' || isControl(c) { // "8," would be a device number
			b = append(b, '_')
		} else {
			b = append(b, c)
		}
	}
	for range 8 - len(name) {
		b = append(b, ' ')
	}
	return b
}

func appendUnixTime(b []byte, t, now time.Time) []byte {
	if !ValidTime(t) {
		t = time.Unix(0, 0)
	}
	t = t.UTC()
	year, month, day := t.Date()
	b = append(b, month.String()[:len("Jan")]...)
	b = append(b, ' ')
	b = appendRight(b, uint64(day), len("31"))
	b = append(b, ' ')
	if age := now.Sub(t); age >= 0 && age < halfYear {
		hour, minute, _ := t.Clock()
		b = append(appendTwo(b, hour), ':')
		return appendTwo(b, minute)
	}
	b = append(b, ' ')
	return appendTwo(appendTwo(b, year/100), year%100)
}

// appendTwo appends a number below 100 in two digits.
func appendTwo(b []byte, n int) []byte { return append(b, '0'+byte(n/10), '0'+byte(n%10)) }

// ParseUnix reads a line of ls -l as Unix servers send it for LIST. A date without a year
// is the last such day, up to a day ahead of now since servers have other clocks. It
// takes lines with or without a column for links or groups, names of owners with spaces,
// the marks of ACLs, device numbers, the time styles of GNU ls and the dates of Japan and
// China; also those of NetWare and Connect:Enterprise, which have other marks in the place
// of the mode. Names are taken literally. An error means that the line is something else,
// such as "total 12".
func ParseUnix(line string, now time.Time) (Entry, error) {
	e := Entry{Size: -1}
	words, ok := e.parseMarks(splitWords(line))
	if !ok || len(words) < 5 {
		return Entry{}, fmt.Errorf("ftp: not a line of ls -l: %q", line)
	}
	for i := 2; i < len(words); i++ {
		if !isDigits(words[i-1].text) && !isDevice(words[i-1].text) {
			continue
		}
		t, n := parseUnixTime(words[i:], now)
		if n == 0 {
			continue
		}
		e.ModTime = t
		e.parseColumns(words[1:i])
		e.setUnixName(line[words[i+n-1].end:])
		if e.Name == "" {
			break
		}
		return e, nil
	}
	return Entry{}, fmt.Errorf("ftp: no date and name in a line of ls -l: %q", line)
}

// word is a run of characters other than space, and where in its line it ends.
type word struct {
	text string
	end  int
}

// maxColumns bounds the words before the name, those of a spaced owner included.
const maxColumns = 24

func splitWords(line string) []word {
	words := make([]word, 0, maxColumns)
	for i := 0; len(words) < maxColumns; {
		for i < len(line) && line[i] == ' ' {
			i++
		}
		start := i
		for i < len(line) && line[i] != ' ' {
			i++
		}
		if start == i {
			break
		}
		words = append(words, word{line[start:i], i})
	}
	return words
}

// parseMarks reads what a line begins with, and returns the words from there on, the
// first of which is not looked at any more.
func (e *Entry) parseMarks(words []word) ([]word, bool) {
	if len(words) < 2 {
		return nil, false
	}
	first, second := words[0].text, words[1].text
	switch {
	case len(first) == 1 && len(second) == 10 && second[0] == '[' && second[9] == ']': // NetWare: d [RWCEAFMS]
		switch first {
		case "-":
			e.Type = TypeFile
		case "d":
			e.Type = TypeDir
		default:
			return nil, false
		}
		return words[1:], true
	case len(first) == 13 && strings.HasSuffix(first, "FTP") && len(second) == 1: // Connect:Enterprise: -C--E-----FTP B
		e.Type = TypeFile
		return words[1:], true
	case len(first) > 11 && first[10] == '+' && isDigits(first[11:]): // many links leave no room
		links := word{first[11:], words[0].end}
		return append([]word{words[0], links}, words[1:]...), e.parseMode(first[:11])
	}
	return words, e.parseMode(first)
}

// parseMode reads "drwxr-xr-x", with whatever a server says about ACLs behind it.
func (e *Entry) parseMode(s string) bool {
	if len(s) < 10 || len(s) > 11 || strings.IndexByte("-fdlbcpsDn", s[0]) < 0 {
		return false
	}
	switch s[0] {
	case '-', 'f':
		e.Type = TypeFile
	case 'd':
		e.Type = TypeDir
	case 'l':
		e.Type = TypeLink
	}
	for i := range 9 {
		switch c := s[1+i]; {
		case c == "rwxrwxrwx"[i], i%3 == 2 && (c == 's' || c == 't'):
			e.Mode |= 0o400 >> i
		case c == '-', i%3 == 2 && strings.IndexByte("STLl", c) >= 0:
		default:
			return false
		}
	}
	e.HasMode = true
	return true
}

// parseColumns reads what stands between mode and date: links owner group size, or
// fewer. A device has its major and minor number in the place of the size.
func (e *Entry) parseColumns(words []word) {
	last := len(words) - 1
	e.Size = -1
	if !isDevice(words[last].text) {
		e.Size = parseSize(words[last].text)
	}
	words = words[:last]
	if last := len(words) - 1; last > 0 {
		if major, ok := strings.CutSuffix(words[last].text, ","); ok && isDigits(major) {
			e.Size = -1
			words = words[:last]
		}
	}
	if len(words) > 1 {
		if n, err := strconv.ParseUint(words[0].text, 10, 64); err == nil {
			e.Links = n
			words = words[1:]
		}
	}
	if len(words) == 0 {
		return
	}
	e.Owner = words[0].text
	for i, w := range words[1:] {
		if i > 0 {
			e.Group += " "
		}
		e.Group += w.text
	}
}

// isDevice reports whether s is the numbers of a device without a blank between them.
func isDevice(s string) bool {
	major, minor, ok := strings.Cut(s, ",")
	return ok && isDigits(major) && isDigits(minor)
}

// setUnixName takes the rest of the line after the date: one space and the name, of a
// link also its target.
func (e *Entry) setUnixName(rest string) {
	e.Name = strings.TrimPrefix(rest, " ")
	switch {
	case e.Type == TypeLink:
		if name, target, ok := strings.Cut(e.Name, " -> "); ok && name != "" {
			e.Name, e.Target = name, target
		}
	case e.Type == TypeDir && e.Name == ".":
		e.Type = TypeCurDir
	case e.Type == TypeDir && e.Name == "..":
		e.Type = TypeParent
	}
}

// parseUnixTime reads a date at the start of words and returns how many it took, 0 if
// there is none.
func parseUnixTime(words []word, now time.Time) (time.Time, int) {
	if len(words) >= 3 {
		month, day := words[0].text, strings.TrimSuffix(words[1].text, "日")
		if isDigits(month) {
			month, day = day, month // as some locales have it
		}
		if m := parseMonth(month); m != 0 {
			if t, ok := unixTime(m, day, strings.TrimSuffix(words[2].text, "年"), now); ok {
				return t, 3
			}
		}
	}
	if len(words) >= 2 && len(words[0].text) == len("2006-01-02") {
		clock, _, _ := strings.Cut(words[1].text, ".") // --time-style=full-iso has a fraction and a zone
		for _, layout := range []string{"2006-01-02 15:04", "2006-01-02 15:04:05"} {
			t, err := time.Parse(layout, words[0].text+" "+clock)
			if err != nil {
				continue
			}
			if len(words) >= 3 && len(clock) == len("15:04:05") {
				if zone, err := time.Parse("-0700", words[2].text); err == nil {
					_, offset := zone.Zone()
					return t.Add(-time.Duration(offset) * time.Second), 3
				}
			}
			return t, 2
		}
	}
	return time.Time{}, 0
}

// unixTime puts together a month, a day, and either a year or an hour.
func unixTime(m time.Month, day, yearOrHour string, now time.Time) (time.Time, bool) {
	d, err := strconv.Atoi(strings.TrimSuffix(day, "."))
	if err != nil || d < 1 || d > 31 {
		return time.Time{}, false
	}
	if isDigits(yearOrHour) && len(yearOrHour) == 4 {
		year, _ := strconv.Atoi(yearOrHour)
		t := time.Date(year, m, d, 0, 0, 0, 0, time.UTC)
		return t, t.Day() == d
	}
	clock, err := time.Parse("15:04", yearOrHour)
	if err != nil {
		return time.Time{}, false
	}
	latest := now.UTC().Add(24 * time.Hour)
	for year := latest.Year(); year > latest.Year()-9; year-- { // 29 February is eight years apart at most
		t := time.Date(year, m, d, clock.Hour(), clock.Minute(), 0, 0, time.UTC)
		if t.Day() == d && !t.After(latest) {
			return t, true
		}
	}
	return time.Time{}, false
}

func parseMonth(s string) time.Month {
	if number, ok := strings.CutSuffix(s, "月"); ok {
		if m, err := strconv.Atoi(number); err == nil && m >= 1 && m <= 12 {
			return time.Month(m)
		}
	}
	if len(s) != 3 {
		return 0
	}
	for m := time.January; m <= time.December; m++ {
		if strings.EqualFold(s, m.String()[:3]) {
			return m
		}
	}
	return 0
}
