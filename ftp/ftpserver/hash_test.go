package ftpserver

import (
	"bufio"
	"fmt"
	"io"
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
