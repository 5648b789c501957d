package hook

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dray/internal/event"
)

var ann = event.Session{Protocol: "sftp", ID: "sftp1", Remote: netip.MustParseAddrPort("192.0.2.7:50001"), User: "ann"}

var upload = event.Transfer{Session: ann, Op: event.Write, Path: "/run \"1\".cfg", Bytes: 1234, Duration: 1500 * time.Millisecond}

// TestTriggers: what sets off what.
func TestTriggers(t *testing.T) {
	wrong := errors.New("wrong")
	for _, c := range []struct {
		e    event.Event
		want Trigger
	}{
		{event.Begin{}, Begin},
		{event.End{}, End},
		{event.Login{}, Login},
		{event.Login{Err: wrong}, Refusal},
		{event.Refusal{Err: wrong}, Refusal},
		{event.Transfer{Op: event.Read}, Download},
		{event.Transfer{Op: event.Write}, Upload},
		{event.Transfer{Op: event.Append}, Upload},
		{event.Transfer{Op: event.Write, Err: wrong}, Failed},
		{event.Transfer{Op: event.Read, Err: wrong}, Failed},
		{event.Transfer{Op: event.List}, ""},
		{event.Transfer{Op: event.Hash, Err: wrong}, ""},
		{event.Change{Op: event.Delete}, Delete},
		{event.Change{Op: event.Rmdir}, Delete},
		{event.Change{Op: event.Rename}, Rename},
		{event.Change{Op: event.Mkdir}, Mkdir},
		{event.Change{Op: event.Mkdir, Err: fs.ErrPermission}, ""},
		{event.Change{Op: event.SetTimes}, ""},
		{event.Lookup{Err: wrong}, ""},
		{event.Fault{Err: wrong}, Fault},
	} {
		if got := triggerOf(c.e); got != c.want {
			t.Errorf("%T %+v sets off %q; want %q", c.e, c.e, got, c.want)
		}
	}
}

// house is a web server in a bubble, and what it was sent.
type house struct {
	*http.Server
	conns chan net.Conn
	mu    sync.Mutex
	sent  []request
	err   bytes.Buffer // the log of the hooks
}

type request struct {
	header http.Header
	body   map[string]any
	raw    string
	after  time.Duration // the first
}

// Accept, Close and Addr make it a listener without a network.
func (h *house) Accept() (net.Conn, error) {
	c, ok := <-h.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (h *house) Close() error   { return nil }
func (h *house) Addr() net.Addr { return &net.TCPAddr{} }

func (h *house) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case h.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (h *house) requests() []request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.sent)
}

// serve answers with each of some answers in turn, and then with the last; 0 is none.
func serve(t *testing.T, answers ...int) *house {
	h := &house{conns: make(chan net.Conn)}
	begun, ended := time.Now(), make(chan struct{})
	h.Server = &http.Server{
		ErrorLog: log.New(io.Discard, "", 0),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			raw, _ := io.ReadAll(r.Body)
			q := request{header: r.Header, raw: string(raw), after: time.Since(begun)}
			ok(t, json.Unmarshal(raw, &q.body))
			h.mu.Lock()
			answer := answers[min(len(h.sent), len(answers)-1)]
			h.sent = append(h.sent, q)
			h.mu.Unlock()
			switch {
			case answer == 0:
				<-r.Context().Done()
			case answer/100 == 3:
				http.Redirect(w, r, "http://elsewhere/", answer)
			default:
				w.WriteHeader(answer)
			}
		}),
	}
	go func() { defer close(ended); _ = h.Serve(h) }()
	t.Cleanup(func() {
		close(h.conns)
		_ = h.Server.Close()
		<-ended
	})
	return h
}

// tell starts a hook that tells the house.
func (h *house) tell(change func(*Hook)) *Hooks {
	k := Hook{Name: "web", On: []Trigger{Upload}, Web: &Web{"http://user:hidden@house/hidden?token=hidden", []byte("secret"), client(nil, h.dial)}}
	if change != nil {
		change(&k)
	}
	return Start([]Hook{k}, slog.New(slog.NewTextHandler(&h.err, nil)))
}

// TestARequest shows what a web server is sent, and that the signature is right.
func TestARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, 200)
		hooks := h.tell(nil)
		hooks.Emit(event.Login{Session: ann}) // is none of its business
		hooks.Emit(upload)
		ok(t, hooks.Close())
		all := h.requests()
		if len(all) != 1 {
			t.Fatalf("%d requests; the log says %s", len(all), &h.err)
		}
		r := all[0]
		id, _ := r.body["id"].(string)
		want := map[string]any{"id": id, "time": "2000-01-01T00:00:00Z", "trigger": "upload", "event": "transfer", "protocol": "sftp", "session": "sftp1",
			"remote": "192.0.2.7:50001", "user": "ann", "op": "write", "path": "/run \"1\".cfg", "bytes": 1234., "seconds": 1.5, "rate": 822., "outcome": "ok"}
		if got, want := fmt.Sprint(r.body), fmt.Sprint(want); len(id) != 32 || got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		for key, want := range map[string]string{
			"Content-Type": "application/json", "Dray-Delivery": id, "Dray-Timestamp": "946684800",
			"Dray-Signature": sign([]byte("secret"), "946684800", []byte(r.raw)),
		} {
			if got := r.header.Get(key); got != want {
				t.Errorf("%s: %q; want %q", key, got, want)
			}
		}
	})
	// As openssl dgst -sha256 -hmac secret has it.
	if got := sign([]byte("secret"), "1", []byte("{}")); got != "v1=1122767b193110cfec322b6f199b599edbf608ed087f2d27afb0b97d99523908" {
		t.Error(got)
	}
}

// TestAnswers: which are final, and when the others are asked for again.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name    string
		answers []int
		after   []time.Duration // requests, in seconds after the first
		log     string          // "" if it was told
	}{
		{"it takes it", []int{204}, []time.Duration{0}, ""},
		{"it fails once", []int{500, 200}, []time.Duration{0, 1}, ""},
		{"it is busy", []int{503, 429, 408, 200}, []time.Duration{0, 1, 3, 7}, ""},
		{"it fails for ever", []int{502}, []time.Duration{0, 1, 3, 7, 15}, "502 Bad Gateway"},
		{"it refuses", []int{403}, []time.Duration{0}, "403 Forbidden"},
		{"it is elsewhere", []int{302}, []time.Duration{0}, "302 Found, and redirects are not followed"},
		{"it is elsewhere, with the body", []int{307}, []time.Duration{0}, "307 Temporary Redirect, and redirects are not followed"},
		{"it hangs once", []int{0, 200}, []time.Duration{0, 11}, ""},
		{"it hangs", []int{0}, []time.Duration{0, 11, 23, 37, 55}, "no end within 10s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := serve(t, c.answers...)
				hooks := h.tell(nil)
				hooks.Emit(upload)
				time.Sleep(10 * time.Minute)
				synctest.Wait()
				all := h.requests()
				var after []time.Duration
				for _, r := range all {
					after = append(after, r.after/time.Second)
					if r.raw != all[0].raw || r.header.Get("Dray-Delivery") != all[0].header.Get("Dray-Delivery") {
						t.Error("another attempt is another delivery")
					}
				}
				if !slices.Equal(after, c.after) {
					t.Errorf("requests after %d s; want %d", after, c.after)
				}
				ok(t, hooks.Close())
				if said := h.err.String(); (c.log == "") != (said == "") || !strings.Contains(said, c.log) || strings.Contains(said, "hidden") {
					t.Errorf("the log says %q", said)
				}
				if n := hooks.Dropped(); (n == 0) != (c.log == "") {
					t.Errorf("%d dropped", n)
				}
			})
		})
	}
}

// TestEmitNeverBlocks: a server that hangs costs events, which are counted, and the end of
// ours does not wait for it for ever.
func TestEmitNeverBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, 0)
		hooks := h.tell(func(k *Hook) { k.Timeout = time.Hour })
		hooks.Emit(upload)
		synctest.Wait() // it is on its way
		for range queued + 10 {
			hooks.Emit(upload)
		}
		if n := hooks.Dropped(); n != 10 {
			t.Errorf("%d dropped", n)
		}
		begun := time.Now()
		ok(t, errors.Join(hooks.Close(), hooks.Close()))
		if took := time.Since(begun); took != grace {
			t.Errorf("the end took %v", took)
		}
		if n := hooks.Dropped(); n != queued+11 {
			t.Errorf("%d dropped at the end", n)
		}
	})
}

// TestSet: others are told from now on, and those of before get what waits for them.
func TestSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before, after := serve(t, 500, 500, 200), serve(t, 200)
		hooks := before.tell(nil)
		hooks.Emit(upload)
		hooks.Emit(upload)
		synctest.Wait()
		hooks.Set([]Hook{{Name: "after", On: []Trigger{Upload, Login}, Web: &Web{"http://house/", nil, client(nil, after.dial)}}})
		hooks.Emit(upload)
		hooks.Emit(event.Login{Session: ann})
		time.Sleep(time.Minute)
		synctest.Wait()
		if n, m := len(before.requests()), len(after.requests()); n != 4 || m != 2 || len(hooks.old) != 0 {
			t.Errorf("%d and %d requests, %d hooks of before", n, m, len(hooks.old))
		}
		ok(t, hooks.Close())
		hooks.Set([]Hook{{Name: "late", On: []Trigger{Upload}, Program: &Program{[]string{"/bin/true"}}}})
		hooks.Emit(upload)
		if n := hooks.Dropped(); n != 0 || before.err.Len() > 0 {
			t.Errorf("%d dropped: %s", n, &before.err)
		}
	})
}

// TestInOrder: one after the other, unless several may be on their way.
func TestInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, 500, 200)
		hooks := h.tell(nil)
		for _, path := range []string{"/1", "/2", "/3"} {
			hooks.Emit(event.Transfer{Session: ann, Op: event.Write, Path: path})
		}
		time.Sleep(time.Minute)
		ok(t, hooks.Close())
		var got []any
		for _, r := range h.requests() {
			got = append(got, r.body["path"])
		}
		if want := []any{"/1", "/1", "/2", "/3"}; !slices.Equal(got, want) {
			t.Errorf("%v; want %v", got, want)
		}
	})
}

// TestTheCertificateIsVerified: a server is told only if its certificate is one of the roots.
func TestTheCertificateIsVerified(t *testing.T) {
	told := make(chan struct{}, 10)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { told <- struct{}{} }))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	for _, c := range []struct {
		roots *x509.CertPool
		want  int
	}{{roots, 1}, {x509.NewCertPool(), 0}} {
		var out bytes.Buffer
		web, err := NewWeb(srv.URL, nil, c.roots)
		ok(t, err)
		hooks := Start([]Hook{{Name: "tls", On: []Trigger{Upload}, Web: web}}, slog.New(slog.NewTextHandler(&out, nil)))
		hooks.Emit(upload)
		ok(t, hooks.Close())
		web.client.CloseIdleConnections()
		if n := len(told); n != c.want || (n == 0) != strings.Contains(out.String(), "certificate signed by unknown authority") {
			t.Errorf("told %d times; the log says %s", n, &out)
		}
		for len(told) > 0 {
			<-told
		}
	}
}

func TestURLs(t *testing.T) {
	for _, wrong := range []string{"", "example.com", "ftp://example.com/", "https://", "https://[::1/secret"} {
		if _, err := NewWeb(wrong, nil, nil); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

// script is a program of a few lines.
func script(t *testing.T, text string) string {
	t.Helper()
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("this system has no /bin/sh")
	}
	name := filepath.Join(t.TempDir(), "program")
	ok(t, os.WriteFile(name, []byte("#!/bin/sh\n"+text+"\n"), 0o700))
	return name
}

// TestPrograms: what they are given, and what becomes of those that fail or hang.
func TestPrograms(t *testing.T) {
	t.Setenv("SECRET", "of the server")
	out := filepath.Join(t.TempDir(), "out")
	for _, c := range []struct {
		name, text string
		timeout    time.Duration
		want, log  string
	}{
		{"facts", `echo "$DRAY_TRIGGER $DRAY_USER $DRAY_PATH $DRAY_BYTES $DRAY_REMOTE [$SECRET] $2"; cat`, 0,
			`upload ann /run "1".cfg 1234 192.0.2.7:50001 [] a b; $(c)` + "\n{", ""},
		{"fails", `printf 'why\n"so"' >&2; exit 3`, 0, "", `error="exit status 3" stderr="why\n\"so\""`},
		{"hangs", `sleep 3600 & wait`, time.Millisecond, "", "no end within 1ms"},
		{"does not listen", `exit 0`, 0, "", ""},
	} {
		var said bytes.Buffer
		k := Hook{Name: "program", On: []Trigger{Upload}, Timeout: c.timeout, Program: &Program{[]string{script(t, "exec >$1\n"+c.text), out, "a b; $(c)"}}}
		hooks := Start([]Hook{k}, slog.New(slog.NewTextHandler(&said, nil)))
		hooks.Emit(upload)
		ok(t, hooks.Close())
		got, err := os.ReadFile(out)
		if c.timeout == 0 {
			ok(t, err)
		}
		if !strings.HasPrefix(string(got), c.want) {
			t.Errorf("%s: got %q", c.name, got)
		}
		if (c.log == "") != (said.Len() == 0) || !strings.Contains(said.String(), c.log) {
			t.Errorf("%s: the log says %s", c.name, &said)
		}
	}
}

// TestProgramsAtOnce: no more than are allowed.
func TestProgramsAtOnce(t *testing.T) {
	dir := t.TempDir()
	first, second := script(t, `: >"$1/$$"; while [ "$(ls "$1" | wc -l)" -lt 2 ]; do :; done`), script(t, `[ -z "$(ls "$1")" ] || exit 1; : >"$1/x"; rm "$1/x"`)
	for _, c := range []struct {
		program string
		atOnce  int
	}{{first, 2}, {second, 1}} { // the first ends only with another beside it, the second only without
		var said bytes.Buffer
		sub, err := os.MkdirTemp(dir, "")
		ok(t, err)
		hooks := Start([]Hook{{Name: "x", On: []Trigger{Upload}, AtOnce: c.atOnce, Program: &Program{[]string{c.program, sub}}}}, slog.New(slog.NewTextHandler(&said, nil)))
		hooks.Emit(upload)
		hooks.Emit(upload)
		ok(t, hooks.Close())
		if said.Len() > 0 {
			t.Errorf("%d at once: %s", c.atOnce, &said)
		}
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
