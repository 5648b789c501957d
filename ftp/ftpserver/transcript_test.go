package ftpserver

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"dray/ftp"
	"dray/ftp/ftptest"
)

// TestTranscripts plays testdata/*.txt, each a dialogue with a server of its own:
//
//	set FIELD VALUE   a field of the Server, before the first line of dialogue
//	listen ADDR       the server's address, instead of 127.0.0.1
//	> LINE            the client sends it; \x00 is an octet; $PORT and $EPRT are
//	                  the address of a listener of the client
//	< REPLY           the server's next reply; ports are shown as PORT
//	data dial [FROM]  the client connects to where 227 or 229 said, perhaps from another address
//	data accept       the client takes the server's connection
//	data send TEXT    on the data connection; data close, data reset end it
//	data pack TEXT    the same as a zlib stream
//	data read         until its end; lines with "|" are what came
//	data unpack       the same of a zlib stream
//	data cut          until its end, however it comes; what came is not looked at
//	login             USER alice, PASS secret
//	tls               the client begins TLS on the control connection
//	data tls [OTHER]  … on the data connection, resuming, or with a session of its own
//	end               the server closes the control connection
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p := &player{t: t, backend: newMemory(), address: "127.0.0.1:0"}
			p.server = &Server{Backend: p.backend, LoginDelay: -1, ActiveSourcePort: -1}
			got := p.play(string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			} else if got != string(text) {
				t.Errorf("transcript differs:\n%s", diff(string(text), got))
			}
		})
	}
}

// diff shows the first line that differs, with those before it.
func diff(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range g {
		if i >= len(w) || w[i] != g[i] {
			wanted := "(the end)"
			if i < len(w) {
				wanted = w[i]
			}
			return fmt.Sprintf("%s\ngot:  %s\nwant: %s (line %d)", strings.Join(g[max(0, i-6):i], "\n"), g[i], wanted, i+1)
		}
	}
	return "the end is missing"
}

type player struct {
	t       *testing.T
	backend *memory
	server  *Server
	address string
	control net.Conn
	replies *bufio.Reader
	passive netip.AddrPort // from 227 or 229
	l       *net.TCPListener
	data    net.Conn
	client  *tls.Config // for the connections of this control connection
	out     strings.Builder
}

// patience bounds every wait of a test, so that a server that hangs fails it.
const patience = 2 * time.Minute

// play runs a script and returns it with what the server really said.
func (p *player) play(script string) string {
	lines := strings.Split(strings.TrimSuffix(script, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		verb, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "" || verb == "#":
			p.print(line)
		case verb == "set":
			p.set(rest)
			p.print(line)
		case verb == "listen":
			p.address = rest
			p.print(line)
		case verb == "<":
			for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "<-") {
				i++
			}
			p.readReply()
		case verb == ">":
			p.print(line)
			p.send(rest)
		case verb == "login":
			p.print(line)
			p.login()
		case verb == "data":
			p.print(line)
			for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "|") {
				i++
			}
			p.dataLine(rest)
		case verb == "tls":
			p.print(line)
			conn := tls.Client(p.control, p.client)
			if err := conn.Handshake(); err != nil {
				p.t.Fatal(err)
			}
			p.control, p.replies = conn, bufio.NewReader(conn)
		case verb == "end":
			p.print(line)
			if b, err := p.replies.ReadByte(); err == nil {
				p.t.Fatalf("line %d: the connection is not closed, %q came", i+1, b)
			}
		default:
			p.t.Fatalf("line %d is not understood: %s", i+1, line)
		}
	}
	return p.out.String()
}

func (p *player) print(line string) { p.out.WriteString(line + "\n") }

func (p *player) set(arg string) {
	field, value, _ := strings.Cut(arg, " ")
	d, _ := time.ParseDuration(value)
	n, _ := strconv.Atoi(value)
	switch field {
	case "DataTimeout":
		p.server.DataTimeout = d
	case "LoginTimeout":
		p.server.LoginTimeout = d
	case "IdleTimeout":
		p.server.IdleTimeout = d
	case "StallTimeout":
		p.server.StallTimeout = d
	case "Deflate":
		p.server.Deflate = true
	case "MaxInflate":
		p.server.MaxInflate = int64(n)
	case "MaxHashSize":
		p.server.MaxHashSize = int64(n)
	case "MaxConns":
		p.server.MaxConns = n
	case "TLS":
		certificate, roots := ftptest.Certificate(p.t)
		p.server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
		p.client = &tls.Config{RootCAs: roots, ServerName: "127.0.0.1", ClientSessionCache: tls.NewLRUClientSessionCache(0)}
		if value == "1.2" {
			p.client.MaxVersion = tls.VersionTLS12
		}
	case "RequireTLS":
		p.server.RequireTLS = true
	case "Binding":
		p.server.Binding = BindingRequire
	case "Hosts":
		p.server.Hosts = strings.Fields(value)
	case "Name":
		p.server.Name, p.server.Version, _ = strings.Cut(value, " ")
	case "Banner":
		p.server.Banner = value
	case "PassiveAddress":
		p.server.PassiveAddress = netip.MustParseAddr(value)
	default:
		p.t.Fatalf("unknown field %s", field)
	}
}

// begin starts the server and connects to it, once.
func (p *player) begin() {
	if p.control != nil {
		return
	}
	addr := serve(p.t, p.server, p.address)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	p.control, p.replies = conn, bufio.NewReader(conn)
}

// serve runs a server on a port of its own until the test ends.
func serve(t testing.TB, s *Server, address string) string {
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, s, l)
}

func serveOn(t testing.TB, s *Server, l net.Listener) string {
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := <-done; !errors.Is(err, ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
	})
	return l.Addr().String()
}

func (p *player) login() {
	for _, line := range []string{"", "USER alice\r\n", "PASS secret\r\n"} {
		p.begin()
		io.WriteString(p.control, line)
		if r, err := ftp.ReadReply(p.replies); err != nil || r.Code >= 400 {
			p.t.Fatalf("%q: %v, %v", line, r, err)
		}
	}
}

func (p *player) send(line string) {
	p.begin()
	if strings.Contains(line, "$PORT") || strings.Contains(line, "$EPRT") {
		l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: p.control.LocalAddr().(*net.TCPAddr).IP})
		if err != nil {
			p.t.Fatal(err)
		}
		p.t.Cleanup(func() { l.Close() })
		p.l = l
		at := addrPort(l.Addr())
		line = strings.ReplaceAll(line, "$PORT", ftp.FormatHostPort(at))
		line = strings.ReplaceAll(line, "$EPRT", ftp.FormatEPRT(at))
	}
	if _, err := io.WriteString(p.control, unescape(p.t, line)+"\r\n"); err != nil {
		p.t.Fatalf("%s: %v", line, err)
	}
}

func unescape(t *testing.T, s string) string {
	u, err := strconv.Unquote(`"` + strings.ReplaceAll(s, `"`, `\"`) + `"`)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return u
}

var (
	portText   = regexp.MustCompile(`,\d+,\d+\)|\|\|\|\d+\||port \d+|:\d{4,5}`)
	uniqueText = regexp.MustCompile(`\.[A-Z2-7]{8}$`)
)

// readReply reads one reply and prints it, the lines after the first with "<-".
func (p *player) readReply() {
	p.begin()
	r, err := ftp.ReadReply(p.replies)
	if err != nil {
		p.t.Fatalf("no reply: %v; so far:\n%s", err, p.out.String())
	}
	switch r.Code {
	case ftp.CodePassive:
		p.passive, err = ftp.ParsePASV(r.Text())
	case ftp.CodeExtPassive:
		var port uint16
		port, err = ftp.ParseEPSV(r.Text())
		p.passive = netip.AddrPortFrom(addrPort(p.control.RemoteAddr()).Addr(), port)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	wire := strings.TrimSuffix(string(r.Append(nil)), "\r\n")
	mark := "< "
	for line := range strings.SplitSeq(wire, "\r\n") {
		line = portText.ReplaceAllStringFunc(line, func(s string) string {
			switch s[0] {
			case ',':
				return ",PORT)"
			case '|':
				return "|||PORT|"
			case ':':
				return ":PORT"
			}
			return "port PORT"
		})
		p.print(mark + uniqueText.ReplaceAllString(line, ".UNIQUE"))
		mark = "<-"
	}
}

// readData reads to the end of the data connection.
func (p *player) readData(packed bool) ([]byte, error) {
	if !packed {
		return io.ReadAll(p.data)
	}
	stream := bufio.NewReader(p.data)
	z, err := zlib.NewReader(stream)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(z)
	if _, end := stream.ReadByte(); err == nil && end != io.EOF {
		err = errors.New("something follows the stream")
	}
	return b, err
}

func (p *player) dataLine(line string) {
	verb, rest, _ := strings.Cut(line, " ")
	var err error
	switch verb {
	case "dial":
		d := net.Dialer{Timeout: patience}
		if rest != "" {
			d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(rest)}
		}
		p.data, err = d.Dial("tcp", p.passive.String())
	case "tls":
		client := p.client.Clone()
		if rest != "" {
			client.ClientSessionCache = nil
		}
		conn := tls.Client(p.data, client)
		p.data, err = conn, conn.Handshake()
	case "accept":
		p.l.SetDeadline(time.Now().Add(patience))
		p.data, err = p.l.AcceptTCP()
	case "send":
		_, err = io.WriteString(p.data, unescape(p.t, rest))
	case "pack":
		var stream bytes.Buffer
		z := zlib.NewWriter(&stream)
		_, err = io.WriteString(z, unescape(p.t, rest))
		err = errors.Join(err, z.Close())
		p.data.Write(stream.Bytes()) // at once: the server may refuse it before its end
	case "close":
		if conn, ok := p.data.(*tls.Conn); ok {
			// Closing with a session ticket unread would reset the connection.
			err = conn.CloseWrite()
			io.Copy(io.Discard, conn)
		}
		p.data.Close()
	case "reset":
		p.data.(*net.TCPConn).SetLinger(0)
		err = p.data.Close()
	case "read", "unpack":
		p.data.SetReadDeadline(time.Now().Add(patience))
		var b []byte
		if b, err = p.readData(verb == "unpack"); len(b) > 0 {
			for line := range bytes.SplitSeq(bytes.TrimSuffix(b, []byte("\n")), []byte("\n")) {
				p.print("| " + string(bytes.TrimSuffix(line, []byte("\r"))))
			}
		}
		p.data.Close()
	case "cut":
		p.data.SetReadDeadline(time.Now().Add(patience))
		if _, err = io.Copy(io.Discard, p.data); errors.Is(err, syscall.ECONNRESET) {
			err = nil
		}
		p.data.Close()
	default:
		p.t.Fatalf("data %s is not understood", line)
	}
	if err != nil {
		p.t.Fatalf("data %s: %v; so far:\n%s", line, err, p.out.String())
	}
	if p.data != nil {
		p.t.Cleanup(func() { p.data.Close() })
	}
}
