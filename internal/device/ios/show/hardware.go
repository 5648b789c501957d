package show

import (
	"regexp"
	"strings"
)

// Item is a part of "show inventory".
type Item struct {
	Name, Description string
	PID, VID, Serial  string
}

var inventoryLines = map[string]*regexp.Regexp{
	"name": regexp.MustCompile(`^ *NAME: *"(.*?)" *, *DESCR: *"(.*?)"? *$`),
	"pid":  regexp.MustCompile(`^ *PID: *(.*?) *,? *VID: *(.*?) *,? *SN: *(.*?) *$`),
	"info": regexp.MustCompile(`^INFO: `),
}

// ParseInventory reads "show inventory".
func ParseInventory(text string) (all []Item, err error) {
	r := read("show inventory", text)
	open := false // a name, whose PID is to come
	for {
		line, ok := r.next()
		if !ok {
			break
		}
		if m := inventoryLines["name"].FindStringSubmatch(line); m != nil {
			all = append(all, Item{Name: m[1], Description: m[2]})
			open = true
			continue
		}
		m := inventoryLines["pid"].FindStringSubmatch(line)
		switch {
		case m != nil && open:
			i := &all[len(all)-1]
			i.PID, i.VID, i.Serial = m[1], m[2], m[3]
			open = false
		case m != nil:
			return nil, r.wrong("it has no name before it")
		case !inventoryLines["info"].MatchString(line):
			return nil, r.wrong("it is no line of the inventory")
		}
	}
	if len(all) == 0 {
		return nil, r.missing("there is no item")
	}
	return all, nil
}

// Switch is a member of a stack.
type Switch struct {
	Number   int
	Active   bool // the one that one works at
	Role     string
	MAC      string
	Priority int
	State    string // Ready, V-Mismatch, Provisioned, …
}

var switchLines = map[string]*regexp.Regexp{
	"row":     regexp.MustCompile(`^ *(\*)? *(\d+) +([A-Z][a-z]+) +([0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}) +(\d+) +(?:(?:V?\d+) +)?([A-Za-z][\w -]*)$`),
	"heading": regexp.MustCompile(`^(?:Switch|Chassis)/Stack Mac Address : |^Mac persistency wait time|^ +H/W +Current$|^(?:Switch|Chassis)# +Role |^-+$`),
	"ports":   regexp.MustCompile(`^ +Stack Port Status +Neighbors$|^Switch# +Port 1 |^ *\d+ +(?:OK|Ok|DOWN|Down|ABSENT|Absent) `),
}

// ParseSwitch reads "show switch", and its detail. A stack without members is none.
func ParseSwitch(text string) (all []Switch, err error) {
	r := read("show switch", text)
	heading := false
	for {
		line, ok := r.next()
		if !ok {
			break
		}
		line = strings.TrimRight(line, " ")
		if switchLines["heading"].MatchString(line) || switchLines["ports"].MatchString(line) {
			heading = true
			continue
		}
		m := switchLines["row"].FindStringSubmatch(line)
		if m == nil {
			return nil, r.wrong("it is no row of the stack")
		}
		n, err := r.number(m[2])
		if err != nil {
			return nil, err
		}
		priority, err := r.number(m[5])
		if err != nil {
			return nil, err
		}
		all = append(all, Switch{int(n), m[1] == "*", m[3], m[4], int(priority), m[6]})
	}
	if !heading {
		return nil, r.missing("there is no table")
	}
	return all, nil
}

// Redundancy is what "show redundancy states" says.
type Redundancy struct {
	Own  string // state of the supervisor that one works at: ACTIVE
	Peer string // of the other: STANDBY HOT, DISABLED
	Mode string // such as sso
}

var redundancyLines = map[string]*regexp.Regexp{
	"own":   regexp.MustCompile(`^ *my state = *\d+ +-(.*?) *$`),
	"peer":  regexp.MustCompile(`^ *peer state = *\d+ +-(.*?) *$`),
	"mode":  regexp.MustCompile(`^ *Redundancy State *= *(.*?) *$`),
	"other": regexp.MustCompile(`^ *[A-Za-z][\w ()]* *= *\S`),
}

// ParseRedundancy reads "show redundancy states".
func ParseRedundancy(text string) (d Redundancy, err error) {
	r := read("show redundancy states", text)
	for {
		line, ok := r.next()
		if !ok {
			break
		}
		known := false
		for key, at := range map[string]*string{"own": &d.Own, "peer": &d.Peer, "mode": &d.Mode} {
			if m := redundancyLines[key].FindStringSubmatch(line); m != nil {
				*at, known = m[1], true
			}
		}
		if !known && !redundancyLines["other"].MatchString(line) {
			return d, r.wrong("it is no line of the states")
		}
	}
	if d.Own == "" {
		return d, r.missing("there is no line on the own state")
	}
	return d, nil
}
