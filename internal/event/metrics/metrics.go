// Package metrics counts events for Prometheus. No label holds what a peer can choose, such
// as a name or an address, so that there is an end to the series.
package metrics

import (
	"errors"
	"io/fs"
	"net/http"
	"runtime"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"dray/internal/event"
	"dray/internal/vfs"
)

// Metrics is a Sink that counts, and the [http.Handler] that tells.
type Metrics struct {
	http.Handler
	registry *prometheus.Registry

	sessions  *prometheus.GaugeVec
	begun     *prometheus.CounterVec
	lasted    *prometheus.HistogramVec
	logins    *prometheus.CounterVec
	refusals  *prometheus.CounterVec
	transfers *prometheus.CounterVec
	bytes     *prometheus.CounterVec
	took      *prometheus.HistogramVec
	changes   *prometheus.CounterVec
	resent    prometheus.Counter
	faults    *prometheus.CounterVec
	panics    *prometheus.CounterVec
}

// New counts from zero on.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		sessions: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "dray_sessions",
			Help: "Sessions that are open. TFTP has none."}, []string{"protocol"}),
		begun: counter("dray_sessions_total", "Sessions that began.", "protocol"),
		lasted: histogram("dray_session_duration_seconds", "How long sessions lasted.",
			[]float64{1, 10, 60, 600, 3600, 6 * 3600, 24 * 3600}, "protocol"),
		logins: counter("dray_logins_total", "Log-ins, by outcome: ok, refused.", "protocol", "outcome"),
		refusals: counter("dray_refusals_total", "What was refused, by reason: banned, crowded, forbidden, login, permission, missing, "+
			"exists, quota, space, name, busy, unsupported.", "protocol", "reason"),
		transfers: counter("dray_transfers_total", "Transfers that ended, by outcome: ok, failed.", "protocol", "op", "outcome"),
		bytes:     counter("dray_transfer_bytes_total", "Content that was moved, as the server sees it: in, out.", "protocol", "direction"),
		took: histogram("dray_transfer_duration_seconds", "How long transfers took that came to their end.",
			[]float64{.01, .05, .25, 1, 5, 30, 120, 600, 3600}, "protocol", "op"),
		changes: counter("dray_changes_total", "Changes of names and attributes, by outcome: ok, failed.", "protocol", "op", "outcome"),
		resent: prometheus.NewCounter(prometheus.CounterOpts{Name: "dray_tftp_retransmissions_total",
			Help: "Packets of TFTP that were sent again."}),
		faults: counter("dray_faults_total", "What broke and a person should look at, panics too.", "protocol"),
		panics: counter("dray_panics_total", "Sessions that a fault of the program has ended.", "protocol"),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "dray_build_info", Help: "1; the labels say what runs.",
		ConstLabels: prometheus.Labels{"version": version(), "goversion": runtime.Version()}})
	build.Set(1)
	m.registry.MustRegister(build, m.sessions, m.begun, m.lasted, m.logins, m.refusals, m.transfers, m.bytes, m.took, m.changes,
		m.resent, m.faults, m.panics,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, protocol := range []string{"ftp", "sftp", "tftp"} { // so that a rate can be had of the first
		m.faults.WithLabelValues(protocol)
		m.panics.WithLabelValues(protocol)
	}
	m.Handler = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry, MaxRequestsInFlight: 4})
	return m
}

// version is that of the program.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
}

// Dropped adds a counter of the events that a sink was too slow for. Each sink has a name of
// its own; call it before the first request.
func (m *Metrics) Dropped(sink string, count func() int64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "dray_events_dropped_total", Help: "Events that a sink has not got, being too slow.",
		ConstLabels: prometheus.Labels{"sink": sink},
	}, func() float64 { return float64(count()) }))
}

// Gauge adds a value that is asked for at each request, such as dray_bans.
func (m *Metrics) Gauge(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
}

// Emit implements [event.Sink].
func (m *Metrics) Emit(e event.Event) {
	protocol, outcome := e.Whose().Protocol, "ok"
	if e.Failure() != nil {
		outcome = "failed"
		if reason := reason(e); reason != "" {
			m.refusals.WithLabelValues(protocol, reason).Inc()
		}
	}
	switch e := e.(type) {
	case event.Begin:
		m.sessions.WithLabelValues(protocol).Inc()
		m.begun.WithLabelValues(protocol).Inc()
	case event.End:
		m.sessions.WithLabelValues(protocol).Dec()
		m.lasted.WithLabelValues(protocol).Observe(e.Duration.Seconds())
	case event.Login:
		if e.Err != nil {
			outcome = "refused"
		}
		m.logins.WithLabelValues(protocol, outcome).Inc()
	case event.Transfer:
		op := string(e.Op)
		m.transfers.WithLabelValues(protocol, op, outcome).Inc()
		if e.Err == nil {
			m.took.WithLabelValues(protocol, op).Observe(e.Duration.Seconds())
		}
		if way := direction(e.Op); way != "" {
			m.bytes.WithLabelValues(protocol, way).Add(float64(e.Bytes))
		}
		if protocol == "tftp" {
			m.resent.Add(float64(e.Resent))
		}
	case event.Change:
		m.changes.WithLabelValues(protocol, string(e.Op), outcome).Inc()
	case event.Fault:
		m.faults.WithLabelValues(protocol).Inc()
		if e.Panic {
			m.panics.WithLabelValues(protocol).Inc()
		}
	}
}

func direction(op event.Op) string {
	switch op {
	case event.Read, event.List:
		return "out"
	case event.Write, event.Append:
		return "in"
	}
	return ""
}

// reason is why something was refused, "" for what was not refused but has failed.
func reason(e event.Event) string {
	switch e := e.(type) {
	case event.Refusal:
		return string(e.Reason)
	case event.Login:
		return "login"
	case event.Fault:
		return ""
	}
	for _, row := range [...]struct {
		err    error
		reason string
	}{
		{vfs.ErrQuota, "quota"},
		{vfs.ErrNoSpace, "space"},
		{vfs.ErrBadName, "name"},
		{vfs.ErrBusy, "busy"},
		{fs.ErrPermission, "permission"},
		{fs.ErrNotExist, "missing"},
		{fs.ErrExist, "exists"},
		{errors.ErrUnsupported, "unsupported"},
	} {
		if errors.Is(e.Failure(), row.err) {
			return row.reason
		}
	}
	return ""
}
