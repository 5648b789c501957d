package daemon

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"dray/internal/config"
)

// part is something of the server whose place a new one can take while it runs.
type part struct {
	keys    []string // the settings that it brings into effect, "tls." meaning all of tls
	prepare func(cfg config.Serve) (change, error)
}

// change is a new part that is ready. Reload calls one of its functions, which may be nil:
// apply to put the new part in the place of the old one, which cannot fail, or drop to let
// go of what it holds, because another part could not be had.
type change struct{ apply, drop func() }

// reloads has Reload bring these settings into effect by what prepare returns. prepare
// changes nothing, and reads every file that the settings name anew: it is called at every
// Reload, also if the settings are the same.
func (d *Daemon) reloads(prepare func(config.Serve) (change, error), keys ...string) {
	d.reload.parts = append(d.reload.parts, part{keys, prepare})
}

// reloading is what Reload has to know.
type reloading struct {
	mu      sync.Mutex // held by Reload
	parts   []part
	started config.Serve // the settings of Bind
	now     config.Serve // those of the last Reload
}

// Reloaded says what came of new settings, by their keys.
type Reloaded struct {
	Changed []string `json:"changed"` // in effect now: for the sessions to come, rules for all
	Restart []string `json:"restart"` // other than the server was started with, and in effect when it starts again
}

// Reload brings new settings into effect, and reads again the files that they name: keys,
// certificates, maps. No session ends by it. An error leaves everything as it was. What a
// running server cannot change keeps its old value, and is named.
func (d *Daemon) Reload(cfg config.Serve) (Reloaded, error) {
	r := &d.reload
	r.mu.Lock()
	defer r.mu.Unlock()
	var changes []change
	var errs []error
	for _, p := range r.parts {
		c, err := p.prepare(cfg)
		changes, errs = append(changes, c), append(errs, err)
	}
	err := errors.Join(errs...)
	for _, c := range changes {
		do := c.apply
		if err != nil {
			do = c.drop
		}
		if do != nil {
			do()
		}
	}
	if err != nil {
		return Reloaded{}, err
	}
	said := Reloaded{Changed: []string{}, Restart: []string{}}
	for _, key := range config.Changed(&r.now, &cfg) {
		if r.takes(key) {
			said.Changed = append(said.Changed, key)
		}
	}
	for _, key := range config.Changed(&r.started, &cfg) {
		if !r.takes(key) {
			said.Restart = append(said.Restart, key)
		}
	}
	if cfg.ServesSFTP() != r.started.ServesSFTP() && !slices.Contains(said.Restart, "sftp.port") {
		said.Restart = append(said.Restart, "sftp.port") // the first users have come, or the last have gone
	}
	r.now = cfg
	d.warnOfPrograms(&cfg)
	return said, nil
}

// takes reports whether a part brings the setting into effect.
func (r *reloading) takes(key string) bool {
	return slices.ContainsFunc(r.parts, func(p part) bool {
		return slices.ContainsFunc(p.keys, func(k string) bool {
			return k == key || strings.HasSuffix(k, ".") && strings.HasPrefix(key, k)
		})
	})
}

// live is a value whose place another one can take while it is used.
type live[T any] struct{ now atomic.Pointer[T] }

func newLive[T any](v T) *live[T] {
	l := new(live[T])
	l.set(v)
	return l
}

func (l *live[T]) set(v T) { l.now.Store(&v) }
func (l *live[T]) get() T  { return *l.now.Load() }
