// Package ftptest has FTP servers for the tests of clients: one that plays a script,
// however odd, over real connections on loopback.
package ftptest

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"dray/ftp"
)

// Server plays scripts. The zero value is ready.
type Server struct {
	Host string      // an address of this host; "" is 127.0.0.1
	TLS  *tls.Config // for scripts that say tls
	Call func()      // for scripts that say call
}

// Play serves one control connection on a free port and plays a script over it, from the server's side. The test fails if the client does anything else than the
// script says, or leaves before it ends. The lines of a script:
//
//	S 220 Ready          send a line
//	S "220 a\r\n331 b"   send just these octets; the quotes are Go's
//	S 229 (|||$PORT|)    listen for a data connection before, and say where;
//	                     $HOSTPORT is for 227, $PORTS its last two numbers
//	C USER joe           read this line; a * at the end stands for any rest. Of PORT and
//	                     EPRT the address is kept
//	D open               accept the data connection, or connect to the address kept
//	D send "abc"         send octets on it
//	D want "abc"         read it to its end, which has to be these octets
//	D cut                wait for it to break, that is to end with an error
//	D close              close it
//	D drop               close it without a word in TLS
//	D reset              break it
//	tls                  do the handshake of a server on the control connection
//	D tls                … on the data connection
//	D tls resumed        … which has to resume a session
//	call                 call the function of the test
//	end                  wait for the client to close the control connection
//	close                close the control connection
//	again                at the start of its line: close all connections, and accept
//	                     another one
//
// Blank lines and lines that begin with # are comments.
func (s Server) Play(t testing.TB, script string) (address string) {
	t.Helper()
	if s.Host == "" {
		s.Host = "127.0.0.1"
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(s.Host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	p := &player{server: s}
	done := make(chan error, 1)
	go func() {
		defer p.close()
		done <- p.play(listener, script)
	}()
	t.Cleanup(func() {
		listener.Close()
		if err := <-done; err != nil {
			t.Errorf("ftptest: %v", err)
		}
	})
	return listener.Addr().String()
}

// patience bounds a script whose client does nothing.
const patience = 30 * time.Second

// player is what the lines of a script work on.
type player struct {
	server   Server
	control  net.Conn
	reader   *bufio.Reader
	listener net.Listener   // for data
	peer     netip.AddrPort // from PORT or EPRT
	data     net.Conn
	tcp      *net.TCPConn // below data
}

func (p *player) close() {
	if p.control != nil {
		p.control.Close()
	}
	if p.listener != nil {
		p.listener.Close()
	}
	if p.data != nil {
		p.data.Close()
	}
}

// play takes one connection after the other, as the script has them.
func (p *player) play(listener net.Listener, script string) error {
	defer listener.Close()
	sessions := strings.Split(script, "\nagain\n")
	number := 0
	for i, session := range sessions {
		if err := p.accept(listener); err != nil {
			return err
		}
		if i == len(sessions)-1 {
			listener.Close()
		}
		for text := range strings.SplitSeq(session, "\n") {
			number++
			text = strings.TrimSpace(text)
			if text == "" || text[0] == '#' {
				continue
			}
			if err := p.step(text); err != nil {
				return fmt.Errorf("line %d, %s: %w", number, text, err)
			}
		}
		number++ // again
		p.close()
	}
	return nil
}

func (p *player) accept(listener net.Listener) (err error) {
	*p = player{server: p.server}
	if p.control, err = listener.Accept(); err != nil {
		return err
	}
	p.reader = bufio.NewReader(p.control)
	return p.control.SetDeadline(time.Now().Add(patience))
}

func (p *player) step(text string) error {
	kind, rest, _ := strings.Cut(text, " ")
	switch kind {
	case "S":
		return p.say(rest)
	case "C":
		return p.expect(rest)
	case "D":
		action, argument, _ := strings.Cut(rest, " ")
		return p.transfer(action, argument)
	case "call":
		p.server.Call()
		return nil
	case "tls":
		conn := tls.Server(p.control, p.server.TLS)
		p.control, p.reader = conn, bufio.NewReader(conn)
		return conn.Handshake()
	case "end":
		rest, err := io.ReadAll(p.reader)
		if len(rest) > 0 || err != nil && !errors.Is(err, syscall.ECONNRESET) {
			return fmt.Errorf("read %q, %v", rest, err)
		}
		return nil
	case "close":
		return p.control.Close()
	default:
		return errors.New("not a line of a script")
	}
}

func (p *player) say(text string) (err error) {
	if strings.Contains(text, "$PORT") || strings.Contains(text, "$HOSTPORT") {
		if p.listener != nil {
			p.listener.Close()
		}
		if p.listener, err = net.Listen("tcp", net.JoinHostPort(p.server.Host, "0")); err != nil {
			return err
		}
		address := netip.MustParseAddrPort(p.listener.Addr().String())
		text = strings.ReplaceAll(text, "$PORTS", fmt.Sprintf("%d,%d", address.Port()>>8, address.Port()&0xff))
		text = strings.ReplaceAll(text, "$PORT", strconv.Itoa(int(address.Port())))
		text = strings.ReplaceAll(text, "$HOSTPORT", ftp.FormatHostPort(address))
	}
	if !strings.HasPrefix(text, `"`) {
		text += "\r\n"
	} else if text, err = strconv.Unquote(text); err != nil {
		return err
	}
	_, err = io.WriteString(p.control, text)
	return err
}

func (p *player) expect(want string) error {
	line, err := p.reader.ReadString('\n')
	if err != nil {
		return fmt.Errorf("read %q: %w", line, err)
	}
	got, ended := strings.CutSuffix(line, "\r\n")
	prefix, isPattern := strings.CutSuffix(want, "*")
	if !ended || got != want && !(isPattern && strings.HasPrefix(got, prefix)) {
		return fmt.Errorf("the client sent %q", line)
	}
	switch verb, argument, _ := strings.Cut(got, " "); verb {
	case "PORT":
		p.peer, err = ftp.ParseHostPort(argument)
	case "EPRT":
		p.peer, err = ftp.ParseEPRT(argument)
	}
	return err
}

func (p *player) transfer(action, argument string) (err error) {
	text := argument
	if strings.HasPrefix(argument, `"`) {
		if text, err = strconv.Unquote(argument); err != nil {
			return err
		}
	}
	if action != "open" && p.data == nil {
		return errors.New("no data connection")
	}
	switch action {
	case "open":
		return p.open()
	case "send":
		_, err = io.WriteString(p.data, text)
		return err
	case "want":
		got, err := io.ReadAll(p.data)
		if err == nil && string(got) != text {
			err = fmt.Errorf("the client sent %.200q", got)
		}
		return err
	case "cut":
		if n, err := io.Copy(io.Discard, p.data); err == nil {
			return fmt.Errorf("a clean end after %d octets", n)
		}
		return nil
	case "tls":
		conn := tls.Server(p.data, p.server.TLS)
		p.data = conn
		if err := conn.Handshake(); err != nil {
			return err
		}
		if argument == "resumed" && !conn.ConnectionState().DidResume {
			return errors.New("a session of its own")
		}
		return nil
	case "close":
		return p.data.Close()
	case "drop":
		return p.tcp.Close()
	case "reset":
		if err := p.tcp.SetLinger(0); err != nil {
			return err
		}
		return p.tcp.Close()
	default:
		return errors.New("not a line of a script")
	}
}

func (p *player) open() (err error) {
	switch {
	case p.listener != nil:
		err = p.listener.(*net.TCPListener).SetDeadline(time.Now().Add(patience))
		if err == nil {
			p.data, err = p.listener.Accept()
		}
	case p.peer.IsValid():
		p.data, err = net.DialTimeout("tcp", p.peer.String(), patience)
	default:
		err = errors.New("nowhere to connect to")
	}
	if err != nil {
		return err
	}
	p.tcp = p.data.(*net.TCPConn)
	return p.data.SetDeadline(time.Now().Add(patience))
}
