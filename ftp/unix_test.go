package ftp

import (
	"io/fs"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, time.July, 1, 12, 0, 0, 0, time.UTC)

func day(year int, month time.Month, day, hour, minute int) time.Time {
	return time.Date(year, month, day, hour, minute, 0, 0, time.UTC)
}

func TestAppendUnix(t *testing.T) {
	for _, tt := range []struct {
		entry Entry
		want  string
	}{
		{
			Entry{Name: "ios.bin", Type: TypeFile, Size: 5_000_000_000, ModTime: day(2026, 6, 3, 9, 5)},
			"-rw-r--r--   1 ftp      ftp        5000000000 Jun  3 09:05 ios.bin",
		},
		{
			Entry{Name: "d", Type: TypeDir, Size: -1, ModTime: day(2024, 2, 29, 9, 5), Mode: 0o750, HasMode: true, Links: 12, Owner: "root", Group: "Domain Users"},
			"drwxr-x---  12 root     Domain_Users            0 Feb 29  2024 d",
		},
		{
			Entry{Name: "latest", Type: TypeLink, Size: 7, ModTime: day(2026, 7, 1, 12, 0), Target: "ios.bin"},
			"lrwxrwxrwx   1 ftp      ftp                 7 Jul  1 12:00 latest -> ios.bin",
		},
		{ // a clock ahead of ours
			Entry{Name: "x", Type: TypeFile, ModTime: day(2026, 7, 1, 12, 1)},
			"-rw-r--r--   1 ftp      ftp                 0 Jul  1  2026 x",
		},
		{ // a year of four digits
			Entry{Name: "x", Type: TypeFile, ModTime: day(907, 12, 31, 23, 59)},
			"-rw-r--r--   1 ftp      ftp                 0 Dec 31  0907 x",
		},
		{ // nothing known
			Entry{Name: "?", Size: -1},
			"prw-r--r--   1 ftp      ftp                 0 Jan  1  1970 ?",
		},
		{ // a name that would like to be two, or to paint the terminal
			Entry{Name: "a\r\n-rw\x1b[2J\x7f é\\", Type: TypeFile, ModTime: day(2026, 7, 1, 12, 0), Owner: "o\nx"},
			`-rw-r--r--   1 o_x      ftp                 0 Jul  1 12:00 a\015\012-rw\033[2J\177 é\`,
		},
	} {
		if got := string(tt.entry.AppendUnix(nil, noon)); got != tt.want {
			t.Errorf("%q:\n got %q\nwant %q", tt.entry.Name, got, tt.want)
		}
	}
}

func TestAppendUnixDoesNotAllocate(t *testing.T) {
	e := Entry{Name: "ios.bin", Type: TypeFile, Size: 1, ModTime: noon}
	b := make([]byte, 0, 256)
	if n := testing.AllocsPerRun(10, func() { e.AppendUnix(b, noon) }); n != 0 {
		t.Errorf("%v allocations a line", n)
	}
}

func TestParseUnix(t *testing.T) {
	file := func(e Entry) Entry { e.Type, e.HasMode = TypeFile, true; return e }
	dir := func(e Entry) Entry { e.Type, e.HasMode = TypeDir, true; return e }
	for _, tt := range []struct {
		about, line string
		want        Entry
	}{
		{"vsftpd, numeric owners", "-rw-r--r--    1 0        0            1234 Jun 30 23:59 a b",
			file(Entry{Name: "a b", Size: 1234, ModTime: day(2026, 6, 30, 23, 59), Mode: 0o644, Links: 1, Owner: "0", Group: "0"})},
		{"a year", "drwxrwxr-x   5 u g 4096 Dec  3  1999 old",
			dir(Entry{Name: "old", Size: 4096, ModTime: day(1999, 12, 3, 0, 0), Mode: 0o775, Links: 5, Owner: "u", Group: "g"})},
		{"last year's autumn", "-r--r--r-- 1 u g 1 Oct  3 10:00 x",
			file(Entry{Name: "x", Size: 1, ModTime: day(2025, 10, 3, 10, 0), Mode: 0o444, Links: 1, Owner: "u", Group: "g"})},
		{"a server whose clock is ahead", "-r--r--r-- 1 u g 1 Jul  2 10:00 x",
			file(Entry{Name: "x", Size: 1, ModTime: day(2026, 7, 2, 10, 0), Mode: 0o444, Links: 1, Owner: "u", Group: "g"})},
		{"29 February without a year", "-r--r--r-- 1 u g 1 Feb 29 10:00 x",
			file(Entry{Name: "x", Size: 1, ModTime: day(2024, 2, 29, 10, 0), Mode: 0o444, Links: 1, Owner: "u", Group: "g"})},
		{"a name with blanks at both ends", "-rw-r--r-- 1 u g 1 Jun  1 10:00  x ",
			file(Entry{Name: " x ", Size: 1, ModTime: day(2026, 6, 1, 10, 0), Mode: 0o644, Links: 1, Owner: "u", Group: "g"})},
		{"a name that looks like a date", "-rw-r--r-- 1 u g 1 Jun  1 10:00 7 Jun  1 2020 x",
			file(Entry{Name: "7 Jun  1 2020 x", Size: 1, ModTime: day(2026, 6, 1, 10, 0), Mode: 0o644, Links: 1, Owner: "u", Group: "g"})},
		{"an owner that is a number and a group of two words", "-rw-r--r-- 1 1000 Domain Users 77 Jun  1 10:00 x",
			file(Entry{Name: "x", Size: 77, ModTime: day(2026, 6, 1, 10, 0), Mode: 0o644, Links: 1, Owner: "1000", Group: "Domain Users"})},
		{"no group", "-rw-r--r-- 1 u 77 Jun  1 10:00 x",
			file(Entry{Name: "x", Size: 77, ModTime: day(2026, 6, 1, 10, 0), Mode: 0o644, Links: 1, Owner: "u"})},
		{"no links, no group", "-rw-r--r-- u 77 Jun  1 10:00 x",
			file(Entry{Name: "x", Size: 77, ModTime: day(2026, 6, 1, 10, 0), Mode: 0o644, Owner: "u"})},
		{"an ACL", "drwxr-xr-x+ 2 u g 77 Jun  1 10:00 x",
			dir(Entry{Name: "x", Size: 77, ModTime: day(2026, 6, 1, 10, 0), Mode: 0o755, Links: 2, Owner: "u", Group: "g"})},
		{"setuid and sticky bits", "-rwsr-Sr-t 2 u g 77 Jun  1 10:00 x",
			file(Entry{Name: "x", Size: 77, ModTime: day(2026, 6, 1, 10, 0), Mode: 0o745, Links: 2, Owner: "u", Group: "g"})},
		{"day before month", "-rw-r--r-- 1 u g 77 1 jun 2019 x",
			file(Entry{Name: "x", Size: 77, ModTime: day(2019, 6, 1, 0, 0), Mode: 0o644, Links: 1, Owner: "u", Group: "g"})},
		{"long-iso", "-rw-r--r-- 1 u g 77 2019-06-01 10:11 x",
			file(Entry{Name: "x", Size: 77, ModTime: day(2019, 6, 1, 10, 11), Mode: 0o644, Links: 1, Owner: "u", Group: "g"})},
		{"full-iso", "-rw-r--r-- 1 u g 77 2019-06-01 10:11:00.123456789 +0200 x",
			file(Entry{Name: "x", Size: 77, ModTime: day(2019, 6, 1, 8, 11), Mode: 0o644, Links: 1, Owner: "u", Group: "g"})},
		{"a link", "lrwxrwxrwx 1 u g 3 Jun  1 10:00 a -> b -> c",
			Entry{Name: "a", Target: "b -> c", Type: TypeLink, HasMode: true, Size: 3, ModTime: day(2026, 6, 1, 10, 0), Mode: 0o777, Links: 1, Owner: "u", Group: "g"}},
		{"a device", "brw-rw---- 1 root disk 8, 0 Jun  1 10:00 sda",
			Entry{Name: "sda", HasMode: true, Size: -1, ModTime: day(2026, 6, 1, 10, 0), Mode: 0o660, Links: 1, Owner: "root", Group: "disk"}},
		{"a device whose numbers stand together", "crw------- 1 root sys 136,12 Jul  2 2004 pci@1f,700000:devctl",
			Entry{Name: "pci@1f,700000:devctl", HasMode: true, Size: -1, ModTime: day(2004, 7, 2, 0, 0), Mode: 0o600, Links: 1, Owner: "root", Group: "sys"}},
		{"a file with an f", "frw-r--r-- 1 7 staff 77 Jun  1 10:00 x",
			file(Entry{Name: "x", Size: 77, ModTime: day(2026, 6, 1, 10, 0), Mode: 0o644, Links: 1, Owner: "7", Group: "staff"})},
		{"an hour of one digit", "-rw-r--r-- 1 u g 77 Jun  1  3:07 x",
			file(Entry{Name: "x", Size: 77, ModTime: day(2026, 6, 1, 3, 7), Mode: 0o644, Links: 1, Owner: "u", Group: "g"})},
		{"a name that begins with numbers", "-rw-r--r-- 1 u g 77 Jun  1 10:00 12 2019 x.csv",
			file(Entry{Name: "12 2019 x.csv", Size: 77, ModTime: day(2026, 6, 1, 10, 0), Mode: 0o644, Links: 1, Owner: "u", Group: "g"})},
		{"a group of many words", "-rw-r--r-- 1 ftp all who work on the second floor and have a key to the lab 77 Jan 22 2001 x",
			file(Entry{Name: "x", Size: 77, ModTime: day(2001, 1, 22, 0, 0), Mode: 0o644, Links: 1, Owner: "ftp", Group: "all who work on the second floor and have a key to the lab"})},
		{"a group that ends with a number", "-rw-r--r-- 1 u my group 500 5000000000 Jun  1 10:00 x",
			file(Entry{Name: "x", Size: 5_000_000_000, ModTime: day(2026, 6, 1, 10, 0), Mode: 0o644, Links: 1, Owner: "u", Group: "my group 500"})},
		{"a mark of SELinux", "-rw-r--r--. 1 u g 77 Jun  1 10:00 x",
			file(Entry{Name: "x", Size: 77, ModTime: day(2026, 6, 1, 10, 0), Mode: 0o644, Links: 1, Owner: "u", Group: "g"})},
		{"an ACL, and links that leave no room", "drwxr-x---+1234 u g 4096 Feb 25 13:17 20090225",
			dir(Entry{Name: "20090225", Size: 4096, ModTime: day(2026, 2, 25, 13, 17), Mode: 0o750, Links: 1234, Owner: "u", Group: "g"})},
		{"a year in Japan", "-rw-rw---- 1 u g 77 6月 3日 2003年 試験.csv",
			file(Entry{Name: "試験.csv", Size: 77, ModTime: day(2003, 6, 3, 0, 0), Mode: 0o660, Links: 1, Owner: "u", Group: "g"})},
		{"an hour in Japan", "-rw-rw---- 1 u g 77 10月 17日 20:10 x",
			file(Entry{Name: "x", Size: 77, ModTime: day(2025, 10, 17, 20, 10), Mode: 0o660, Links: 1, Owner: "u", Group: "g"})},
		{"a directory of NetWare", "d [RWCEAFMS] admin 512 Jan 16 18:53 login",
			Entry{Name: "login", Type: TypeDir, Size: 512, ModTime: day(2026, 1, 16, 18, 53), Owner: "admin"}},
		{"a file of NetWare", "- [R----F--] rhesus 214059 Oct 20 2019 cx.exe",
			Entry{Name: "cx.exe", Type: TypeFile, Size: 214059, ModTime: day(2019, 10, 20, 0, 0), Owner: "rhesus"}},
		{"a folder of a Macintosh", "drwxrwxr-x folder 2 May 10 1996 network",
			dir(Entry{Name: "network", Size: 2, ModTime: day(1996, 5, 10, 0, 0), Mode: 0o775, Owner: "folder"})},
		{"a batch of Connect:Enterprise", "-C--E-----FTP B MAILBOX 18128 41 Feb 12 13:56 ORDERS",
			Entry{Name: "ORDERS", Type: TypeFile, Size: 41, ModTime: day(2026, 2, 12, 13, 56), Owner: "MAILBOX", Group: "18128"}},
		{"the directory itself", "drwxr-xr-x 2 u g 77 Jun  1 10:00 .",
			Entry{Name: ".", Type: TypeCurDir, HasMode: true, Size: 77, ModTime: day(2026, 6, 1, 10, 0), Mode: 0o755, Links: 2, Owner: "u", Group: "g"}},
		{"its parent", "drwxr-xr-x 2 u g 77 Jun  1 10:00 ..",
			Entry{Name: "..", Type: TypeParent, HasMode: true, Size: 77, ModTime: day(2026, 6, 1, 10, 0), Mode: 0o755, Links: 2, Owner: "u", Group: "g"}},
	} {
		got, err := ParseUnix(tt.line, noon)
		if err != nil || got != tt.want {
			t.Errorf("%s: %q\n got %+v, %v\nwant %+v", tt.about, tt.line, got, err, tt.want)
		}
	}
}

func TestParseUnixRefuses(t *testing.T) {
	for _, line := range []string{
		"", " ", "total 12", "ftpd: .: Permission denied",
		"-rw-r--r-- 1 u g 77 Jun  1 10:00",
		"-rw-r--r-- 1 u g 77 Jun  1 10:00 ",
		"-rw-r--r-- 1 u g 77 Jun 31 2019 x",
		"-rw-r--r-- 1 u g 77 Jun 1 25:00 x",
		"-rw-r--r-- 1 u g size Jun 1 10:00 x",
		"-rwzr--r-- 1 u g 77 Jun  1 10:00 x",
		"07-01-26  12:00PM  <DIR>  x",
		"zrw-r--r-- 1 u g 77 Jun  1 10:00 x",
		"dxrwr-xr-x 1 u g 77 Jun  1 10:00 x",
		"-rw-r--r-- 1 u g 77 Foo  1 10:00 x",
		"-rw-r--r-- 1 u g 77 Jun -1 10:00 x",
		"-rw-r--r-- 1 u g 77 Jun 36  2001 x",
		"-rw-r--r-- 1 u g 7:77 Jun  1 2001 x",
		"-rw-r--r-- 1u g 77",
		"-rw-r--r-- 1 u g 77 13月 3日 2003年 x",
		"-rw-r--r-- 1 u g 77 x月 3日 2003年 x",
		"x [RWCEAFMS] admin 512 Jan 16 18:53 login",
		"drwxr-x---+12x u g 4096 Feb 25 13:17 x",
	} {
		if e, err := ParseUnix(line, noon); err == nil {
			t.Errorf("%q is taken for %+v", line, e)
		}
	}
}

// What is printed is read back as it was, to the minute within half a year, to the day before.
func FuzzUnixRoundTrip(f *testing.F) {
	f.Add("a b", uint8(1), int64(12), int64(1_780_000_000), uint16(0o640), uint64(2), "root", "wheel", "")
	f.Add("l", uint8(3), int64(12), int64(1_780_000_000), uint16(0o777), uint64(1), "ftp", "7", "to/x")
	f.Add("\n", uint8(0), int64(-1), int64(0), uint16(0), uint64(1), "", " ", "")
	f.Fuzz(func(t *testing.T, name string, typ uint8, size, sec int64, mode uint16, links uint64, owner, group, target string) {
		e := Entry{
			Name: name, Type: EntryType(typ % 4), Size: max(size, 0), ModTime: time.Unix(sec, 0).UTC(),
			Mode: fs.FileMode(mode).Perm(), HasMode: true, Links: max(links, 1), Owner: owner, Group: group,
		}
		if e.Type == TypeLink {
			e.Target = target
		}
		line := string(e.AppendUnix(nil, noon))
		if strings.ContainsAny(line, "\r\n\x00\x1b") {
			t.Fatalf("the line breaks: %q", line)
		}
		got, err := ParseUnix(line, noon)
		if name == "" || !plain(name) || !plain(target) || !plainWord(owner) || !plainWord(group) || e.ModTime.Year() < 1 || e.ModTime.Year() > 9999 {
			return // refused or changed, but did not panic
		}
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		unit := 24 * time.Hour
		if age := noon.Sub(e.ModTime); age >= 0 && age < halfYear {
			unit = time.Minute
		}
		e.ModTime = e.ModTime.Truncate(unit)
		if got != e {
			t.Fatalf("%q\n got %+v\nwant %+v", line, got, e)
		}
	})
}

func plain(name string) bool {
	return name != "." && name != ".." && !strings.Contains(name, " -> ") && !strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r == 0x7f })
}

func plainWord(s string) bool { return s != "" && plain(s) && !strings.ContainsAny(s, " ,") }

func FuzzParseUnix(f *testing.F) {
	f.Add("-rw-r--r-- 1 u g 77 2019-06-01 10:11:00.123456789 +0200 x")
	f.Add("brw-rw---- 1 root disk 8, 0 Jun  1 10:00 sda")
	f.Fuzz(func(t *testing.T, line string) {
		if e, err := ParseUnix(line, noon); err == nil && (e.Name == "" || e.Size < -1) {
			t.Fatalf("%q gives %+v", line, e)
		}
	})
}

func BenchmarkAppendUnix(b *testing.B) {
	e := Entry{Name: "c2960-lanbasek9-mz.150-2.SE11.bin", Type: TypeFile, Size: 12_345_678, ModTime: noon.Add(-time.Hour), Mode: 0o644, HasMode: true, Links: 1}
	line := make([]byte, 0, 256)
	for b.Loop() {
		line = e.AppendUnix(line[:0], noon)
	}
}
