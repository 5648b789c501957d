package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"dray/internal/config"
	"dray/internal/daemon"
	"dray/internal/systemd"
)

func serveCommand(std stdio) *cobra.Command {
	var in config.Input
	c := &cobra.Command{
		Use:   "serve [DIR]",
		Short: "Serve a folder over FTP, SFTP and TFTP",
		Long: `Serve DIR, or the current folder, over FTP, SFTP and TFTP, to read only.

Without users, FTP admits the guests "anonymous" and "ftp". Users are those of --user, of
the settings, and those that dray user has added; then only they log in, over FTP and
over SFTP, which has no guests. TFTP knows no users: what it
serves, it serves to anyone. Clients of SFTP may use scp as well; there is no shell.

Every flag is also a variable, such as DRAY_PASSIVE_PORTS for --passive-ports, and a key of a
file: --config FILE, or dray.yaml in the current folder; see dray config.

Ctrl-C lets running transfers end, a second Ctrl-C cuts them. SIGHUP reads the settings
again, and the files that they name, with no session lost; so does dray reload. When the
terminal that it was started at is closed, it ends.`,
		Example: "  dray serve ./images\n  dray serve ./backup --user amy:secret --write",
		Args:    usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := load(&in, args)
			if err != nil {
				return err
			}
			return serve(c.Context(), cfg, &in, std)
		},
	}
	addSettings(c, &in)
	return c
}

// serve runs until a signal ends it: the first lets transfers end, the second cuts them.
func serve(ctx context.Context, cfg *config.Loaded, in *config.Input, std stdio) error {
	signals, hangups := make(chan os.Signal, 2), make(chan os.Signal, 1)
	terminal := openTerminal()
	defer terminal.close()
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(signals)
	defer signal.Stop(hangups)

	log := newLogger(cfg.Log.Format, std.err)
	if err := daemon.RunAs(cfg.Serve); err != nil {
		return &settingsError{cfg.Locate(err)}
	}
	handed, err := systemd.Sockets(daemon.HandedNames()...)
	if err != nil {
		return err
	}
	d, err := daemon.BindHanded(cfg.Serve, handed, log)
	if err != nil {
		return daemon.AsUser(cfg.Serve, err)
	}
	if cfg.PortsFile != "" {
		if err := writePorts(cfg.PortsFile, d.Endpoints()); err != nil {
			err = daemon.AsUser(cfg.Serve, fmt.Errorf("ports-file: %w", err))
			return errors.Join(&localError{cannotWrite, err}, d.Close())
		}
	}
	if err := d.Confine(cfg, log); err != nil {
		return errors.Join(&settingsError{cfg.Locate(err)}, d.Close())
	}
	d.LoadBy(func() (config.Serve, error) {
		again, err := reload(in)
		if err != nil {
			return config.Serve{}, daemon.NotReloaded(cfg.Serve, err)
		}
		return again.Serve, nil
	})
	announce(std.out, cfg, d)
	warn(log, cfg.Serve, d.Endpoints())

	manager, err := newManager(d, log)
	if err != nil {
		return errors.Join(err, d.Close())
	}
	defer manager.stop()
	drain, beginDrain := context.WithCancel(ctx)
	cut, beginCut := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer beginCut()
		defer beginDrain()
		steps := []func(){beginDrain, beginCut}
		for len(steps) > 0 {
			select {
			case <-signals:
				manager.say("STOPPING=1", "STATUS=Letting transfers end")
				log.Info("stopping: " + [...]string{"cutting transfers", "letting transfers end; once more to cut them"}[len(steps)-1])
				steps[0]()
				steps = steps[1:]
			case <-hangups:
				if terminal.isGone() {
					log.Info("stopping: the terminal is closed")
					return
				}
				_, _ = d.Reread() // the log is told
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
	for _, h := range cfg.Hooks {
		if u, err := url.Parse(h.URL); err == nil && u.Scheme == "http" && !isLoopback(u.Hostname()) {
			log.Warn("a hook tells " + u.Host + " in clear what happens here: anyone on the way may read it; https keeps it private")
		}
	}
	for _, e := range endpoints {
		switch {
		case e.Protocol == "metrics":
			if !e.Addr.Addr().IsLoopback() {
				log.Warn("metrics know no users: anyone who reaches " + e.Addr.String() + " may read them; --metrics 127.0.0.1:PORT keeps them here")
			}
		case e.Protocol == "tftp":
			warnTFTP(log, cfg, e)
		case e.Protocol == "ftp" && cfg.AdmitsGuests() && len(daemon.OpenRules(cfg, "ftp")) > 0:
			log.Warn("guests may upload over FTP by " + strings.Join(daemon.OpenRules(cfg, "ftp"), ", ") + ": anyone who reaches " + e.Addr.String())
		case cfg.Write && cfg.AdmitsGuests():
			log.Warn("guests may read over FTP, not write: name the users who may with --user NAME:PASSWORD or dray user add")
		}
	}
}

// isLoopback reports whether a name or an address is that of this machine.
func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// warnTFTP says who can do what without a log-in.
func warnTFTP(log *slog.Logger, cfg config.Serve, e daemon.Endpoint) {
	t := &cfg.TFTP
	may := map[config.TFTPWrite]string{
		config.TFTPWriteCreate: "make files", config.TFTPWriteReplace: "replace files", config.TFTPWriteAll: "make and replace files",
	}[cfg.TFTPWrites()]
	if may != "" && len(t.WriteAllow) == 0 {
		log.Warn("TFTP knows no users: anyone who reaches " + e.Addr.String() + " may " + may + "; --tftp-write-allow NETWORK says who")
	}
	open := daemon.OpenRules(cfg, "tftp")
	if len(open) > 0 && len(t.WriteAllow) == 0 {
		log.Warn("TFTP knows no users: anyone who reaches " + e.Addr.String() + " may upload by " + strings.Join(open, ", ") + "; networks in the rule, or --tftp-write-allow, say who")
	}
	if (may != "" || len(open) > 0) && t.QuotaBytes <= 0 {
		log.Warn("uploads over TFTP may fill the disk; --tftp-quota-bytes and --tftp-max-upload bound them")
	}
	if public := slices.IndexFunc(reachable(e.Addr.Addr()), isPublic); public >= 0 && !t.Public && len(t.ReadAllow) == 0 {
		log.Warn("TFTP is on the public address " + reachable(e.Addr.Addr())[public].String() +
			": anyone there may read, and forgers use such servers against others; --listen or --tftp-read-allow restrict it, --public says that it is meant")
	}
}

// isPublic reports whether an address is one of the internet.
func isPublic(a netip.Addr) bool {
	shared := netip.MustParsePrefix("100.64.0.0/10") // RFC 6598
	return a.IsGlobalUnicast() && !a.IsPrivate() && !shared.Contains(a) && !documentation(a)
}

// documentation reports whether an address stands in examples only (RFC 5737, RFC 3849).
func documentation(a netip.Addr) bool {
	for _, network := range [...]string{"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"} {
		if netip.MustParsePrefix(network).Contains(a) {
			return true
		}
	}
	return false
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
