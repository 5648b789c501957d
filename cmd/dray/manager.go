package main

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"dray/internal/daemon"
	"dray/internal/systemd"
)

// manager tells the service manager how the server does, if there is one.
type manager struct {
	d       *daemon.Daemon
	log     *slog.Logger
	over    chan struct{}
	working sync.WaitGroup
}

// newManager says that the server is ready, and from then on that it lives.
func newManager(d *daemon.Daemon, log *slog.Logger) (*manager, error) {
	every, err := systemd.Watchdog()
	if err != nil {
		return nil, err
	}
	m := &manager{d: d, log: log, over: make(chan struct{})}
	d.Reloading(m.reloading, m.ready)
	m.ready()
	if every > 0 {
		m.working.Go(func() { m.live(every) })
	}
	return m, nil
}

// live says that the server lives, as long as connections are taken at every port.
func (m *manager) live(every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if stuck := m.d.Stuck(every); stuck != "" {
			m.log.Error("no connections are taken any more: the service manager is not told that the server lives", "protocol", stuck)
		} else {
			m.say("WATCHDOG=1")
		}
		select {
		case <-tick.C:
		case <-m.over:
			return
		}
	}
}

func (m *manager) ready() {
	var at []string
	for _, e := range m.d.Endpoints() {
		at = append(at, fmt.Sprintf("%s on %v", strings.ToUpper(e.Protocol), e.Addr))
	}
	m.say("READY=1", "STATUS=Serving "+strings.Join(at, ", "))
}

func (m *manager) reloading() {
	uptime, err := systemd.Uptime()
	if err != nil {
		m.log.Warn("the clock of the machine cannot be read", "error", err)
		return
	}
	m.say(systemd.Reloading(uptime))
}

// say tells something; that it cannot be told is for the log.
func (m *manager) say(lines ...string) {
	if err := systemd.Say(lines...); err != nil {
		m.log.Warn("the service manager cannot be told", "error", err)
	}
}

func (m *manager) stop() {
	close(m.over)
	m.working.Wait()
}
