package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"time"

	"dray/internal/config"
	"dray/internal/event"
	"dray/internal/event/audit"
	"dray/internal/event/hook"
	"dray/internal/event/metrics"
	"dray/internal/event/xferlog"
)

// events is where the protocols tell what happens, and all to whom it is told.
type events struct {
	event.Fanout
	log     *event.Log
	audit   *audit.Trail     // nil: none is kept
	xferlog *xferlog.Log     // nil: none is written
	hooks   *hook.Hooks      // nil before they are read
	metrics *metrics.Metrics // nil: nobody asks for them
	strict  atomic.Bool      // nobody is let in while the trail cannot be written
}

// openEvents opens what the settings name. It leaves nothing open when it fails.
func openEvents(cfg config.Serve, log *slog.Logger) (*events, error) {
	e := &events{log: event.NewLog(log)}
	e.strict.Store(cfg.Audit.Failure == config.AuditRefuse)
	e.Fanout = event.Fanout{event.Loud{Sink: e.log}}
	if cfg.Metrics.Listen.On() != "" {
		e.metrics = metrics.New()
		e.metrics.Dropped("log", e.log.Dropped)
		e.Fanout = append(e.Fanout, e.metrics)
	}
	for _, open := range []func(config.Serve, *slog.Logger) error{e.openAudit, e.openXferlog, e.openHooks} {
		if err := open(cfg, log); err != nil {
			return nil, errors.Join(err, e.Close())
		}
	}
	return e, nil
}

// add has a sink told of events, and counts what it has not got.
func (e *events) add(name string, s interface {
	event.Sink
	Dropped() int64
}) {
	e.Fanout = append(e.Fanout, event.Loud{Sink: s})
	if e.metrics != nil {
		e.metrics.Dropped(name, s.Dropped)
	}
}

func (e *events) openAudit(cfg config.Serve, log *slog.Logger) error {
	a := cfg.Audit
	if a.File == "" {
		return nil
	}
	key, err := a.Key()
	if err != nil {
		return &config.At{Key: "audit.key-file", Err: fmt.Errorf("audit.key-file: %w", err)}
	}
	o := audit.Options{Path: a.File, Key: key, MaxSize: int64(a.MaxSize), MaxAge: a.MaxAge, Keep: a.Keep, Log: log}
	switch {
	case o.MaxSize == 0:
		o.MaxSize = 64 << 20
	case a.MaxSize == config.Unlimited:
		o.MaxSize = 0
	}
	if o.MaxAge == 0 {
		o.MaxAge = 30 * 24 * time.Hour
	}
	if e.audit, err = audit.Open(o); err != nil {
		return &config.At{Key: "audit.file", Err: fmt.Errorf("audit.file: %w", err)}
	}
	e.add("audit", e.audit)
	return nil
}

func (e *events) openXferlog(cfg config.Serve, log *slog.Logger) (err error) {
	if cfg.Xferlog.File == "" {
		return nil
	}
	if e.xferlog, err = xferlog.Open(cfg.Xferlog.File, log); err != nil {
		return &config.At{Key: "xferlog.file", Err: fmt.Errorf("xferlog.file: %w", err)}
	}
	e.add("xferlog", e.xferlog)
	return nil
}

func (e *events) openHooks(cfg config.Serve, log *slog.Logger) error {
	all, err := hooks(cfg.Hooks)
	if err != nil {
		return err
	}
	e.hooks = hook.Start(all, log)
	e.add("hooks", e.hooks)
	return nil
}

// hooks are those of the settings, with their secrets read.
func hooks(settings []config.Hook) (all []hook.Hook, err error) {
	for i, c := range settings {
		h := hook.Hook{Name: c.Label(i + 1), Timeout: c.Timeout, AtOnce: c.AtOnce}
		for _, word := range c.On {
			h.On = append(h.On, hook.Trigger(word))
		}
		if len(c.Program) > 0 {
			h.Program = &hook.Program{Args: c.Program}
			if _, wrong := exec.LookPath(c.Program[0]); wrong != nil {
				err = errors.Join(err, &config.At{Key: "hooks", Err: fmt.Errorf("hooks[%d].program: %w", i+1, wrong)})
			}
		} else {
			var wrong error
			secret, noSecret := c.Secret()
			roots, noRoots := c.Roots()
			h.Web, wrong = hook.NewWeb(c.URL, secret, roots)
			if wrong := errors.Join(wrong, noSecret, noRoots); wrong != nil {
				err = errors.Join(err, &config.At{Key: "hooks", Err: fmt.Errorf("hooks[%d]: %w", i+1, wrong)})
			}
		}
		all = append(all, h)
	}
	return all, err
}

// checkEvents finds what is wrong with the settings before anything is opened.
func checkEvents(cfg config.Serve) error {
	var errs []error
	if _, err := cfg.Audit.Key(); err != nil {
		errs = append(errs, &config.At{Key: "audit.key-file", Err: fmt.Errorf("audit.key-file: %w", err)})
	}
	for key, file := range map[string]string{"audit.file": cfg.Audit.File, "xferlog.file": cfg.Xferlog.File} {
		if file == "" {
			continue
		}
		if err := config.Readable(filepath.Dir(file)); err != nil {
			errs = append(errs, &config.At{Key: key, Err: fmt.Errorf("%s: its folder: %w", key, err)})
		}
	}
	_, err := hooks(cfg.Hooks)
	return errors.Join(append(errs, err)...)
}

// ready returns why nobody is let in at the moment, nil if nothing stands against it.
func (e *events) ready() error {
	if e.strict.Load() && e.audit != nil {
		if err := e.audit.Err(); err != nil {
			return fmt.Errorf("the audit trail cannot be written, and audit.on-failure is refuse: %w", err)
		}
	}
	return nil
}

// reload tells other hooks, whose secrets are read again, and goes on in files that have been
// renamed away.
func (e *events) reload(cfg config.Serve) (change, error) {
	all, err := hooks(cfg.Hooks)
	return change{apply: func() {
		e.hooks.Set(all)
		e.strict.Store(cfg.Audit.Failure == config.AuditRefuse)
	}}, errors.Join(err, e.Reopen())
}

// Reopen goes on in the files that have the names now, for those who rename the old ones
// away. What cannot be opened stays as it was.
func (e *events) Reopen() error {
	var errs []error
	if e.audit != nil {
		errs = append(errs, e.audit.Reopen())
	}
	if e.xferlog != nil {
		errs = append(errs, e.xferlog.Reopen())
	}
	return errors.Join(errs...)
}

// Close lets all catch up with what was emitted before.
func (e *events) Close() error {
	var errs []error
	if e.hooks != nil {
		errs = append(errs, e.hooks.Close())
	}
	if e.xferlog != nil {
		errs = append(errs, e.xferlog.Close())
	}
	if e.audit != nil {
		errs = append(errs, e.audit.Close())
	}
	return errors.Join(append(errs, e.log.Close())...)
}

// addMetrics serves the metrics, which do not wait for transfers when the server ends.
func (d *Daemon) addMetrics(cfg config.Serve, log *slog.Logger) error {
	if d.events.metrics == nil {
		return nil
	}
	d.events.metrics.Gauge("dray_bans", "Networks that are banned.", func() float64 { return float64(len(d.gate.Bans())) })
	l, err := net.Listen("tcp", cfg.Metrics.Listen.On())
	if err != nil {
		return &config.At{Key: "metrics.listen", Err: fmt.Errorf("metrics.listen: %w", err)}
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", d.events.metrics)
	srv := &http.Server{
		Handler: mux, ErrorLog: slog.NewLogLogger(log.With("protocol", "metrics").Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
	}
	at := l.Addr().(*net.TCPAddr).AddrPort()
	d.add(Endpoint{Protocol: "metrics", Addr: netip.AddrPortFrom(at.Addr().Unmap(), at.Port())}, server{
		serve:    func() error { return closedHTTP(srv.Serve(l)) },
		shutdown: func(context.Context) error { return nil }, // it tells what the others wait for
		close:    func() error { return errors.Join(srv.Close(), closed(l.Close())) },
	})
	return nil
}
