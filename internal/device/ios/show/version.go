package show

import (
	"regexp"
	"strings"
	"time"
)

// Version is what "show version" says.
type Version struct {
	XE       bool
	Release  string // of the software, as in names of images: 15.7(3)M9, 17.12.04a, 03.06.05E
	IOS      string // of IOS alone, which on IOS XE is another: 17.12.4a, 15.2(2)E7
	Software string // the image as it calls itself, such as C2900-UNIVERSALK9-M

	Hostname  string
	Uptime    time.Duration
	Returned  string // why it booted: "reload at 10:29:35 CEST Sat Apr 14 2018"
	Restarted string // when, in its own words
	Reason    string // "Last reload reason"
	Image     string // that runs, such as flash0:c2900….bin; "" where it does not say

	Model    string // such as CISCO2911/K9; "" where it does not say
	Memory   int64  // octets
	Serial   string // processor board ID
	Register string // such as 0x2102; "" where there is none
	Next     string // register at the next boot
	Members  []Member
}

// Member is a switch of a stack, as the table of "show version" has it.
type Member struct {
	Number  int
	Active  bool
	Model   string
	Release string
	Image   string
	Mode    string // INSTALL, BUNDLE, or "" where there is no such column
}

// versionLines are the lines of "show version" that say something.
var versionLines = map[string]*regexp.Regexp{
	"xe":        regexp.MustCompile(`^Cisco IOS[ -]XE Software, Version (\S+)`),
	"ios":       regexp.MustCompile(`^(?:Cisco (?:IOS|Internetwork Operating System) Software|IOS \(tm\))(.*?)\(([^()]*)\), (?:Experimental )?Version ([^\s,]+)`),
	"xe3":       regexp.MustCompile(`^IOS XE Version: (\S+)`),
	"uptime":    regexp.MustCompile(`^(\S+) uptime is (.*)$`),
	"returned":  regexp.MustCompile(`^System returned to ROM by (.*)$`),
	"restarted": regexp.MustCompile(`^System restarted at (.*)$`),
	"reason":    regexp.MustCompile(`^Last reload reason: ?(.*)$`),
	"image":     regexp.MustCompile(`^System image file is "(.*)"`),
	"model":     regexp.MustCompile(`^(?:[Cc]isco|Allen-Bradley) (\S+) .*with +(?:with )?(\d+)K(?:/(\d+)K)? bytes of (?:physical )?memory`),
	"serial":    regexp.MustCompile(`^Processor board ID (\S+?)(?:,.*| \(.*)?$`),
	"register":  regexp.MustCompile(`^Configuration register is (0x[0-9A-Fa-f]+)(?: +\(will be (0x[0-9A-Fa-f]+) at next reload\))?$`),
	"member":    regexp.MustCompile(`^(\*)? *(\d+) +(\d+) +(\S+) +(\S+) +(\S+)(?: +(INSTALL|BUNDLE))?$`),
	"unit":      regexp.MustCompile(`^(\d+) (year|week|day|hour|minute|second)s?$`),
}

// ParseVersion reads "show version".
func ParseVersion(text string) (v Version, err error) {
	r := read("show version", text)
	for {
		line, ok := r.next()
		if !ok {
			break
		}
		if err := v.line(r, strings.TrimSpace(line)); err != nil {
			return v, err
		}
	}
	if v.Release == "" {
		v.Release = v.IOS
	}
	switch {
	case v.Release == "":
		return v, r.missing("there is no line with a version of IOS")
	case v.Hostname == "":
		return v, r.missing("there is no line with the uptime")
	}
	return v, nil
}

func (v *Version) line(r *reader, line string) (err error) {
	match := func(key string) []string { return versionLines[key].FindStringSubmatch(line) }
	switch {
	case match("member") != nil:
		return v.member(r, match("member"))
	case match("xe") != nil && v.Release == "":
		v.XE, v.Release = true, match("xe")[1]
	case match("ios") != nil && v.IOS == "":
		m := match("ios")
		v.Software, v.IOS = m[2], m[3]
		v.XE = v.XE || strings.Contains(m[1], "IOS-XE Software") || strings.Contains(m[1], "[")
	case match("xe3") != nil:
		v.XE, v.Release = true, match("xe3")[1]
	case match("uptime") != nil && v.Hostname == "":
		v.Hostname = match("uptime")[1]
		v.Uptime, err = r.uptime(match("uptime")[2])
	case match("returned") != nil:
		v.Returned = strings.TrimSpace(match("returned")[1])
	case match("restarted") != nil:
		v.Restarted = match("restarted")[1]
	case match("reason") != nil:
		v.Reason = strings.TrimSpace(match("reason")[1])
	case match("image") != nil:
		v.Image = match("image")[1]
	case match("model") != nil && v.Model == "":
		return v.hardware(r, match("model"))
	case match("serial") != nil && v.Serial == "":
		v.Serial = match("serial")[1]
	case match("register") != nil:
		v.Register, v.Next = match("register")[1], match("register")[2]
		if v.Next == "" {
			v.Next = v.Register
		}
	case strings.HasPrefix(line, "Configuration register is"), strings.HasPrefix(line, "System image file is"), strings.HasPrefix(line, "Processor board ID"):
		return r.wrong("it has another form than is known")
	}
	return err
}

func (v *Version) hardware(r *reader, m []string) error {
	v.Model = m[1]
	for _, part := range m[2:] {
		if part == "" {
			continue
		}
		n, err := r.number(part)
		if err != nil {
			return err
		}
		v.Memory += n << 10
	}
	return nil
}

func (v *Version) member(r *reader, m []string) error {
	n, err := r.number(m[2])
	if err != nil {
		return err
	}
	v.Members = append(v.Members, Member{int(n), m[1] == "*", m[4], m[5], m[6], m[7]})
	return nil
}

// uptime reads "1 year, 22 weeks, 6 days, 9 hours, 38 minutes", of which any part may lack.
func (r *reader) uptime(text string) (long time.Duration, err error) {
	units := map[string]time.Duration{
		"year": 365 * 24 * time.Hour, "week": 7 * 24 * time.Hour, "day": 24 * time.Hour, "hour": time.Hour, "minute": time.Minute, "second": time.Second,
	}
	text = strings.TrimSpace(text)
	if text != "" && strings.Trim(text[len(text)-1:], "0123456789") == "" { // its unit is on the next line
		rest, _ := r.next()
		text += " " + strings.TrimSpace(rest)
	}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		m := versionLines["unit"].FindStringSubmatch(part)
		if m == nil {
			return 0, r.wrong("the uptime is in other words than are known")
		}
		n, err := r.number(m[1])
		if err != nil || n > 1000 {
			return 0, r.wrong("the uptime is too long")
		}
		long += time.Duration(n) * units[m[2]]
	}
	return long, nil
}
