package show

import (
	"regexp"
	"strings"
)

// Boot is what "show boot" or "show bootvar" says of one member of a stack, or of a device.
type Boot struct {
	Member   int      // 0 where there are none
	Standby  bool     // of the other supervisor
	List     []string // of the next boot, first to be tried in front
	Current  []string // of this one, where the device tells it apart
	Manual   string   // "yes" waits at the boot loader; "" where it does not say
	Config   string   // file that the configuration is in; "" is the usual one
	Register string   // such as 0x2102; "" where there is none
	Next     string   // register at the next boot
}

var bootLines = map[string]*regexp.Regexp{
	"member":   regexp.MustCompile(`^Switch (\d+)$`),
	"rule":     regexp.MustCompile(`^-+$`),
	"current":  regexp.MustCompile(`^Current Boot Variables:$`),
	"next":     regexp.MustCompile(`^Boot Variables on next reload:$`),
	"boot":     regexp.MustCompile(`^(Standby )?BOOT variable(?: =(.*)| does not exist)$`),
	"list":     regexp.MustCompile(`^BOOT path-list +:(.*)$`),
	"manual":   regexp.MustCompile(`^(Standby )?(?:MANUAL_BOOT variable =|Manual Boot +[:=]) *(yes|no)$`),
	"config":   regexp.MustCompile(`^(Standby )?(?:CONFIG_FILE variable =|Config file +:) *(\S.*)?$`),
	"register": regexp.MustCompile(`^(Standby )?Configuration [Rr]egister is (0x[0-9A-Fa-f]+)(?: +\(will be (0x[0-9A-Fa-f]+) at next reload\))?$`),
	"other": regexp.MustCompile(`^(?:Standby )?(?:[A-Z_]+ variable (?:=.*|does not exist)$)|^(?:Private Config file|Enable Break|Allow Dev Key|HELPER path-list|Auto upgrade|Auto upgrade path|Boot optimization)\b *[:=]` +
		`|^(?:Enable Break|Boot Mode|iPXE Timeout|BOOTLDR|Baud) *=|^NVRAM/Config file$|^ *buffer size:|^Timeout for Config$|^ *Download: |^Config Download$|^ *via DHCP: |^Standby not ready to show bootvar$|^ *\(next boot: `),
}

// ParseBoot reads "show boot" and "show bootvar".
func ParseBoot(text string) (all []Boot, err error) {
	r := read("show boot", text)
	b := boots{r: r}
	for {
		line, ok := r.next()
		if !ok {
			break
		}
		if err := b.line(strings.TrimRight(line, " ")); err != nil {
			return nil, err
		}
	}
	for _, b := range b.all {
		if b.told {
			all = append(all, b.Boot)
		}
	}
	if len(all) == 0 {
		return nil, r.missing("there is no boot variable")
	}
	return all, nil
}

// boots is what has been read so far.
type boots struct {
	r       *reader
	all     []*bootBlock
	member  int
	current bool // within "Current Boot Variables"
}

type bootBlock struct {
	Boot
	told bool
}

// of returns the block that a line belongs to.
func (b *boots) of(standby bool) *Boot {
	for _, o := range b.all {
		if o.Member == b.member && o.Standby == standby {
			o.told = true
			return &o.Boot
		}
	}
	o := &bootBlock{Boot{Member: b.member, Standby: standby}, true}
	b.all = append(b.all, o)
	return &o.Boot
}

func (b *boots) line(line string) error {
	match := func(key string) []string { return bootLines[key].FindStringSubmatch(line) }
	if m := match("member"); m != nil {
		n, err := b.r.number(m[1])
		if len(b.all) == 1 && b.all[0].Member == 0 { // the first has no heading of its own
			b.all[0].Member = 1
		}
		b.member, b.current = int(n), false
		return err
	}
	if match("rule") != nil {
		return nil
	}
	if match("current") != nil || match("next") != nil {
		b.current = match("current") != nil
		return nil
	}
	if m := match("boot"); m != nil {
		list, o := bootList(m[2]), b.of(m[1] != "")
		if b.current {
			o.Current = list
		} else {
			o.List = list
		}
		return nil
	}
	if m := match("list"); m != nil {
		b.of(false).List = bootList(m[1])
		return nil
	}
	if m := match("manual"); m != nil {
		b.of(m[1] != "").Manual = m[2]
		return nil
	}
	if m := match("config"); m != nil {
		b.of(m[1] != "").Config = m[2]
		return nil
	}
	if m := match("register"); m != nil {
		o := b.of(m[1] != "")
		o.Register, o.Next = m[2], m[3]
		if o.Next == "" {
			o.Next = o.Register
		}
		return nil
	}
	if match("other") != nil {
		return nil
	}
	return b.r.wrong("it is no line of the boot variables")
}

// bootList takes a list apart: entries end with ";", and may have a number behind a comma.
func bootList(text string) (list []string) {
	for entry := range strings.SplitSeq(text, ";") {
		if i := strings.LastIndexByte(entry, ','); i >= 0 && strings.Trim(entry[i+1:], "0123456789 ") == "" {
			entry = entry[:i]
		}
		if entry = strings.TrimSpace(entry); entry != "" {
			list = append(list, entry)
		}
	}
	return list
}
