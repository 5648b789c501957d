package tftp

import (
	"bytes"
	"errors"
	"io/fs"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestWire names every octet of every kind of packet.
func TestWire(t *testing.T) {
	for _, c := range []struct {
		packet Packet
		wire   string
	}{
		{RRQ{Name: "f", Mode: Octet}, "\x00\x01" + "f\x00" + "octet\x00"},
		{WRQ{Name: "d/f", Mode: NetASCII}, "\x00\x02" + "d/f\x00" + "netascii\x00"},
		{RRQ{Name: "f", Options: Options{BlockSize: 1428, HasSize: true, Timeout: 3 * time.Second, WindowSize: 16}},
			"\x00\x01" + "f\x00" + "octet\x00" + "blksize\x001428\x00" + "tsize\x000\x00" + "timeout\x003\x00" + "windowsize\x0016\x00"},
		{Data{Block: 0x0102, Payload: []byte("abc")}, "\x00\x03" + "\x01\x02" + "abc"},
		{Data{Block: 1, Payload: []byte{}}, "\x00\x03" + "\x00\x01"},
		{Ack{Block: 0xfffe}, "\x00\x04" + "\xff\xfe"},
		{&Error{Code: CodeNotFound, Message: "no"}, "\x00\x05" + "\x00\x01" + "no\x00"},
		{OACK{Options{BlockSize: 8, BlockSize2: 16, UTimeout: time.Second, Rollover: RolloverZero}},
			"\x00\x06" + "blksize\x008\x00" + "blksize2\x0016\x00" + "utimeout\x001000000\x00" + "rollover\x000\x00"},
		{OACK{Options{Rollover: RolloverOne, HasSize: true, Size: 5 << 30}},
			"\x00\x06" + "tsize\x005368709120\x00" + "rollover\x001\x00"},
		{OACK{}, "\x00\x06"},
	} {
		if got := c.packet.Append(nil); string(got) != c.wire {
			t.Errorf("%v: wire form %q, want %q", c.packet, got, c.wire)
		}
		if got, err := Parse([]byte(c.wire)); err != nil || !reflect.DeepEqual(got, c.packet) {
			t.Errorf("%q parses as %v, %v; want %v", c.wire, got, err, c.packet)
		}
	}
}

// TestNoise holds what must be met with silence: R1 and R2 of the conformance cases.
func TestNoise(t *testing.T) {
	for _, wire := range []string{
		"", "\x00", "\x00\x01", "\x00\x01\x00", "\x00\x02f", "\x00\x03\x00", "\x00\x04\x01", "\x00\x05\x00",
		"\x00\x00zz\x00", "\x00\x07zz\x00", "\x00\x63zz\x00", "\x01\x01f\x00octet\x00",
	} {
		p, err := Parse([]byte(wire))
		var e *Error
		if err == nil || errors.As(err, &e) {
			t.Errorf("%q: %v, %v; want an error that is not an *Error", wire, p, err)
		}
	}
}

func TestRequest(t *testing.T) {
	const f = "\x00\x01f\x00octet\x00"
	for _, c := range []struct {
		why, wire string
		want      Options
	}{
		{"names in any case", f + "BLKSIZE\x001400\x00WindowSize\x004\x00", Options{BlockSize: 1400, WindowSize: 4}},
		{"unknown options are left out", f + "foo\x00bar\x00blksize\x001024\x00", Options{BlockSize: 1024}},
		{"the first of a duplicate counts", f + "blksize\x00600\x00blksize\x00700\x00", Options{BlockSize: 600}},
		{"even when it is bad", f + "blksize\x00x\x00blksize\x00700\x00", Options{}},
		{"an odd name at the end", f + "tsize\x000\x00tail\x00", Options{HasSize: true}},
		{"a value without NUL", f + "tsize\x000\x00timeout\x005", Options{HasSize: true}},
		{"padding with NUL", f + "tsize\x000\x00\x00\x00\x00", Options{HasSize: true}},
		{"padding with 0xFF", f + "tsize\x000\x00\xff\xff\xff", Options{HasSize: true}},
		{"1200 octets of what nobody knows", f + strings.Repeat("unknown\x00opt\x00", 100), Options{}},
	} {
		p, err := Parse([]byte(c.wire))
		if want := (RRQ{Name: "f", Options: c.want}); err != nil || p != want {
			t.Errorf("%s: %v, %v; want %v", c.why, p, err, want)
		}
	}
}

func TestRequestRefused(t *testing.T) {
	for why, wire := range map[string]string{
		"no NUL at all":        "\x00\x01f3000",
		"no mode":              "\x00\x01f3000\x00",
		"empty name":           "\x00\x01\x00octet\x00",
		"mode without NUL":     "\x00\x01f3000\x00octet",
		"mail":                 "\x00\x02user\x00mail\x00",
		"bogus mode":           "\x00\x01f3000\x00bogus\x00",
		"a name of 600 octets": "\x00\x01" + strings.Repeat("x", 600) + "\x00octet\x00",
	} {
		_, err := Parse([]byte(wire))
		var e *Error
		if !errors.As(err, &e) || e.Code != CodeIllegal {
			t.Errorf("%s: %v, want ERROR 4", why, err)
		}
	}
	if p, err := Parse([]byte("\x00\x01f\x00OcTeT\x00")); err != nil || p != (RRQ{Name: "f"}) {
		t.Errorf("OcTeT: %v, %v", p, err)
	}
}

func TestOptionValues(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        Options
	}{
		{"blksize", "8", Options{BlockSize: 8}},
		{"blksize", "65464", Options{BlockSize: 65464}},
		{"blksize", "70000", Options{BlockSize: 70000}}, // above the RFC: a server grants less
		{"blksize", "4294967808", Options{}},            // 2³² + 512 must not become 512
		{"blksize", "0", Options{}},
		{"blksize", "7", Options{}},
		{"blksize", "-1", Options{}},
		{"blksize", "abc", Options{}},
		{"blksize", "1400x", Options{}},
		{"blksize", " 1400", Options{}},
		{"blksize", "", Options{}},
		{"tsize", "999", Options{HasSize: true, Size: 999}},
		{"tsize", "99999999999999", Options{HasSize: true, Size: 99999999999999}},
		{"tsize", "9223372036854775808", Options{}},
		{"tsize", "00000000000000000000", Options{}}, // 20 digits
		{"tsize", "abc", Options{}},
		{"timeout", "1", Options{Timeout: time.Second}},
		{"timeout", "255", Options{Timeout: 255 * time.Second}},
		{"timeout", "0", Options{}},
		{"timeout", "256", Options{}},
		{"utimeout", "10000", Options{UTimeout: 10 * time.Millisecond}},
		{"utimeout", "9999", Options{}},
		{"windowsize", "1", Options{WindowSize: 1}},
		{"windowsize", "65535", Options{WindowSize: 65535}},
		{"windowsize", "0", Options{}},
		{"windowsize", "65536", Options{}},
		{"rollover", "0", Options{Rollover: RolloverZero}},
		{"rollover", "1", Options{Rollover: RolloverOne}},
		{"rollover", "2", Options{}},
	} {
		if got := parseOptions([]byte(c.name + "\x00" + c.value + "\x00")); got != c.want {
			t.Errorf("%s=%q: %+v, want %+v", c.name, c.value, got, c.want)
		}
	}
}

// TestAccepts is C2 of the conformance cases: what a client must refuse in an OACK.
func TestAccepts(t *testing.T) {
	asked := Options{BlockSize: 1428, HasSize: true, Timeout: 3 * time.Second, WindowSize: 8}
	for _, c := range []struct {
		oack string
		ok   bool
	}{
		{"", true},
		{"blksize\x001428\x00tsize\x0077\x00timeout\x003\x00windowsize\x008\x00", true},
		{"BLKSIZE\x00512\x00", true},
		{"blksize\x00512\x00junk", true},
		{"blksize\x001429\x00", false},
		{"windowsize\x009\x00", false},
		{"timeout\x004\x00", false},
		{"utimeout\x003000000\x00", false},
		{"blksize\x007\x00", false},
		{"blksize\x00\x00", false},
		{"foo\x00bar\x00", false},
	} {
		granted, err := parseOACK([]byte(c.oack))
		if err == nil {
			err = asked.accepts(granted)
		}
		var e *Error
		if c.ok != (err == nil) || err != nil && (!errors.As(err, &e) || e.Code != CodeOptions) {
			t.Errorf("OACK %q: %v, want ok=%v or ERROR 8", c.oack, err, c.ok)
		}
	}
}

func TestWireError(t *testing.T) {
	own := &Error{Code: CodeNoUser, Message: "who?"}
	for _, c := range []struct {
		err  error
		want Error
	}{
		{own, *own},
		{&fs.PathError{Op: "open", Path: "/srv/secret", Err: fs.ErrNotExist}, Error{CodeNotFound, "file not found"}},
		{fs.ErrPermission, Error{CodeAccess, "access violation"}},
		{fs.ErrExist, Error{CodeExists, "file already exists"}},
		{ErrNoSpace, Error{CodeDiskFull, "disk full or quota exceeded"}},
		{errors.New("/srv/secret is on fire"), Error{CodeUndefined, "transfer failed"}},
	} {
		got := wireError(c.err)
		if *got != c.want {
			t.Errorf("%v: %v, want %v", c.err, got, &c.want)
		}
		for _, sentinel := range []error{fs.ErrNotExist, fs.ErrPermission, fs.ErrExist, ErrNoSpace} {
			if errors.Is(c.err, sentinel) && !errors.Is(got, sentinel) {
				t.Errorf("%v does not match %v any more", got, sentinel)
			}
		}
	}
}

func TestErrorWords(t *testing.T) {
	for want, e := range map[string]*Error{
		"tftp: file not found":                    {Code: CodeNotFound},
		"tftp: access violation":                  {Code: CodeAccess, Message: "access violation"},
		`tftp: options refused: "no \x1b thanks"`: {Code: CodeOptions, Message: "no \x1b thanks"},
		`tftp: error code 99: "new"`:              {Code: 99, Message: "new"},
	} {
		if e.Error() != want {
			t.Errorf("%q, want %q", e.Error(), want)
		}
	}
}

func TestRollover(t *testing.T) {
	for _, r := range []Rollover{RolloverDefault, RolloverZero, RolloverOne} {
		for _, want := range []int64{0, 1, 2, 100, 32767, 40000, 65534, 65535, 65536, 65537, 65538, 131070, 131071, 131072, 1 << 33} {
			for d := int64(-100); d <= 100; d++ {
				n := want + d
				if n < 0 || r == RolloverOne && n == 0 && want > 30000 {
					continue
				}
				if got := r.near(r.wire(n), want); got != n {
					t.Fatalf("rollover %d: block %d as %d near %d is %d", r, n, r.wire(n), want, got)
				}
			}
		}
	}
	for n, wire := range map[int64]uint16{65535: 65535, 65536: 1, 131070: 65535, 131071: 1} {
		if got := RolloverOne.wire(n); got != wire {
			t.Errorf("rollover to 1: block %d is %d, want %d", n, got, wire)
		}
	}
	if got := RolloverOne.near(0, 70000); got >= 0 {
		t.Errorf("number 0 after a rollover to 1 is block %d, want none", got)
	}
}

func FuzzPacket(f *testing.F) {
	f.Add([]byte("\x00\x01f\x00octet\x00blksize\x00600\x00"))
	f.Add([]byte("\x00\x03\x00\x01abc"))
	f.Add([]byte("\x00\x05\x00\x63no NUL"))
	f.Add([]byte("\x00\x06tsize\x005\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(b)
		if err != nil {
			return
		}
		wire := p.Append(nil)
		again, err := Parse(wire)
		if err != nil || !bytes.Equal(again.Append(nil), wire) {
			t.Errorf("%q parses as %v, is written as %q, which parses as %v, %v", b, p, wire, again, err)
		}
	})
}

func FuzzRequest(f *testing.F) {
	f.Add("f", true, []byte("blksize\x00600\x00rollover\x001\x00tail"))
	f.Fuzz(func(t *testing.T, name string, netascii bool, options []byte) {
		if checkName(name) != nil {
			return
		}
		q := WRQ{Name: name, Options: parseOptions(options)}
		if netascii {
			q.Mode = NetASCII
		}
		got, err := Parse(q.Append(nil))
		if err != nil || got != q {
			t.Errorf("%v came back as %v, %v", q, got, err)
		}
	})
}
