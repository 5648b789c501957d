package ftpserver

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"dray/ftp"
)

// loggedIn is a session in /dir over IPv4.
func loggedIn() session {
	s := newSession(netip.MustParseAddr("::ffff:192.0.2.1"))
	s.user, s.loggedIn, s.cwd = "alice", true, "/dir"
	return s
}

func hashed(verb, name string, d digest, done ftp.Code) transfer {
	return transfer{verb: verb, name: name, run: d, done: done, dataless: true}
}

// A command either has its reply at once, or asks the connection for something.
func TestOps(t *testing.T) {
	resume := CreateOptions{Resume: true, Offset: 7}
	tests := []struct {
		lines string
		want  op
	}{
		{"QUIT", goodbye{}},
		{"CWD sub", changeDir{"/dir/sub"}},
		{"CWD", changeDir{"/dir"}},
		{"CDUP", changeDir{"/"}},
		{"PASV", listenData{extended: false}},
		{"EPSV", listenData{extended: true}},
		{"EPSV 1", listenData{extended: true}},
		{"PORT 192,0,2,1,8,1", connectData{netip.MustParseAddrPort("192.0.2.1:2049")}},
		{"EPRT |1|192.0.2.1|2049|", connectData{netip.MustParseAddrPort("192.0.2.1:2049")}},
		{"RETR a b ", transfer{verb: "RETR", name: "/dir/a b ", run: retrieve{}}},
		{"REST 7; RETR a", transfer{verb: "RETR", name: "/dir/a", run: retrieve{span{offset: 7}}}},
		{"REST 7; TYPE I; EPSV; RETR a", transfer{verb: "RETR", name: "/dir/a", run: retrieve{span{offset: 7}}}},
		{"REST 7; LIST; RETR a", transfer{verb: "RETR", name: "/dir/a", run: retrieve{}}},
		{"REST 7; RETR; RETR a", transfer{verb: "RETR", name: "/dir/a", run: retrieve{span{offset: 7}}}},
		{"REST 7; STOR a", transfer{verb: "STOR", name: "/dir/a", run: store{resume}}},
		{"RANG 7 9; RETR a", transfer{verb: "RETR", name: "/dir/a", run: retrieve{span{7, 3}}}},
		{"RANG 0 9223372036854775807; RETR a", transfer{verb: "RETR", name: "/dir/a", run: retrieve{span{0, 1<<63 - 1}}}},
		{"RANG 7 9; RANG 1 0; RETR a", transfer{verb: "RETR", name: "/dir/a", run: retrieve{}}},
		{"RANG 7 9; REST 1; RETR a", transfer{verb: "RETR", name: "/dir/a", run: retrieve{span{1, 0}}}},
		{"REST 1; RANG 7 9; RETR a", transfer{verb: "RETR", name: "/dir/a", run: retrieve{span{7, 3}}}},
		{"RANG 7 9; HASH a", hashed("HASH", "/dir/a", digest{part: span{7, 3}}, ftp.CodeHash)},
		{"REST 7; HASH a", hashed("HASH", "/dir/a", digest{part: span{7, 0}}, ftp.CodeHash)},
		{"RANG 7 9; HASH a; RETR a", transfer{verb: "RETR", name: "/dir/a", run: retrieve{}}},
		{"OPTS HASH md5; HASH a", hashed("HASH", "/dir/a", digest{algorithm: hashMD5}, ftp.CodeHash)},
		{"MD5 a", hashed("MD5", "/dir/a", digest{algorithm: hashMD5}, ftp.CodeMD5)},
		{"XCRC a 0 1", hashed("XCRC", "/dir/a 0 1", digest{algorithm: hashCRC32}, ftp.CodeActionDone)},
		{`XCRC "a ""b""" 2 5`, hashed("XCRC", `/dir/a "b"`, digest{algorithm: hashCRC32, part: span{2, 3}}, ftp.CodeActionDone)},
		{`XMD5 "a" 2`, hashed("XMD5", "/dir/a", digest{algorithm: hashMD5, part: span{2, 0}}, ftp.CodeActionDone)},
		{"LIST", transfer{verb: "LIST", name: "/dir", run: listing{long: true}}},
		{"LIST -la x", transfer{verb: "LIST", name: "/dir/x", run: listing{asked: "x", long: true}}},
		{"LIST -R", transfer{verb: "LIST", name: "/dir", run: listing{long: true, recursive: true}}},
		{"NLST -CF -1", transfer{verb: "NLST", name: "/dir", run: listing{}}},
		{"NLST -lR /", transfer{verb: "NLST", name: "/", run: listing{asked: "/", long: true, recursive: true}}},
		{"STOR ../a", transfer{verb: "STOR", name: "/a", run: store{}}},
		{"APPE /a", transfer{verb: "APPE", name: "/a", run: store{CreateOptions{Append: true}}}},
		{"STOU", transfer{verb: "STOU", name: "/dir/upload", run: storeUnique{}}},
		{"RNFR a", renameFrom{"/dir/a"}},
		{"DELE a", remove{name: "/dir/a"}},
		{"RMD a", remove{name: "/dir/a", dir: true}},
		{"XMKD a", makeDir{"/dir/a"}},
		{"STAT", status{}},
		{"STAT -l a", statPath{"/dir/a"}},
		{"ABOR", closeData{}},
		{"ALLO 5 R 1", allocate{octets: 5, dir: "/dir"}},
		{"AVBL", freeSpace{"/dir"}},
		{"CLNT x", noteClient{says: "x"}},
		{"CSID Name=x;", noteClient{says: "Name=x;", csid: true}},
		{"MLST a", describe{name: "/dir/a", facts: ftp.AllFacts}},
		{"OPTS MLST size; MLST", describe{name: "/dir", facts: ftp.FactSize}},
		{"RANG 1 2; STOR a", nil}, {"RANG 1 2; APPE a", nil}, {"RANG 1 2; STOU", nil}, {"RANG 2 1", nil},
		{`XMD5 "a`, nil}, {`XMD5 ""`, nil}, {`XMD5 "a" 2 2`, nil}, {`XMD5 "a" -1`, nil}, {`XMD5 "a" 1 2 3`, nil}, {`MD5 "a" 1`, nil},
		{"PASS x", nil}, {"NOOP", nil}, {"SMNT /", nil}, {"FLY", nil}, {"RNTO b", nil}, {"RETR", nil},
	}
	for _, tt := range tests {
		s := loggedIn()
		var got op
		var r ftp.Reply
		for line := range strings.SplitSeq(tt.lines, "; ") {
			c, err := ftp.ParseCommand([]byte(line))
			if err != nil {
				t.Fatal(err)
			}
			got, r = s.command(c)
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: op %#v, want %#v", tt.lines, got, tt.want)
		}
		if (r.Code == 0) == (got == nil) {
			t.Errorf("%s: op %#v and reply %q", tt.lines, got, r)
		}
	}
}

// What runs before log-in is short enough to be read here.
func TestBeforeLogin(t *testing.T) {
	var got []string
	for _, v := range verbs {
		s := newSession(netip.MustParseAddr("192.0.2.1"))
		s.hasTLS = true
		_, r := s.command(ftp.Command{Verb: v.name, Arg: "x"})
		if r.Code != ftp.CodeNotLoggedIn && r.Code != ftp.CodeNotImplemented {
			got = append(got, v.name)
		}
	}
	want := strings.Fields("ACCT AUTH CCC CLNT CSID FEAT HELP HOST LANG NOOP OPTS PASS PBSZ PROT QUIT REIN SYST USER")
	if !slices.Equal(got, want) {
		t.Errorf("before log-in: %q, want %q", got, want)
	}
}

func TestTableIsSorted(t *testing.T) {
	if !slices.IsSortedFunc(verbs, func(a, b verb) int { return strings.Compare(a.name, b.name) }) {
		t.Error("the table of verbs is not sorted")
	}
	if len(verbIndex) != len(verbs) {
		t.Error("a verb has two rows")
	}
}

func TestResolve(t *testing.T) {
	tests := []struct{ cwd, arg, want string }{
		{"/", "", "/"}, {"/a", "", "/a"}, {"/a", ".", "/a"}, {"/a", "..", "/"}, {"/a", "../../..", "/"},
		{"/a", "b/../../../c", "/c"}, {"/a", "/b", "/b"}, {"/a", "//b//c/", "/b/c"}, {"/a", "b/", "/a/b"},
		{"/a", "%2Fb", "/b"}, {"/a", "/%2fb", "/b"}, {"/a", "b%2Fc", "/a/b%2Fc"}, {"/a", `..\b`, `/a/..\b`},
		{"/a", "/..", "/"}, {"/a", " ", "/a/ "}, {"/a", "%2F../..", "/"},
	}
	for _, tt := range tests {
		s := session{cwd: tt.cwd}
		if got := s.resolve(tt.arg); got != tt.want {
			t.Errorf("%q in %s is %q, want %q", tt.arg, tt.cwd, got, tt.want)
		}
	}
}

func TestMatch(t *testing.T) {
	tests := []struct {
		pattern, name string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"a", "a", true}, {"*", "", true}, {"*", "abc", true},
		{"*.txt", "a.txt", true}, {"*.txt", "a.txt.gz", false}, {"a*b*c", "a-b-b-c", true}, {"a*b*c", "a-c-b", false},
		{"?", "", false}, {"?", "a", true}, {"??", "a", false}, {"a?c", "abc", true},
		{"[abc]", "b", true}, {"[abc]", "d", false}, {"[a-c]x", "bx", true}, {"[!a-c]", "b", false}, {"[!a-c]", "d", true},
		{"[]]", "]", true}, {"[!]]", "]", false}, {"[a-]", "-", true}, {"[", "[", true}, {"[a", "[a", true}, {"[!", "[!", true},
		{"*[0-9]", "file7", true}, {"*[0-9]", "file", false}, {"**a**", "bab", true}, {"]", "]", true},
	}
	for _, tt := range tests {
		if got := match(tt.pattern, tt.name); got != tt.want {
			t.Errorf("match(%q, %q) = %v", tt.pattern, tt.name, got)
		}
	}
}

// A pattern that takes other matchers ages (CVE-2010-2632) takes this one no time.
func TestMatchIsBounded(t *testing.T) {
	if match(strings.Repeat("*a", 2000)+"b", strings.Repeat("a", 4000)) {
		t.Error("it does not match")
	}
}

func TestSplitOptions(t *testing.T) {
	tests := []struct{ arg, options, name string }{
		{"", "", ""}, {"-a", "a", ""}, {"-al /", "al", "/"}, {"-a -l x y", "al", "x y"}, {"dir", "", "dir"},
		{"-- -odd", "-", "-odd"}, {"-l  x", "l", "x"},
	}
	for _, tt := range tests {
		if options, name := splitOptions(tt.arg); options != tt.options || name != tt.name {
			t.Errorf("splitOptions(%q) = %q, %q", tt.arg, options, name)
		}
	}
}

// TestVerbsPage keeps the page as the tables have it; -update writes it.
func TestVerbsPage(t *testing.T) {
	const name = "../../docs/ftp-verbs.md"
	var page strings.Builder
	page.WriteString("# The commands of the FTP server\n\n" +
		"Printed from the tables in `ftp/ftpserver` by `go test ./ftp/ftpserver -run VerbsPage -update`.\n\n" +
		"| Command | Described in | Takes | Before log-in | During a transfer | In FEAT |\n|---|---|---|---|---|---|\n")
	yes := map[bool]string{true: "yes"}
	for _, v := range verbs {
		fmt.Fprintf(&page, "| %s | %s | %s | %s | %s | %s |\n",
			v.name, v.spec, takes(v), yes[v.is(beforeLogin) && v.run != nil], yes[v.is(duringTransfer)], v.feat)
	}
	page.WriteString("\n| SITE command | Described in | Takes |\n|---|---|---|\n")
	for _, v := range siteVerbs {
		fmt.Fprintf(&page, "| %s | %s | %s |\n", v.name, v.spec, takes(v))
	}
	if *update {
		if err := os.WriteFile(name, []byte(page.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	old, err := os.ReadFile(name)
	if err != nil || string(old) != page.String() {
		t.Errorf("%s is not what the tables say (%v); run with -update", name, err)
	}
}

func takes(v verb) string {
	if v.run == nil {
		return "*refused with 502*"
	}
	return strings.ReplaceAll(v.help, "|", `\|`)
}

var update = flag.Bool("update", false, "rewrite the transcripts in testdata and the page of verbs")
