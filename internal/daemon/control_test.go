package daemon

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dray/internal/config"
	"dray/internal/control"
)

// TestControl: a server can be asked through its state folder for as long as it runs.
// Where the folder is not its own it serves all the same, and says so.
func TestControl(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	taken := t.TempDir()
	other, err := control.Listen(taken)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	served := t.TempDir()
	for _, c := range []struct{ state, warning string }{
		{filepath.Join(t.TempDir(), "new"), ""},
		{file, "not a directory"},
		{taken, "another dray, pid "},
		{filepath.Join(served, "state"), "lies in a folder that is served"},
	} {
		var log bytes.Buffer
		cfg := config.Serve{Dir: served, StateDir: c.state}
		for _, v := range []interface{ Set(string) error }{&cfg.FTP.Port, &cfg.SFTP.Port} {
			if err := v.Set("off"); err != nil {
				t.Fatal(err)
			}
		}
		if err := cfg.TFTP.Port.Set("0"); err != nil {
			t.Fatal(err)
		}
		d, err := Bind(cfg, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- d.Run(ctx, ctx) }()
		var at []Endpoint
		if c.warning == "" {
			client := control.NewClient(c.state)
			if err := client.Do(ctx, "GET", "/endpoints", nil, &at); err != nil {
				t.Errorf("%s: %v", c.state, err)
			}
			client.Close()
		}
		stop()
		if err := <-ended; err != nil {
			t.Errorf("%s: %v", c.state, err)
		}
		if c.warning == "" && (len(at) != 1 || at[0] != d.Endpoints()[0] || log.Len() > 0) {
			t.Errorf("endpoints %+v; log %s", at, &log)
		}
		if strings.Count(log.String(), c.warning) != 1 && c.warning != "" {
			t.Errorf("%s: log %s", c.state, &log)
		}
	}
}
