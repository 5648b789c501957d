//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/textproto"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// session is the client of the rows with many small steps. It says the same words to
// every server, whatever that offers, and takes no time of its own to think.
type session struct {
	*textproto.Conn
	host string
	buf  []byte
}

// dial connects from an address, "" for any, for as long as patience lasts.
func dial(ctx context.Context, address, from string) (net.Conn, error) {
	var d net.Dialer
	if from != "" {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(from), 0))
	}
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	c.SetDeadline(time.Now().Add(patience))
	return c, nil
}

// login connects and logs in. from is the address to come from, "" for any.
func login(ctx context.Context, i *instance, from string) (*session, error) {
	c, err := dial(ctx, net.JoinHostPort(i.host, i.ftp), from)
	if err != nil {
		return nil, err
	}
	s := &session{Conn: textproto.NewConn(c), host: i.host, buf: make([]byte, 64<<10)}
	_, _, err = s.ReadResponse(220)
	_, err1 := s.command(331, "USER %s", i.user)
	_, err2 := s.command(230, "PASS %s", i.password)
	if err := errors.Join(err, err1, err2); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// patience ends what hangs.
const patience = 2 * time.Minute

// command sends a line and returns the text of the reply, which must have the code, or
// begin with it.
func (s *session) command(code int, format string, args ...any) (string, error) {
	if err := s.PrintfLine(format, args...); err != nil {
		return "", err
	}
	_, text, err := s.ReadResponse(code)
	return text, err
}

// quit says goodbye and waits for the answer.
func (s *session) quit() error {
	_, err := s.command(221, "QUIT")
	return errors.Join(err, s.Close())
}

// fetch runs a command that sends data, and gives it to w.
func (s *session) fetch(w io.Writer, command string) (int64, error) {
	text, err := s.command(229, "EPSV")
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(text, "(|||")
	port, _, ok := strings.Cut(after, "|)")
	if _, err := strconv.ParseUint(port, 10, 16); !ok || err != nil {
		return 0, fmt.Errorf("no port in %q", text)
	}
	data, err := net.Dial("tcp", net.JoinHostPort(s.host, port))
	if err != nil {
		return 0, err
	}
	defer data.Close()
	data.SetDeadline(time.Now().Add(patience))
	if _, err := s.command(1, "%s", command); err != nil {
		return 0, err
	}
	n, err := io.CopyBuffer(onlyWriter{w}, data, s.buf)
	if err := errors.Join(err, data.Close()); err != nil { // ProFTPD waits for it before it says 226
		return n, err
	}
	_, _, err = s.ReadResponse(226)
	return n, err
}

// onlyWriter hides the other methods of a writer, so that the buffer above is used.
type onlyWriter struct{ io.Writer }

// lines counts what is written to it.
type lines int

func (l *lines) Write(b []byte) (int, error) {
	*l += lines(bytes.Count(b, []byte{'\n'}))
	return len(b), nil
}

// curl runs curl, and returns the time of the transfer without that of curl's own start.
func curl(ctx context.Context, args ...string) (time.Duration, error) {
	args = append([]string{"-q", "-sS", "-w", "%{stderr}%{time_total}"}, args...)
	cmd := exec.CommandContext(ctx, "curl", args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("%q: %w: %s", cmd.Args, err, said.String())
	}
	seconds, err := strconv.ParseFloat(said.String(), 64)
	return time.Duration(seconds * float64(time.Second)), err
}

func (i *instance) ftpURL(name string) string {
	return "ftp://" + net.JoinHostPort(i.host, i.ftp) + "/" + name
}
