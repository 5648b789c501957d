package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/netip"

	"dray/ftp/ftpserver"
	"dray/internal/config"
	"dray/internal/ftpd"
)

func (d *Daemon) addFTP(cfg config.Serve, log *slog.Logger) error {
	_, implicit := cfg.FTPS.Port.Number()
	implicit = implicit || d.handed["ftps"] != nil
	if cfg.FTP.Port.Off() && !implicit {
		return nil
	}
	srv, err := d.ftpServer(cfg, log)
	if err != nil {
		return err
	}
	if err := d.protect(srv, cfg, log); err != nil {
		return err
	}
	if !cfg.FTP.Port.Off() {
		if err := d.listenFTP(ftpService(), cfg.FTP.Port, cfg.Listen, srv, srv.Serve); err != nil {
			return err
		}
	}
	if implicit {
		return d.listenFTP(ftpsService(), cfg.FTPS.Port, cfg.Listen, srv, srv.ServeTLS)
	}
	return nil
}

func (d *Daemon) listenFTP(s service, port config.Port, on config.Listen, srv *ftpserver.Server, serve func(net.Listener) error) error {
	l, at, err := d.listenTCP(s, port, on.Host())
	if err != nil {
		return err
	}
	d.add(at, server{
		serve:    func() error { return serve(l) },
		shutdown: srv.Shutdown,
		close:    func() error { return errors.Join(srv.Close(), closed(l.Close())) },
	})
	return nil
}

// ftpServer is the server of FTP as it is told to be, without TLS.
func (d *Daemon) ftpServer(cfg config.Serve, log *slog.Logger) (*ftpserver.Server, error) {
	log = log.With("protocol", "ftp")
	srv := &ftpserver.Server{
		PassivePorts: ftpserver.PortRange{First: cfg.FTP.PassivePorts.First, Last: cfg.FTP.PassivePorts.Last},
		Deflate:      cfg.FTP.Deflate,
		MaxInflate:   int64(cfg.FTP.DeflateLimit),
		MaxHashSize:  int64(cfg.FTP.MaxHashSize),
		MaxConns:     math.MaxInt, // the gate counts
		LoginTimeout: cfg.Limits.LoginTimeout,
		IdleTimeout:  cfg.Limits.IdleTimeout,
		StallTimeout: cfg.Limits.StallTimeout,
		Log:          log,
	}
	if d.proxies != nil {
		srv.DataOrigin = d.proxies.Origin
	}
	advertiser := newLive(advertise(cfg, log))
	srv.PassiveAddressFor = func(ctx context.Context, c *ftpserver.Conn) (netip.Addr, error) {
		return advertiser.get().AddressFor(ctx, c)
	}
	d.reloads(func(cfg config.Serve) (change, error) {
		return change{apply: func() { advertiser.set(advertise(cfg, log)) }}, nil
	}, "ftp.passive-address")
	folders := map[string]ftpd.Trees{}
	for _, h := range cfg.FTP.Hosts {
		srv.Hosts = append(srv.Hosts, h.Name)
		if h.Dir == "" {
			continue
		}
		files, err := d.folders.Open(h.Dir)
		if err != nil {
			return nil, fmt.Errorf("host %s: %w", h.Name, err)
		}
		d.written = append(d.written, files)
		folders[h.Name] = d.treesOf(cfg, files)
	}
	backend := &ftpd.Backend{
		Trees: d.trees(cfg), Hosts: folders, Users: &d.doorman, Gate: d.gate, Events: d.events,
		LenientAttributes: cfg.FTP.LenientAttributes,
	}
	srv.Backend, srv.Admit = backend, backend.Admit
	return srv, nil
}

// advertise finds the addresses that PASV tells.
func advertise(cfg config.Serve, log *slog.Logger) *ftpd.Advertiser {
	var routes []ftpd.Route
	for _, p := range cfg.FTP.PassiveAddresses {
		routes = append(routes, ftpd.Route(p))
	}
	return ftpd.NewAdvertiser(routes, log)
}
