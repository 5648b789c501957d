// Package daemon is the composition root of `dray serve`: it opens the folder, binds the
// ports, joins each protocol to the files, the users and the rules, and runs them until it
// is told to stop. It decides nothing itself.
package daemon

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"dray/internal/admission"
	"dray/internal/config"
	"dray/internal/confine"
	"dray/internal/hostkeys"
	"dray/internal/identity"
	"dray/internal/policy/guard"
	"dray/internal/proxied"
	"dray/internal/vfs/osfs"
)

// Daemon is a folder with its ports bound. It serves once, by [Daemon.Run].
type Daemon struct {
	folders                  *osfs.Pool
	files                    *osfs.FS   // the folder that is served
	written                  []*osfs.FS // the folders into which uploads may go
	common                   *live[common]
	groves                   []*grove
	cert                     *live[*certificates] // nil without TLS
	keys                     *live[*hostkeys.Set] // nil without SFTP
	people                   people
	users                    identity.Authenticator // of the people
	doorman                  doorman                // of FTP, which has guests
	rules                    *guard.Live
	gate                     *admission.Gate
	events                   *events
	log                      *slog.Logger
	write                    bool
	sealed                   *confine.Paths // nil: not confined
	swept                    func()         // called when the folder has been tidied
	after                    func(time.Duration) <-chan time.Time
	reload                   reloading
	load                     func() (config.Serve, error) // see LoadBy
	handed                   Handed
	proxies                  *proxied.Trust // nil: nobody's headers are believed
	pulses                   []*pulse       // of the ports over TCP
	reloadBegun, reloadEnded func()         // see Reloading
	endpoints                []Endpoint
	servers                  []server
}

// server is what both engines have in common, with the listener bound in.
type server struct {
	serve    func() error
	shutdown func(context.Context) error
	close    func() error // also releases a listener that has not served yet
}

// Bind opens the folder and every port. It leaves nothing open when it fails.
func Bind(cfg config.Serve, log *slog.Logger) (*Daemon, error) { return BindHanded(cfg, nil, log) }

// BindHanded is Bind where a service manager has bound some of the ports.
func BindHanded(cfg config.Serve, handed Handed, log *slog.Logger) (*Daemon, error) {
	decider, err := accessRules(cfg)
	if err != nil {
		return nil, err
	}
	told, err := openEvents(cfg, log)
	if err != nil {
		return nil, err
	}
	d := &Daemon{handed: handed, rules: new(guard.Live), events: told, log: log, write: writes(cfg), swept: func() {}, after: time.After}
	d.rules.Set(decider)
	d.reload.started, d.reload.now = cfg, cfg
	if len(cfg.Proxy.Networks) > 0 {
		d.proxies = &proxied.Trust{Networks: cfg.Proxy.Networks, Optional: cfg.Proxy.Headers == config.ProxyUse, Log: log}
	}
	d.reloads(func(cfg config.Serve) (change, error) {
		decider, err := accessRules(cfg)
		return change{apply: func() { d.rules.Set(decider) }}, err
	}, "rules", "write", "tftp.write")
	if err := d.openFolders(cfg); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	for _, add := range []func(config.Serve, *slog.Logger) error{d.addUsers, d.addHomes, d.addGate, d.addWatch, d.addFTP, d.addTFTP, d.addSFTP, d.addMetrics, d.addControl} {
		if err := add(cfg, log); err != nil {
			return nil, errors.Join(err, d.Close())
		}
	}
	d.reloads(d.events.reload, "hooks", "audit.on-failure")
	return d, nil
}

func (d *Daemon) add(at Endpoint, s server) {
	d.endpoints = append(d.endpoints, at)
	d.servers = append(d.servers, s)
}

// Endpoints returns what is served and where, in a fixed order.
func (d *Daemon) Endpoints() []Endpoint { return d.endpoints }

// Run serves until drain ends, then lets the transfers that run come to their end, until
// cut ends too. It returns nil after either, and an error if a server failed by itself;
// then the others are cut. The folder and the ports are closed when it returns.
func (d *Daemon) Run(drain, cut context.Context) error {
	tidy, tidied := context.WithCancel(drain)
	var background sync.WaitGroup
	background.Go(func() {
		d.sweep(tidy)
		d.swept()
		select { // what was too young to go
		case <-d.after(cutOff):
			d.sweep(tidy)
			d.swept()
		case <-tidy.Done():
		}
	})
	defer background.Wait()
	defer tidied()
	d.common.get().shared.Warm()
	failed := make(chan error, len(d.servers))
	for _, s := range d.servers {
		go func() { failed <- s.serve() }()
	}
	var first error
	running := len(d.servers)
	select {
	case <-drain.Done():
		d.shutdown(cut)
	case first = <-failed:
		running--
	}
	err := d.Close()
	for range running {
		<-failed
	}
	return errors.Join(first, err)
}

// cutOff is how old the temporary file of an upload is before it counts as left by a crash:
// another dray may serve the same folder. What is younger when the server starts is looked at
// again when it has run that long.
const cutOff = time.Hour

// sweep removes what a crash has left of uploads, where uploads are allowed at all.
func (d *Daemon) sweep(ctx context.Context) {
	if !d.write {
		return
	}
	for _, files := range d.written {
		n, err := files.Sweep(ctx, time.Now().Add(-cutOff))
		if n > 0 {
			d.log.Info("removed what an earlier run left of uploads", "files", n)
		}
		if err != nil && ctx.Err() == nil {
			d.log.Warn("could not look everywhere for what an earlier run left of uploads", "error", err)
		}
	}
}

// shutdown asks all servers at once to let their transfers end.
func (d *Daemon) shutdown(cut context.Context) {
	done := make(chan error, len(d.servers))
	for _, s := range d.servers {
		go func() { done <- s.shutdown(cut) }()
	}
	for range d.servers {
		<-done // what did not end by itself is cut by Close
	}
}

// Close cuts every transfer, closes the ports and the folder, and lets the log catch up.
func (d *Daemon) Close() error {
	var errs []error
	for _, s := range d.servers {
		errs = append(errs, s.close())
	}
	if d.common != nil {
		d.common.get().shared.Close()
	}
	return errors.Join(append(errs, d.people.Close(), d.folders.Close(), d.events.Close())...)
}

// closed forgives a listener that its server has closed already.
func closed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
