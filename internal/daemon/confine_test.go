package daemon

import (
	"log/slog"
	"slices"
	"testing"

	"dray/internal/config"
)

// TestPaths: what is served can be changed by the process only where clients may be allowed
// to, and what is mounted to read only never.
func TestPaths(t *testing.T) {
	dir, fixed, open := t.TempDir(), t.TempDir(), t.TempDir()
	for _, c := range []struct {
		name   string
		write  bool
		files  []string // of settings, which may change
		change []string
	}{
		{"flags allow nothing", false, nil, nil},
		{"flags allow changes", true, nil, []string{dir, open}},
		{"a file may allow them later", false, []string{"/etc/dray/config.yaml"}, []string{dir, open}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := configFor(t, dir)
			cfg.Write = c.write
			cfg.Folders.Mounts = []config.Mount{{At: "/fixed", Dir: fixed, ReadOnly: true}, {At: "/open", Dir: open}}
			d, err := Bind(cfg, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			p, err := d.paths(&config.Loaded{Serve: cfg, Files: c.files})
			if err != nil {
				t.Fatal(err)
			}
			for _, folder := range []string{dir, fixed, open} {
				changed := slices.Contains(c.change, folder)
				if slices.Contains(p.Write, folder) != changed || slices.Contains(p.Read, folder) == changed {
					t.Errorf("%s: to change %q, to read %q", folder, p.Write, p.Read)
				}
			}
			if !slices.Contains(p.Write, cfg.StateDir) || len(p.Execute) > 0 {
				t.Errorf("to change %q, to run %q", p.Write, p.Execute)
			}
		})
	}
}
