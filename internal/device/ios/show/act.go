package show

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// What ends a copy, or another act on files.
var (
	ErrTimeout  = errors.New("timed out")
	ErrNotFound = errors.New("no such file, or it may not be made")
	ErrName     = errors.New("the name cannot be used")
	ErrResolve  = errors.New("the host name cannot be resolved")
	ErrNoSpace  = errors.New("not enough space on the device")
	ErrLogin    = errors.New("the server refuses the log-in")
	ErrConnect  = errors.New("the server refuses the connection")
	ErrForeign  = errors.New("the file is not for this platform")
	ErrAborted  = errors.New("aborted")
	ErrUnsaved  = errors.New("the configuration was changed and not saved")
	ErrOther    = errors.New("the device reports an error")
)

// ActError is an error that a device prints about what it was told to do. It is one of the
// errors above.
type ActError struct {
	Kind error
	Text string // what the device says
}

func (e *ActError) Error() string { return fmt.Sprintf("%v: %s", e.Kind, e.Text) }
func (e *ActError) Unwrap() error { return e.Kind }

// reasons are what stands in brackets at the end of an error.
var reasons = []struct {
	text string
	kind error
}{
	{"timed out", ErrTimeout}, {"no such file or directory", ErrNotFound}, {"cannot resolve domain name", ErrResolve}, {"bad address", ErrName},
	{"not enough space on device", ErrNoSpace}, {"no space left on device", ErrNoSpace}, {"incorrect login/password", ErrLogin},
	{"connection refused", ErrConnect}, {"undefined error", ErrOther}, {"invalid argument", ErrName}, {"bad file number", ErrName}, {"permission denied", ErrNotFound},
	{"aborted", ErrAborted}, {"invalid ip address or hostname", ErrResolve},
}

var actLines = map[string]*regexp.Regexp{
	"copied":   regexp.MustCompile(`^(\d+) bytes copied in (\d+(?:\.\d+)?) secs?\b`),
	"error":    regexp.MustCompile(`^%\s?(?:Error|Warning)\b.*$|^\?.*$|^%\S.*\(.*\)$`),
	"autoinst": regexp.MustCompile(`%Error opening tftp://255\.255\.255\.255/`),
	"harmless": regexp.MustCompile(`^%\s?Warning:\s?There is a file already existing|^%\s?Warning:.*deprecated`),
	"foreign":  regexp.MustCompile(`File not a valid executable for this system`),
	"md5":      regexp.MustCompile(`^(?:\.*\s*Done!\s*)?[Vv]erif(?:y|ied) /md5 \((\S+)\) = ([0-9a-fA-F]{32})$`),
	"hash":     regexp.MustCompile(`^(?:Embedded hash verification successful\.?|Digital signature successfully verified in file .*|Signature Verified)$`),
	"failed":   regexp.MustCompile(`(?i)verification failed|signature .*(?:invalid|failed)|%Error verifying`),
	"install":  regexp.MustCompile(`FAILED: *(.*)$`),
	"success":  regexp.MustCompile(`SUCCESS: *((?:clear_)?install_\w+|No extra package)`),
	"added":    regexp.MustCompile(`Image added\. Version: (\S+)`),
	"room":     regexp.MustCompile(`(?m)^\d+ bytes available\b.*\)`),
	"nospace":  regexp.MustCompile(`(?i)not enough free disk|free space|of free disk is required`),
	"pending":  regexp.MustCompile(`Install ISSU in progress|Same Image File-No Change`),
	"volatile": regexp.MustCompile(`^(?:Building configuration\.\.\.|Current configuration : .*|Using \d+ out of \d+ bytes.*|! (?:Last configuration change|NVRAM config last updated|No configuration change since last restart).*|ntp clock-period .*)$`),
	"boot":     regexp.MustCompile(`^boot system (\S.*)$`),
	"sched":    regexp.MustCompile(`^Reload scheduled (.*)$`),
}

// failure is the first error that a text holds, nil if there is none.
func failure(text string) error {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if actLines["foreign"].MatchString(line) {
			return &ActError{ErrForeign, line}
		}
		if !actLines["error"].MatchString(line) || actLines["autoinst"].MatchString(line) || actLines["harmless"].MatchString(line) {
			continue
		}
		if strings.HasPrefix(line, "?Host name or address not specified") {
			return &ActError{ErrName, line}
		}
		low := strings.ToLower(line)
		for _, r := range reasons {
			if strings.HasSuffix(low, "("+r.text+")") || strings.Contains(low, "("+r.text) {
				if room := actLines["room"].FindString(text); r.kind == ErrNoSpace && room != "" {
					line += "; " + room
				}
				return &ActError{r.kind, line}
			}
		}
		return &ActError{ErrOther, line}
	}
	return nil
}

// Copied is what a copy that has worked says of itself.
type Copied struct {
	Bytes int64
	Took  time.Duration
}

// ParseCopy reads what "copy" prints. It is no success without the line that says so; but
// only the device's files say what is there.
func ParseCopy(text string) (c Copied, err error) {
	if err := failure(text); err != nil {
		return c, err
	}
	r := read("copy", text)
	for {
		line, ok := r.next()
		if !ok {
			return c, r.missing("there is no line that says how much was copied")
		}
		m := actLines["copied"].FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		if c.Bytes, err = r.number(m[1]); err != nil {
			return c, err
		}
		secs, err := strconv.ParseFloat(m[2], 64)
		if err != nil || secs > 1e9 {
			return c, r.wrong("the time is no number")
		}
		c.Took = time.Duration(secs * float64(time.Second))
		return c, nil
	}
}

// ParseMD5 reads what "verify /md5 FILE" prints: the file as the device names it, and its
// MD5 in hexadecimal, lower case.
func ParseMD5(text string) (file, sum string, err error) {
	if err := failure(text); err != nil {
		return "", "", err
	}
	r := read("verify /md5", text)
	for r.n < len(r.lines) {
		line := strings.TrimSpace(r.lines[r.n])
		r.n++
		if m := actLines["md5"].FindStringSubmatch(line); m != nil {
			return m[1], strings.ToLower(m[2]), nil
		}
	}
	return "", "", r.missing("there is no line with the sum")
}

// ParseVerify reads what "verify FILE" prints: nil if the vendor's own sum or signature in
// the file is right.
func ParseVerify(text string) error {
	good := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if actLines["failed"].MatchString(line) {
			return &ActError{ErrOther, line}
		}
		good = good || actLines["hash"].MatchString(line)
	}
	if err := failure(text); err != nil {
		return err
	}
	if !good {
		return read("verify", text).missing("there is no line that says whether it is right")
	}
	return nil
}

// ParseDelete reads what "delete" prints, which is nothing if all is well.
func ParseDelete(text string) error { return failure(text) }

// ParseSaved reads what "write memory" prints.
func ParseSaved(text string) error {
	if err := failure(text); err != nil {
		return err
	}
	if !strings.Contains(text, "[OK]") && !strings.Contains(text, " bytes copied in ") {
		return read("write memory", text).missing("there is no [OK]")
	}
	return nil
}

// ParseInstalled reads what a command of "install" prints; version is that of an image that
// was added, as install numbers it.
func ParseInstalled(text string) (version string, err error) {
	done := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if m := actLines["install"].FindStringSubmatch(line); m != nil {
			kind := ErrOther
			switch {
			case actLines["nospace"].MatchString(m[1]):
				kind = ErrNoSpace
			case strings.Contains(m[1], "System configuration has been modified"):
				kind = ErrUnsaved
			}
			return "", &ActError{kind, m[1]}
		}
		if actLines["pending"].MatchString(line) {
			return "", &ActError{ErrOther, line}
		}
		if m := actLines["added"].FindStringSubmatch(line); m != nil {
			version = m[1]
		}
		done = done || actLines["success"].MatchString(line)
	}
	if !done {
		return version, read("install", text).missing("there is no line SUCCESS")
	}
	return version, nil
}

// ParseReload reads "show reload": what is scheduled, "" for nothing.
func ParseReload(text string) (string, error) {
	r := read("show reload", text)
	line, ok := r.next()
	line = strings.TrimSpace(line)
	if m := actLines["sched"].FindStringSubmatch(line); m != nil {
		return m[1], nil
	}
	if !ok || !strings.HasPrefix(line, "No reload is scheduled") {
		return "", r.wrong("it says neither that a reload is scheduled nor that none is")
	}
	return "", nil
}

// Config cuts a configuration out of what "show running-config" prints, and sees that it is
// whole: its last line is "end".
func Config(text string) (string, error) {
	r := read("show running-config", text)
	last, begin := -1, 0
	for i, line := range r.lines {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "Building configuration...") || strings.HasPrefix(trimmed, "Current configuration :") {
			begin = i + 1
		}
		if strings.TrimRight(line, " ") == "end" {
			last = i
		}
	}
	for begin <= last && strings.TrimSpace(r.lines[begin]) == "" {
		begin++
	}
	if last < begin {
		return "", r.missing("it breaks off: there is no line \"end\"")
	}
	for i := last + 1; i < len(r.lines); i++ {
		if line := r.lines[i]; strings.TrimSpace(line) != "" && !isAround(line) {
			r.n = i + 1
			return "", r.wrong("it stands behind the line \"end\"")
		}
	}
	return strings.Join(r.lines[begin:last+1], "\n") + "\n", nil
}

// Steady is a configuration without the lines that change by themselves: times of changes,
// sizes, and what ntp notes. Two configurations that say the same are equal after it.
func Steady(config string) string {
	var b strings.Builder
	for line := range strings.Lines(config) {
		if !actLines["volatile"].MatchString(strings.TrimRight(line, "\r\n ")) {
			b.WriteString(strings.TrimRight(line, "\r\n") + "\n")
		}
	}
	return b.String()
}

// BootSystem returns what follows "boot system" in a configuration, in its order.
func BootSystem(config string) (all []string) {
	for line := range strings.Lines(config) {
		if m := actLines["boot"].FindStringSubmatch(strings.TrimRight(line, "\r\n ")); m != nil {
			all = append(all, m[1])
		}
	}
	return all
}
