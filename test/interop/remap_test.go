package interop

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dray/internal/tftpd/remap"
)

// mapping is a map file, and names to take through it.
type mapping struct {
	about string
	file  string
	names []string
}

// TestRemapLikeTFTPD has tftpd-hpa and our rules take the same names through the same map
// files. Where we say that a name comes out, there is a file that holds just that name,
// so tftpd-hpa can only send the same if it comes to the same.
//
// Release 5.2 leaves its manual in three places, which its successor has mended and which
// we do not follow: "start over" skips the first rule, a rule with g never ends where it
// should be given up, and the text of a refusal is put in place of the match, not of the
// name.
func TestRemapLikeTFTPD(t *testing.T) {
	program := peer(t, "in.tftpd")
	for _, host := range []string{"127.0.0.1", "::1"} {
		for _, m := range append(mappings(), randomMappings()...) {
			t.Run(host+" "+m.about, func(t *testing.T) {
				t.Parallel()
				if host == "::1" {
					needIPv6(t)
				}
				compareMapping(t, program, netip.MustParseAddr(host), m)
			})
		}
	}
}

func mappings() []mapping {
	return []mapping{
		{"manual", `
# the operators that replace
r  ^\\      /                      # one backslash in front
rg \\       /                      # and all the others
ri ^/boot/  /Boot/
r  ^[^/]    /srv/\0
`, []string{`\Boot\BCD`, "/BOOT/x", "plain", "/abs/name", `a\b\c`}},
		{"end", "e ^ro/\nr ^ rw/\n", []string{"ro/x", "x"}},
		{"inverse", "~e ^go\nr ^go/ gone/\n~r x y\n", nil},
		{"inverse end", "e~ ^go\nr ^go/ gone/\n", []string{"go/x", "stay"}},
		{"start over", "e ^done\nr ^x$ done\nrs ^(x+)x$ \\1\n", []string{"xxxxx", "x", "y"}},
		{"refuse", "a ^/?etc/\na ^secret Go\\ away:\\ \\0\\ \\i\na~ ^[a-z/]*$ only\\ small\\ letters\n",
			[]string{"etc/passwd", "/etc/x", "secret", "ok", "Not-OK"}},
		{"methods", "rG ^ get/\nrP ^ put/\n", []string{"f"}},
		{"families", "r4 ^ four/\nr6 ^ six/\n", []string{"f"}},
		{"addresses", "r ^ip$ \\i\nr ^hex$ \\x\nr ^low$ \\L\\x\\E-\\x\n", []string{"ip", "hex", "low"}},
		{"case", "r ^(.)(.*)-(.*)$ \\U\\1\\L\\2\\E-\\3\\U-Done\n", []string{"aBC-dEf", "n\xe9E-\xc9x"}},
		{"groups", `r ^(a)?(b)?(c)(d)(e)(f)(g)(h)(i)(j) \0.\1.\2.\3.\9.\\.\z` + "\n", []string{"cdefghij", "abcdefghijk"}},
		{"blanks", "r a\\ b c\\ d\\#e#comment\nr \\# hash\n", []string{"a b", "x#y"}},
		{"trailing backslash", "r x y\\\n", []string{"x"}},
		{"operators alone", "i x\n", []string{"x"}},
		{"g without r", "g x\nr x y\n", []string{"xx"}},
		{"replace and refuse", "ra x y\n", []string{"x", "z"}},
		{"endless", "rg a a\n", []string{"b", "ab"}},
		{"endless start", "e ^b\nrs a a\n", []string{"b", "ab"}},
		{"no regex", "r\n", nil},
		{"bad operator", "q x y\n", nil},
		{"bad class", "r [[:nope:]] x\n", nil},
		{"bad interval", "r a{3,2} x\n", nil},
		{"bad repeat", "r *a x\n", nil},
		{"bad repeat in a group", "r (*a) x\n", nil},
		{"bad repeat of an anchor", "r ^* x\n", nil},
		{"bad bracket", "r [a x\n", nil},
		{"bad group", "r (a x\n", nil},
		{"bad range", "r [z-a] x\n", nil},
		{"brackets", `r []^a-] 1
r [^]x/.1-9a-z-] 2
r [\] 3
r [[:upper:]] 4
r [a\] 5` + "\n", []string{"x]", "x^", "x-", "xA", `x\`, "xQ", "x!"}},
		{"repeats", "r ^a**b 1\nr ^c*?d 2\nr ^e{2}f 3\nr ^g{1,}h{,2}i 4\nr (jk)+l 5\n",
			[]string{"aab", "b", "ccd", "eef", "ef", "ggi", "ghhhi", "jkjkl"}},
		{"anchors", "r b^a 1\nr a$b 2\nr (^c|d$) 3\n", []string{"b^a", "a$b", "xd", "cx", "xcx"}},
		{"odd brackets", "r a) 1\nr b} 2\n", []string{"a)", "b}"}},
		{"alternatives", "r (ab|a)(c|)$ [\\1-\\2]\nr ^(|x)y z\\1\n", []string{"abc", "ac", "ab", "a", "y", "xy"}},
		{"longest", "r x|xy|xyz _\n", []string{"axyzb", "xyb"}},
		{"GNU", "r ^\\w+\\W 1\nr \\s 2\nr \\bq\\b 3\n", []string{"ab-c", "--", "q"}},
	}
}

// randomMappings are the same in every run. The first rule does nothing: whether "start
// over" comes back to it is where tftpd-hpa leaves its manual.
func randomMappings() []mapping {
	dice := rand.New(rand.NewPCG(1, 2))
	pick := func(from ...string) string { return from[dice.IntN(len(from))] }
	atom := func() string {
		return pick("a", "b", "/", ".", "[ab]", "[^a]", "(a|b)", "(a)(b)?", "c", "[[:alpha:]]", "(b|/)", "\\.")
	}
	var all []mapping
	for n := range 24 {
		m := mapping{about: fmt.Sprintf("random %d", n), file: "i ^$\n"}
		for range 1 + dice.IntN(5) {
			ops := pick("r", "r", "r", "rg", "ri", "re", "rs", "e", "s~", "a", "~e", "rG", "rP", "r4", "r6", "ai~", "rgs")
			expression := pick("", "^") + atom() + pick("", "", "*", "+", "?", "{2}", "|b") + atom() + pick("", "$")
			m.file += ops + " " + expression + " " +
				pick("", "x", "\\0", "\\1", "\\U\\0", "<\\2\\1>", "\\L\\0\\E/Q", "a/\\0", "\\1b") + "\n"
		}
		for range 6 {
			name := "n"
			for range 1 + dice.IntN(6) {
				name += pick("a", "b", "c", "A", "B", "x", "/", ".")
			}
			m.names = append(m.names, name)
		}
		all = append(all, m)
	}
	return all
}

func compareMapping(t *testing.T, program string, host netip.Addr, m mapping) {
	root := folder(t)
	file := filepath.Join(t.TempDir(), "map")
	rules, bad := remap.Parse(m.file)
	results := map[string]remap.Result{}
	for _, name := range m.names {
		if bad != nil {
			t.Fatalf("a map file that should be good: %v", bad)
		}
		r := rules.Apply(remap.Request{Name: name, Client: host})
		switch {
		case r.Refused && r.Message == endless && strings.Contains(m.file, "g"):
		case !r.Refused && !plant(t, root, r.Name):
			// no file can have that name: tftpd-hpa cannot tell what it made of it
		default:
			results[name] = r
		}
	}
	if err := os.WriteFile(file, []byte(m.file), 0o644); err != nil {
		t.Fatal(err)
	}
	conn, cmd := inetdUDP(t, net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, 0)), program, "-s", "-u", "nobody", "-m", file, root)
	if bad != nil {
		const exConfig = 78
		if err := cmd.Wait(); cmd.ProcessState.ExitCode() != exConfig {
			t.Errorf("we say %v, tftpd-hpa ends with %v", bad, err)
		}
		return
	}
	for name, want := range results {
		if got := ask(t, conn, name); !same(got, want) {
			t.Errorf("%q: we say %+v, tftpd-hpa says %+v\n%s", name, want, got, m.file)
		}
	}
}

// plant makes a file called name that holds its name. It returns false for names that no
// file can have there, as far as tftpd-hpa is concerned.
func plant(t *testing.T, root, name string) bool {
	if name == "" || strings.HasSuffix(name, "/") || strings.HasSuffix(name, "/.") || strings.Contains("/"+name, "/..") {
		return false
	}
	at := filepath.Join(root, path.Clean("/"+name))
	if i, err := os.Stat(at); err == nil {
		return !i.IsDir()
	}
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return false // a file is in the way
	}
	return os.WriteFile(at, []byte(strings.TrimLeft(path.Clean("/"+name), "/")), 0o644) == nil
}

// endless is what a client is told whose name never comes through.
const endless = "Remap table failure"

// same compares what tftpd-hpa did with a result. A refusal without a message of its own
// has tftpd-hpa's; of that of a rule with ~ it loses the first letter.
func same(got answer, want remap.Result) bool {
	if want.Refused {
		const access = 2
		return got.code == access && (want.Message == "" || strings.Contains(got.text, want.Message[1:]))
	}
	return got.code == 0 && got.text == strings.TrimLeft(path.Clean("/"+want.Name), "/")
}

// answer is the first packet of a server: the content of a short file, or an error.
type answer struct {
	code uint16
	text string
}

// ask sends a read request and returns the answer.
func ask(t *testing.T, to *net.UDPAddr, name string) answer {
	t.Helper()
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: to.IP})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.WriteTo([]byte("\x00\x01"+name+"\x00octet\x00"), to); err != nil {
		t.Fatal(err)
	}
	if err := c.SetReadDeadline(time.Now().Add(attention)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1024)
	n, from, err := c.ReadFrom(buf)
	if err != nil {
		t.Fatalf("%q: %v", name, err)
	}
	const data, failed = 3, 5
	switch op := binary.BigEndian.Uint16(buf); {
	case n < 4:
	case op == data:
		_, err := c.WriteTo([]byte("\x00\x04\x00\x01"), from)
		return answer{text: string(buf[4:n]), code: map[bool]uint16{true: 99}[err != nil]}
	case op == failed:
		return answer{code: binary.BigEndian.Uint16(buf[2:]), text: string(bytes.TrimRight(buf[4:n], "\x00"))}
	}
	t.Fatalf("%q: the answer is %q", name, buf[:n])
	return answer{}
}

// inetdUDP runs a server with a socket bound to addr as its standard input.
func inetdUDP(t *testing.T, addr *net.UDPAddr, program string, args ...string) (*net.UDPAddr, *exec.Cmd) {
	t.Helper()
	c, err := net.ListenUDP("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	f, err := c.File()
	if err := errors.Join(err, c.Close()); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd := exec.Command(program, args...)
	cmd.Stdin = f
	daemon(t, cmd)
	return c.LocalAddr().(*net.UDPAddr), cmd
}
