package daemon

import (
	"errors"
	"log/slog"
	"slices"
	"testing"

	"dray/internal/config"
)

// TestReloadIsAllOrNothing: if one part cannot be had, no part changes, and those that were
// ready let go.
func TestReloadIsAllOrNothing(t *testing.T) {
	cfg := configFor(t, t.TempDir())
	d, err := Bind(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var said []string
	note := func(what string) func() { return func() { said = append(said, what) } }
	var wrong error
	d.reloads(func(config.Serve) (change, error) { return change{note("first on"), note("first dropped")}, nil }, "ftp.banner")
	d.reloads(func(config.Serve) (change, error) { return change{note("second on"), nil}, wrong })
	wrong = errors.New("cannot be had")
	if _, err := d.Reload(cfg); !errors.Is(err, wrong) || !slices.Equal(said, []string{"first dropped"}) {
		t.Errorf("%v, %q", err, said)
	}
	said, wrong = nil, nil
	if _, err := d.Reload(cfg); err != nil || !slices.Equal(said, []string{"first on", "second on"}) {
		t.Errorf("%v, %q", err, said)
	}
}

// TestReloadNamesWhatWaits: a setting waits until it is again what the server was started
// with, and one in effect is named once.
func TestReloadNamesWhatWaits(t *testing.T) {
	cfg := configFor(t, t.TempDir())
	d, err := Bind(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	later := cfg
	later.Write, later.Dir = true, t.TempDir()
	for _, step := range []struct {
		cfg              config.Serve
		changed, restart []string
	}{
		{cfg, nil, nil},
		{later, []string{"write"}, []string{"dir"}},
		{later, nil, []string{"dir"}},
		{cfg, []string{"write"}, nil},
	} {
		said, err := d.Reload(step.cfg)
		if err != nil || !slices.Equal(said.Changed, step.changed) || !slices.Equal(said.Restart, step.restart) {
			t.Errorf("%+v, %v; want %q, %q", said, err, step.changed, step.restart)
		}
	}
}
