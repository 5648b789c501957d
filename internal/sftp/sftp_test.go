package sftp

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// requests has one request of every kind that is known, and what it is on the wire.
var requests = []struct {
	wire string // in hex, with blanks between fields; the length in front is left out
	r    Request
}{
	{"03 00000001 00000002 2f61 0000001a 00000004 000081a4", Request{Type: Open, ID: 1, Path: "/a",
		Flags: FlagWrite | FlagCreate | FlagTruncate, Attrs: Attrs{Flags: AttrMode, Mode: 0o100644}}},
	{"04 00000002 00000001 68", Request{Type: Close, ID: 2, Handle: "h"}},
	{"05 00000003 00000001 68 0000000100000000 00008000", Request{Type: Read, ID: 3, Handle: "h", Offset: 1 << 32, Length: 32768}},
	{"06 00000004 00000001 68 0000000000000005 00000002 6869", Request{Type: Write, ID: 4, Handle: "h", Offset: 5, Data: []byte("hi")}},
	{"07 00000005 00000001 61", Request{Type: LStat, ID: 5, Path: "a"}},
	{"08 00000006 00000001 68", Request{Type: FStat, ID: 6, Handle: "h"}},
	{"09 00000007 00000001 61 00000008 00000001 00000002", Request{Type: SetStat, ID: 7, Path: "a",
		Attrs: Attrs{Flags: AttrTimes, ATime: 1, MTime: 2}}},
	{"0a 00000008 00000001 68 00000003 0000000000000007 000003e8 00000064", Request{Type: FSetStat, ID: 8, Handle: "h",
		Attrs: Attrs{Flags: AttrSize | AttrOwner, Size: 7, UID: 1000, GID: 100}}},
	{"0b 00000009 00000001 2f", Request{Type: OpenDir, ID: 9, Path: "/"}},
	{"0c 0000000a 00000001 68", Request{Type: ReadDir, ID: 10, Handle: "h"}},
	{"0d 0000000b 00000001 61", Request{Type: Remove, ID: 11, Path: "a"}},
	{"0e 0000000c 00000001 61 00000000", Request{Type: Mkdir, ID: 12, Path: "a"}},
	{"0f 0000000d 00000001 61", Request{Type: Rmdir, ID: 13, Path: "a"}},
	{"10 0000000e 00000001 2e", Request{Type: RealPath, ID: 14, Path: "."}},
	{"11 0000000f 00000001 61", Request{Type: Stat, ID: 15, Path: "a"}},
	{"12 00000010 00000001 61 00000001 62", Request{Type: Rename, ID: 16, Path: "a", Target: "b"}},
	{"13 00000011 00000001 61", Request{Type: ReadLink, ID: 17, Path: "a"}},
	{"14 00000012 00000001 61 00000001 62", Request{Type: Symlink, ID: 18, Path: "a", Target: "b"}},
	{"c8 00000013 00000018" + text2hex(ExtPosixRename) + "00000001 61 00000001 62",
		Request{Type: Extended, ID: 19, Extension: ExtPosixRename, Path: "a", Target: "b"}},
	{"c8 00000014 00000012" + text2hex(ExtLimits), Request{Type: Extended, ID: 20, Extension: ExtLimits}},
	{"c8 00000015 00000009" + text2hex(ExtCopyData) + "00000001 68 0000000000000001 0000000000000002 00000001 69 0000000000000003",
		Request{Type: Extended, ID: 21, Extension: ExtCopyData, Handle: "h", Offset: 1, Length: 2, WriteHandle: "i", WriteOffset: 3}},
	{"c8 00000016 0000000f" + text2hex(ExtCheckName) + "00000001 61 00000003 6d6435 0000000000000000 0000000000000000 00000100",
		Request{Type: Extended, ID: 22, Extension: ExtCheckName, Path: "a", Algorithms: "md5", BlockSize: 256}},
	{"c8 00000017 0000001e" + text2hex(ExtUsersGroups) + "00000004 00000000 00000000",
		Request{Type: Extended, ID: 23, Extension: ExtUsersGroups, UIDs: make([]byte, 4), GIDs: []byte{}}},
	{"c8 00000018 00000014" + text2hex(ExtLSetStat) + "00000001 61 00000000",
		Request{Type: Extended, ID: 24, Extension: ExtLSetStat, Path: "a"}},
}

func text2hex(s string) string { return hex.EncodeToString([]byte(s)) }

func octetsOf(t testing.TB, wire string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(wire, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRequests(t *testing.T) {
	for _, c := range requests {
		wire := octetsOf(t, c.wire)
		got, err := ParseRequest(wire)
		if got.Type == Extended {
			got.Data = nil // the fields once more
		}
		if err != nil || !reflect.DeepEqual(got, c.r) {
			t.Errorf("%s\n got %+v, %v\nwant %+v", c.wire, got, err, c.r)
		}
		full := binary.BigEndian.AppendUint32(nil, uint32(len(wire)))
		if b := c.r.Append(nil); !bytes.Equal(b, append(full, wire...)) {
			t.Errorf("%+v\n got %x\nwant %x", c.r, b, wire)
		}
	}
}

// TestCutShort: whatever ends too early says so, and no part of it panics.
func TestCutShort(t *testing.T) {
	for _, c := range requests {
		wire := octetsOf(t, c.wire)
		for n := range wire {
			if _, err := ParseRequest(wire[:n]); !errors.Is(err, ErrShort) && !isUnknown(err) {
				t.Errorf("%x of %x: %v", wire[:n], wire, err)
			}
		}
	}
}

func isUnknown(err error) bool {
	var unknown *UnknownError
	return errors.As(err, &unknown)
}

func TestUnknownCanBeAnswered(t *testing.T) {
	for _, wire := range []string{
		"15 00000007 0000", "ff 00000007", "c8 00000007 00000003 782d79 0000",
	} {
		r, err := ParseRequest(octetsOf(t, wire))
		if !isUnknown(err) || r.ID != 7 {
			t.Errorf("%s: %+v, %v", wire, r, err)
		}
	}
}

// TestLengthsThatLie: a length that leads out of the packet allocates nothing.
func TestLengthsThatLie(t *testing.T) {
	for _, wire := range []string{
		"07 00000001 ffffffff 61",
		"06 00000001 00000001 68 0000000000000000 7fffffff 61",
		"09 00000001 00000001 61 80000000 ffffffff",
		"09 00000001 00000001 61 80000000 00000002 00000001 61 ffffffff",
		"c8 00000001 fffffff0 61",
	} {
		if n := testing.AllocsPerRun(1, func() {
			if _, err := ParseRequest(octetsOf(t, wire)); !errors.Is(err, ErrShort) {
				t.Errorf("%s: %v", wire, err)
			}
		}); n > 30 {
			t.Errorf("%s: %v allocations", wire, n)
		}
	}
}

func TestReplies(t *testing.T) {
	attrs := Attrs{Flags: AttrSize | AttrOwner | AttrMode | AttrTimes, Size: 1, UID: 2, GID: 3, Mode: 4, ATime: 5, MTime: 6}
	const all = "0000000f 0000000000000001 00000002 00000003 00000004 00000005 00000006"
	buffer := make([]byte, DataRoom(2))
	copy(DataSpace(buffer, 2), "hi")
	for _, c := range []struct {
		got  []byte
		want string
	}{
		{AppendVersion(nil, []Ext{{"x", "1"}}), "0000000f 02 00000003 00000001 78 00000001 31"},
		{AppendStatus(nil, 7, NoSuchFile, "no"), "00000015 65 00000007 00000002 00000002 6e6f 00000002 656e"},
		{AppendHandle(nil, 7, "h"), "0000000a 66 00000007 00000001 68"},
		{AppendAttrs(nil, 7, attrs), "00000025 69 00000007" + all},
		{AppendReply(nil, 7, []byte("x")), "00000006 c9 00000007 78"},
		{AppendNames(nil, 7, Entry{"a", "l", attrs}), "00000033 68 00000007 00000001 00000001 61 00000001 6c" + all},
		{FinishData(buffer, 7, 2), "0000000b 67 00000007 00000002 6869"},
	} {
		if want := octetsOf(t, c.want); !bytes.Equal(c.got, want) {
			t.Errorf("got %x\nwant %x", c.got, want)
		}
	}
}

// FuzzRequest: a request that parses is written as it was read, as far as it was read.
func FuzzRequest(f *testing.F) {
	for _, c := range requests {
		f.Add(octetsOf(f, c.wire))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		r, err := ParseRequest(wire)
		if err != nil {
			return
		}
		again, err := ParseRequest(r.Append(nil)[4:])
		r.Data, again.Data = bytes.Clone(r.Data), bytes.Clone(again.Data)
		if r.Type == Extended { // what follows the last field is not kept
			r.Data, again.Data = nil, nil
		}
		if err != nil || !reflect.DeepEqual(r, again) {
			t.Fatalf("%x: %+v became %+v, %v", wire, r, again, err)
		}
	})
}
