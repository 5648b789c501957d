package daemon

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dray/internal/config"
	"dray/internal/confine"
)

// TestAProgramThatCannotBeRun, since the process was confined before a reload brought it, is
// told of.
func TestAProgramThatCannotBeRun(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if self, err = filepath.EvalSymlinks(self); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		sealed *confine.Paths
		warned bool
	}{
		"not confined": {nil, false},
		"its folder":   {&confine.Paths{Execute: []string{filepath.Dir(self)}}, false},
		"another":      {&confine.Paths{Execute: []string{filepath.Dir(self) + "x", t.TempDir()}}, true},
	} {
		var log bytes.Buffer
		cfg := configFor(t, t.TempDir())
		d := running(t, cfg, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})))
		d.sealed = c.sealed
		cfg.Hooks = []config.Hook{{On: []string{"fault"}, Program: []string{self}}}
		if _, err := d.Reload(cfg); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(log.String(), "cannot run a program") != c.warned {
			t.Errorf("%s: the log says %s", name, &log)
		}
	}
}
