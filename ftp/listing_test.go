package ftp

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// Whole listings, as servers of each kind send them.
func TestListing(t *testing.T) {
	for _, tt := range []struct {
		about, text string
		want        []string // type, name, size, time, mode, owner, group
	}{
		{"Unix", `total 8
-rw-r--r--   1 root     wheel         1234 Jun 30 23:59 a b
drwxr-xr-x   2 root     wheel         4096 Jan  1  2020 d
lrwxrwxrwx   1 root     wheel            3 Jan  1  2020 l -> a b`, []string{
			"file a b 1234 2026-06-30T23:59:00Z -rw-r--r-- root wheel",
			"dir d 4096 2020-01-01T00:00:00Z -rwxr-xr-x root wheel",
			"link l 3 2020-01-01T00:00:00Z -rwxrwxrwx root wheel",
		}},
		{"Windows", `
01-23-26  03:45PM       <DIR>          Program Files
12-31-68  12:00AM                    1 far away
01-01-70  12:30PM                  321  blank first
02-25-1999  04:02               321142 192.xls
2026-06-01  15:04            1,234,567 with commas.bin
06/01/2026  15:04       <JUNCTION>     Users [C:\Users]
05-22-97  12:08AM           5000000000 10 years and under
12-05-96  17:03         <DIR>          12 months
09-06-06  19:00                   69 desktop.ini`, []string{
			"dir Program Files -1 2026-01-23T15:45:00Z - - -",
			"file far away 1 2068-12-31T00:00:00Z - - -",
			"file  blank first 321 1970-01-01T12:30:00Z - - -",
			"file 192.xls 321142 1999-02-25T04:02:00Z - - -",
			"file with commas.bin 1234567 2026-06-01T15:04:00Z - - -",
			"link Users -1 2026-06-01T15:04:00Z - - -",
			"file 10 years and under 5000000000 1997-05-22T00:08:00Z - - -",
			"dir 12 months -1 1996-12-05T17:03:00Z - - -",
			"file desktop.ini 69 2006-09-06T19:00:00Z - - -",
		}},
		{"Cisco IOS", `
Directory of flash:/

    2  -rwx     15183868   Mar 1 1993 00:14:42 +00:00  c2960-lanbasek9-mz.122-55.SE5.bin
    3  -rw-         1919  Dec 31 2025 23:30:00 -02:00  config text
    6  drwx          512   Mar 01 1993 00:03:30  c2960
    7  -rw-      4414921         <no date>  c2600-is-mz

32514048 bytes total (17151488 bytes free)`, []string{
			"file c2960-lanbasek9-mz.122-55.SE5.bin 15183868 1993-03-01T00:14:42Z -rwx------ - -",
			"file config text 1919 2026-01-01T01:30:00Z -rw------- - -",
			"dir c2960 -1 1993-03-01T00:03:30Z -rwx------ - -",
			"file c2600-is-mz 4414921 - -rw------- - -",
		}},
		{"VMS", `
Directory DISK1:[ANONYMOUS]

LOGIN.COM;3                1/4          15-SEP-2004 10:28:18  [STAFF,JOE]   (RWED,RWED,RE,)
LOGIN.COM;2                1/4          14-SEP-2004 10:28:18  [STAFF,JOE]   (RWED,RWED,RE,)
PUB.DIR;1                  9            3-JAN-2001 07:09:01.55  [SYSTEM]  (RWE,RWE,RE,RE)
A_NAME_THAT_IS_RATHER_LONG.TXT_AND_MORE;1
                           213          29-JAN-1996 03:33  [ANONYMOU,ANONYMOUS]   (,RWED,RWED,)
SECRET.DIR;1  %RMS-E-PRV, insufficient privilege or file protection violation
BARE.TXT;1                 5  29-JAN-1996 03:33
A.;2                       18/18        1-jul-1998 08:43:20  [GROUP-1,OWNER]  (RWED,,RWED,RE)
TOOLS40.DIR;1              27/36       16-FEB-1999 10:01:46  [WEBSERVERS,DAEMON$WWW          (RWE,RWE,RE,RE)
UCX$REXECD_STARTUP.LOG;1098
                            4/15       24-FEB-2003 13:17:24  [TRANSLATED]    (RWED,RWED,RE,)

Total of 6 files, 228/240 blocks`, []string{
			"file LOGIN.COM -1 2004-09-15T10:28:18Z -rwxr-x--- JOE STAFF",
			"dir PUB -1 2001-01-03T07:09:01Z -rwxr-xr-x SYSTEM -",
			"file A_NAME_THAT_IS_RATHER_LONG.TXT_AND_MORE -1 1996-01-29T03:33:00Z -rwxrwx--- ANONYMOUS ANONYMOU",
			"dir SECRET -1 - - - -",
			"file BARE.TXT -1 1996-01-29T03:33:00Z - - -",
			"file A. -1 1998-07-01T08:43:20Z ----rwxr-x OWNER GROUP-1",
			"dir TOOLS40 -1 1999-02-16T10:01:46Z -rwxr-xr-x DAEMON$WWW WEBSERVERS",
			"file UCX$REXECD_STARTUP.LOG -1 2003-02-24T13:17:24Z -rwxr-x--- TRANSLATED -",
		}},
		{"EPLF", "+i8388621.29609,m824255902,/,up755,\tdev\n" +
			"+i8388621.44468,m839956783,r,s10376,\tRFC EPLF\n" +
			"+\tnothing known", []string{
			"dir dev -1 1996-02-13T23:58:22Z -rwxr-xr-x - -",
			"file RFC EPLF 10376 1996-08-13T17:19:43Z - - -",
			"other nothing known -1 - - - -",
		}},
	} {
		t.Run(tt.about, func(t *testing.T) {
			l := Listing{Now: noon}
			var got []string
			for line := range strings.SplitSeq(tt.text, "\n") {
				e, ok, err := l.Line(line)
				if err != nil {
					t.Error(err)
				}
				if ok {
					got = append(got, describe(e))
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

func describe(e Entry) string {
	known := func(s string, ok bool) string {
		if !ok {
			return "-"
		}
		return s
	}
	return fmt.Sprint(e.Type, " ", e.Name, " ", e.Size, " ", known(e.ModTime.Format(time.RFC3339), !e.ModTime.IsZero()), " ",
		known(e.Mode.String(), e.HasMode), " ", known(e.Owner, e.Owner != ""), " ", known(e.Group, e.Group != ""))
}

func TestListingRefuses(t *testing.T) {
	for _, line := range []string{
		"ls: cannot open directory",
		"13-23-26  03:45PM  <DIR>  x", "01-23-26  03:45XM  <DIR>  x", "01-23-26  03:45PM  <FOO>  x",
		"01-23-26  03:45PM  <DIR>", "01-23-26  03:45PM  12", "2026-13-01  15:04  12 x",
		"    2  -rwx     15183868   Mar 1 1993 00:14:42 +00:00", "    2  -rwx     15183868   Mar 41 1993 00:14:42 x",
		"    2  -zzz     15183868   Mar 1 1993 00:14:42  x", "    2  -rwx     15183868   <no date>",
		"A.TXT;1  5", "A.TXT;1  5  29-FOO-1996 03:33", "A.TXT;1  many  29-JAN-1996 03:33",
		"+r,s1,x", "+r\t",
		"20-05-97  03:31PM  681 x", "     0           DIR   05-19-97   12:56  local", // OS/2
		"DATA.DIR; 1  1/9  2-JUN-1998 07:32:04  [GROUP,OWNER]  (,RWED,RWED,RE)",
		"A.LIS;2  9/9  JUN-2-1998 07:32:04  [GROUP,OWNER]  (RWED,RWED,RWED,)",
		"A.LIS;2  a/9  2-JUN-1998 07:32:04  [GROUP,OWNER]  (RWED,RWED,RWED,)",
	} {
		l := Listing{Now: noon}
		if e, ok, err := l.Line(line); err == nil {
			t.Errorf("%q is taken for %+v, %v", line, e, ok)
		}
	}
}

func FuzzListing(f *testing.F) {
	f.Add("01-23-26  03:45PM       <DIR>          x\n01-23-26  03:45PM  12 ")
	f.Add("    2  -rwx     15183868   Mar 1 1993 00:14:42 +00:00  x\n 7  -rw-  44   <no date>  y")
	f.Add("A.TXT;1\n  5  29-JAN-1996 03:33 [A,B] (RWED,RWED,RE,)\nB.DIR;1 %x")
	f.Add("+i1,m1,/,up755,\tdev")
	f.Fuzz(func(t *testing.T, text string) {
		l := Listing{Now: noon}
		for line := range strings.SplitSeq(text, "\n") {
			e, ok, err := l.Line(line)
			if ok && (err != nil || e.Name == "" || e.Size < -1) {
				t.Fatalf("%q gives %+v, %v", line, e, err)
			}
		}
	})
}
