//go:build unix

package ftpserver

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"dray/ftp"
)

// ABOR in the middle of a transfer, with the Telnet signs that RFC 959, section 4.1.3,
// asks for and some of it as urgent data of TCP, in the forms of real clients. Without
// SO_OOBINLINE the last urgent octet would be missing.
func TestAbortWithUrgentData(t *testing.T) {
	for name, form := range map[string]struct{ urgent, after string }{
		"BSD ftp":      {"\xff\xf4\xff", "\xf2ABOR\r\n"}, // IAC IP IAC is urgent, the data mark follows
		"RFC 959":      {"\xff\xf4\xff\xf2", "ABOR\r\n"},
		"ftplib":       {"ABOR\r\n", ""},
		"in one piece": {"\xff\xf4\xff\xf2ABOR\r\n", ""},
	} {
		for _, verb := range []string{"RETR bad-endless", "STOR new.txt"} {
			t.Run(name+" "+verb, func(t *testing.T) {
				p := enter(t, serve(t, &Server{Backend: newMemory()}, "127.0.0.1:0"))
				data := p.open()
				p.ask(verb, ftp.CodeOpening)
				sendUrgent(t, p.Conn.(*net.TCPConn), form.urgent)
				p.say(form.after)
				p.want(ftp.CodeDataLost)
				p.want(ftp.CodeAborted)
				if _, err := io.Copy(io.Discard, data); err != nil && !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("the data connection did not end: %v", err)
				}
				p.ask("SIZE new.txt", ftp.CodeNotFile)
			})
		}
	}
}

func sendUrgent(t *testing.T, conn *net.TCPConn, text string) {
	t.Helper()
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		_, failed = unix.SendmsgN(int(fd), []byte(text), nil, nil, unix.MSG_OOB)
	})
	if err != nil || failed != nil {
		t.Fatal(err, failed)
	}
}
