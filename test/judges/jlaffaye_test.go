package judges

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/jlaffaye/ftp"
)

// TestJlaffaye: jlaffaye/ftp, which is what most Go programs speak FTP with.
func TestJlaffaye(t *testing.T) {
	dialects := map[string][]ftp.DialOption{
		"EPSV MLSD": nil,
		"PASV LIST": {ftp.DialWithDisabledEPSV(true), ftp.DialWithDisabledMLSD(true)},
	}
	stories := map[string]func(*testing.T, *ftp.ServerConn){
		"sizes":     jlaffayeSizes,
		"resume":    jlaffayeResume,
		"tree":      jlaffayeTree,
		"names":     jlaffayeNames,
		"left half": jlaffayeLeavesHalf,
		"refusals":  jlaffayeRefusals,
	}
	onEachServer(t, func(t *testing.T, srv ftpServer, addr string) {
		for dialect, options := range dialects {
			for name, story := range stories {
				t.Run(dialect+"/"+name, func(t *testing.T) {
					c := jlaffayeDial(t, srv, addr, options...)
					must(t, c.Login(user, password))
					dir := "/" + dialect + " " + name
					must(t, c.MakeDir(dir))
					must(t, c.ChangeDir(dir))
					story(t, c)
					must(t, c.Quit())
				})
			}
		}
	})
}

func jlaffayeDial(t *testing.T, srv ftpServer, addr string, options ...ftp.DialOption) *ftp.ServerConn {
	t.Helper()
	switch srv.tls {
	case explicit:
		options = append(slices.Clip(options), ftp.DialWithExplicitTLS(tlsConfig()))
	case implicit:
		options = append(slices.Clip(options), ftp.DialWithTLS(tlsConfig()))
	}
	c, err := ftp.Dial(addr, options...)
	must(t, err)
	return c
}

func jlaffayeSizes(t *testing.T, c *ftp.ServerConn) {
	for _, size := range []int{0, 1, 511, 512, 513, 65536, 64 << 20} {
		want := content(size)
		must(t, c.Stor("file", bytes.NewReader(want)))
		if n, err := c.FileSize("file"); err != nil || n != int64(size) {
			t.Errorf("SIZE of %d bytes: %d, %v", size, n, err)
		}
		sameContent(t, retrieve(t, c, "file", 0), want)
	}
}

func jlaffayeResume(t *testing.T, c *ftp.ServerConn) {
	want := content(3 << 20)
	must(t, c.Stor("file", bytes.NewReader(want[:1<<20])))
	must(t, c.StorFrom("file", bytes.NewReader(want[1<<20:2<<20]), 1<<20))
	must(t, c.Append("file", bytes.NewReader(want[2<<20:])))
	sameContent(t, retrieve(t, c, "file", 0), want)
	sameContent(t, retrieve(t, c, "file", 2<<20+17), want[2<<20+17:])
	sameContent(t, retrieve(t, c, "file", 3<<20), nil)
}

func jlaffayeTree(t *testing.T, c *ftp.ServerConn) {
	must(t, c.MakeDir("a"))
	must(t, c.MakeDir("a/b"))
	must(t, c.Stor("a/b/five", strings.NewReader("12345")))
	must(t, c.Stor("a/none", strings.NewReader("")))
	must(t, c.Rename("a/none", "a/b/none"))
	home, err := c.CurrentDir()
	must(t, err)

	var walked []string
	for w := c.Walk(home + "/a"); w.Next(); {
		must(t, w.Err())
		line := strings.TrimPrefix(w.Path(), home)
		if w.Stat().Type == ftp.EntryTypeFile { // a folder has any size
			line += fmt.Sprintf(" of %d bytes", w.Stat().Size)
		}
		walked = append(walked, line)
	}
	slices.Sort(walked)
	if want := []string{"/a/b", "/a/b/five of 5 bytes", "/a/b/none of 0 bytes"}; !slices.Equal(walked, want) {
		t.Errorf("walked %q; want %q", walked, want)
	}
	names, err := c.NameList("a/b")
	must(t, err)
	for i := range names {
		names[i] = path.Base(names[i])
	}
	if slices.Sort(names); !slices.Equal(names, []string{"five", "none"}) {
		t.Errorf("NLST names %q", names)
	}
	must(t, c.Delete("a/b/none"))
	if err := c.RemoveDir("a"); !refused(err, ftp.StatusFileUnavailable) {
		t.Errorf("RMD of a folder that is not empty: %v", err)
	}
	must(t, c.RemoveDirRecur("a"))
	if left := list(t, c); len(left) != 0 {
		t.Errorf("left in the folder: %q", left)
	}
}

func jlaffayeNames(t *testing.T, c *ftp.ServerConn) {
	names := []string{
		" leading", "two  spaces", `quo"te`, "'single'", "a;b=c", "percent%20", "[x]", "{x}", "~", "-l",
		"Grüße", "世界", "e\u0301 decomposed", "back\\slash", "2026-01-01",
	}
	for _, name := range names {
		must(t, c.Stor("./"+name, strings.NewReader(name)))
		sameContent(t, retrieve(t, c, "./"+name, 0), []byte(name))
	}
	slices.Sort(names)
	if listed := list(t, c); !slices.Equal(listed, names) {
		t.Errorf("listed %q\nwant   %q", listed, names)
	}
}

// jlaffayeLeavesHalf closes the data connection in the middle: the session goes on.
func jlaffayeLeavesHalf(t *testing.T, c *ftp.ServerConn) {
	want := content(16 << 20)
	must(t, c.Stor("file", bytes.NewReader(want)))
	for range 5 {
		r, err := c.Retr("file")
		must(t, err)
		_, err = io.ReadFull(r, make([]byte, 1000))
		must(t, err)
		if err := r.Close(); !refused(err, ftp.StatusTransfertAborted) {
			t.Errorf("left in the middle: %v", err)
		}
		must(t, c.NoOp())
	}
	sameContent(t, retrieve(t, c, "file", 0), want)
}

func jlaffayeRefusals(t *testing.T, c *ftp.ServerConn) {
	if _, err := c.Retr("missing"); !refused(err, ftp.StatusFileUnavailable) {
		t.Errorf("RETR of nothing: %v", err)
	}
	if err := c.ChangeDir("missing"); !refused(err, ftp.StatusFileUnavailable) {
		t.Errorf("CWD to nothing: %v", err)
	}
	if err := c.Stor("missing/file", strings.NewReader("x")); err == nil {
		t.Error("STOR in a folder that is not there succeeded")
	}
}

func TestJlaffayeWrongPassword(t *testing.T) {
	onEachServer(t, func(t *testing.T, srv ftpServer, addr string) {
		c := jlaffayeDial(t, srv, addr)
		if err := c.Login(user, "wrong"); !refused(err, ftp.StatusNotLoggedIn) {
			t.Errorf("log-in with a wrong password: %v", err)
		}
		must(t, c.Quit())
	})
}

func retrieve(t *testing.T, c *ftp.ServerConn, name string, offset uint64) []byte {
	t.Helper()
	r, err := c.RetrFrom(name, offset)
	must(t, err)
	got, err := io.ReadAll(r)
	must(t, errors.Join(err, r.Close()))
	return got
}

// list returns the names in the working directory, sorted, without itself and its parent,
// which MLSD may list.
func list(t *testing.T, c *ftp.ServerConn) []string {
	t.Helper()
	entries, err := c.List("")
	must(t, err)
	var names []string
	for _, e := range entries {
		if e.Name != "." && e.Name != ".." {
			names = append(names, e.Name)
		}
	}
	slices.Sort(names)
	return names
}

// refused reports whether err is the reply with that code.
func refused(err error, code int) bool {
	var reply *textproto.Error
	return errors.As(err, &reply) && reply.Code == code
}
