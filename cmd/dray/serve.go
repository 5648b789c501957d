package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"dray/internal/config"
	"dray/internal/daemon"
)

func serveCommand(std stdio) *cobra.Command {
	var cfg config.Serve
	c := &cobra.Command{
		Use:   "serve [DIR]",
		Short: "Serve a folder over FTP and TFTP",
		Long: `Serve DIR, or the current folder, over FTP and TFTP, to read only.

Without --user, FTP admits the guests "anonymous" and "ftp". With --user, only those
users log in. TFTP knows no users: what it serves, it serves to anyone.

Ctrl-C lets running transfers end, a second Ctrl-C cuts them.`,
		Example: "  dray serve ./images\n  dray serve ./backup --user amy:secret --write",
		Args:    usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			cfg.Dir = "."
			if len(args) == 1 {
				cfg.Dir = args[0]
			}
			return serve(c.Context(), cfg, std)
		},
	}
	f := c.Flags()
	f.Var(&cfg.Listen, "listen", "listen on this address only (default every address of the machine)")
	f.Var(&cfg.FTP, "ftp", "FTP port (default 21, or 2121 without the privilege)")
	f.Var(&cfg.FTPS, "ftps", "port of FTP that begins with TLS, usually 990 (default off)")
	f.Var(&cfg.TFTP, "tftp", "TFTP port (default 69, or 6969 without the privilege)")
	f.BoolVar(&cfg.TFTPSinglePort, "tftp-single-port", false, "answer TFTP from its one port too, for containers, NAT and load balancers")
	f.Var((*config.Users)(&cfg.Users), "user", "admit this FTP user (repeatable)")
	f.BoolVar(&cfg.Write, "write", false, "allow uploads and changes: to users over FTP, to ANYONE over TFTP")
	f.Var(&cfg.PassivePorts, "passive-ports", "ports for FTP data connections (default any free port)")
	f.Var(config.Address{Addr: &cfg.PassiveAddress}, "passive-address", "address for FTP data connections, as clients behind NAT see it")
	f.Var(&cfg.TLS.Mode, "tls", "who uses TLS with FTP: nobody, who wants to, everybody (default optional)")
	f.StringVar(&cfg.TLS.CertFile, "tls-cert", "", "certificate, PEM; read again when it changes (default one of its own, made at first start)")
	f.StringVar(&cfg.TLS.KeyFile, "tls-key", "", "private key, PEM (default in the file of --tls-cert)")
	f.StringVar(&cfg.TLS.ClientCAs, "tls-client-ca", "", "users may log in by a certificate of these authorities, PEM, with their name as its common name")
	f.Var(&cfg.TLS.Binding, "tls-data-binding", "what to do about data connections of another TLS session (default log)")
	f.StringVar(&cfg.TLS.StateDir, "state-dir", stateDir(), "where the certificate is kept")
	f.Var(&cfg.LogFormat, "log-format", "form of the log on standard error (default text)")
	f.StringVar(&cfg.PortsFile, "ports-file", "", "write \"PROTOCOL ADDRESS:PORT\" lines to this file once all ports are bound")
	return c
}

// serve runs until a signal ends it: the first lets transfers end, the second cuts them.
func serve(ctx context.Context, cfg config.Serve, std stdio) error {
	if err := cfg.Check(); err != nil {
		return &usageError{err}
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)

	log := newLogger(cfg.LogFormat, std.err)
	d, err := daemon.Bind(cfg, log)
	if err != nil {
		return err
	}
	if cfg.PortsFile != "" {
		if err := writePorts(cfg.PortsFile, d.Endpoints()); err != nil {
			return errors.Join(&localError{cannotWrite, err}, d.Close())
		}
	}
	announce(std.out, cfg, d)
	warn(log, cfg, d.Endpoints())

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

// stateDir is where state is kept by default: that of the system for root, else the user's.
func stateDir() string {
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "dray")
	}
	home, err := os.UserHomeDir()
	if err != nil || os.Geteuid() == 0 {
		return "/var/lib/dray"
	}
	return filepath.Join(home, ".local", "state", "dray")
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
