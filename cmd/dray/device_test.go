package main

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestDevicePage runs what docs/device.md says, and compares what is printed with the page.
// -update-lab rewrites it.
func TestDevicePage(t *testing.T) {
	const page = "../../docs/device.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ports := startLab(t, dir)
	startRouter(t, dir, ports["tftp"])
	guide := parseGuide(string(text))
	for i, block := range guide.texts {
		var got strings.Builder
		for line := range strings.Lines(block) {
			command, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "$ ")
			if !ok {
				continue
			}
			c := exec.Command("sh", "-c", strings.ReplaceAll(command, ":2121", ":"+ports["ftp"]))
			c.Dir, c.Env = dir, append(os.Environ(), "DRAY_COPY_PASSWORD=lab")
			out, err := c.CombinedOutput()
			if err != nil && c.ProcessState.ExitCode() != 21 {
				t.Fatalf("%s: %v\n%s", command, err, out)
			}
			got.WriteString(line + strings.ReplaceAll(tidy(string(out)), ":"+ports["ftp"], ":2121"))
		}
		if *updateLab {
			guide.texts[i] = got.String()
		} else if alike(got.String()) != alike(block) {
			t.Errorf("block %d of docs/device.md; go test ./cmd/dray -run TestDevicePage -update-lab rewrites it\ngot:\n%s\nwant:\n%s", i+1, got.String(), block)
		}
	}
	if *updateLab {
		if err := os.WriteFile(page, []byte(guide.with(guide.texts)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// alike leaves out what is another thing each time, and in which order two streams come.
func alike(s string) string {
	s = likeness(s)
	for _, r := range [][2]string{
		{`\d{4}-\d\d-\d\dT[\d-]+\.\d+Z`, "TIME"}, {`(?m)^up .*$`, "up"}, {`(?m)^R1: .*(answered no|has hung up)\n`, ""}, {`\d+ free`, "free"},
	} {
		s = regexp.MustCompile(r[0]).ReplaceAllString(s, r[1])
	}
	return s
}

// startRouter runs a simulated router whose inventory is lab.yaml.
func startRouter(t *testing.T, dir, tftp string) {
	t.Helper()
	cmd := exec.Command("dray", "sim", "--model", "2911", "--ssh-port", "0", "--telnet-port", "0", "--speed", "1000", "--tftp-port", tftp,
		"--inventory", filepath.Join(dir, "lab.yaml"))
	start(t, cmd, "Ctrl-C ends the simulation.")
}

// TestInterrupted: who ends a command reads that, and the code is that of other commands.
func TestInterrupted(t *testing.T) {
	t.Setenv("DRAY_PASSWORD", "x")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	accepted := make(chan net.Conn, 1)
	go func() {
		c, _ := l.Accept()
		accepted <- c
		cancel()
	}()
	var said strings.Builder
	code := run(ctx, []string{"device", "run", "--telnet", "--user", "amy", l.Addr().String(), "show clock"}, stdio{strings.NewReader(""), io.Discard, &said})
	if c := <-accepted; c != nil {
		c.Close()
	}
	if code != 130 || !strings.Contains(said.String(), ": interrupted; ") || strings.Contains(said.String(), "context") {
		t.Errorf("%d, %q", code, said.String())
	}
}

// TestVersions: a version is kept for each change that counts, in an order that stays.
func TestVersions(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, time.November, 21, 9, 43, 37, 0, time.UTC)
	const config = "! Last configuration change at 11:45:38\nhostname R1\nsnmp-server community s3cret\nntp clock-period 17179738\nend\n"
	first, err := keepConfig(dir, "R1", config, now)
	if err != nil || !first.Changed || first.Before != "" || first.File != filepath.Join(dir, "R1", "2026-11-21T09-43-37.000Z.cfg") {
		t.Fatal(first, err)
	}
	same, err := keepConfig(dir, "R1", strings.NewReplacer("11:45", "12:00", "17179738", "17179999").Replace(config), now.Add(time.Hour))
	if err != nil || same.Changed || same.File != first.File {
		t.Errorf("%+v, %v", same, err)
	}
	for _, name := range []string{"R2", "R3"} { // also within a second
		b, err := keepConfig(dir, "R1", strings.ReplaceAll(strings.ReplaceAll(config, "R1", name), "s3cret", "s3cret"+name), now)
		if err != nil || !b.Changed || b.Before >= b.File || b.Added != 2 || b.Removed != 2 || !strings.Contains(b.Diff, "+hostname "+name) || strings.Contains(b.Diff, "s3cret") {
			t.Errorf("%+v, %v", b, err)
		}
		if info, err := os.Stat(b.File); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
	}
	for _, name := range []string{"", "..", "a/b", ".x", `a\b`} {
		if b, err := keepConfig(dir, name, config, now); err == nil {
			t.Errorf("%q: %+v", name, b)
		}
	}
}
