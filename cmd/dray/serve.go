package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"dray/internal/config"
	"dray/internal/daemon"
)

func serveCommand(std stdio) *cobra.Command {
	var in config.Input
	c := &cobra.Command{
		Use:   "serve [DIR]",
		Short: "Serve a folder over FTP, SFTP and TFTP",
		Long: `Serve DIR, or the current folder, over FTP, SFTP and TFTP, to read only.

Without --user, FTP admits the guests "anonymous" and "ftp". With --user, only those
users log in, over FTP and over SFTP, which has no guests. TFTP knows no users: what it
serves, it serves to anyone. Clients of SFTP may use scp as well; there is no shell.

Every flag is also a variable, such as DRAY_PASSIVE_PORTS for --passive-ports, and a key of a
file: --config FILE, or dray.yaml in the current folder; see dray config.

Ctrl-C lets running transfers end, a second Ctrl-C cuts them.`,
		Example: "  dray serve ./images\n  dray serve ./backup --user amy:secret --write",
		Args:    usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := load(&in, args)
			if err != nil {
				return err
			}
			return serve(c.Context(), cfg, std)
		},
	}
	addSettings(c, &in)
	return c
}

// serve runs until a signal ends it: the first lets transfers end, the second cuts them.
func serve(ctx context.Context, cfg *config.Loaded, std stdio) error {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)

	log := newLogger(cfg.Log.Format, std.err)
	d, err := daemon.Bind(cfg.Serve, log)
	if err != nil {
		return err
	}
	if cfg.PortsFile != "" {
		if err := writePorts(cfg.PortsFile, d.Endpoints()); err != nil {
			return errors.Join(&localError{cannotWrite, err}, d.Close())
		}
	}
	announce(std.out, cfg, d)
	warn(log, cfg.Serve, d.Endpoints())

	drain, beginDrain := context.WithCancel(ctx)
	cut, beginCut := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer beginCut()
		defer beginDrain()
		for _, step := range []struct {
			begin func()
			say   string
		}{{beginDrain, "letting transfers end; once more to cut them"}, {beginCut, "cutting transfers"}} {
			select {
			case <-signals:
				log.Info("stopping: " + step.say)
				step.begin()
			case <-cut.Done():
				return
			}
		}
	}()
	err = d.Run(drain, cut)
	beginCut()
	<-ended
	return err
}

func newLogger(form config.LogFormat, w io.Writer) *slog.Logger {
	if form == config.LogJSON {
		return slog.New(slog.NewJSONHandler(w, nil))
	}
	return slog.New(slog.NewTextHandler(w, nil))
}

// warn says what a person should know before leaving the server alone.
func warn(log *slog.Logger, cfg config.Serve, endpoints []daemon.Endpoint) {
	for _, e := range endpoints {
		switch {
		case !cfg.Write:
		case e.Protocol == "tftp":
			log.Warn("TFTP knows no users: anyone who reaches " + e.Addr.String() + " may write and overwrite files")
		case len(cfg.Users) == 0:
			log.Warn("guests may read over FTP, not write: name the users who may with --user NAME:PASSWORD")
		}
	}
}

// writePorts writes where the protocols are, at once and whole: what another program
// that started this one waits for.
func writePorts(name string, endpoints []daemon.Endpoint) error {
	var b strings.Builder
	for _, e := range endpoints {
		fmt.Fprintf(&b, "%s %s\n", e.Protocol, e.Addr)
	}
	return writeWhole(name, func(w io.Writer) error {
		_, err := io.WriteString(w, b.String())
		return err
	})
}
