package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"path/filepath"
	"sync"
	"time"

	"dray/internal/admission"
	"dray/internal/config"
	"dray/internal/control"
	"dray/internal/kept"
)

// addGate makes the door of all protocols that know sessions.
func (d *Daemon) addGate(cfg config.Serve, _ *slog.Logger) error {
	d.gate = admission.New(d.limits(cfg), nil)
	d.reloads(func(cfg config.Serve) (change, error) {
		return change{apply: func() { d.gate.Set(d.limits(cfg)) }}, nil
	}, "limits.sessions", "limits.sessions-per-address", "limits.sessions-per-user", "bans.")
	return nil
}

func (d *Daemon) limits(cfg config.Serve) admission.Limits {
	return admission.Limits{
		Sessions: cfg.Limits.Sessions, PerAddress: cfg.Limits.PerAddress, PerUser: cfg.Limits.PerUser,
		UserSessions: func(user string) int {
			a, err := d.people.Lookup(context.Background(), user)
			if err != nil {
				return 0 // a guest, or the log-in would have failed
			}
			return a.MaxSessions
		},
		BanAfter: cfg.Bans.After, BanWithin: cfg.Bans.Within, BanFor: cfg.Bans.For, Allow: cfg.Bans.Allow,
	}
}

// BanRequest asks to keep a network out.
type BanRequest struct {
	Network netip.Prefix `json:"network"`
	Seconds int64        `json:"seconds,omitzero"` // 0: until it is lifted
	Reason  string       `json:"reason,omitzero"`
}

// UnbanRequest asks to lift the bans of a network and of all within it.
type UnbanRequest struct {
	Network netip.Prefix `json:"network"`
}

// Unbanned says what has come of an UnbanRequest.
type Unbanned struct {
	Lifted int             `json:"lifted"`
	Holds  []admission.Ban `json:"holds,omitempty"` // of larger networks, which keep it out still
}

// Ended says how many sessions were ended.
type Ended struct {
	Ended int `json:"ended"`
}

// handleDoor lets sessions and bans be listed and changed.
func (d *Daemon) handleDoor(srv *control.Server) {
	srv.Handle("GET /sessions", func(*http.Request) (any, error) { return d.gate.Sessions(), nil })
	srv.Handle("POST /sessions/end", func(r *http.Request) (any, error) {
		var m admission.Match
		if err := control.Decode(r, &m); err != nil {
			return nil, err
		}
		if err := m.Check(); err != nil {
			return nil, control.Wrong("%v", err)
		}
		return Ended{d.gate.End(m)}, nil
	})
	srv.Handle("GET /bans", func(*http.Request) (any, error) { return d.gate.Bans(), nil })
	srv.Handle("POST /bans", func(r *http.Request) (any, error) {
		var ban BanRequest
		if err := control.Decode(r, &ban); err != nil {
			return nil, err
		}
		const most = 100 * 365 * 24 * 3600
		if ban.Seconds < 0 || ban.Seconds > most {
			return nil, control.Wrong("a ban lasts up to %d seconds", most)
		}
		one, err := d.gate.Ban(ban.Network, time.Duration(ban.Seconds)*time.Second, ban.Reason)
		if err != nil {
			return nil, control.Wrong("%v", err)
		}
		return one, nil
	})
	srv.Handle("POST /bans/lift", func(r *http.Request) (any, error) {
		var u UnbanRequest
		if err := control.Decode(r, &u); err != nil {
			return nil, err
		}
		if !u.Network.IsValid() {
			return nil, control.Wrong("no network is named")
		}
		answer := Unbanned{Lifted: d.gate.Unban(u.Network)}
		for _, one := range d.gate.Bans() {
			if one.Network.Overlaps(u.Network) {
				answer.Holds = append(answer.Holds, one)
			}
		}
		return answer, nil
	})
}

// book keeps the bans in a file, so that they survive a restart.
type book struct {
	gate *admission.Gate
	file string
	log  *slog.Logger

	stop    sync.Once
	stopped chan struct{}

	mu     sync.Mutex
	failed bool // the last time, and it has been told
}

// addBook restores the bans of the state folder, which is ours, and keeps those to come.
func (d *Daemon) addBook(stateDir string, log *slog.Logger) {
	b := &book{gate: d.gate, file: filepath.Join(stateDir, "bans.json"), log: log, stopped: make(chan struct{})}
	if err := b.restore(); err != nil {
		log.Warn("bans are not kept", "error", err)
		return
	}
	d.servers = append(d.servers, server{
		serve:    b.keep,
		shutdown: func(context.Context) error { return nil },
		close:    b.close,
	})
}

func (b *book) restore() error {
	text, _, err := kept.Obtain(b.file, 0o600, func() ([]byte, error) { return []byte("[]\n"), nil })
	if err != nil {
		return err
	}
	var all []admission.Ban
	if err := json.Unmarshal(text, &all); err != nil {
		return fmt.Errorf("%s: %w: repair or remove it", b.file, err)
	}
	b.gate.Restore(all)
	return nil
}

// keep writes the bans when they change, once a second at most.
func (b *book) keep() error {
	for {
		select {
		case <-b.stopped:
			return nil
		case <-b.gate.Changed():
			b.write()
		}
		select {
		case <-b.stopped:
			return nil
		case <-time.After(time.Second):
		}
	}
}

func (b *book) close() error {
	b.stop.Do(func() { close(b.stopped) })
	select {
	case <-b.gate.Changed():
		b.write()
	default:
	}
	return nil
}

// write writes the file. That it fails is told once, until it works again.
func (b *book) write() {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.gate.Bans()
	if all == nil {
		all = []admission.Ban{}
	}
	text, err := json.MarshalIndent(all, "", "\t")
	if err == nil {
		err = kept.Replace(b.file, 0o600, append(text, '\n'))
	}
	if err != nil && !b.failed {
		b.log.Error("bans are not kept", "error", err)
	}
	b.failed = err != nil
}
