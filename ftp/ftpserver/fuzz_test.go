package ftpserver

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"dray/ftp"
)

// FuzzSession sends anything to a server, logged in, and holds that it never breaks and
// answers each line with exactly one final reply, until it closes the connection.
func FuzzSession(f *testing.F) {
	f.Add([]byte("PWD\r\nCWD dir\r\nRETR a.txt\r\nABOR\r\n"))
	f.Add([]byte("\xff\xfd\x01FEAT\nHELP SITE\nSTAT /dir\nMLST\nOPTS MLST size;\nREST 5\nSTOU\n"))
	f.Add([]byte("RNFR hello.txt\nRNTO x\nMKD a\"b\nRMD a\"b\nALLO 1 R 1\nEPRT |1|::|1|\nREIN\nPWD\n"))
	f.Add([]byte("HASH hello.txt\nRANG 1 3\nHASH dir/a.txt\nOPTS HASH MD5\nXCRC \"hello.txt\" 1 4\nRANG 2 1\nMD5 zero\n"))
	f.Add([]byte("MFMT 20010203040506 zero\nMFF Modify=20010203040506; dir\nSITE UTIME zero 200102030405 200102030405 200102030405 UTC\n"))
	f.Add([]byte("MODE Z\nOPTS MODE Z LEVEL 9\nRETR zero\nMODE S\nLIST -R\nHOST a\nCSID x\nLANG EN\nAVBL /\nREIN\nHOST b\n"))
	f.Add([]byte("RETR o\nLIST\nHASH a\nNOOP\nABOR\nSTAT\n"))
	f.Add(bytes.Repeat([]byte("x"), 3*MaxLine))
	f.Fuzz(func(t *testing.T, lines []byte) {
		if bytes.Contains(lines, []byte("bad-")) {
			return // told to fail
		}
		sent := append([]byte("USER alice\r\nPASS secret\r\n"), lines...)
		sent = append(sent, "\r\n\r\nQUIT\r\n"...)
		want, quits := countLines(sent)
		if !quits {
			return // QUIT is within a Telnet sequence
		}
		s := &Server{Backend: newMemory(), LoginDelay: -1, Deflate: true}
		here, there := net.Pipe()
		l := &oneConn{conn: there, closed: make(chan struct{})}
		served := make(chan error, 1)
		go func() { served <- s.Serve(l) }()
		here.SetDeadline(time.Now().Add(patience))
		written := make(chan struct{})
		go func() {
			defer close(written)
			here.Write(sent)
		}()
		replies, last := readReplies(t, here)
		here.Close()
		<-written
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, ErrServerClosed) {
			t.Error(err)
		}
		want++ // the greeting
		if last == ftp.CodeUnavailable && replies > want || last != ftp.CodeUnavailable && replies != want {
			t.Errorf("%d replies to %d lines, the last %d", replies, want, last)
		}
	})
}

// readReplies counts the final replies until the end.
func readReplies(t *testing.T, conn net.Conn) (count int, last ftp.Code) {
	var telnet ftp.Telnet
	r := bufio.NewReader(readerFunc(func(b []byte) (int, error) {
		n, err := conn.Read(b)
		text, _ := telnet.Filter(b[:n])
		return len(text), err
	}))
	for {
		reply, err := ftp.ReadReply(r)
		if err == io.EOF {
			return count, last
		}
		if err != nil {
			t.Fatalf("after %d replies: %v", count, err)
		}
		if last = reply.Code; last.Kind() != ftp.Preliminary {
			count++
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// countLines tells how many lines are to be answered, up to QUIT.
func countLines(sent []byte) (count int, quits bool) {
	r := &lineReader{src: bytes.NewReader(sent)}
	for {
		line, answer, err := r.next()
		if err != nil && !errors.Is(err, errLongLine) {
			return count, false
		}
		if len(answer) > 0 {
			continue
		}
		command, parsed := ftp.ParseCommand(line)
		if err == nil && errors.Is(parsed, ftp.ErrBlank) {
			continue
		}
		count++
		if command.Verb == "QUIT" && err == nil && parsed == nil {
			return count, true
		}
	}
}

// oneConn is a listener with one connection.
type oneConn struct {
	conn   net.Conn
	closed chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

func (l *oneConn) Close() error {
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}
	return nil
}

func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }
