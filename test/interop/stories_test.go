package interop

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestNetascii moves text with every kind of line end in the mode that tftp-hpa takes
// when nobody tells it otherwise. Both ends convert, so the text must stay what it was.
func TestNetascii(t *testing.T) {
	text := strings.Repeat("unix\nmac\rdos\r\n\r\r\n", 1000) + "\r"
	for _, c := range []client{tftpHPA(""), tftpHPA("netascii"), atftp("atftp", "mode netascii")} {
		t.Run(c.name, func(t *testing.T) {
			peer(t, c.program)
			root, local := folder(t), t.TempDir()
			in, out := filepath.Join(root, "text"), filepath.Join(local, "text")
			if err := os.WriteFile(in, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			e := drayTFTP.start(t, root)
			run(t, c.get(e, "text", out))
			sameText(t, out, text)
			run(t, c.put(e, out, "back"))
			e.events.expect(t, transferred("write", "/back", int64(len(text))))
			sameText(t, filepath.Join(root, "back"), text)
		})
	}
}

func sameText(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s: %d bytes differ from %d: %.60q…, want %.60q…", path, len(got), len(want), got, want)
	}
}

// TestGuest logs in without a name: a guest reads and does not write.
func TestGuest(t *testing.T) {
	for _, c := range ftpClients() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			peer(t, c.program)
			f := files[2]
			root := folder(t)
			f.linkInto(t, root)
			e := serve(t, root, "--write").speaking(t, "ftp")
			got := filepath.Join(t.TempDir(), "got")
			run(t, c.get(e, f.name, got))
			f.compare(t, got)
			if c.put == nil {
				return
			}
			runAny(t, c.put(e, f.path(), "new"))
			if _, err := os.Stat(filepath.Join(root, "new")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a guest has written: %v", err)
			}
		})
	}
}

// TestWrongPassword is refused, in words for the person at the server too.
func TestWrongPassword(t *testing.T) {
	for _, row := range []struct {
		client client
		code   int
	}{
		{curl("curl", "ftp"), 67}, {dray("ftp"), 67}, {lftp("lftp", plain), 1}, {wget("wget"), 6}, {ftplib("ftplib", ""), 1},
	} {
		t.Run(row.client.name, func(t *testing.T) {
			t.Parallel()
			peer(t, row.client.program)
			e := drayFTP.start(t, furnish(t))
			e.password = "wrong"
			out, code := runAny(t, row.client.get(e, files[1].name, filepath.Join(t.TempDir(), "got")))
			if code != row.code {
				t.Errorf("exit code %d, want %d:\n%s", code, row.code, out)
			}
			e.events.expect(t, event{Msg: "login", Outcome: "refused"})
		})
	}
}

// TestResume goes on with a file of which half is there: REST+RETR, REST+STOR, APPE.
func TestResume(t *testing.T) {
	whole := files[len(files)-2]
	content, err := os.ReadFile(whole.path())
	if err != nil {
		t.Fatal(err)
	}
	half := func(t *testing.T, path string) {
		if err := os.WriteFile(path, content[:len(content)/2], 0o644); err != nil {
			t.Fatal(err)
		}
	}
	lftpAgain := func(verb string) func(e endpoint, from, to string) *exec.Cmd {
		return func(e endpoint, from, to string) *exec.Cmd {
			return exec.Command("lftp", "--norc", "-c", "set "+plain+"; open -u "+e.user+","+e.password+
				" ftp://"+e.host+":"+e.port+"; "+verb+" -c "+from+" -o "+to)
		}
	}
	for _, row := range []struct {
		program  string
		get, put func(e endpoint, from, to string) *exec.Cmd
		op       string // of the upload
	}{
		{"curl", curl("", "ftp", "-C", "-").get, curl("", "ftp", "-C", "-").put, "append"},
		{"lftp", lftpAgain("get"), lftpAgain("put"), "write"},
		{"wget", func(e endpoint, from, to string) *exec.Cmd {
			return exec.Command("wget", "--no-config", "-nv", "-c", "-O", to, e.url(from))
		}, nil, ""},
		{"busybox", func(e endpoint, from, to string) *exec.Cmd {
			return exec.Command("busybox", "ftpget", "-c", "-P", e.port, "-u", e.user, "-p", e.password, e.host, to, from)
		}, nil, ""},
	} {
		t.Run(row.program, func(t *testing.T) {
			t.Parallel()
			peer(t, row.program)
			root := furnish(t)
			e := drayFTP.start(t, root)
			rest := whole.size - whole.size/2

			got := filepath.Join(t.TempDir(), "got")
			half(t, got)
			run(t, row.get(e, whole.name, got))
			whole.compare(t, got)
			e.events.expect(t, transferred("read", "/"+whole.name, rest))

			if row.put == nil {
				return
			}
			half(t, filepath.Join(root, "incoming", "half"))
			run(t, row.put(e, whole.path(), "incoming/half"))
			whole.compare(t, filepath.Join(root, "incoming", "half"))
			e.events.expect(t, transferred(row.op, "/incoming/half", rest))
		})
	}
}

// TestBeyond4GiB goes on, both ways, with a file of which all but the last bytes are there:
// offsets take more than 32 bits.
func TestBeyond4GiB(t *testing.T) {
	const size = 5 << 30
	end := "the end of a long file"
	sparse := func(t *testing.T, path string, size int64, tail string) {
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := errors.Join(f.Truncate(size), os.Chmod(path, 0o666)); err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt([]byte(tail), size-int64(len(tail))); err != nil {
			t.Fatal(err)
		}
	}
	compare := func(t *testing.T, path string) {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		tail := make([]byte, len(end)+1)
		_, err = f.ReadAt(tail, size-int64(len(tail)))
		if info, statErr := f.Stat(); err != nil || statErr != nil || info.Size() != size || string(tail) != "\x00"+end {
			t.Errorf("%s ends with %q, %v", path, tail, err)
		}
	}
	plain, secure := dray("ftp", "--continue"), dray("ftpes", "--continue")
	for _, row := range []struct {
		server server
		client client
	}{
		{drayFTP, plain}, {drayTLS, secure}, {drayFTP, curl("curl", "ftp", "-C", "-")},
		{vsftpd, plain}, {proftpd, plain}, {pureFTPd, plain}, {pyftpdlib, plain},
		{vsftpdTLS, secure}, {proftpdTLS, secure}, {pureFTPdTLS, secure}, {pyftpdlibTLS, secure},
	} {
		t.Run(row.client.protocol+" "+row.server.name+" "+row.client.name, func(t *testing.T) {
			t.Parallel()
			peer(t, row.client.program)
			root, local := furnish(t), filepath.Join(t.TempDir(), "long")
			stored := filepath.Join(root, "incoming", "long")
			sparse(t, filepath.Join(root, "long"), size, end)
			sparse(t, local, size-int64(len(end)), "")
			sparse(t, stored, size-int64(len(end)), "")
			e := row.server.start(t, root)
			run(t, row.client.get(e, "long", local))
			compare(t, local)
			e.events.expect(t, transferred("read", "/long", int64(len(end))))
			run(t, row.client.put(e, local, "incoming/long"))
			if e.settled != nil {
				e.settled()
			}
			compare(t, stored)
		})
	}
}

// TestAbort has Python's ftplib take back a download, as urgent data in clear, and in TLS,
// which has none. The connection goes on.
func TestAbort(t *testing.T) {
	for _, row := range []struct {
		name, prepare string
		server        server
	}{
		{"in clear", "", drayFTP},
		{"in TLS", ftplibSecure("TLSv1_3", true), drayTLS},
	} {
		t.Run(row.name, func(t *testing.T) {
			peer(t, "/usr/bin/python3")
			f := files[len(files)-1]
			e := row.server.start(t, furnish(t))
			cmd := ftplibRun(e, row.prepare, `
data = ftp.transfercmd("RETR " + sys.argv[6])
data.recv(1)
print(ftp.abort()[:3], ftp.voidresp()[:3])
print(ftp.size(sys.argv[6]))`, f.name)
			if out := run(t, cmd); out != "426 226\n"+strconv.FormatInt(f.size, 10)+"\n" {
				t.Errorf("ftplib heard %q", out)
			}
			e.events.expect(t, event{Msg: "transfer", Op: "read", Path: "/" + f.name, Outcome: "failed", Bytes: anyBytes})
		})
	}
}
