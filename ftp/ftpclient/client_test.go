package ftpclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dray/ftp"
	"dray/ftp/ftptest"
)

// Openings of scripts.
const (
	greeting = "S 220 Ready\n"
	login    = greeting + "C USER joe\nS 331 Password\nC PASS secret\nS 230 In\nC FEAT\nS 500 What?\n"
	loginMLS = greeting + "C USER joe\nS 331 Password\nC PASS secret\nS 230 In\nC FEAT\nS 211-Features\nS \" MLST type*;size*;\\r\\n\"\nS 211 End\n"
	binary   = "C TYPE I\nS 200 Binary\n"
	passive  = "C EPSV\nS 229 Entering Extended Passive Mode (|||$PORT|)\nD open\n"
	quit     = "C QUIT\nS 221 Bye\nend\n"
)

// dial connects a client to a script.
func dial(t *testing.T, d Dialer, script string, call func()) *Client {
	t.Helper()
	c, err := d.Dial(t.Context(), ftptest.Server{Call: call}.Play(t, script))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// session does the same and logs in.
func session(t *testing.T, d Dialer, script string, call func()) *Client {
	t.Helper()
	c := dial(t, d, script, call)
	if err := c.Login(t.Context(), "joe", "secret"); err != nil {
		t.Fatal(err)
	}
	return c
}

// check wants an error to be a fault, and 0 to be none.
func check(t *testing.T, err error, want Fault) {
	t.Helper()
	if want == 0 && err != nil || want != 0 && !errors.Is(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
}

func TestGreeting(t *testing.T) {
	for _, tt := range []struct {
		about, script string
		want          Fault
	}{
		{"plain", "S 220 Ready", 0},
		{"of several lines, in pieces", `
			S "22"
			S "0-Welcome\r\n 220 is not the end\r\n220-nor is thi"
			S "s\r\n220"
			S " Ready\r\n"`, 0},
		{"line feeds alone", `S "220-a\n220 b\n"`, 0},
		{"a request for patience first", "S 120 Ready in 5 minutes\nS 220 Ready", 0},
		{"too many connections", "S 421 Too many", ErrUnavailable},
		{"not welcome", "S 530 Go away", ErrDenied},
		{"another protocol", "S SSH-2.0-OpenSSH_9.2", ErrProtocol},
		{"a line without end", "S 220 " + strings.Repeat("x", 1<<17), ErrProtocol},
		{"hung up", "close", ErrReceive},
		{"hung up within a block", "S 220-Welcome\nclose", ErrReceive},
		{"silence", "end", ErrTimeout},
	} {
		t.Run(tt.about, func(t *testing.T) {
			d := Dialer{}
			if tt.want == ErrTimeout {
				d.Timeout = 50 * time.Millisecond
			}
			c, err := d.Dial(t.Context(), ftptest.Server{}.Play(t, tt.script))
			check(t, err, tt.want)
			if err == nil {
				c.Close()
			}
		})
	}
}

func TestDialNobody(t *testing.T) {
	address := ftptest.Server{}.Play(t, greeting)
	c, err := new(Dialer).Dial(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	_, err = new(Dialer).Dial(t.Context(), address) // the script has one connection and no more
	check(t, err, ErrConnect)
}

func TestDialTimeout(t *testing.T) {
	d := Dialer{Timeout: time.Millisecond, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	_, err := d.Dial(t.Context(), "192.0.2.1:21")
	check(t, err, ErrTimeout)
}

func TestLogin(t *testing.T) {
	for _, tt := range []struct {
		about, script string
		want          Fault
	}{
		{"without a password", "C USER joe\nS 230 In\nC FEAT\nS 500 What?", 0},
		{"asks for UTF-8 where that is a choice", `
			C USER joe
			S 331 Password
			C PASS secret
			S 230-Hello
			S 230 In
			C FEAT
			S "211-Features\n UTF8\n211 End\n"
			C OPTS UTF8 ON
			S 501 I do not know how`, 0},
		{"wrong", "C USER joe\nS 331 Password\nC PASS secret\nS 530 No", ErrLogin},
		{"wrong at once", "C USER joe\nS 530 No", ErrLogin},
		{"an account besides", "C USER joe\nS 331 Password\nC PASS secret\nS 332 Account", ErrLogin},
		{"too often", "C USER joe\nS 331 Password\nC PASS secret\nS 421 Too often\nclose", ErrUnavailable},
		{"hung up", "C USER joe\nclose", ErrReceive},
	} {
		t.Run(tt.about, func(t *testing.T) {
			c := dial(t, Dialer{}, greeting+tt.script, nil)
			check(t, c.Login(t.Context(), "joe", "secret"), tt.want)
		})
	}
}

func TestRetrieve(t *testing.T) {
	for _, tt := range []struct {
		about, script string
		offset        int64
		want          string
		fault         Fault
	}{
		{"a file", passive + `
			C RETR a b
			S 150 Opening
			D send "hello"
			D close
			S 226 Done`, 0, "hello", 0},
		{"an empty file", passive + `
			C RETR a b
			S 150 Opening
			D close
			S 226 Done`, 0, "", 0},
		{"the rest of a file beyond 4 GiB", passive + `
			C REST 5000000000
			S 350 From there
			C RETR a b
			S 125 Already open
			D send "lo"
			D close
			S 250 Done`, 5_000_000_000, "lo", 0},
		{"the last reply before the data", passive + `
			C RETR a b
			S "150 Opening\r\n226 Done\r\n"
			D send "hello"
			D close`, 0, "hello", 0},
		{"no reply but the last", passive + `
			C RETR a b
			S 226 Done
			D send "hello"
			D close`, 0, "hello", 0},
		{"EPSV refused", `
			C EPSV
			S 500 EPSV?
			C PASV
			S 227 Entering Passive Mode ($HOSTPORT).
			D open
			C RETR a b
			S 150 Opening
			D send "hello"
			D close
			S 226 Done`, 0, "hello", 0},
		{"EPSV to a port where nobody is", `
			C EPSV
			S 229 Here (|||1|)
			C PASV
			S 227 Entering Passive Mode $HOSTPORT
			D open
			C RETR a b
			S 150 Opening
			D close
			S 226 Done`, 0, "", 0},
		{"neither EPSV nor PASV", `
			C EPSV
			S 500 EPSV?
			C PASV
			S 502 PASV?
			C PORT 127,0,0,1,*
			S 200 I shall come
			C RETR a b
			S 150 Opening
			D open
			D send "hello"
			D close
			S 226 Done`, 0, "hello", 0},
		{"nothing but active, and that refused", `
			C EPSV
			S 500 EPSV?
			C PASV
			S 502 PASV?
			C PORT *
			S 500 PORT?`, 0, "", ErrPassive},
		{"an answer to EPSV without a port", `
			C EPSV
			S 229 Entering Extended Passive Mode
			C PASV
			S 227 Entering Passive Mode
			C PORT *
			S 500 PORT?`, 0, "", ErrAddress},
		{"no such file", passive + `
			C RETR a b
			S 550 No such file`, 0, "", ErrNotFound},
		{"not permitted", passive + `
			C RETR a b
			S 550 a b: Permission denied`, 0, "", ErrDenied},
		{"not logged in", passive + `
			C RETR a b
			S 530 Log in first`, 0, "", ErrDenied},
		{"no data connection", passive + `
			C RETR a b
			S 425 No`, 0, "", ErrPassive},
		{"busy", passive + `
			C RETR a b
			S 450 Busy`, 0, "", ErrRetrieve},
		{"cannot resume", passive + `
			C REST 3
			S 502 REST?`, 3, "", ErrRestart},
		{"cut short, and said so", passive + `
			C RETR a b
			S 150 Opening
			D send "hel"
			D close
			S 426 Broken`, 0, "hel", ErrPartial},
		{"cut short by a reset", passive + `
			C RETR a b
			S 150 Opening
			D send "hel"
			call
			D reset
			S 226 Done, I think`, 0, "hel", ErrPartial},
		{"read error of the server", passive + `
			C RETR a b
			S 150 Opening
			D send "hel"
			D close
			S 451 Disk on fire`, 0, "hel", ErrRetrieve},
	} {
		t.Run(tt.about, func(t *testing.T) {
			received := make(chan struct{}, 1)
			c := session(t, Dialer{}, login+binary+tt.script+"\n"+quit, func() { <-received })
			var got bytes.Buffer
			n, err := c.Retrieve(t.Context(), "a b", tt.offset, writerFunc(func(p []byte) (int, error) {
				received <- struct{}{}
				return got.Write(p)
			}))
			check(t, err, tt.fault)
			if got.String() != tt.want || n != int64(got.Len()) {
				t.Errorf("got %q, %d octets, want %q", &got, n, tt.want)
			}
			check(t, c.Quit(t.Context()), 0) // whatever happened, it is in step
		})
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// After each of these stories the connection is of no use, and says so.
func TestConnectionDies(t *testing.T) {
	for _, tt := range []struct {
		about, script string
		timeout       time.Duration
		fault         Fault
	}{
		{"421 instead of an answer", `
			C TYPE I
			S 421 Shutting down
			end`, 0, ErrUnavailable},
		{"421 in the middle of a transfer", binary + passive + `
			C RETR x
			S 150 Opening
			D send "hel"
			D close
			S 421 Shutting down
			end`, 0, ErrUnavailable},
		{"hung up in the middle of a transfer", binary + passive + `
			C RETR x
			S 150 Opening
			D send "hel"
			D close
			close`, 0, ErrReceive},
		{"a reply that is none", binary + passive + `
			C RETR x
			S Here you are
			end`, 0, ErrProtocol},
		{"no answer", binary + passive + `
			C RETR x
			end`, time.Second, ErrTimeout},
		{"data that stop", binary + passive + `
			C RETR x
			S 150 Opening
			D send "hel"
			end`, time.Second, ErrTimeout},
		{"no last reply", binary + passive + `
			C RETR x
			S 150 Opening
			D send "hello"
			D close
			end`, time.Second, ErrTimeout},
	} {
		t.Run(tt.about, func(t *testing.T) {
			t.Parallel()
			c := session(t, Dialer{Timeout: tt.timeout}, login+tt.script, nil)
			_, err := c.Retrieve(t.Context(), "x", 0, io.Discard)
			check(t, err, tt.fault)
			check(t, c.Noop(t.Context()), ErrClosed)
		})
	}
}

func TestCancelled(t *testing.T) {
	t.Run("before the call", func(t *testing.T) {
		c := session(t, Dialer{}, login+quit, nil)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := c.Noop(ctx); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		check(t, c.Quit(t.Context()), 0)
	})
	t.Run("while waiting for a reply", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		cause := errors.New("enough")
		c := session(t, Dialer{}, login+"C NOOP\ncall\nend", func() { cancel(cause) })
		if err := c.Noop(ctx); !errors.Is(err, cause) {
			t.Error(err)
		}
		check(t, c.Noop(t.Context()), ErrClosed)
	})
	t.Run("while data come", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := session(t, Dialer{}, login+binary+passive+"C RETR x\nS 150 Opening\nD send hel\nend", nil)
		_, err := c.Retrieve(ctx, "x", 0, writerFunc(func(p []byte) (int, error) {
			cancel()
			return len(p), nil
		}))
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		check(t, c.Noop(t.Context()), ErrClosed)
	})
	t.Run("while data go, which the server must not take for the end", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := session(t, Dialer{Progress: func(int64) { cancel() }}, login+binary+passive+"C STOR x\nS 150 Opening\nD cut\nend", nil)
		_, err := c.Store(ctx, "x", 0, endless{})
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	t.Run("while the server does not come", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		script := login + binary + "C PORT *\nS 200 I shall come\nC RETR x\nS 150 Opening\ncall\nend"
		c := session(t, Dialer{Mode: Active}, script, cancel)
		if _, err := c.Retrieve(ctx, "x", 0, io.Discard); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// The process of an upload is killed: even so the server sees a broken connection.
func TestKilledUpload(t *testing.T) {
	const variable = "FTPCLIENT_TEST_KILLED"
	if address := os.Getenv(variable); address != "" {
		d := Dialer{Progress: func(int64) {
			self, err := os.FindProcess(os.Getpid())
			if err == nil {
				err = self.Kill()
			}
			if err != nil {
				t.Error(err)
			}
			select {}
		}}
		c, err := d.Dial(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		check(t, c.Login(t.Context(), "joe", "secret"), 0)
		_, err = c.Store(t.Context(), "x", 0, endless{})
		t.Fatal(err)
	}
	address := ftptest.Server{}.Play(t, login+binary+passive+"C STOR x\nS 150 Opening\nD cut\nend")
	child := exec.Command(os.Args[0], "-test.run=^TestKilledUpload$")
	child.Env = append(os.Environ(), variable+"="+address)
	out, err := child.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Exited() {
		t.Errorf("%v, not killed: %s", err, out)
	}
}

// endless is a reader without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// The writer's error is what counts, whatever the server says to the broken download:
// even a second 150, or nothing, as Pure-FTPd does without and with TLS.
func TestRetrieveWriterFails(t *testing.T) {
	for last, after := range map[string]Fault{
		"S 426 Broken\n" + quit:         0,
		"S 226 All is sent\n" + quit:    0,
		"S 150 0.000 seconds\n" + quit:  0,
		"S 421 I am leaving too\nclose": ErrClosed,
		"end":                           ErrClosed,
	} {
		t.Run(last, func(t *testing.T) {
			t.Parallel()
			d := Dialer{}
			if last == "end" {
				d.Timeout = time.Second
			}
			c := session(t, d, login+binary+passive+"C RETR x\nS 150 Opening\nD send hello\nD cut\n"+last, nil)
			full := errors.New("disk full")
			_, err := c.Retrieve(t.Context(), "x", 0, writerFunc(func([]byte) (int, error) { return 0, full }))
			check(t, err, ErrWrite)
			if !errors.Is(err, full) {
				t.Error(err)
			}
			check(t, c.Quit(t.Context()), after)
		})
	}
}

func TestStore(t *testing.T) {
	for _, tt := range []struct {
		about, script string
		store         func(c *Client, r io.Reader) (int64, error)
		fault         Fault
	}{
		{"a file", passive + `
			C STOR x
			S 150 Opening
			D want "hello"
			S 226 Done`, nil, 0},
		{"the rest of a file", passive + `
			C REST 7
			S 350 From there
			C STOR x
			S 150 Opening
			D want "hello"
			S 226 Done`, func(c *Client, r io.Reader) (int64, error) { return c.Store(t.Context(), "x", 7, r) }, 0},
		{"to the end of a file", passive + `
			C APPE x
			S 150 Opening
			D want "hello"
			S 226 Done`, func(c *Client, r io.Reader) (int64, error) { return c.Append(t.Context(), "x", r) }, 0},
		{"refused", passive + `
			C STOR x
			S 550 No`, nil, ErrStore},
		{"a bad name", passive + `
			C STOR x
			S 553 No`, nil, ErrStore},
		{"disk full at once", passive + `
			C STOR x
			S 452 Full`, nil, ErrNoSpace},
		{"disk full at the end", passive + `
			C STOR x
			S 150 Opening
			D want "hello"
			S 552 Full`, nil, ErrNoSpace},
		{"not believed", passive + `
			C STOR x
			S 150 Opening
			D want "hello"
			S 426 Broken`, nil, ErrSend},
	} {
		for _, kind := range []string{"reader", "os.File"} {
			t.Run(tt.about+", from "+kind, func(t *testing.T) {
				c := session(t, Dialer{}, login+binary+tt.script+"\n"+quit, nil)
				store := tt.store
				if store == nil {
					store = func(c *Client, r io.Reader) (int64, error) { return c.Store(t.Context(), "x", 0, r) }
				}
				r := io.Reader(strings.NewReader("hello"))
				if kind == "os.File" {
					r = open(t, "hello")
				}
				n, err := store(c, r)
				check(t, err, tt.fault)
				if err == nil && n != 5 {
					t.Errorf("sent %d octets", n)
				}
				check(t, c.Quit(t.Context()), 0)
			})
		}
	}
}

// open makes a file and opens it.
func open(t *testing.T, content string) *os.File {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestStoreReaderFails(t *testing.T) {
	c := session(t, Dialer{}, login+binary+passive+"C STOR x\nS 150 Opening\nD cut\nS 426 Broken\n"+quit, nil)
	torn := errors.New("torn")
	_, err := c.Store(t.Context(), "x", 0, io.MultiReader(strings.NewReader("hel"), readerFunc(func([]byte) (int, error) { return 0, torn })))
	check(t, err, ErrRead)
	if !errors.Is(err, torn) {
		t.Error(err)
	}
	check(t, c.Quit(t.Context()), 0)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// The server hangs up on the data and says why: that is the error, not the broken pipe.
func TestStoreServerStops(t *testing.T) {
	c := session(t, Dialer{}, login+binary+passive+"C STOR x\nS 150 Opening\nD reset\nS 552 Over quota\n"+quit, nil)
	_, err := c.Store(t.Context(), "x", 0, endless{})
	check(t, err, ErrNoSpace)
	check(t, c.Quit(t.Context()), 0)
}

// One TYPE is enough for transfers of the same type, and an EPSV once refused is not
// asked for again.
func TestRemembers(t *testing.T) {
	transfer := "C PASV\nS 227 Entering Passive Mode ($HOSTPORT)\nD open\nC RETR x\nS 150 Opening\nD close\nS 226 Done\n"
	c := session(t, Dialer{}, login+binary+"C EPSV\nS 500 What?\n"+transfer+transfer+quit, nil)
	for range 2 {
		_, err := c.Retrieve(t.Context(), "x", 0, io.Discard)
		check(t, err, 0)
	}
	check(t, c.Quit(t.Context()), 0)
}

// The address in a reply to PASV is not used: here it is one of a documentation network.
func TestForeignPassiveAddress(t *testing.T) {
	script := login + binary + `
		C EPSV
		S 500 What?
		C PASV
		S 227 Entering Passive Mode (192,0,2,1,$PORTS)
		D open
		C RETR x
		S 150 Opening
		D send "hello"
		D close
		S 226 Done
		` + quit
	c := session(t, Dialer{Mode: Passive}, script, nil)
	var got bytes.Buffer
	_, err := c.Retrieve(t.Context(), "x", 0, &got)
	check(t, err, 0)
	if got.String() != "hello" {
		t.Errorf("got %q", &got)
	}
	check(t, c.Quit(t.Context()), 0)
}

func TestActive(t *testing.T) {
	for _, tt := range []struct {
		about, script string
		timeout       time.Duration
		fault         Fault
	}{
		{"the server comes", "C PORT 127,0,0,1,*\nS 200 OK\nC RETR x\nS 150 Opening\nD open\nD send hello\nD close\nS 226 Done\n" + quit, 0, 0},
		{"the server comes early", "C PORT *\nS 200 OK\nC RETR x\nD open\nD send hello\nD close\nS \"150 Opening\\r\\n226 Done\\r\\n\"\n" + quit, 0, 0},
		{"the server cannot come", "C PORT *\nS 200 OK\nC RETR x\nS 150 Opening\nS 425 No way\n" + quit, 0, ErrActive},
		{"the server cannot come, and says so at once", "C PORT *\nS 200 OK\nC RETR x\nS 425 No way\n" + quit, 0, ErrActive},
		{"the server hangs up", "C PORT *\nS 200 OK\nC RETR x\nS 150 Opening\nclose", 0, ErrReceive},
		{"refused", "C PORT *\nS 500 No\n" + quit, 0, ErrPort},
		{"nobody comes", "C PORT *\nS 200 OK\nC RETR x\nS 150 Opening\nend", time.Second, ErrTimeout},
	} {
		t.Run(tt.about, func(t *testing.T) {
			t.Parallel()
			c := session(t, Dialer{Mode: Active, Timeout: tt.timeout}, login+binary+tt.script, nil)
			_, err := c.Retrieve(t.Context(), "x", 0, io.Discard)
			check(t, err, tt.fault)
			if c.dead == nil {
				check(t, c.Quit(t.Context()), 0)
			}
		})
	}
}

// In active mode somebody else may come to the port first, to put his file in the place of
// the server's. He is turned away, and the server still gets in; so many of them end it.
func TestActiveStrangers(t *testing.T) {
	for strangers, fault := range map[int]Fault{1: 0, maxStrangers - 1: 0, maxStrangers: ErrActive} {
		var told ftp.Command
		d := Dialer{Mode: Active, Sent: func(cmd ftp.Command) {
			if cmd.Verb == "PORT" {
				told = cmd
			}
		}}
		end := "D open\nD send hello\nD close\nS 226 Done\n"
		if fault != 0 {
			end = "S 425 Nobody there\n"
		}
		c := session(t, d, login+binary+"C PORT *\nS 200 OK\nC RETR x\nS 150 Opening\ncall\n"+end+quit, func() {
			address, err := ftp.ParseHostPort(told.Arg)
			if err != nil {
				t.Error(err)
			}
			from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
			for range strangers {
				conn, err := from.Dial("tcp", address.String())
				if err != nil {
					t.Error(err)
					return
				}
				io.WriteString(conn, "evil")
				io.Copy(io.Discard, conn) // until he is turned away
				conn.Close()
			}
		})
		var got bytes.Buffer
		_, err := c.Retrieve(t.Context(), "x", 0, &got)
		check(t, err, fault)
		if want := map[bool]string{true: "hello"}[fault == 0]; got.String() != want {
			t.Errorf("after %d strangers got %q", strangers, &got)
		}
		check(t, c.Quit(t.Context()), 0)
	}
}

func TestList(t *testing.T) {
	names := func(names ...string) []string { return names }
	for _, tt := range []struct {
		about, login, dir, script string
		want                      []string
		fault                     Fault
	}{
		{"MLSD", loginMLS, "d", passive + `
			C MLSD d
			S 150 Opening
			D send "type=cdir; .\r\ntype=pdir; ..\r\ntype=file;size=3; a b\r\ntype=dir; c\r\n"
			D close
			S 226 Done`, names("file a b", "dir c"), 0},
		{"MLSD told of, but not served", loginMLS, "", passive + `
			C MLSD
			S 502 Not really
			C TYPE A
			S 200 Text
			` + passive + `
			C LIST
			S 150 Opening
			D send "total 1\n-rw-r--r-- 1 0 0 3 Jan 1 10:00 a b\n"
			D send "drwxr-xr-x 1 0 0 3 Jan 1 10:00 ."
			D close
			S 226 Done`, names("file a b"), 0},
		{"LIST of a name that could be an option", login, "-l", `
			C PWD
			S 257 "/a ""b""" is it
			C CWD -l
			S 250 There
			C TYPE A
			S 200 Text
			` + passive + `
			C LIST
			S 150 Opening
			D send "-rw-r--r-- 1 0 0 3 Jan 1 10:00 x\r\n"
			D close
			S 226 Done
			C CWD /a "b"
			S 250 Back`, names("file x"), 0},
		{"LIST of what is not there", login, "d", `
			C TYPE A
			S 200 Text
			` + passive + `
			C LIST d
			S 150 Opening
			D close
			S 226 Done
			C PWD
			S 257 "/"
			C CWD d
			S 550 No such directory`, nil, ErrNotFound},
		{"a line that is none", login, "d", `
			C TYPE A
			S 200 Text
			` + passive + `
			C LIST d
			S 150 Opening
			D send "?\r\n-rw-r--r-- 1 0 0 3 Jan 1 10:00 x\r\n"
			D close
			S 226 Done`, names(`line "?"`, "file x"), 0},
		{"no such directory", loginMLS, "d", passive + `
			C MLSD d
			S 550 No such directory`, nil, ErrNotFound},
		{"broken off", loginMLS, "d", passive + `
			C MLSD d
			S 150 Opening
			D send "type=file; a\r\n"
			D close
			S 426 Broken`, names("file a"), ErrPartial},
		{"a line without end", loginMLS, "d", passive + `
			C MLSD d
			S 150 Opening
			D send "` + strings.Repeat("x", maxLine) + `"
			D cut
			S 426 Broken`, nil, ErrProtocol},
	} {
		t.Run(tt.about, func(t *testing.T) {
			c := dial(t, Dialer{}, tt.login+tt.script+"\n"+quit, nil)
			check(t, c.Login(t.Context(), "joe", "secret"), 0)
			var got []string
			var failed error
			for e, err := range c.List(t.Context(), tt.dir) {
				var line *LineError
				switch {
				case errors.As(err, &line):
					got = append(got, fmt.Sprintf("line %q", line.Line))
				case err != nil:
					failed = err
				default:
					got = append(got, e.Type.String()+" "+e.Name)
				}
			}
			check(t, failed, tt.fault)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			check(t, c.Quit(t.Context()), 0)
		})
	}
}

func TestListBreak(t *testing.T) {
	c := session(t, Dialer{}, loginMLS+passive+"C MLSD d\nS 150 Opening\nD send \"type=file; a\\r\\ntype=file; b\\r\\n\"\nD cut\nS 426 Broken\n"+quit, nil)
	for e, err := range c.List(t.Context(), "d") {
		if err != nil || e.Name != "a" {
			t.Errorf("got %v, %v", e.Name, err)
		}
		break
	}
	check(t, c.Quit(t.Context()), 0)
}

func TestNameList(t *testing.T) {
	c := session(t, Dialer{}, login+"C TYPE A\nS 200 Text\n"+passive+"C NLST *.txt\nS 150 Opening\nD send \"a.txt\\r\\nb.txt\\n\"\nD close\nS 226 Done\n"+quit, nil)
	var got []string
	for name, err := range c.NameList(t.Context(), "*.txt") {
		check(t, err, 0)
		got = append(got, name)
	}
	if want := []string{"a.txt", "b.txt"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	check(t, c.Quit(t.Context()), 0)
}

func TestStat(t *testing.T) {
	when := time.Date(2026, 6, 3, 9, 5, 0, 0, time.UTC)
	for _, tt := range []struct {
		about, login, script string
		want                 ftp.Entry
		fault                Fault
	}{
		{"MLST", loginMLS, `
			C MLST x
			S "250-Facts\r\n type=file;size=3;modify=20260603090500; /d/x\r\n250 End\r\n"`,
			ftp.Entry{Name: "x", Type: ftp.TypeFile, Size: 3, ModTime: when}, 0},
		{"MLST of a missing name", loginMLS, "C MLST x\nS 550 No such file", ftp.Entry{}, ErrNotFound},
		{"MLST without facts", loginMLS, "C MLST x\nS 250 Yes", ftp.Entry{}, ErrProtocol},
		{"SIZE and MDTM", login, binary + "C SIZE x\nS 213 3\nC MDTM x\nS 213 20260603090500",
			ftp.Entry{Name: "x", Type: ftp.TypeFile, Size: 3, ModTime: when}, 0},
		{"SIZE alone", login, binary + "C SIZE x\nS 213 3\nC MDTM x\nS 500 What?",
			ftp.Entry{Name: "x", Type: ftp.TypeFile, Size: 3}, 0},
		{"a directory", login, binary + "C SIZE x\nS 550 Not a file\nC PWD\nS 257 \"/\"\nC CWD x\nS 250 There\nC CWD /\nS 250 Back",
			ftp.Entry{Name: "x", Type: ftp.TypeDir, Size: -1}, 0},
		{"a missing name", login, binary + "C SIZE x\nS 550 Not a file\nC PWD\nS 257 \"/\"\nC CWD x\nS 550 No", ftp.Entry{}, ErrNotFound},
		{"a size that is none", login, binary + "C SIZE x\nS 213 many\nC PWD\nS 257 root", ftp.Entry{}, ErrProtocol},
	} {
		t.Run(tt.about, func(t *testing.T) {
			c := session(t, Dialer{}, tt.login+tt.script+"\n"+quit, nil)
			got, err := c.Stat(t.Context(), "x")
			check(t, err, tt.fault)
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			check(t, c.Quit(t.Context()), 0)
		})
	}
}

func TestFiles(t *testing.T) {
	c := session(t, Dialer{}, login+`
		C MKD d
		S 257 "/d"
		C RNFR d
		S 350 To?
		C RNTO e
		S 250 Done
		C MFMT 20260603090500 e
		S 213 Modify=20260603090500; e
		C DELE e
		S 550 It is a directory
		C RMD e
		S 250 Done
		C NOOP
		S 200 Still here
		C SITE HELP me
		S "214-Help\n 1\n214 End\n"
		`+quit, nil)
	check(t, c.MakeDir(t.Context(), "d"), 0)
	check(t, c.Rename(t.Context(), "d", "e"), 0)
	check(t, c.SetModTime(t.Context(), "e", time.Date(2026, 6, 3, 9, 5, 0, 0, time.UTC)), 0)
	check(t, c.Remove(t.Context(), "e"), ErrNotFound)
	check(t, c.RemoveDir(t.Context(), "e"), 0)
	check(t, c.Noop(t.Context()), 0)
	reply, err := c.Cmd(t.Context(), "SITE", "HELP me")
	check(t, err, 0)
	if reply.Code != ftp.CodeHelp || len(reply.Lines) != 3 {
		t.Errorf("got %v", reply)
	}
	check(t, c.Quit(t.Context()), 0)
	check(t, c.Noop(t.Context()), ErrClosed)
}

// A name must not become a second command. The script would notice any octet sent.
func TestInjection(t *testing.T) {
	c := session(t, Dialer{}, login+quit, nil)
	for _, path := range []string{"a\r\nDELE b", "a\nDELE b", "a\rb", "a\x00b"} {
		_, retrErr := c.Retrieve(t.Context(), path, 0, io.Discard)
		_, storErr := c.Store(t.Context(), path, 0, strings.NewReader(""))
		_, statErr := c.Stat(t.Context(), path)
		for _, err := range []error{
			retrErr, storErr, statErr, c.Rename(t.Context(), "a", path), c.Rename(t.Context(), path, "a"),
			c.Remove(t.Context(), path), c.Login(t.Context(), path, ""), c.MakeDir(t.Context(), path),
		} {
			if !errors.Is(err, ftp.ErrArgument) {
				t.Errorf("%q: %v", path, err)
			}
		}
	}
	check(t, c.Quit(t.Context()), 0)
}

// Progress counts from the start of each transfer, both ways.
func TestProgress(t *testing.T) {
	retr := passive + "C RETR x\nS 150 Opening\nD send hello\nD close\nS 226 Done\n"
	stor := passive + "C STOR x\nS 150 Opening\nD want hello\nS 226 Done\n"
	var last int64
	c := session(t, Dialer{Progress: func(octets int64) { last = octets }}, login+binary+retr+retr+stor+stor+quit, nil)
	for _, transfer := range []func() (int64, error){
		func() (int64, error) { return c.Retrieve(t.Context(), "x", 0, io.Discard) },
		func() (int64, error) { return c.Retrieve(t.Context(), "x", 0, io.Discard) },
		func() (int64, error) { return c.Store(t.Context(), "x", 0, strings.NewReader("hello")) },
		func() (int64, error) { return c.Store(t.Context(), "x", 0, open(t, "hello")) },
	} {
		last = -1
		n, err := transfer()
		check(t, err, 0)
		if n != 5 || last != 5 {
			t.Errorf("moved %d octets, told %d", n, last)
		}
	}
	check(t, c.Quit(t.Context()), 0)
}

// What Sent and Received are told is what a person may see.
func TestTrace(t *testing.T) {
	var log []string
	d := Dialer{
		Sent:     func(cmd ftp.Command) { log = append(log, "> "+cmd.String()) },
		Received: func(reply ftp.Reply) { log = append(log, "< "+reply.String()) },
	}
	session(t, d, login+"end", nil)
	want := []string{"< 220 Ready", "> USER joe", "< 331 Password", "> PASS ****", "< 230 In", "> FEAT", "< 500 What?"}
	if !slices.Equal(log, want) {
		t.Errorf("got %q", log)
	}
}

func TestIPv6(t *testing.T) {
	probe, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("no IPv6 on this host: %v", err)
	}
	probe.Close()
	for mode, script := range map[Mode]string{
		Passive: "C EPSV\nS 229 Here (|||$PORT|)\nD open\nC RETR x\nS 150 Opening\nD send hello\nD close\nS 226 Done\n",
		Active:  "C EPRT |2|::1|*\nS 200 OK\nC RETR x\nS 150 Opening\nD open\nD send hello\nD close\nS 226 Done\n",
	} {
		d := Dialer{Mode: mode}
		c, err := d.Dial(t.Context(), ftptest.Server{Host: "::1"}.Play(t, login+binary+script+quit))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		check(t, c.Login(t.Context(), "joe", "secret"), 0)
		var got bytes.Buffer
		_, err = c.Retrieve(t.Context(), "x", 0, &got)
		check(t, err, 0)
		if got.String() != "hello" {
			t.Errorf("mode %v: got %q", mode, &got)
		}
		check(t, c.Quit(t.Context()), 0)
	}
}

// The replies to the NOOPs of a transfer come after its own, or before, or on both sides.
func TestKeepAlive(t *testing.T) {
	for about, script := range map[string]string{
		"after":  "D send hello\nC NOOP\nD close\nS \"226 Done\\r\\n200 OK\\r\\n\"\n",
		"before": "D send hello\nC NOOP\nS 200 OK\nD close\nS 226 Done\n",
		"broken": "D send hello\nC NOOP\nD close\nS \"426 Broken\\r\\n200 OK\\r\\n\"\n",
	} {
		t.Run(about, func(t *testing.T) {
			c := session(t, Dialer{KeepAlive: time.Nanosecond}, login+binary+passive+"C RETR x\nS 150 Opening\n"+script+quit, nil)
			var got bytes.Buffer
			_, err := c.Retrieve(t.Context(), "x", 0, &got)
			if want := map[string]Fault{"broken": ErrPartial}[about]; want != 0 || err != nil {
				check(t, err, want)
			}
			if got.String() != "hello" {
				t.Errorf("got %q", &got)
			}
			check(t, c.Quit(t.Context()), 0)
		})
	}
}
