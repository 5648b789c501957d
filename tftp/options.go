package tftp

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Options are the options of a request or an OACK. A zero field means that the option is
// absent; the zero value means no options at all.
type Options struct {
	BlockSize  int           // blksize (RFC 2348): octets, from 8 on; more than 65464 is never granted
	BlockSize2 int           // blksize2 of tftp-hpa: as blksize, granted as a power of two
	HasSize    bool          // tsize is there
	Size       int64         // tsize (RFC 2349): octets of the file; 0 in an RRQ
	Timeout    time.Duration // timeout (RFC 2349): whole seconds, 1 to 255
	UTimeout   time.Duration // utimeout of tftp-hpa: microseconds, 10 ms to 255 s
	WindowSize int           // windowsize (RFC 7440): blocks, 1 to 65535
	Rollover   Rollover      // rollover of tftp-hpa: the block number after 65535
}

// An option is a row: its name, the range of its value, and where Options keeps it.
type option struct {
	name     string
	min, max int64
	get      func(o *Options) (v int64, present bool)
	set      func(o *Options, v int64)
}

// optionTable is in the order in which options are written.
var optionTable = [...]option{
	{"blksize", MinBlockSize, math.MaxInt32,
		func(o *Options) (int64, bool) { return int64(o.BlockSize), o.BlockSize > 0 },
		func(o *Options, v int64) { o.BlockSize = int(v) }},
	{"blksize2", MinBlockSize, math.MaxInt32,
		func(o *Options) (int64, bool) { return int64(o.BlockSize2), o.BlockSize2 > 0 },
		func(o *Options, v int64) { o.BlockSize2 = int(v) }},
	{"tsize", 0, math.MaxInt64,
		func(o *Options) (int64, bool) { return o.Size, o.HasSize },
		func(o *Options, v int64) { o.Size, o.HasSize = v, true }},
	{"timeout", 1, 255,
		func(o *Options) (int64, bool) { return int64(o.Timeout / time.Second), o.Timeout > 0 },
		func(o *Options, v int64) { o.Timeout = time.Duration(v) * time.Second }},
	{"utimeout", 10_000, 255_000_000,
		func(o *Options) (int64, bool) { return o.UTimeout.Microseconds(), o.UTimeout > 0 },
		func(o *Options, v int64) { o.UTimeout = time.Duration(v) * time.Microsecond }},
	{"windowsize", 1, 65535,
		func(o *Options) (int64, bool) { return int64(o.WindowSize), o.WindowSize > 0 },
		func(o *Options, v int64) { o.WindowSize = int(v) }},
	{"rollover", 0, 1,
		func(o *Options) (int64, bool) { return int64(o.Rollover - RolloverZero), o.Rollover > 0 },
		func(o *Options, v int64) { o.Rollover = RolloverZero + Rollover(v) }},
}

// lookup finds the row of an option; names are compared without case (RFC 2347).
func lookup(name string) (row int, ok bool) {
	for i := range optionTable {
		if strings.EqualFold(optionTable[i].name, name) {
			return i, true
		}
	}
	return 0, false
}

// parseOptions reads the options of a request. An option that is unknown or whose value
// is bad is left out; the first of a duplicate counts, even if it is bad; the tail after
// the last whole option is ignored.
func parseOptions(b []byte) (o Options) {
	var seen [len(optionTable)]bool
	for {
		name, rest, ok1 := cutString(b)
		value, rest, ok2 := cutString(rest)
		if !ok1 || !ok2 {
			return o
		}
		b = rest
		row, known := lookup(name)
		if !known || seen[row] {
			continue
		}
		seen[row] = true
		if v, ok := parseNumber(value, optionTable[row].min, optionTable[row].max); ok {
			optionTable[row].set(&o, v)
		}
	}
}

// parseOACK reads the options of an OACK, where nothing may stand that was not asked
// for (RFC 2347). Its error is the answer that RFC 2347 wants: code 8.
func parseOACK(b []byte) (o Options, err error) {
	for {
		name, rest, ok1 := cutString(b)
		value, rest, ok2 := cutString(rest)
		if !ok1 || !ok2 { // iPXE and others tolerate junk after an OACK too
			return o, nil
		}
		b = rest
		row, known := lookup(name)
		if !known {
			return o, &Error{CodeOptions, "option was not asked for"}
		}
		v, ok := parseNumber(value, optionTable[row].min, optionTable[row].max)
		if !ok {
			return o, &Error{CodeOptions, "bad value of option " + optionTable[row].name}
		}
		optionTable[row].set(&o, v)
	}
}

// parseNumber takes ASCII digits only, at most 19, no sign and no blanks.
func parseNumber(s string, lo, hi int64) (int64, bool) {
	if s == "" || len(s) > 19 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	v, err := strconv.ParseUint(s, 10, 63)
	return int64(v), err == nil && int64(v) >= lo && int64(v) <= hi
}

func appendOptions(b []byte, o Options) []byte {
	for i := range optionTable {
		if v, ok := optionTable[i].get(&o); ok {
			b = appendString(b, optionTable[i].name)
			b = append(strconv.AppendInt(b, v, 10), 0)
		}
	}
	return b
}

// String returns the options as "blksize=1428 tsize=0".
func (o Options) String() string {
	var words []string
	for i := range optionTable {
		if v, ok := optionTable[i].get(&o); ok {
			words = append(words, fmt.Sprintf("%s=%d", optionTable[i].name, v))
		}
	}
	return strings.Join(words, " ")
}

// blockSize returns the octets of a block under o.
func (o Options) blockSize() int {
	switch {
	case o.BlockSize > 0:
		return o.BlockSize
	case o.BlockSize2 > 0:
		return o.BlockSize2
	}
	return DefaultBlockSize
}

// windowSize returns the blocks of a window under o.
func (o Options) windowSize() int { return max(o.WindowSize, 1) }

// timeout returns the retransmission interval that o asks for, zero for none.
func (o Options) timeout() time.Duration {
	if o.UTimeout > 0 {
		return o.UTimeout
	}
	return o.Timeout
}

// accepts reports whether an OACK is a lawful answer to the request o, by the rules of
// RFC 2347, 2348, 2349 and 7440: nothing unasked, no larger block or window, the same
// timeout and rollover.
func (o Options) accepts(granted Options) error {
	for i := range optionTable {
		v, present := optionTable[i].get(&granted)
		if !present {
			continue
		}
		name := optionTable[i].name
		switch asked, ok := optionTable[i].get(&o); {
		case !ok:
			return &Error{CodeOptions, "option " + name + " was not asked for"}
		case name == "tsize": // any size is an answer
		case name == "timeout" || name == "utimeout" || name == "rollover":
			if v != asked {
				return &Error{CodeOptions, "option " + name + " was changed"}
			}
		case v > asked:
			return &Error{CodeOptions, "option " + name + " is above what was asked"}
		}
	}
	return nil
}
