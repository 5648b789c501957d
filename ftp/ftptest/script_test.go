package ftptest

import (
	"io"
	"net"
	"strings"
	"testing"
)

// A script has to notice what it does not say.
func TestScriptNotices(t *testing.T) {
	for _, tt := range []struct {
		about, script, client string
		want                  string // part of the error, "" for none
	}{
		{"the right command", "S 220 Hi\nC NOOP\nS 200 OK\nend", "NOOP\r\n", ""},
		{"any argument", "C USER *\nend", "USER joe\r\n", ""},
		{"another command", "C NOOP", "QUIT\r\n", `line 1, C NOOP: the client sent "QUIT\r\n"`},
		{"a bare line feed", "C NOOP", "NOOP\n", `the client sent "NOOP\n"`},
		{"no command", "\n# comment\nC NOOP", "", "line 3, C NOOP: read"},
		{"one command too many", "C NOOP\nend", "NOOP\r\nNOOP\r\n", `line 2, end: read "NOOP\r\n"`},
		{"an address that is none", "C PORT *", "PORT 1,2,3\r\n", "malformed address"},
		{"data without a connection", "D send x", "", "no data connection"},
		{"a connection to nowhere", "D open", "", "nowhere to connect to"},
		{"no word of a script", "X", "", "not a line of a script"},
		{"no word about data", "D dance", "", "no data connection"},
	} {
		t.Run(tt.about, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan error)
			go func() {
				p := &player{}
				defer p.close()
				done <- p.play(listener, tt.script)
			}()
			conn, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(conn, tt.client); err != nil {
				t.Fatal(err)
			}
			if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			err = <-done
			conn.Close()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// So does what it wants of the data.
func TestScriptData(t *testing.T) {
	for _, tt := range []struct {
		about, script string
		reset         bool
		ok            bool
	}{
		{"the right octets", `D want "abc"`, false, true},
		{"other octets", `D want "abd"`, false, false},
		{"a break instead of an end", `D want "abc"`, true, false},
		{"a break", "D cut", true, true},
		{"an end instead of a break", "D cut", false, false},
	} {
		t.Run(tt.about, func(t *testing.T) {
			here, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer here.Close()
			far, err := net.Dial("tcp", here.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			data, err := here.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer data.Close()
			if _, err := io.WriteString(far, "abc"); err != nil {
				t.Fatal(err)
			}
			if tt.reset {
				if err := far.(*net.TCPConn).SetLinger(0); err != nil {
					t.Fatal(err)
				}
			}
			far.Close()
			p := &player{data: data}
			if err := p.step(tt.script); (err == nil) != tt.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}
