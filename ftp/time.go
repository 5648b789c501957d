package ftp

import (
	"fmt"
	"strings"
	"time"
)

// AppendTime appends t as a time-val, YYYYMMDDHHMMSS in UTC, whole seconds (RFC 3659,
// section 2.3). A year that does not have four digits is not representable; see [ValidTime].
func AppendTime(b []byte, t time.Time) []byte { return t.UTC().AppendFormat(b, "20060102150405") }

// ValidTime reports whether t is known and can be said as a time-val.
func ValidTime(t time.Time) bool {
	s := t.Unix()
	return !t.IsZero() && s >= firstSecond && s <= lastSecond
}

// The first second of the year 0 and the last one of the year 9999, as [time.Time.Unix]
// counts.
const (
	firstSecond = -62167219200
	lastSecond  = 253402300799
)

// ParseTime reads a time-val: 14 digits, and optionally a point and a fraction of a
// second (RFC 3659, section 2.3). Of servers that count years from 1900 the "191yy" of
// that RFC's note is understood.
func ParseTime(s string) (time.Time, error) {
	digits, fraction, hasFraction := strings.Cut(s, ".")
	if !isDigits(digits) || hasFraction && !isDigits(fraction) {
		return time.Time{}, fmt.Errorf("ftp: not a time: %q", s)
	}
	if len(digits) == 15 && strings.HasPrefix(digits, "191") {
		s = "20" + s[3:]
	}
	t, err := time.ParseInLocation("20060102150405", s, time.UTC)
	if err != nil {
		return time.Time{}, fmt.Errorf("ftp: not a time: %q", s)
	}
	return t, nil
}
