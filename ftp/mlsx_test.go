package ftp

import (
	"io/fs"
	"strings"
	"testing"
	"time"
)

func TestFacts(t *testing.T) {
	for _, tt := range []struct {
		list string
		want Facts
		text string
	}{
		{"type;size;modify;", FactType | FactSize | FactModify, "type;size;modify;"},
		{"MODIFY;Unix.Mode;nonsense;type", FactModify | FactMode | FactType, "type;modify;UNIX.mode;"},
		{"", 0, ""},
		{";;", 0, ""},
	} {
		if got := ParseFacts(tt.list); got != tt.want || got.String() != tt.text {
			t.Errorf("%q: got %v, want %v", tt.list, got, tt.text)
		}
	}
	if got, want := AllFacts.Feature(FactType|FactSize), "type*;size*;modify;perm;unique;UNIX.mode;UNIX.uid;UNIX.gid;"; got != want {
		t.Errorf("FEAT has %q, want %q", got, want)
	}
	if got := ParseFacts(AllFacts.String()); got != AllFacts {
		t.Errorf("all facts come back as %v", got)
	}
}

func TestAppendFacts(t *testing.T) {
	file := Entry{
		Name: "a b;c", Type: TypeFile, Size: 5_000_000_000, ModTime: day(2026, 6, 3, 9, 5), Mode: 0o640, HasMode: true,
		Owner: "0", Group: "staff", Unique: "801U5", Perm: "adfrw",
	}
	for _, tt := range []struct {
		about string
		entry Entry
		facts Facts
		want  string
	}{
		{"a file in full", file, AllFacts, "type=file;size=5000000000;modify=20260603090500;perm=adfrw;unique=801U5;UNIX.mode=0640;UNIX.uid=0; a b;c"},
		{"some facts", file, FactModify | FactSize, "size=5000000000;modify=20260603090500; a b;c"},
		{"no facts", file, 0, " a b;c"},
		{"nothing known", Entry{Name: "x", Size: -1}, AllFacts, "type=OS.unix=other; x"},
		{"a directory has no size", Entry{Name: "/x", Type: TypeCurDir, Size: 4096}, AllFacts, "type=cdir; /x"},
		{"a link", Entry{Name: "l", Type: TypeLink, Size: 3, Target: "x"}, AllFacts, "type=OS.unix=symlink;size=3; l"},
		{"what the grammar cannot hold", Entry{Name: "a\nb", Type: TypeDir, Size: -1, Unique: "a;b", Perm: "a b", ModTime: day(12026, 1, 1, 0, 0)}, AllFacts, `type=dir; a\012b`},
	} {
		if got := string(tt.entry.AppendFacts(nil, tt.facts)); got != tt.want {
			t.Errorf("%s:\n got %q\nwant %q", tt.about, got, tt.want)
		}
	}
}

func TestAppendFactsDoesNotAllocate(t *testing.T) {
	e := Entry{Name: "ios.bin", Type: TypeFile, Size: 1, ModTime: noon, Perm: "r", Unique: "1"}
	b := make([]byte, 0, 256)
	if n := testing.AllocsPerRun(10, func() { e.AppendFacts(b, AllFacts) }); n != 0 {
		t.Errorf("%v allocations a line", n)
	}
}

func TestParseMLSx(t *testing.T) {
	for _, tt := range []struct {
		about, line string
		want        Entry
	}{
		{"ProFTPD", "modify=20260603090500;perm=adfrw;size=12;type=file;unique=801U5;UNIX.group=0;UNIX.groupname=root;UNIX.mode=0644;UNIX.owner=0;UNIX.ownername=root; a b",
			Entry{Name: "a b", Type: TypeFile, Size: 12, ModTime: day(2026, 6, 3, 9, 5), Mode: 0o644, HasMode: true, Owner: "root", Group: "root", Unique: "801U5", Perm: "adfrw"}},
		{"Pure-FTPd", "type=dir;sizd=4096;modify=20260603090500;UNIX.mode=0755;UNIX.uid=0;UNIX.gid=7;unique=1g2; d",
			Entry{Name: "d", Type: TypeDir, Size: 4096, ModTime: day(2026, 6, 3, 9, 5), Mode: 0o755, HasMode: true, Owner: "0", Group: "7", Unique: "1g2"}},
		{"case, a fraction, a fact that is not known", "Type=File;Modify=20260603090500.250;X.y=z; x",
			Entry{Name: "x", Type: TypeFile, Size: -1, ModTime: day(2026, 6, 3, 9, 5).Add(250 * time.Millisecond)}},
		{"a link with its target", "type=OS.unix=slink:/a b; x; y", Entry{Name: "x; y", Type: TypeLink, Size: -1, Target: "/a b"}},
		{"no semicolon at the end", "type=file;size=3 x", Entry{Name: "x", Type: TypeFile, Size: 3}},
		{"a link", "type=OS.unix=slink:/ab; x", Entry{Name: "x", Type: TypeLink, Size: -1, Target: "/ab"}},
		{"a link of ProFTPD", "type=OS.unix=symlink; x", Entry{Name: "x", Type: TypeLink, Size: -1}},
		{"the directory itself", "type=cdir; .", Entry{Name: ".", Type: TypeCurDir, Size: -1}},
		{"its parent", "type=pdir; ..", Entry{Name: "..", Type: TypeParent, Size: -1}},
		{"no facts", " x", Entry{Name: "x", Size: -1}},
		{"a name with blanks at both ends", "type=file;  x ", Entry{Name: " x ", Type: TypeFile, Size: -1}},
		{"values that cannot be read", "type=;size=-1;modify=June;UNIX.mode=9; x", Entry{Name: "x", Size: -1}},
		{"the year 19126", "modify=191260603090500; x", Entry{Name: "x", Size: -1, ModTime: day(2026, 6, 3, 9, 5)}},
	} {
		got, err := ParseMLSx(tt.line)
		if err != nil || got != tt.want {
			t.Errorf("%s: %q\n got %+v, %v\nwant %+v", tt.about, tt.line, got, err, tt.want)
		}
	}
	for _, line := range []string{"", " ", "type=file;", "type=file; ", "x y", "-rw-r--r-- 1 u g 77 Jun  1 10:00 x"} {
		if e, err := ParseMLSx(line); err == nil {
			t.Errorf("%q is taken for %+v", line, e)
		}
	}
}

func TestValidTime(t *testing.T) {
	for _, tt := range []struct {
		t     time.Time
		valid bool
	}{
		{noon, true}, {time.Unix(0, 0), true}, {time.Time{}, false},
		{day(0, 1, 1, 0, 0), true}, {day(0, 1, 1, 0, 0).Add(-1), false},
		{day(10000, 1, 1, 0, 0).Add(-1), true}, {day(10000, 1, 1, 0, 0), false},
	} {
		if ValidTime(tt.t) != tt.valid {
			t.Errorf("%v: %v", tt.t, !tt.valid)
		}
		if n := len(AppendTime(nil, tt.t)); tt.valid && n != len("20060102150405") {
			t.Errorf("%v takes %d digits", tt.t, n)
		}
	}
}

func TestParseTime(t *testing.T) {
	for s, want := range map[string]time.Time{
		"20260603090500":       day(2026, 6, 3, 9, 5),
		"20260603090500.5":     day(2026, 6, 3, 9, 5).Add(time.Second / 2),
		"00010101000001":       time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC),
		"2026060309050":        {},
		"202606030905000":      {},
		"20260631090500":       {},
		"20260603090500.":      {},
		"20260603090500Z":      {},
		"20260603090500 +0200": {},
		"":                     {},
	} {
		got, err := ParseTime(s)
		if !got.Equal(want) || (err == nil) == want.IsZero() {
			t.Errorf("%q: got %v, %v", s, got, err)
		}
	}
}

// What is printed is read back as it was, in whole seconds.
func FuzzMLSxRoundTrip(f *testing.F) {
	f.Add("a b", uint8(1), int64(12), int64(1_780_000_000), uint16(0o640), "0", "7", "801U5", "adfr")
	f.Add("\x1b", uint8(2), int64(-1), int64(-99_999_999_999), uint16(0), "root", "", "a;b", " ")
	f.Fuzz(func(t *testing.T, name string, typ uint8, size, sec int64, mode uint16, owner, group, unique, perm string) {
		e := Entry{
			Name: name, Type: EntryType(typ % 6), Size: max(size, -1), ModTime: time.Unix(sec, 0).UTC(),
			Mode: fs.FileMode(mode).Perm(), HasMode: true, Owner: owner, Group: group, Unique: unique, Perm: perm,
		}
		line := string(e.AppendFacts(nil, AllFacts))
		if strings.ContainsAny(line, "\r\n\x00\x1b") {
			t.Fatalf("the line breaks: %q", line)
		}
		got, err := ParseMLSx(line)
		if name == "" {
			return
		}
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		e.Name = string(appendName(nil, name))
		for _, s := range []*string{&e.Unique, &e.Perm} {
			if strings.ContainsFunc(*s, func(r rune) bool { return r <= 0x20 || r == 0x7f || r == ';' }) {
				*s = ""
			}
		}
		for _, s := range []*string{&e.Owner, &e.Group} {
			if !isDigits(*s) {
				*s = ""
			}
		}
		if e.Type.IsDir() {
			e.Size = -1
		}
		if !ValidTime(e.ModTime) {
			e.ModTime = time.Time{}
		}
		if got != e {
			t.Fatalf("%q\n got %+v\nwant %+v", line, got, e)
		}
	})
}

func BenchmarkAppendFacts(b *testing.B) {
	e := Entry{Name: "c2960-lanbasek9-mz.150-2.SE11.bin", Type: TypeFile, Size: 12_345_678, ModTime: noon, Mode: 0o644, HasMode: true, Perm: "adfrw", Unique: "801U5"}
	line := make([]byte, 0, 256)
	for b.Loop() {
		line = e.AppendFacts(line[:0], DefaultFacts)
	}
}
