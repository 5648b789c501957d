package confine

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// inside runs a test of this file in a process of its own, since what is given up is given
// up for good, and returns the lines that it prints.
func inside(t *testing.T, test string, in *syscall.SysProcAttr, env ...string) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^"+test+"$", "-test.v")
	cmd.Env, cmd.SysProcAttr = append(os.Environ(), env...), in
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var lines []string
	for line := range strings.Lines(string(out)) {
		if said, ok := strings.CutPrefix(line, "> "); ok {
			lines = append(lines, strings.TrimSpace(said))
		}
	}
	return lines
}

// say prints how something went that a confined process tried.
func say(what string, err error) {
	outcome := "works"
	switch {
	case errors.Is(err, fs.ErrPermission):
		outcome = "denied"
	case err != nil:
		outcome = err.Error()
	}
	fmt.Println(">", what, outcome)
}

const sealedDir = "DRAY_TEST_SEALED"

// TestSeal: from inside the process, also where root runs it, nothing outside can be had.
func TestSeal(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"read", "write", "outside"} {
		if err := errors.Join(os.Mkdir(filepath.Join(dir, name), 0o755), os.WriteFile(filepath.Join(dir, name, "file"), []byte("x"), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../outside/file", filepath.Join(dir, "write", "link")); err != nil {
		t.Fatal(err)
	}
	got := inside(t, "TestSealed", nil, sealedDir+"="+dir)
	if slices.Contains(got, "no Landlock") {
		t.Skip(ErrNoLandlock)
	}
	want := []string{
		"what was open works", "read what is kept to read works", "change it denied", "make a file beside it denied", "remove it denied",
		"read what is kept to write works", "change it works", "make a file beside it works", "move that works", "make a folder works", "remove it works",
		"read outside denied", "write outside denied", "make a file outside denied", "remove outside denied", "move a file out denied", "follow a link out denied",
		"read /etc/passwd denied", "run a program denied", "list the root denied", "from any thread denied",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestSealed is the process of TestSeal.
func TestSealed(t *testing.T) {
	dir := os.Getenv(sealedDir)
	if dir == "" {
		t.Skip("it is run by TestSeal")
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	open, err := os.Open(at("outside/file"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Seal(Paths{Read: []string{at("read"), at("none")}, Write: []string{at("write")}})
	if errors.Is(err, ErrNoLandlock) {
		fmt.Println("> no Landlock")
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) error {
		_, err := os.ReadFile(name)
		return err
	}
	write := func(name string) error { return os.WriteFile(name, []byte("y"), 0o644) }
	_, err = open.Read(make([]byte, 1))
	say("what was open", err)
	say("read what is kept to read", read(at("read/file")))
	say("change it", write(at("read/file")))
	say("make a file beside it", write(at("read/new")))
	say("remove it", os.Remove(at("read/file")))
	say("read what is kept to write", read(at("write/file")))
	say("change it", write(at("write/file")))
	say("make a file beside it", write(at("write/new")))
	say("move that", os.Rename(at("write/new"), at("write/moved")))
	say("make a folder", os.Mkdir(at("write/folder"), 0o755))
	say("remove it", os.Remove(at("write/folder")))
	say("read outside", read(at("outside/file")))
	say("write outside", write(at("outside/file")))
	say("make a file outside", write(at("outside/new")))
	say("remove outside", os.Remove(at("outside/file")))
	say("move a file out", os.Rename(at("write/file"), at("moved")))
	say("follow a link out", read(at("write/link")))
	say("read /etc/passwd", read("/etc/passwd"))
	say("run a program", exec.Command("/bin/true").Run())
	_, err = os.ReadDir("/")
	say("list the root", err)
	say("from any thread", onThreads(func() error { return read(at("outside/file")) }))
}

// onThreads calls f on several threads at once, and returns an error only if all have one.
func onThreads(f func() error) error {
	all := make([]error, 8)
	var ready, done sync.WaitGroup
	ready.Add(len(all))
	for i := range all {
		done.Go(func() {
			ready.Done()
			ready.Wait()
			all[i] = f()
		})
	}
	done.Wait()
	if slices.Contains(all, nil) {
		return nil
	}
	return errors.Join(all...)
}

const becomeUser = "DRAY_TEST_BECOME"

// TestBecome: the process is somebody else on all threads, can bind the ports of servers
// until that right goes too, and has no way back.
func TestBecome(t *testing.T) {
	if !IsRoot() {
		t.Skip("only root can become somebody else")
	}
	got := inside(t, "TestBecame", &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}, becomeUser+"=nobody")
	want := []string{
		"bind port 21 works", "become root denied", "read what is root's denied", "without the right bind port 22 denied", "no new privileges works",
		"Uid: 65534 65534 65534 65534", "Gid: 65534 65534 65534 65534", "Groups: 65534", "CapPrm: 0000000000000000", "CapEff: 0000000000000000",
		"CapAmb: 0000000000000000", "NoNewPrivs: 1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestBecame is the process of TestBecome.
func TestBecame(t *testing.T) {
	name := os.Getenv(becomeUser)
	if name == "" {
		t.Skip("it is run by TestBecome")
	}
	u, err := LookupUser(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := Become(u); err != nil {
		t.Fatal(err)
	}
	bind := func(addr string) error {
		l, err := net.Listen("tcp4", addr)
		if err != nil {
			return err
		}
		return l.Close()
	}
	say("bind port 21", bind(":21"))
	say("become root", syscall.Setuid(0))
	_, err = os.ReadFile("/etc/shadow")
	say("read what is root's", err)
	if err := errors.Join(KeepFromPrograms(), DropCapabilities()); err != nil {
		t.Fatal(err)
	}
	say("without the right bind port 22", bind(":22"))
	say("no new privileges", NoNewPrivileges())
	tell(t)
}

// tell prints what the kernel says of the threads, which has to be the same of all.
func tell(t *testing.T) {
	tasks, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil || len(tasks) < 2 {
		t.Fatalf("%d threads, %v", len(tasks), err)
	}
	said := map[string]bool{}
	for _, task := range tasks {
		status, err := os.ReadFile(task)
		if err != nil {
			continue // the thread has ended
		}
		for line := range strings.Lines(string(status)) {
			fields := strings.Fields(line)
			switch fields[0] {
			case "Uid:", "Gid:", "Groups:", "CapPrm:", "CapEff:", "CapAmb:", "NoNewPrivs:":
				if text := strings.Join(fields, " "); !said[text] {
					said[text] = true
					fmt.Println(">", text)
				}
			}
		}
	}
}

func TestLookupUser(t *testing.T) {
	for text, want := range map[string]string{
		"root":        "0 0 [0]",
		"root:daemon": "0 1 [1]",
		"0:7":         "0 7 [7]",
		"64321:64322": "64321 64322 [64322]", // nobody that is known
	} {
		u, err := LookupUser(text)
		if got := fmt.Sprint(u.UID, u.GID, u.Groups); err != nil || got != want || u.Name != text {
			t.Errorf("%s is %s, %v; want %s", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"no-such-user":       `there is no user "no-such-user" on this machine`,
		"64321":              `there is no user "64321" on this machine`,
		"root:no-such-group": `there is no group "no-such-group" on this machine`,
		"":                   `there is no user "" on this machine`,
	} {
		if u, err := LookupUser(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is %+v, %v", text, u, err)
		}
	}
}
