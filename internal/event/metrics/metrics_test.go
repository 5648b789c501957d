package metrics_test

import (
	"errors"
	"io/fs"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"dray/internal/event"
	"dray/internal/event/metrics"
	"dray/internal/vfs"
)

// hostile is what a peer would like to have in a label.
const hostile = "evil\"\n{}"

// story has every kind of event.
func story() []event.Event {
	ftp := event.Session{Protocol: "ftp", ID: "ftp1", Remote: netip.MustParseAddrPort("192.0.2.7:50001"), User: hostile}
	sftp, tftp := ftp, ftp
	sftp.Protocol, tftp.Protocol = "sftp", "tftp"
	wrong := errors.New(hostile)
	return []event.Event{
		event.Begin{Session: ftp}, event.Begin{Session: ftp}, event.Begin{Session: sftp},
		event.Refusal{Session: ftp, Reason: event.Banned, Err: wrong},
		event.Login{Session: ftp, Err: wrong}, event.Login{Session: ftp},
		event.Transfer{Session: ftp, Op: event.Read, Path: hostile, Bytes: 1000, Duration: 2 * time.Second},
		event.Transfer{Session: ftp, Op: event.Write, Path: hostile, Bytes: 500, Err: wrong},
		event.Transfer{Session: ftp, Op: event.Append, Path: hostile, Bytes: 1, Duration: time.Millisecond},
		event.Transfer{Session: ftp, Op: event.Write, Path: hostile, Err: &vfs.OpError{Op: "create", Err: vfs.ErrQuota}},
		event.Transfer{Session: tftp, Op: event.Read, Bytes: 512, Resent: 3},
		event.Transfer{Session: tftp, Op: event.Read, Err: fs.ErrNotExist},
		event.Change{Session: ftp, Op: event.Delete, Path: hostile, Err: fs.ErrPermission},
		event.Change{Session: sftp, Op: event.Mkdir, Path: hostile},
		event.Lookup{Session: ftp, Path: hostile, Command: hostile, Err: fs.ErrNotExist},
		event.Fault{Session: sftp, Err: wrong}, event.Fault{Session: ftp, Panic: true, Err: wrong},
		event.End{Session: ftp, Duration: 30 * time.Second},
	}
}

func scrape(m *metrics.Metrics) string {
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

func TestMetrics(t *testing.T) {
	m := metrics.New()
	m.Dropped("log", func() int64 { return 7 })
	m.Gauge("dray_bans", "Addresses that are banned.", func() float64 { return 2 })
	for _, e := range story() {
		m.Emit(e)
	}
	got := scrape(m)
	for _, want := range []string{
		`dray_sessions{protocol="ftp"} 1`,
		`dray_sessions{protocol="sftp"} 1`,
		`dray_sessions_total{protocol="ftp"} 2`,
		`dray_session_duration_seconds_bucket{protocol="ftp",le="10"} 0`,
		`dray_session_duration_seconds_bucket{protocol="ftp",le="60"} 1`,
		`dray_logins_total{outcome="ok",protocol="ftp"} 1`,
		`dray_logins_total{outcome="refused",protocol="ftp"} 1`,
		`dray_refusals_total{protocol="ftp",reason="banned"} 1`,
		`dray_refusals_total{protocol="ftp",reason="login"} 1`,
		`dray_refusals_total{protocol="ftp",reason="missing"} 1`,
		`dray_refusals_total{protocol="ftp",reason="permission"} 1`,
		`dray_refusals_total{protocol="ftp",reason="quota"} 1`,
		`dray_refusals_total{protocol="tftp",reason="missing"} 1`,
		`dray_transfers_total{op="write",outcome="failed",protocol="ftp"} 2`,
		`dray_transfers_total{op="read",outcome="ok",protocol="tftp"} 1`,
		`dray_transfer_bytes_total{direction="in",protocol="ftp"} 501`,
		`dray_transfer_bytes_total{direction="out",protocol="ftp"} 1000`,
		`dray_transfer_duration_seconds_count{op="read",protocol="ftp"} 1`,
		`dray_transfer_duration_seconds_sum{op="read",protocol="ftp"} 2`,
		`dray_changes_total{op="delete",outcome="failed",protocol="ftp"} 1`,
		`dray_changes_total{op="mkdir",outcome="ok",protocol="sftp"} 1`,
		`dray_tftp_retransmissions_total 3`,
		`dray_faults_total{protocol="ftp"} 1`,
		`dray_faults_total{protocol="sftp"} 1`,
		`dray_panics_total{protocol="ftp"} 1`,
		`dray_panics_total{protocol="tftp"} 0`,
		`dray_events_dropped_total{sink="log"} 7`,
		`dray_bans 2`,
	} {
		if !strings.Contains(got, "\n"+want+"\n") {
			t.Errorf("%s is not there", want)
		}
	}
	for _, want := range []string{"dray_build_info{goversion=\"go", "go_goroutines ", "go_gc_duration_seconds"} {
		if !strings.Contains(got, "\n"+want) {
			t.Errorf("%s is not there", want)
		}
	}
	if strings.Contains(got, "evil") || strings.Contains(got, "192.0.2.7") {
		t.Error("a label holds what a peer has sent")
	}
	if t.Failed() {
		t.Log(got)
	}
}

// TestLint: what promtool would complain of.
func TestLint(t *testing.T) {
	m := metrics.New()
	m.Dropped("log", func() int64 { return 7 })
	for _, e := range story() {
		m.Emit(e)
	}
	problems, err := promlint.New(strings.NewReader(scrape(m))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestSeparateRegistries: two servers in one process do not share counters.
func TestSeparateRegistries(t *testing.T) {
	one, other := metrics.New(), metrics.New()
	one.Emit(event.Begin{Session: event.Session{Protocol: "ftp"}})
	if strings.Contains(scrape(other), `dray_sessions_total{protocol="ftp"} 1`) {
		t.Error("they do")
	}
}

func BenchmarkEmit(b *testing.B) {
	m, e := metrics.New(), story()[6]
	b.ReportAllocs()
	for b.Loop() {
		m.Emit(e)
	}
}
