package daemon

import (
	"errors"
	"fmt"
	"log/slog"

	"dray/internal/config"
	"dray/internal/hostkeys"
	"dray/internal/sftpd"
	"dray/internal/userkeys"
)

// HostKeys returns the keys by which SSH clients know the server, nil without SFTP.
func (d *Daemon) HostKeys() *hostkeys.Set {
	if d.keys == nil {
		return nil
	}
	return d.keys.get()
}

// addSFTP serves SFTP where there are users. Where nobody has asked for it, a port that
// cannot be had, or a place to keep keys, is no reason not to serve the rest.
func (d *Daemon) addSFTP(cfg config.Serve, log *slog.Logger) error {
	if !cfg.ServesSFTP() {
		return nil
	}
	terms, err := d.sftpTerms(cfg, log)
	if err != nil {
		return err
	}
	_, asked := cfg.SFTP.Port.Number()
	keys, err := hostkeys.Keep(cfg.StateDir)
	if err != nil {
		err = fmt.Errorf("SSH host keys cannot be kept: %w: say where with --state-dir, or switch SFTP off with --sftp off", err)
		return unlessAsked(asked, err, log)
	}
	terms.HostKeys = keys.Signers
	srv := d.sftpServer(cfg, log)
	srv.Terms = terms
	l, at, err := d.listenTCP(sftpService(), cfg.SFTP.Port, cfg.Listen.Host())
	if err != nil {
		return unlessAsked(asked, err, log)
	}
	d.keys = newLive(keys)
	d.add(at, server{
		serve:    func() error { return srv.Serve(l) },
		shutdown: srv.Shutdown,
		close:    func() error { return errors.Join(srv.Close(), closed(l.Close())) },
	})
	d.reloads(func(cfg config.Serve) (change, error) {
		terms, err := d.sftpTerms(cfg, log)
		if err != nil {
			return change{}, err
		}
		keys, err := hostkeys.Keep(d.reload.started.StateDir)
		if err != nil {
			return change{}, fmt.Errorf("SSH host keys: %w", err)
		}
		terms.HostKeys = keys.Signers
		return change{apply: func() {
			d.keys.set(keys)
			srv.Reload(terms)
		}}, nil
	}, "sftp.authorized-keys", "sftp.user-ca", "sftp.legacy-networks", "sftp.banner", "sftp.lenient-attributes")
	return nil
}

func unlessAsked(asked bool, err error, log *slog.Logger) error {
	if asked {
		return err
	}
	log.Warn("SFTP is not served", "error", err)
	return nil
}

// sftpServer joins the parts that stay.
func (d *Daemon) sftpServer(cfg config.Serve, log *slog.Logger) *sftpd.Server {
	return &sftpd.Server{
		Trees: d.trees(cfg), Users: d.users, Events: d.events,
		Gate: d.gate, LoginTimeout: cfg.Limits.LoginTimeout, IdleTimeout: cfg.Limits.IdleTimeout, StallTimeout: cfg.Limits.StallTimeout,
		MaxTries: cfg.Limits.MaxTries, MaxStartups: cfg.Limits.MaxStartups,
		Log: log.With("protocol", "sftp"),
	}
}

// sftpTerms reads the keys of the users. Those of the host are still missing.
func (d *Daemon) sftpTerms(cfg config.Serve, log *slog.Logger) (terms sftpd.Terms, err error) {
	ring := &userkeys.Ring{Lines: d.people.keys(log)}
	for _, k := range cfg.SFTP.AuthorizedKeys {
		if err := ring.AddFile(k.User, k.File); err != nil {
			return terms, err
		}
	}
	terms.Legacy, terms.LenientAttributes = cfg.SFTP.Legacy, cfg.SFTP.LenientAttributes
	if cfg.SFTP.Banner != "" {
		terms.Banner = cfg.SFTP.Banner + "\n"
	}
	if ring.Len() > 0 || d.people.mayHaveKeys(cfg) {
		terms.Keys = ring
	}
	if cfg.SFTP.UserCA != "" {
		terms.CAs, err = userkeys.Authorities(cfg.SFTP.UserCA)
	}
	return terms, err
}
