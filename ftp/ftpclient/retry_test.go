package ftpclient

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"dray/ftp/ftptest"
)

// retry is to play a script of several connections.
func retry(t *testing.T, retries int, server ftptest.Server, script string) *Retry {
	return &Retry{
		Address: server.Play(t, script), User: "joe", Password: "secret",
		Retries: retries, Backoff: func(int) time.Duration { return 0 },
	}
}

func TestDownload(t *testing.T) {
	const (
		known   = login + binary + "C SIZE x\nS 213 5\nC MDTM x\nS 213 20260603090500\n"
		unknown = login + binary + "C SIZE x\nS 500 What?\nC MDTM x\nS 500 What?\n"
		retr    = passive + "C RETR x\nS 150 Opening\n"
		rest    = passive + "C REST 3\nS 350 From there\nC RETR x\nS 150 Opening\n"
	)
	for _, tt := range []struct {
		about, script string
		want          string
		fault         error
	}{
		{"at the first attempt", known + retr + "D send hello\nD close\nS 226 Done\n" + quit, "hello", nil},
		{"the connections break", known + retr + "D send hel\nD reset\nS 426 Broken\nagain\n" +
			known + rest + "D send lo\nD close\nS 226 Done\n" + quit, "hello", nil},
		{"the control connection breaks", known + retr + "D send hel\nD close\nagain\n" +
			known + rest + "D send lo\nD close\nS 226 Done\n" + quit, "hello", nil},
		{"the last reply is lost", known + retr + "D send hello\nD close\nagain\n" + known + quit, "hello", nil},
		{"a clean end, but too early", known + retr + "D send hel\nD close\nS 226 Done\nend\nagain\n" +
			known + rest + "D send lo\nD close\nS 226 Done\n" + quit, "hello", nil},
		{"a server that tells no size", unknown + retr + "D send hel\nD close\nS 426 Broken\nend\nagain\n" +
			unknown + rest + "D send lo\nD close\nS 226 Done\n" + quit, "hello", nil},
		{"busy at first", "S 421 Full\nagain\n" + known + passive + "C RETR x\nS 450 Busy\nend\nagain\n" +
			known + retr + "D send hello\nD close\nS 226 Done\n" + quit, "hello", nil},
		{"three times nothing", "S 421 Full\nagain\nS 421 Full\nagain\nS 421 Full\n", "", ErrUnavailable},
		{"the file changes", known + retr + "D send hel\nD close\nS 426 Broken\nend\nagain\n" +
			strings.Replace(known, "213 5", "213 6", 1) + "end", "hel", ErrChanged},
		{"more than its size", known + retr + "D send hello!\nD close\nS 226 Done\nend", "hello!", ErrChanged},
		{"no such file", login + binary + "C SIZE x\nS 550 No\nC PWD\nS 257 \"/\"\nC CWD x\nS 550 No\nend", "", ErrNotFound},
		{"a folder", login + binary + "C SIZE x\nS 550 No\nC PWD\nS 257 \"/\"\nC CWD x\nS 250 There\nC CWD /\nS 250 Back\nend", "", ErrIsDir},
		{"a folder, without SIZE", unknown + passive + "C RETR x\nS 550 No\nC PWD\nS 257 \"/\"\nC CWD x\nS 250 There\nC CWD /\nS 250 Back\nend", "", ErrIsDir},
		{"log-in refused", greeting + "C USER joe\nS 530 No\nend", "", ErrLogin},
	} {
		t.Run(tt.about, func(t *testing.T) {
			var got bytes.Buffer
			n, err := retry(t, 2, ftptest.Server{}, tt.script).Download(t.Context(), "x", 0, &got)
			if !errors.Is(err, tt.fault) {
				t.Errorf("error is %v, want %v", err, tt.fault)
			}
			if got.String() != tt.want || n != int64(len(tt.want)) {
				t.Errorf("got %q, %d octets, want %q", &got, n, tt.want)
			}
		})
	}
}

func TestUpload(t *testing.T) {
	const (
		absent = login + binary + "C SIZE x\nS 550 No\n"
		there  = login + binary + "C SIZE x\nS 213 3\n"
		whole  = login + binary + "C SIZE x\nS 213 5\n"
		stor   = passive + "C STOR x\nS 150 Opening\n"
		rest   = passive + "C REST 3\nS 350 From there\nC STOR x\nS 150 Opening\n"
	)
	for _, tt := range []struct {
		about, script string
		offset        int64
		fault         error
	}{
		{"at the first attempt", absent + stor + "D want hello\nS 226 Done\n" + quit, 0, nil},
		{"broken, and the server kept a part", absent + stor + "D want hello\nS 426 Broken\nend\nagain\n" +
			there + rest + "D want lo\nS 226 Done\n" + quit, 0, nil},
		{"broken, and the server kept nothing", absent + stor + "D want hello\nS 426 Broken\nend\nagain\n" +
			absent + stor + "D want hello\nS 226 Done\n" + quit, 0, nil},
		{"broken, and what is there may be the old file", there + stor + "D want hello\nS 426 Broken\nend\nagain\n" +
			there + stor + "D want hello\nS 226 Done\n" + quit, 0, nil},
		{"a part is there, as the caller knows", there + rest + "D want lo\nS 426 Broken\nend\nagain\n" +
			login + binary + "C SIZE x\nS 213 4\n" + strings.Replace(rest, "REST 3", "REST 4", 1) + "D want o\nS 226 Done\n" + quit, 3, nil},
		{"the last reply is lost", absent + stor + "D want hello\nagain\n" + whole + quit, 0, nil},
		{"disk full", absent + stor + "D want hello\nS 452 Full\nend", 0, ErrNoSpace},
		{"refused", absent + passive + "C STOR x\nS 553 Bad name\nend", 0, ErrStore},
	} {
		t.Run(tt.about, func(t *testing.T) {
			_, err := retry(t, 2, ftptest.Server{}, tt.script).Upload(t.Context(), "x", tt.offset, strings.NewReader("hello"))
			if !errors.Is(err, tt.fault) {
				t.Errorf("error is %v, want %v", err, tt.fault)
			}
		})
	}
}

func TestUploadEmpty(t *testing.T) {
	script := login + binary + "C SIZE x\nS 550 No\n" + passive + "C STOR x\nS 150 Opening\nD want \nS 226 Done\n" + quit
	if _, err := retry(t, 0, ftptest.Server{}, script).Upload(t.Context(), "x", 0, strings.NewReader("")); err != nil {
		t.Error(err)
	}
}

func TestBackoff(t *testing.T) {
	r := &Retry{}
	for n, most := range map[int]time.Duration{1: time.Second / 2, 2: time.Second, 7: 32 * time.Second, 100: 32 * time.Second} {
		for range 100 {
			if d := r.backoff(n); d > most || d <= most/2-1 {
				t.Errorf("before retry %d a wait of %v, want %v to %v", n, d, most/2, most)
			}
		}
	}
}
