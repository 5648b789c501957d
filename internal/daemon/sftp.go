package daemon

import (
	"errors"
	"fmt"
	"log/slog"
	"net"

	"dray/internal/config"
	"dray/internal/hostkeys"
	"dray/internal/sftpd"
	"dray/internal/userkeys"
)

// HostKeys returns the keys by which SSH clients know the server, nil without SFTP.
func (d *Daemon) HostKeys() *hostkeys.Set { return d.keys }

// addSFTP serves SFTP where there are users. Where nobody has asked for it, a port that
// cannot be had, or a place to keep keys, is no reason not to serve the rest.
func (d *Daemon) addSFTP(cfg config.Serve, log *slog.Logger) error {
	if !cfg.ServesSFTP() {
		return nil
	}
	srv, err := d.sftpServer(cfg, log)
	if err != nil {
		return err
	}
	_, asked := cfg.SFTP.Port.Number()
	keys, err := hostkeys.Keep(cfg.StateDir)
	if err != nil {
		err = fmt.Errorf("SSH host keys cannot be kept: %w: say where with --state-dir, or switch SFTP off with --sftp off", err)
		return unlessAsked(asked, err, log)
	}
	srv.HostKeys = keys.Signers
	var l net.Listener
	at, err := sftpService().bind(cfg.SFTP.Port, listenTCP(cfg.Listen.Host(), &l))
	if err != nil {
		return unlessAsked(asked, err, log)
	}
	d.keys = keys
	d.add(at, server{
		serve:    func() error { return srv.Serve(l) },
		shutdown: srv.Shutdown,
		close:    func() error { return errors.Join(srv.Close(), closed(l.Close())) },
	})
	return nil
}

func unlessAsked(asked bool, err error, log *slog.Logger) error {
	if asked {
		return err
	}
	log.Warn("SFTP is not served", "error", err)
	return nil
}

// sftpServer joins the parts.
func (d *Daemon) sftpServer(cfg config.Serve, log *slog.Logger) (*sftpd.Server, error) {
	ring := &userkeys.Ring{Lines: d.people.keys(log)}
	for _, k := range cfg.SFTP.AuthorizedKeys {
		if err := ring.AddFile(k.User, k.File); err != nil {
			return nil, err
		}
	}
	srv := &sftpd.Server{
		Trees: d.trees(), Users: d.users, Events: d.events,
		Legacy: cfg.SFTP.Legacy, LenientAttributes: cfg.SFTP.LenientAttributes,
		Gate: d.gate, LoginTimeout: cfg.Limits.LoginTimeout, IdleTimeout: cfg.Limits.IdleTimeout, StallTimeout: cfg.Limits.StallTimeout,
		MaxTries: cfg.Limits.MaxTries, MaxStartups: cfg.Limits.MaxStartups,
		Log: log.With("protocol", "sftp"),
	}
	if cfg.SFTP.Banner != "" {
		srv.Banner = cfg.SFTP.Banner + "\n"
	}
	if ring.Len() > 0 || d.people.mayHaveKeys() {
		srv.Keys = ring
	}
	if cfg.SFTP.UserCA != "" {
		var err error
		if srv.CAs, err = userkeys.Authorities(cfg.SFTP.UserCA); err != nil {
			return nil, err
		}
	}
	return srv, nil
}
