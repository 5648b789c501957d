package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"dray/internal/config"
	"dray/internal/control"
)

// running is the server that a command talks to: the one with the same state folder.
type running struct {
	in     config.Input
	anyway bool // also if its settings are wrong by now
}

// add gives a command the flags that say which server is meant.
func (r *running) add(c *cobra.Command) {
	for _, f := range config.Flags() {
		if f.Key == "state-dir" {
			r.in.Flags = append(r.in.Flags, f)
			c.Flags().Var(f, f.Flag, "the state folder of the server, as for dray serve")
		}
	}
	addConfigFlag(c, &r.in)
}

// ask sends a request, see [control.Client.Do].
func (r *running) ask(ctx context.Context, method, path string, in, out any) error {
	r.in.Env, r.in.Environ = os.Getenv, os.Environ()
	find := r.dir
	if r.anyway {
		find = r.in.FindStateDir
	}
	dir, err := find()
	if err != nil {
		return &settingsError{err}
	}
	client := control.NewClient(dir)
	defer client.Close()
	return client.Do(ctx, method, path, in, out)
}

// dir is the state folder, as all settings have it.
func (r *running) dir() (string, error) {
	cfg, err := r.in.Gather()
	if err != nil {
		return "", err
	}
	return cfg.StateDir, nil
}
