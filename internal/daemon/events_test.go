package daemon

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dray/ftp/ftpclient"
	"dray/internal/config"
	"dray/internal/event"
	"dray/internal/event/hook"
	"dray/tftp"
)

// running is a daemon that serves until the test ends.
func running(t *testing.T, cfg config.Serve, log *slog.Logger) *Daemon {
	t.Helper()
	d, err := Bind(cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	drain, begin := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(drain, drain) }()
	t.Cleanup(func() {
		begin()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return d
}

// visit logs a guest in.
func visit(t *testing.T, d *Daemon) error {
	t.Helper()
	c, err := new(ftpclient.Dialer).Dial(t.Context(), d.Endpoints()[0].Addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.Login(t.Context(), "anonymous", "guest@")
}

// fetch gets a file over TFTP.
func fetch(t *testing.T, d *Daemon) error {
	t.Helper()
	u, err := tftp.ParseURL("tftp://" + d.Endpoints()[1].Addr.String() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	var c tftp.Client
	defer c.Close()
	_, err = c.Get(t.Context(), u, io.Discard)
	return err
}

// TestMetrics: they are counted, and told over HTTP, and nothing else is.
func TestMetrics(t *testing.T) {
	cfg := configFor(t, t.TempDir())
	if err := cfg.Metrics.Listen.Set("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	d := running(t, cfg, slog.New(slog.DiscardHandler))
	if err := visit(t, d); err != nil {
		t.Fatal(err)
	}
	at := d.Endpoints()[slices.IndexFunc(d.Endpoints(), func(e Endpoint) bool { return e.Protocol == "metrics" })].Addr
	for path, want := range map[string]string{
		"/metrics": "\ndray_logins_total{outcome=\"ok\",protocol=\"ftp\"} 1\n", "/": "404", "/debug/pprof/": "404",
	} {
		r, err := http.Get("http://" + at.String() + path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || !strings.Contains(r.Status+string(text), want) {
			t.Errorf("%s: %s, %v\n%s", path, r.Status, err, text)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

// TestNobodyIsLetInWithoutATrail, if the settings want it so, until it can be written again.
func TestNobodyIsLetInWithoutATrail(t *testing.T) {
	for _, c := range []struct {
		failure config.AuditFailure
		refused bool
	}{{config.AuditContinue, false}, {config.AuditRefuse, true}} {
		dir := filepath.Join(t.TempDir(), "log")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		served := t.TempDir()
		if err := os.WriteFile(filepath.Join(served, "file"), []byte("content"), 0o644); err != nil {
			t.Fatal(err)
		}
		cfg := configFor(t, served)
		cfg.Audit = config.Audit{File: filepath.Join(dir, "audit.jsonl"), Failure: c.failure}
		d := running(t, cfg, slog.New(slog.NewTextHandler(&log, nil)))
		settle := func() { // an end of a session is what has the trail forced to the disk
			d.events.Emit(event.End{})
			_ = d.events.audit.Reopen()
		}
		if err := visit(t, d); err != nil {
			t.Errorf("at first: %v", err)
		}
		if err := os.Rename(dir, dir+".away"); err != nil {
			t.Fatal(err)
		}
		settle()
		if err := visit(t, d); (err != nil) != c.refused {
			t.Errorf("%s, without a trail: %v", c.failure, err)
		}
		if err := fetch(t, d); (err != nil) != c.refused {
			t.Errorf("%s, without a trail, over TFTP: %v", c.failure, err)
		}
		if err := os.Rename(dir+".away", dir); err != nil {
			t.Fatal(err)
		}
		settle()
		if err := visit(t, d); err != nil {
			t.Errorf("%s, with a trail again: %v", c.failure, err)
		}
	}
}

// TestReloadTellsOtherHooks, unless they cannot be.
func TestReloadTellsOtherHooks(t *testing.T) {
	told := make(chan string, 10)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { told <- r.URL.Path }))
	defer srv.Close()
	cfg := configFor(t, t.TempDir())
	d := running(t, cfg, slog.New(slog.DiscardHandler))
	for _, path := range []string{"/first", "/second"} {
		cfg.Hooks = []config.Hook{{On: []string{"login"}, URL: srv.URL + path}}
		if r, err := d.Reload(cfg); err != nil || !slices.Equal(r.Changed, []string{"hooks"}) || len(r.Restart) > 0 {
			t.Errorf("%+v, %v", r, err)
		}
		broken := cfg
		broken.Hooks = []config.Hook{{On: []string{"login"}, URL: srv.URL + "/broken", SecretEnv: "NO_SUCH_VARIABLE"}}
		if _, err := d.Reload(broken); err == nil {
			t.Error("no error")
		}
		if err := visit(t, d); err != nil {
			t.Fatal(err)
		}
		if got := <-told; got != path {
			t.Errorf("told at %s; want %s", got, path)
		}
	}
}

// TestReloadOpensTheFilesAgain, for those who rename them away.
func TestReloadOpensTheFilesAgain(t *testing.T) {
	dir := t.TempDir()
	cfg := configFor(t, t.TempDir())
	cfg.Xferlog.File = filepath.Join(dir, "xferlog")
	d := running(t, cfg, slog.New(slog.DiscardHandler))
	if err := os.Rename(cfg.Xferlog.File, cfg.Xferlog.File+".1"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Reload(cfg); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(cfg.Xferlog.File); err != nil {
		t.Error(err)
	}
}

// TestTriggersAreThoseOfHooks: the words of the settings are all that there are.
func TestTriggersAreThoseOfHooks(t *testing.T) {
	var all []string
	for _, trigger := range hook.Triggers() {
		all = append(all, string(trigger))
	}
	if !slices.Equal(all, config.HookTriggers()) {
		t.Errorf("the settings have %v, hooks %v", config.HookTriggers(), all)
	}
}

// TestCheckEvents finds what is wrong before anything is opened.
func TestCheckEvents(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode fs.FileMode) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return name
	}
	web := func(change func(*config.Hook)) config.Serve {
		h := config.Hook{On: []string{"upload"}, URL: "https://example.com/"}
		change(&h)
		return config.Serve{Hooks: []config.Hook{h}}
	}
	t.Setenv("HOOK_SECRET", "x")
	for want, cfg := range map[string]config.Serve{
		"a key wants 16 at least":                               {Audit: config.Audit{KeyFile: file("short", "x", 0o600)}},
		"others may read it":                                    {Audit: config.Audit{KeyFile: file("open", "0123456789abcdef", 0o644)}},
		"audit.file: its folder":                                {Audit: config.Audit{File: filepath.Join(dir, "no", "x")}},
		"xferlog.file: its folder":                              {Xferlog: config.Xferlog{File: filepath.Join(dir, "no", "x")}},
		"NO_SUCH is not set":                                    web(func(h *config.Hook) { h.SecretEnv = "NO_SUCH" }),
		"empty is empty":                                        web(func(h *config.Hook) { h.SecretFile = file("empty", "\n", 0o600) }),
		"no certificate":                                        web(func(h *config.Hook) { h.CAFile = file("no.pem", "x", 0o644) }),
		"hooks[1]: open " + dir + "/nobody":                     web(func(h *config.Hook) { h.SecretFile = filepath.Join(dir, "nobody") }),
		"hooks[1].program: exec: \"" + dir + "/gone":            {Hooks: []config.Hook{{On: []string{"upload"}, Program: []string{filepath.Join(dir, "gone")}}}},
		"hooks[1].program: exec: \"" + file("data", "x", 0o600): {Hooks: []config.Hook{{On: []string{"upload"}, Program: []string{filepath.Join(dir, "data")}}}},
		"hooks[1].program: exec: \"no-such-program-of-dray\"":   {Hooks: []config.Hook{{On: []string{"upload"}, Program: []string{"no-such-program-of-dray"}}}},
		"": web(func(h *config.Hook) { h.SecretEnv = "HOOK_SECRET" }),
	} {
		err := checkEvents(cfg)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(strings.ReplaceAll(err.Error(), dir+"/empty", "empty"), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}

// BenchmarkEmit is what a transfer costs with all sinks at work: in all, and (emit-ns) in the
// session that tells of it.
func BenchmarkEmit(b *testing.B) {
	dir := b.TempDir()
	cfg := config.Serve{
		Audit: config.Audit{File: filepath.Join(dir, "audit.jsonl")}, Xferlog: config.Xferlog{File: filepath.Join(dir, "xferlog")},
		Hooks: []config.Hook{{On: []string{"fault"}, Program: []string{"/bin/true"}}},
	}
	if err := cfg.Metrics.Listen.Set("127.0.0.1:0"); err != nil {
		b.Fatal(err)
	}
	e, err := openEvents(cfg, slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelInfo})))
	if err != nil {
		b.Fatal(err)
	}
	who := event.Session{Protocol: "ftp", ID: "ftp1", Remote: netip.MustParseAddrPort("192.0.2.7:50001"), User: "ann"}
	x := event.Transfer{Session: who, Op: event.Read, Path: "/images/ios.bin", Bytes: 1 << 20, Duration: time.Second}
	emitting := time.Duration(0)
	b.ReportAllocs()
	for n := 1; b.Loop(); n++ {
		begun := time.Now()
		e.Emit(x)
		emitting += time.Since(begun)
		if n%1000 == 0 {
			_ = e.Reopen() // has them catch up, or events would be dropped, which is faster
		}
	}
	b.ReportMetric(float64(emitting.Nanoseconds())/float64(b.N), "emit-ns")
	if err := e.Close(); err != nil {
		b.Fatal(err)
	}
}
