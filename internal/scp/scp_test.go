package scp_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"iter"
	"maps"
	"net"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"dray/internal/scp"
)

func TestCommands(t *testing.T) {
	for _, c := range []struct {
		line string
		want scp.Command
	}{
		{"scp -t .", scp.Command{Sink: true, Paths: []string{"."}}},
		{"scp -f /images/ios.bin", scp.Command{Paths: []string{"/images/ios.bin"}}},
		{"scp -v -r -p -t -- '/a b'", scp.Command{Sink: true, Recursive: true, Preserve: true, Paths: []string{"/a b"}}},
		{"scp -prtd x", scp.Command{Sink: true, Recursive: true, Preserve: true, Folder: true, Paths: []string{"x"}}},
		{"scp -pf -q x", scp.Command{Preserve: true, Paths: []string{"x"}}},
		{"/usr/bin/scp -f a b", scp.Command{Paths: []string{"a", "b"}}},
		{`scp -f "a b"\ c'd"e'`, scp.Command{Paths: []string{`a b cd"e`}}},
		{`scp -f 'it'\''s'`, scp.Command{Paths: []string{"it's"}}},
		{"scp -f $(id);x", scp.Command{Paths: []string{"$(id);x"}}}, // no shell reads it
		{"scp -f -- -r", scp.Command{Paths: []string{"-r"}}},
	} {
		got, err := scp.ParseCommand(c.line)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v", c.line, got, err)
		}
		if again, err := scp.ParseCommand(got.String()); err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%s is written %s, and read %+v, %v", c.line, got, again, err)
		}
	}
}

func TestCommandsThatAreNotScp(t *testing.T) {
	for _, line := range []string{
		"", "scp", "scp x", "scp -t", "scp -tf x", "scp -r x", "scp -t a b", "scp -f", "scp -S prog -f x",
		"scp -f 'open", `scp -f x\`, "scpx -t x", "ls -la", "rm scp -t x", "sftp-server", "scp -t -o x",
	} {
		if c, err := scp.ParseCommand(line); !errors.Is(err, scp.ErrNotScp) {
			t.Errorf("%q is %+v, %v", line, c, err)
		}
	}
}

// TestStringIsBareForDevices: IOS takes quotes for a part of the name.
func TestStringIsBareForDevices(t *testing.T) {
	for _, c := range []struct {
		c    scp.Command
		want string
	}{
		{scp.Command{Paths: []string{"flash:/ios_15.2-7.bin"}}, "scp -f flash:/ios_15.2-7.bin"},
		{scp.Command{Sink: true, Preserve: true, Paths: []string{"a b"}}, "scp -pt 'a b'"},
		{scp.Command{Paths: []string{"-x"}}, "scp -f -- -x"},
	} {
		if got := c.c.String(); got != c.want {
			t.Errorf("got %s; want %s", got, c.want)
		}
	}
}

func TestRecords(t *testing.T) {
	for _, c := range []struct {
		line string
		want scp.Record
	}{
		{"C0644 12 a b\n", scp.Record{Kind: scp.File, Mode: 0o644, Size: 12, Name: "a b"}},
		{"D0755 0 dir\n", scp.Record{Kind: scp.Folder, Mode: 0o755, Name: "dir"}},
		{"E\n", scp.Record{Kind: scp.End}},
		{"T1 0 2 0\n", scp.Record{Kind: scp.Times, Modified: time.Unix(1, 0), Accessed: time.Unix(2, 0)}},
		{"C0644 0 ...\n", scp.Record{Kind: scp.File, Mode: 0o644, Name: "..."}},
	} {
		got, err := scp.ReadRecord(bufio.NewReader(strings.NewReader(c.line)))
		if err != nil || got != c.want {
			t.Errorf("%q: %+v, %v", c.line, got, err)
		}
		if line := string(c.want.Append(nil)); line != c.line {
			t.Errorf("%+v is written %q; want %q", c.want, line, c.line)
		}
	}
}

// TestRecordsThatAreRefused: names that lead elsewhere (CVE-2018-20685, CVE-2019-6111), and
// numbers that are none.
func TestRecordsThatAreRefused(t *testing.T) {
	for _, line := range []string{
		"C0644 1 ..\n", "C0644 1 .\n", "C0644 1 \n", "C0644 1 a/b\n", "C0644 1 /a\n", "C0644 1 a\x1b[2Jb\n", "C0644 1 a\x7f\n",
		"D0755 0 ..\n", "D0755 0 ../x\n", "C0644 -1 a\n", "C0644 99999999999999999999 a\n", "C9644 1 a\n", "C77777 1 a\n",
		"C0644 1\n", "C\n", "X\n", "E1\n", "T1 0 2\n", "T-1 0 2 0\n", "C" + strings.Repeat("7", 9000) + "\n",
	} {
		r, err := scp.ReadRecord(bufio.NewReader(strings.NewReader(line)))
		if !errors.Is(err, scp.ErrRecord) {
			t.Errorf("%.40q is %+v, %v", line, r, err)
		}
	}
	var remote *scp.RemoteError
	_, err := scp.ReadRecord(bufio.NewReader(strings.NewReader("\x01Privilege denied.\n")))
	if !errors.As(err, &remote) || remote.Fatal || remote.Text != "Privilege denied." {
		t.Errorf("a complaint is %v", err)
	}
}

// FuzzRecord: a record that parses is written as it was read.
func FuzzRecord(f *testing.F) {
	for _, s := range []string{"C0644 12 a b\n", "D0755 0 dir\n", "E\n", "T1 0 2 0\n", "\x01no\n", "C0644 1 ..\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := scp.ReadRecord(bufio.NewReader(strings.NewReader(s)))
		if err != nil {
			return
		}
		again, err := scp.ReadRecord(bufio.NewReader(bytes.NewReader(r.Append(nil))))
		if r.Kind == scp.Folder {
			r.Size, again.Size = 0, 0
		}
		if err != nil || again != r {
			t.Fatalf("%q: %+v became %+v, %v", s, r, again, err)
		}
		if strings.ContainsAny(r.Name, "/\n\x00") || r.Name == ".." {
			t.Fatalf("%q has the name %q", s, r.Name)
		}
	})
}

// FuzzCommand: what is read can be written, and is read again as the same.
func FuzzCommand(f *testing.F) {
	f.Add(`scp -rpt -- 'a b' "c"\d`)
	f.Fuzz(func(t *testing.T, line string) {
		c, err := scp.ParseCommand(line)
		if err != nil {
			return
		}
		if again, err := scp.ParseCommand(c.String()); err != nil || !reflect.DeepEqual(again, c) {
			t.Fatalf("%q is %+v, written %q, read %+v, %v", line, c, c, again, err)
		}
	})
}

// tree is files in memory, at both ends. Folders end with "/".
type tree struct {
	files map[string]string
	deny  string // a path that cannot be opened or made
	log   []string
}

func (t *tree) Phrase(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "no such file"
	}
	return "permission denied"
}

func (t *tree) IsDir(p string) bool { return p == "." || t.has(p+"/") }

func (t *tree) has(p string) bool {
	_, ok := t.files[p]
	return ok
}

func (t *tree) Stat(p string) (scp.Info, error) {
	i := scp.Info{Name: path.Base(p), Mode: 0o640, Size: int64(len(t.files[p])), Modified: time.Unix(1000, 0)}
	switch {
	case t.IsDir(p):
		i.Dir, i.Size, i.Mode = true, 0, 0o750
	case !t.has(p):
		return i, fs.ErrNotExist
	}
	return i, nil
}

func (t *tree) Open(p string) (io.ReadCloser, error) {
	if p == t.deny {
		return nil, fs.ErrPermission
	}
	return io.NopCloser(strings.NewReader(t.files[p])), nil
}

func (t *tree) List(dir string) iter.Seq2[scp.Info, error] {
	return func(yield func(scp.Info, error) bool) {
		for _, name := range slices.Sorted(maps.Keys(t.files)) {
			p := strings.TrimSuffix(name, "/")
			if path.Dir(p) == dir {
				if i, err := t.Stat(p); !yield(i, err) {
					return
				}
			}
		}
	}
}

type memUpload struct {
	bytes.Buffer
	commit func(string)
}

func (u *memUpload) Commit() error { u.commit(u.String()); return nil }
func (u *memUpload) Abort() error  { return nil }

func (t *tree) Create(p string, _ int64, a scp.Attributes) (scp.Upload, error) {
	if p == t.deny {
		return nil, fs.ErrPermission
	}
	return &memUpload{commit: func(s string) { t.files[p] = s; t.attr(p, a) }}, nil
}

func (t *tree) Mkdir(p string, a scp.Attributes) error {
	t.files[p+"/"] = ""
	return nil
}

func (t *tree) Leave(p string, a scp.Attributes) error { t.attr(p, a); return nil }

func (t *tree) attr(p string, a scp.Attributes) {
	if a.Preserve {
		t.log = append(t.log, p+" "+a.Mode.String()+" "+a.Modified.UTC().Format("15:04:05"))
	}
}

// copyBetween runs both ends over a pipe.
func copyBetween(t *testing.T, from, to *tree, give, take scp.Command) (gave, took error) {
	t.Helper()
	a, b := net.Pipe()
	done := make(chan error)
	go func() {
		err := scp.NewStream(a).Give(give, from)
		a.Close()
		done <- err
	}()
	took = scp.NewStream(b).Take(take, to)
	b.Close()
	return <-done, took
}

func TestCopies(t *testing.T) {
	full := map[string]string{"d/": "", "d/a": "alpha", "d/e/": "", "d/e/b": "", "d/z": strings.Repeat("z", 100_000), "f": "eff"}
	for _, c := range []struct {
		name       string
		give, take scp.Command
		to, want   map[string]string
		log        []string
	}{
		{name: "a file to a name", give: scp.Command{Paths: []string{"f"}}, take: scp.Command{Paths: []string{"g"}},
			to: map[string]string{}, want: map[string]string{"g": "eff"}},
		{name: "a file into a folder", give: scp.Command{Paths: []string{"f"}}, take: scp.Command{Paths: []string{"x"}, Folder: true},
			to: map[string]string{"x/": ""}, want: map[string]string{"x/": "", "x/f": "eff"}},
		{name: "a folder to a name", give: scp.Command{Recursive: true, Paths: []string{"d"}},
			take: scp.Command{Recursive: true, Paths: []string{"n"}}, to: map[string]string{},
			want: map[string]string{"n/": "", "n/a": "alpha", "n/e/": "", "n/e/b": "", "n/z": full["d/z"]}},
		{name: "with times", give: scp.Command{Preserve: true, Recursive: true, Paths: []string{"d/e", "f"}},
			take: scp.Command{Preserve: true, Recursive: true, Paths: []string{"."}}, to: map[string]string{},
			want: map[string]string{"e/": "", "e/b": "", "f": "eff"},
			log:  []string{"e/b -rw-r----- 00:16:40", "e -rwxr-x--- 00:16:40", "f -rw-r----- 00:16:40"}},
	} {
		from, to := &tree{files: full}, &tree{files: c.to}
		gave, took := copyBetween(t, from, to, c.give, c.take)
		if gave != nil || took != nil || !maps.Equal(to.files, c.want) || !slices.Equal(to.log, c.log) {
			t.Errorf("%s: %v, %v\n%v\n%q", c.name, gave, took, slices.Sorted(maps.Keys(to.files)), to.log)
		}
	}
}

// TestTheRestGoesOn: what cannot be read or written is told, and the rest arrives.
func TestTheRestGoesOn(t *testing.T) {
	full := map[string]string{"d/": "", "d/a": "alpha", "d/b": "beta", "d/c": "gamma"}
	every := scp.Command{Recursive: true, Paths: []string{"d"}}
	for name, c := range map[string]struct {
		from, to *tree
	}{
		"cannot be read":    {&tree{files: full, deny: "d/b"}, &tree{files: map[string]string{}}},
		"cannot be written": {&tree{files: full}, &tree{files: map[string]string{}, deny: "d/b"}},
	} {
		gave, took := copyBetween(t, c.from, c.to, every, every)
		want := map[string]string{"d/": "", "d/a": "alpha", "d/c": "gamma"}
		var remote *scp.RemoteError
		told := errors.As(gave, &remote) || errors.As(took, &remote)
		if !told || remote.Text != "scp: d/b: permission denied" || gave == nil || took == nil || !maps.Equal(c.to.files, want) {
			t.Errorf("%s: %v, %v, %v", name, gave, took, c.to.files)
		}
	}
	gave, took := copyBetween(t, &tree{files: full}, &tree{files: map[string]string{}},
		scp.Command{Paths: []string{"x", "d"}}, scp.Command{Paths: []string{"."}})
	if gave == nil || took == nil {
		t.Errorf("missing, and a folder without -r: %v, %v", gave, took)
	}
}

// TestAFileThatShrinks: as many octets come as were promised, and then the truth; what
// has come is not kept.
func TestAFileThatShrinks(t *testing.T) {
	from, to := shrinking{&tree{files: map[string]string{"f": "12345"}}}, &tree{files: map[string]string{}}
	a, b := net.Pipe()
	done := make(chan error)
	go func() {
		done <- errors.Join(scp.NewStream(a).Give(scp.Command{Paths: []string{"f"}}, from), a.Close())
	}()
	took := scp.NewStream(b).Take(scp.Command{Paths: []string{"f"}}, to)
	if gave := <-done; !errors.Is(gave, io.ErrUnexpectedEOF) || took == nil || len(to.files) != 0 {
		t.Errorf("%v, %v, %v", gave, took, to.files)
	}
}

type shrinking struct{ *tree }

func (s shrinking) Open(string) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader("123")), nil
}

// talk plays lines to one end and returns what it says.
type talk struct {
	io.Reader
	bytes.Buffer
}

func (t *talk) Read(b []byte) (int, error) { return t.Reader.Read(b) }

// TestSinkHoldsOut: what a hostile source sends, from which nothing comes.
func TestSinkHoldsOut(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"a name that climbs", "C0644 3 ../x\nabc\x00", "\x00\x02scp: bad record\n"},
		{"a folder that climbs", "D0755 0 ..\n", "\x00\x02scp: bad record\n"},
		{"a folder that was not asked for", "D0755 0 d\n", "\x00\x02scp: bad record\n"},
		{"the end of no folder", "E\n", "\x00\x02scp: bad record\n"},
		{"an end in the middle", "C0644 9 x\nabc", "\x00\x00"},
	} {
		to := &tree{files: map[string]string{}}
		conversation := &talk{Reader: strings.NewReader(c.in)}
		err := scp.NewStream(conversation).Take(scp.Command{Sink: true, Paths: []string{"."}}, to)
		if err == nil || conversation.String() != c.want || len(to.files) > 0 {
			t.Errorf("%s: %v, %q, %v", c.name, err, conversation.String(), to.files)
		}
	}
}

// TestSinkTakesAnEndWithoutStatus, which libssh2 leaves out: all octets that were promised
// have come.
func TestSinkTakesAnEndWithoutStatus(t *testing.T) {
	to := &tree{files: map[string]string{}}
	conversation := &talk{Reader: strings.NewReader("C0644 3 x\nabc")}
	err := scp.NewStream(conversation).Take(scp.Command{Sink: true, Paths: []string{"."}}, to)
	if err != nil || to.files["x"] != "abc" {
		t.Errorf("%v, %q, %v", err, conversation.String(), to.files)
	}
}

// TestSourceAsDevicesSpeak: the whole conversation, octet by octet.
func TestSourceAsDevicesSpeak(t *testing.T) {
	from := &tree{files: map[string]string{"f": "eff"}}
	conversation := &talk{Reader: strings.NewReader("\x00\x00\x00")}
	err := scp.NewStream(conversation).Give(scp.Command{Paths: []string{"f"}}, from)
	if want := "C0640 3 f\neff\x00"; err != nil || conversation.String() != want {
		t.Errorf("%q, %v; want %q", conversation.String(), err, want)
	}
	denied := &talk{Reader: strings.NewReader("\x01Privilege denied.\n")}
	var remote *scp.RemoteError
	if err := scp.NewStream(denied).Give(scp.Command{Paths: []string{"f"}}, from); !errors.As(err, &remote) {
		t.Errorf("a device without ip scp server enable: %v, %q", err, denied.String())
	}
}
