package daemon

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"dray/internal/admission"
	"dray/internal/config"
	"dray/internal/identity"
)

// lookEvery is how often is looked whether the users have changed.
const lookEvery = 250 * time.Millisecond

// watch ends the sessions of users who are removed, disabled or expired.
type watch struct {
	people *people
	dir    string // the state folder, where a store may appear
	gate   *admission.Gate
	now    func() time.Time
	log    *slog.Logger

	stop    sync.Once
	stopped chan struct{}

	mu     sync.Mutex // held while it looks
	over   bool
	seen   version
	good   map[string]time.Time // users with sessions that may go on, and when they expire
	failed bool                 // the last time, and it has been told
}

// version is of all that is said of users.
type version struct {
	roster *roster
	store  int64
}

// addWatch has the sessions of users end with the users.
func (d *Daemon) addWatch(cfg config.Serve, log *slog.Logger) error {
	w := &watch{people: &d.people, dir: cfg.StateDir, gate: d.gate, now: time.Now, log: log, stopped: make(chan struct{})}
	d.servers = append(d.servers, server{
		serve:    w.keep,
		shutdown: func(context.Context) error { return nil }, // also the last transfers end with their users
		close:    w.close,
	})
	return nil
}

// keep looks until close is called.
func (w *watch) keep() error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-w.stopped:
			return nil
		case <-tick.C:
			w.look()
		}
	}
}

// close returns when nobody looks any more.
func (w *watch) close() error {
	w.stop.Do(func() { close(w.stopped) })
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	return nil
}

// look ends the sessions of users who are admitted no more. Who had a session the last
// time is asked about only if something has changed, or if their time is over. So is a
// log-in that overtook a change: it was not there the last time.
func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	err := w.lookWith(context.Background())
	if err != nil && !w.failed {
		w.log.Error("the store of users cannot be read: sessions of who is removed may go on", "error", err)
	}
	w.failed = err != nil
}

func (w *watch) lookWith(ctx context.Context) error {
	now := version{roster: w.people.roster.Load()}
	var errs []error
	switch adopted, err := w.people.adopt(w.dir); {
	case err != nil:
		errs = append(errs, err)
	case adopted:
		w.log.Info("there is a store of users now: with its first user guests are admitted no more; SFTP that is not served yet waits for a restart")
	}
	if s := w.people.store.Load(); s != nil {
		var err error
		if now.store, err = s.Version(ctx); err != nil {
			errs = append(errs, err)
		}
	}
	same := now == w.seen && len(errs) == 0
	good := make(map[string]time.Time)
	for _, name := range w.gate.Users() {
		if until, ok := w.good[name]; ok && same && (until.IsZero() || w.now().Before(until)) {
			good[name] = until
			continue
		}
		until, ended, err := w.ask(ctx, name)
		switch {
		case err != nil:
			errs = append(errs, err)
		case ended == nil:
			good[name] = until
		default:
			if n := w.gate.End(admission.Match{User: name}); n > 0 {
				w.log.Info("sessions ended with their user", "user", name, "sessions", n, "reason", ended)
			}
		}
	}
	w.seen, w.good = now, good
	return errors.Join(errs...)
}

// ask returns when a user expires, or why the user is admitted no more.
func (w *watch) ask(ctx context.Context, name string) (until time.Time, ended, err error) {
	a, err := w.people.Lookup(ctx, name)
	switch {
	case errors.Is(err, identity.ErrUnknown) && name == identity.Guest:
		return time.Time{}, nil, nil
	case errors.Is(err, identity.ErrUnknown):
		return time.Time{}, err, nil
	case err != nil:
		return time.Time{}, nil, err
	}
	return a.Expires, a.Valid(w.now()), nil
}
