package judges

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jlaffaye/ftp"
)

// wireHost is an address of the loopback interface that nobody else uses.
const wireHost = "127.0.77.1"

// TestWire: tshark reads what dray and its clients say to each other, and has nothing to
// warn of. No packet is malformed, and no connection ends in a reset.
func TestWire(t *testing.T) {
	dir := t.TempDir()
	file, keys := filepath.Join(dir, "file"), filepath.Join(dir, "keys")
	must(t, os.WriteFile(file, content(100_000), 0o600))
	login := []string{"--tftp", "off", "--user", user + ":" + password}
	transfers := func(scheme string, options ...string) func(t *testing.T, addr string) {
		return func(t *testing.T, addr string) {
			url := scheme + "://" + user + ":" + password + "@" + addr + "/"
			dray(t, slices.Concat([]string{"put", file, url + "file"}, options)...)
			dray(t, slices.Concat([]string{"ls", url}, options)...)
			dray(t, slices.Concat([]string{"get", url + "file", filepath.Join(t.TempDir(), "got")}, options)...)
		}
	}
	for _, c := range []struct {
		name, protocol string
		args           []string // of the server
		decode         string   // how tshark is told what is on the port
		talk           func(t *testing.T, addr string)
		seen           []string // filters that match a packet at least
		resets         bool     // the client may end connections so, the server not
	}{
		{name: "FTP", protocol: "ftp", args: append(login, "--ftp", "0"), decode: "tcp.port==%,ftp",
			talk: transfers("ftp"),
			seen: []string{`ftp.request.command == "STOR"`, `ftp.request.command == "RETR"`, "ftp-data"}},
		{name: "explicit FTPS", protocol: "ftp", args: append(login, "--ftp", "0"), decode: "tcp.port==%,ftp",
			talk: transfers("ftpes", "--insecure"),
			seen: []string{`ftp.request.command == "AUTH"`, "tls.handshake.type == 2"}},
		{name: "implicit FTPS", protocol: "ftps", args: append(login, "--ftp", "off", "--ftps", "0"), decode: "tcp.port==%,tls",
			talk: transfers("ftps", "--insecure"),
			seen: []string{"tls.handshake.type == 1", "tls.handshake.type == 2"}},
		{name: "FTPS with curl", protocol: "ftp", args: append(login, "--ftp", "0"), decode: "tcp.port==%,ftp",
			talk: func(t *testing.T, addr string) {
				url := "ftp://" + user + ":" + password + "@" + addr + "/"
				curl := []string{"-q", "-sS", "--ssl-reqd", "-k"}
				run(t, tool(t, "curl", slices.Concat(curl, []string{"-T", file, url + "one", "-T", file, url + "two"})...))
				run(t, tool(t, "curl", slices.Concat(curl, []string{"-o", os.DevNull, url + "one", "-o", os.DevNull, url})...))
			},
			seen:   []string{`ftp.request.command == "AUTH"`, "tls.handshake.type == 2"},
			resets: true},
		{name: "FTPS with lftp", protocol: "ftp", args: append(login, "--ftp", "0"), decode: "tcp.port==%,ftp",
			talk: func(t *testing.T, addr string) {
				run(t, tool(t, "lftp", "--norc", "-c", "set ssl:verify-certificate no; set ftp:ssl-force yes; set ftp:ssl-protect-data yes; "+
					"open -u "+user+","+password+" ftp://"+addr+"; put "+file+" -o one; cls -1; get one -o "+filepath.Join(t.TempDir(), "got")))
			},
			seen:   []string{`ftp.request.command == "AUTH"`, "tls.handshake.type == 2"},
			resets: true},
		{name: "FTPS with its keys", protocol: "ftp", args: append(login, "--ftp", "0"), decode: "tcp.port==%,ftp",
			talk:   func(t *testing.T, addr string) { talkFTPS(t, addr, keys) },
			seen:   []string{`tls && ftp.request.command == "STOR"`, `tls && ftp.response.code == 226`},
			resets: true},
		{name: "TFTP", protocol: "tftp", args: []string{"--ftp", "off", "--tftp", "0"}, decode: "udp.port==%,tftp",
			talk: func(t *testing.T, addr string) {
				dray(t, "put", file, "tftp://"+addr+"/file")
				dray(t, "get", "tftp://"+addr+"/file", filepath.Join(t.TempDir(), "got"))
			},
			seen: []string{"tftp.opcode == 1", "tftp.opcode == 2", "tftp.opcode == 3", "tftp.opcode == 4", "tftp.opcode == 6"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			addr := serve(t, c.protocol, append(c.args, "--listen", wireHost)...)
			captured := capture(t, func() { c.talk(t, addr) })
			_, port, err := net.SplitHostPort(addr)
			must(t, err)
			read := func(args ...string) string {
				return said(t, tool(t, "tshark", append([]string{"-r", captured, "-o", "tls.keylog_file:" + keys,
					"-d", strings.ReplaceAll(c.decode, "%", port)}, args...)...))
			}
			for _, filter := range c.seen {
				if !strings.Contains(read("-T", "fields", "-e", "frame.protocols", "-Y", filter), "eth:") {
					t.Errorf("tshark sees no %s", filter)
				}
			}
			for line := range strings.Lines(read("-q", "-z", "expert,warn")) {
				if warns(line, c.resets) {
					t.Errorf("tshark warns: %s", line)
				}
			}
			opened := strings.Fields(read("-T", "fields", "-e", "tcp.dstport", "-Y", "tcp.flags.syn == 1 && tcp.flags.ack == 0"))
			for _, port := range strings.Fields(read("-T", "fields", "-e", "tcp.srcport", "-Y", "tcp.flags.reset == 1")) {
				if slices.Contains(opened, port) && strings.Trim(port, "0123456789") == "" {
					t.Errorf("the server resets a connection at its port %s", port)
				}
			}
		})
	}
}

// warns reports whether a line of tshark's table of frequency, group, protocol and summary
// is about something wrong. How TCP copes with a busy machine is not.
func warns(line string, resetsAllowed bool) bool {
	fields := strings.Fields(line)
	if len(fields) < 4 || strings.Trim(fields[0], "0123456789") != "" {
		return false
	}
	reset := strings.Contains(line, "(RST)")
	return fields[1] != "Sequence" && !reset || reset && !resetsAllowed
}

// talkFTPS stores a file, lists it and fetches it, and leaves the TLS keys in a file.
func talkFTPS(t *testing.T, addr, keys string) {
	log, err := os.Create(keys)
	must(t, err)
	defer log.Close()
	config := tlsConfig()
	config.KeyLogWriter = log
	c, err := ftp.Dial(addr, ftp.DialWithExplicitTLS(config))
	must(t, err)
	must(t, c.Login(user, password))
	must(t, c.Stor("file", bytes.NewReader(content(100_000))))
	list(t, c)
	sameContent(t, retrieve(t, c, "file", 0), content(100_000))
	must(t, c.Quit())
}

// capture returns a file with every packet from and to wireHost while talk ran. The end is
// a packet of our own, so that none before it is lost.
func capture(t *testing.T, talk func()) (name string) {
	t.Helper()
	end, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(wireHost)})
	must(t, err)
	defer end.Close()
	mark := []byte("the capture ends here: " + end.LocalAddr().String())

	cmd := tool(t, "dumpcap", "-i", "lo", "-f", "host "+wireHost, "-B", "32", "-w", "-")
	packets, err := cmd.StdoutPipe()
	must(t, err)
	says, err := cmd.StderrPipe()
	must(t, err)
	must(t, cmd.Start())
	hang := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer hang.Stop()
	for lines := bufio.NewReader(says); ; { // "File: -" is said once packets are taken
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("dumpcap did not begin: %v", cmd.Wait())
		}
		if strings.HasPrefix(line, "File:") {
			break
		}
	}
	marked := make(chan []byte)
	go func() { marked <- readUntil(packets, mark) }()
	talk()
	_, err = end.WriteTo(append(mark, make([]byte, 32<<10)...), end.LocalAddr()) // more than dumpcap buffers
	must(t, err)
	took := <-marked
	cmd.Process.Signal(os.Interrupt)
	rest, err := io.ReadAll(packets)
	must(t, err)
	must(t, cmd.Wait())
	name = filepath.Join(t.TempDir(), "packets.pcapng")
	must(t, os.WriteFile(name, append(took, rest...), 0o600))
	return name
}

// readUntil reads r to its end, or to the read that brought mark.
func readUntil(r io.Reader, mark []byte) []byte {
	var all []byte
	piece := make([]byte, 64<<10)
	for {
		n, err := r.Read(piece)
		before := max(0, len(all)-len(mark))
		all = append(all, piece[:n]...)
		if err != nil || bytes.Contains(all[before:], mark) {
			return all
		}
	}
}
