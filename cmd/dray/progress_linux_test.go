package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal opens a pseudo-terminal: what is written to screen can be read from keyboard.
func terminal(t *testing.T) (keyboard, screen *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keyboard.Close() })
	fd := int(keyboard.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 120}); err != nil {
		t.Fatal(err)
	}
	screen, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close() })
	return keyboard, screen
}

// shown is what a person sees of a transfer that has run for some time.
func shown(t *testing.T, total int64, ran time.Duration) string {
	t.Helper()
	keyboard, screen := terminal(t)
	p := newProgress(screen, "image.bin", total)
	if p == nil {
		t.Fatal("no progress on a terminal")
	}
	p.started = time.Now().Add(-ran)
	p.at(2<<20, total)
	p.end(false) // it breaks off here
	fmt.Fprint(screen, "\x04")
	var text bytes.Buffer
	for b := make([]byte, 4096); !bytes.Contains(text.Bytes(), []byte{4}); {
		n, err := keyboard.Read(b)
		text.Write(b[:n])
		if err != nil {
			t.Fatal(err)
		}
	}
	return text.String()
}

func TestProgressOnATerminal(t *testing.T) {
	t.Setenv("TERM", "xterm")
	got := shown(t, 4<<20, time.Minute)
	for _, want := range []string{"image.bin", "2.0 MiB / 4.0 MiB", "50%", "KiB/s"} {
		if !strings.Contains(got, want) {
			t.Errorf("half of a file in a minute does not show %s: %q", want, got)
		}
	}
	if strings.Contains(got, " 00:00") {
		t.Errorf("half of a file in a minute shows no time left: %q", got)
	}
	if got := shown(t, -1, time.Minute); !strings.Contains(got, "2.0 MiB") || strings.Contains(got, "%") {
		t.Errorf("without a size: %q", got)
	}
	if got := shown(t, 2<<20, 0); strings.Contains(got, "image") {
		t.Errorf("in less than a second: %q", got)
	}
}

func TestNoProgressElsewhere(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if newProgress(w, "image.bin", 1) != nil || newProgress(new(bytes.Buffer), "image.bin", 1) != nil {
		t.Error("progress in a pipe")
	}
	_, screen := terminal(t)
	t.Setenv("TERM", "dumb")
	if newProgress(screen, "image.bin", 1) != nil {
		t.Error("progress on a terminal that cannot move its cursor")
	}
	var none *progress
	none.at(1, 2) // does no harm
	none.end(true)
}
