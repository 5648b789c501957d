package ftpserver

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"testing"
	"time"

	"dray/ftp"
)

// TestHashesWaitForEachOther: with one digest under way the next has read nothing, and
// its session still answers.
func TestHashesWaitForEachOther(t *testing.T) {
	s := &Server{Backend: newMemory(), LoginDelay: -1, MaxHashes: 1}
	conn, err := net.Dial("tcp", serve(t, s, "127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	replies := bufio.NewReader(conn)
	say := func(line, want string) {
		t.Helper()
		if line != "" {
			fmt.Fprintf(conn, "%s\r\n", line)
		}
		if r, err := ftp.ReadReply(replies); err != nil || !strings.Contains(r.String(), want) {
			t.Fatalf("%q: %v, %v; want %s", line, r, err, want)
		}
	}
	say("", "220")
	say("USER alice", "331")
	say("PASS secret", "230")

	s.hashing <- struct{}{} // another session's
	io.WriteString(conn, "HASH hello.txt\r\n")
	say("STAT", "HASH: 0 octets so far")
	<-s.hashing
	say("", "213 SHA-256 0-12 853ff93762a06ddb")
}

// knowing is files of which one knows digests. They are no real ones.
type knowing struct{ *memory }

func (k knowing) NewSession(context.Context, *Conn) (Session, error) { return k, nil }

func (k knowing) Login(context.Context, string, string) (FS, error) { return k, nil }

func (k knowing) Close() error { return nil }

func (k knowing) Hash(_ context.Context, name, algorithm string) ([]byte, error) {
	switch {
	case algorithm != "SHA-256" && algorithm != "MD5":
		return nil, nil
	case name == "/bad-permission":
		return nil, fs.ErrPermission
	}
	return []byte("known"), nil
}

// TestDigestsThatAreKnown are told without reading, if they are of the whole file.
func TestDigestsThatAreKnown(t *testing.T) {
	s := &Server{Backend: knowing{newMemory()}, LoginDelay: -1, MaxHashSize: 5}
	conn, err := net.Dial("tcp", serve(t, s, "127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	replies := bufio.NewReader(conn)
	for _, x := range [][2]string{
		{"", "220"}, {"USER a", "331"}, {"PASS b", "230"},
		{"HASH hello.txt", "213 SHA-256 0-12 6b6e6f776e /hello.txt"},
		{"MD5 hello.txt", "251 /hello.txt 6b6e6f776e"},
		{"XSHA256 hello.txt", "250 6b6e6f776e"},
		{"HASH dir", "553"},
		{"XSHA1 hello.txt", "552"}, // too much to read
		{"RANG 1 3", "350"}, {"HASH hello.txt", "213 SHA-256 1-3 "},
	} {
		if x[0] != "" {
			fmt.Fprintf(conn, "%s\r\n", x[0])
		}
		if r, err := ftp.ReadReply(replies); err != nil || !strings.HasPrefix(r.String(), x[1]) || x[0] == "HASH hello.txt" && strings.Contains(x[1], "1-3") && strings.Contains(r.String(), "6b6e6f776e") {
			t.Errorf("%q: %v, %v; want %s", x[0], r, err, x[1])
		}
	}
}
