//go:build linux

// Package soak leaves a whole server to clients of all protocols for a while: some move
// files, some break off, some stand still, some talk rubbish, and the settings are read
// again meanwhile. After that nothing may be left of them.
package soak

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dray/ftp/ftpclient"
	"dray/internal/config"
	"dray/internal/daemon"
	"dray/internal/event/audit"
)

const (
	user, password = "amy", "secret"

	workers = 8
	deeds   = 250 // of each worker
	stalls  = 6   // clients that stand still until the end
)

// house is a server, and what it should hold.
type house struct {
	t    *testing.T
	d    *daemon.Daemon
	cfg  config.Serve
	dir  string
	log  *journal
	over chan struct{} // closed when the clients that stand still may go

	mu    sync.Mutex
	files map[string][]byte // what there is, by name
}

// journal is a log that remembers what must not be.
type journal struct {
	slog.Handler
	mu     sync.Mutex
	faults []string
}

func (j *journal) Handle(_ context.Context, r slog.Record) error {
	if r.Level < slog.LevelError {
		return nil
	}
	var line strings.Builder
	line.WriteString(r.Message)
	r.Attrs(func(a slog.Attr) bool {
		fmt.Fprintf(&line, " %s", a)
		return true
	})
	j.mu.Lock()
	defer j.mu.Unlock()
	j.faults = append(j.faults, line.String())
	return nil
}

func (j *journal) Enabled(context.Context, slog.Level) bool { return true }

func (j *journal) WithAttrs([]slog.Attr) slog.Handler { return j }

func (j *journal) WithGroup(string) slog.Handler { return j }

// open serves a folder with files of several sizes, until the test ends.
func open(t *testing.T) *house {
	h := &house{t: t, dir: t.TempDir(), log: new(journal), over: make(chan struct{}), files: map[string][]byte{}}
	for i, size := range []int{0, 1, 4096, 70_000, 1 << 20} {
		h.files[fmt.Sprintf("seed%d", i)] = content(rand.New(rand.NewPCG(1, uint64(i))), size)
	}
	for name, b := range h.files {
		check(t, os.WriteFile(filepath.Join(h.dir, name), b, 0o644))
	}
	records := t.TempDir()
	cfg := config.Serve{
		Dir: h.dir, StateDir: t.TempDir(), Write: true,
		Users:   []config.User{{Name: user, Password: password}},
		Audit:   config.Audit{File: filepath.Join(records, "audit.jsonl"), MaxSize: 256 << 10, Failure: config.AuditRefuse},
		Xferlog: config.Xferlog{File: filepath.Join(records, "xferlog")},
	}
	check(t, errors.Join(cfg.Listen.Set("127.0.0.1"), cfg.FTP.Port.Set("0"), cfg.TFTP.Port.Set("0"), cfg.SFTP.Port.Set("0"), cfg.Metrics.Listen.Set("127.0.0.1:0"), cfg.Check()))
	d, err := daemon.Bind(cfg, slog.New(h.log))
	check(t, err)
	h.d, h.cfg = d, cfg
	drain, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(drain, context.Background()) }()
	t.Cleanup(func() {
		stop()
		check(t, <-ended)
		verify(t, cfg.Audit.File)
	})
	return h
}

// verify has a look at the audit trail, which must be whole.
func verify(t *testing.T, file string) {
	c, err := audit.Find(file)
	check(t, err)
	r, err := audit.Verify(c)
	check(t, err)
	if r.Bad != nil || r.Lost > 0 || r.Lines < workers*deeds {
		t.Errorf("the audit trail: %v, %d events lost, %s", r.Bad, r.Lost, r.Describe())
	}
	t.Log("the audit trail: " + r.Describe())
}

func (h *house) at(protocol string) netip.AddrPort {
	for _, e := range h.d.Endpoints() {
		if e.Protocol == protocol {
			return e.Addr
		}
	}
	h.t.Fatalf("%s is not served", protocol)
	return netip.AddrPort{}
}

// way is a protocol, and how one gets in.
type way struct {
	name string
	in   func(context.Context, *house, *wire) (mover, error)
}

func ways() []way {
	ftp := func(s ftpclient.Security) func(context.Context, *house, *wire) (mover, error) {
		return func(ctx context.Context, h *house, w *wire) (mover, error) { return viaFTP(ctx, h, w, s) }
	}
	return []way{
		{"ftp", ftp(ftpclient.Plain)}, {"ftpes", ftp(ftpclient.Explicit)}, {"sftp", viaSFTP}, {"scp", viaSCP}, {"tftp", viaTFTP},
	}
}

// worker does one deed after the other.
type worker struct {
	*house
	id   int
	rng  *rand.Rand
	next int
}

// fresh is a name that nobody has used.
func (w *worker) fresh(what string) string {
	w.next++
	return fmt.Sprintf("%s-%d-%d", what, w.id, w.next)
}

func (w *worker) way() way {
	all := ways()
	return all[w.rng.IntN(len(all))]
}

// seed is one of the files that stay as they are.
func (w *worker) seed() (name string, b []byte) {
	name = fmt.Sprintf("seed%d", w.rng.IntN(5))
	w.mu.Lock()
	defer w.mu.Unlock()
	return name, w.files[name]
}

// do does one deed of those that a client may do.
func (w *worker) do(ctx context.Context) error {
	all := []struct {
		name  string
		share int
		do    func(context.Context, way) error
	}{
		{"fetch", 5, w.fetch},
		{"store", 5, w.store},
		{"break a download", 3, w.breakDownload},
		{"break an upload", 3, w.breakUpload},
		{"guess a password", 1, w.guess},
		{"talk rubbish", 1, w.rubbish},
		{"have settings read", 1, func(context.Context, way) error {
			_, err := w.d.Reload(w.cfg)
			return err
		}},
	}
	total := 0
	for _, d := range all {
		total += d.share
	}
	pick := w.rng.IntN(total)
	for _, d := range all {
		if pick -= d.share; pick < 0 {
			by := w.way()
			if err := d.do(ctx, by); err != nil {
				return fmt.Errorf("%s over %s: %w", d.name, by.name, err)
			}
			return nil
		}
	}
	return nil
}

func (w *worker) fetch(ctx context.Context, by way) error {
	m, err := by.in(ctx, w.house, &wire{limit: -1})
	if err != nil {
		return err
	}
	defer m.close()
	name, want := w.seed()
	return fetchAs(ctx, m, name, want)
}

func fetchAs(ctx context.Context, m mover, name string, want []byte) error {
	var got bytes.Buffer
	if err := m.get(ctx, name, &got); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if sha256.Sum256(got.Bytes()) != sha256.Sum256(want) {
		return fmt.Errorf("%s has %d octets; want %d, or they differ", name, got.Len(), len(want))
	}
	return nil
}

// store stores a file, fetches it over another protocol, and moves or removes it where that can be done.
func (w *worker) store(ctx context.Context, by way) error {
	m, err := by.in(ctx, w.house, &wire{limit: -1})
	if err != nil {
		return err
	}
	defer m.close()
	name, b := w.fresh("stored"), content(w.rng, w.rng.IntN(200_000))
	if err := m.put(ctx, name, bytes.NewReader(b), int64(len(b))); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	other := w.way()
	r, err := other.in(ctx, w.house, &wire{limit: -1})
	if err != nil {
		return fmt.Errorf("back over %s: %w", other.name, err)
	}
	defer r.close()
	if err := fetchAs(ctx, r, name, b); err != nil {
		return fmt.Errorf("back over %s: %w", other.name, err)
	}
	if k, ok := m.(keeper); ok {
		return w.tidy(ctx, k, name, b)
	}
	w.keep(name, b)
	return nil
}

// keep says that there is a file.
func (w *worker) keep(name string, b []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.files[name] = b
}

// tidy moves a file, or removes it.
func (w *worker) tidy(ctx context.Context, k keeper, name string, b []byte) error {
	if n, err := k.count(ctx, "."); err != nil || n == 0 {
		return fmt.Errorf("a list of %d names: %w", n, err)
	}
	if w.rng.IntN(2) == 0 {
		return k.remove(ctx, name)
	}
	to := w.fresh("moved")
	if err := k.rename(ctx, name, to); err != nil {
		return err
	}
	w.keep(to, b)
	return nil
}

// breakDownload loses the connections at some moment, be it before log-in.
func (w *worker) breakDownload(ctx context.Context, by way) error {
	line := &wire{limit: w.rng.Int64N(1 << 20)}
	defer line.reset()
	m, err := by.in(ctx, w.house, line)
	if err != nil {
		return nil // it broke early
	}
	defer m.close()
	var got bytes.Buffer
	if err := m.get(ctx, "seed4", &got); err == nil && got.Len() != 1<<20 {
		return fmt.Errorf("a broken download of %d octets is no error", got.Len())
	}
	return nil
}

// breakUpload does the same; of the file nothing may be seen.
func (w *worker) breakUpload(ctx context.Context, by way) error {
	line := &wire{limit: w.rng.Int64N(900_000)}
	defer line.reset()
	m, err := by.in(ctx, w.house, line)
	if err != nil {
		return nil
	}
	defer m.close()
	b := content(w.rng, 1<<20)
	if err := m.put(ctx, w.fresh("broken"), bytes.NewReader(b), int64(len(b))); err == nil {
		return errors.New("a broken upload is no error")
	}
	return nil
}

// guess fails to log in, from an address that is banned for it after a while.
func (w *worker) guess(ctx context.Context, _ way) error {
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	c, err := (&ftpclient.Dialer{DialContext: from.DialContext}).Dial(ctx, w.at("ftp").String())
	if err != nil {
		if strings.Contains(err.Error(), "421 Your address is banned") {
			return nil
		}
		return err
	}
	defer c.Close()
	if err := c.Login(ctx, user, "guess"); err == nil {
		return errors.New("any password is good")
	}
	return nil
}

// rubbish is said at every port, and a file is asked for by somebody who has gone.
func (w *worker) rubbish(ctx context.Context, _ way) error {
	for _, e := range w.d.Endpoints() {
		network := "tcp"
		if e.Protocol == "tftp" {
			network = "udp"
		}
		c, err := new(net.Dialer).DialContext(ctx, network, e.Addr.String())
		if err != nil {
			return err
		}
		_, err = c.Write(content(w.rng, 1+w.rng.IntN(1000)))
		if err := errors.Join(err, c.Close()); err != nil {
			return err
		}
	}
	return vanish(w.house, "seed4")
}

// stall begins a transfer and stands still in the midst of it until the end.
func (w *worker) stall(ctx context.Context, by way, upload bool) {
	line := &wire{limit: 100_000, hold: w.over}
	defer line.reset()
	m, err := by.in(ctx, w.house, line)
	if err != nil {
		return
	}
	defer m.close()
	if upload {
		b := content(w.rng, 1<<20)
		_ = m.put(ctx, w.fresh("stalled"), bytes.NewReader(b), int64(len(b))) // as it breaks, it fails
		return
	}
	_ = m.get(ctx, "seed4", io.Discard)
}

// TestNothingIsLeft: after all of it the files are those that were stored, and the server,
// which runs on, has no goroutine, descriptor or temporary file more than before.
func TestNothingIsLeft(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	first := &worker{house: h, rng: rand.New(rand.NewPCG(0, 0))}
	for _, by := range ways() { // so that the server has all that it keeps
		check(t, first.fetch(ctx, by))
	}
	before := h.rest()

	var still, busy sync.WaitGroup
	for i := range stalls {
		w := &worker{house: h, id: 100 + i, rng: rand.New(rand.NewPCG(2, uint64(i)))}
		still.Go(func() { w.stall(ctx, ways()[i%4], i%2 == 0) })
	}
	var done atomic.Int64
	for i := range workers {
		w := &worker{house: h, id: i, rng: rand.New(rand.NewPCG(3, uint64(i)))}
		busy.Go(func() {
			for range deeds {
				if err := w.do(ctx); err != nil {
					t.Errorf("worker %d: %v", w.id, err)
				}
				done.Add(1)
			}
		})
	}
	busy.Wait()
	close(h.over)
	still.Wait()
	t.Logf("%d deeds, %d files in the end", done.Load(), len(h.files))

	h.settle(before)
	h.log.mu.Lock()
	defer h.log.mu.Unlock()
	for _, fault := range h.log.faults {
		t.Errorf("the log has a fault: %s", fault)
	}
	h.compare()
}

// inventory is what a process holds.
type inventory struct{ goroutines, descriptors int }

func goroutines() int { return runtime.NumGoroutine() }

func descriptors(t *testing.T) int {
	open, err := os.ReadDir("/proc/self/fd")
	check(t, err)
	return len(open)
}

func (now inventory) within(before inventory) bool {
	return now.goroutines <= before.goroutines && now.descriptors <= before.descriptors
}

func (h *house) look() inventory { return inventory{goroutines(), descriptors(h.t)} }

// rest is what the process holds when nothing happens: the least for a while.
func (h *house) rest() inventory {
	least := h.look()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 20 {
		<-tick.C
		if now := h.look(); now.within(least) {
			least = now
		}
	}
	return least
}

// patience is how long what is left over may take to go: a server of TFTP waits for a
// client that has vanished, with growing intervals.
const patience = 3 * time.Minute

// settle returns when the process holds no more than before.
func (h *house) settle(before inventory) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for {
		now := h.look()
		if now.within(before) {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			stacks := make([]byte, 1<<20)
			h.t.Errorf("left over: %+v, before %+v\n%s", now, before, stacks[:runtime.Stack(stacks, true)])
			return
		}
	}
}

// compare holds the folder against what should be there.
func (h *house) compare() {
	got := map[string]bool{}
	err := filepath.WalkDir(h.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == h.dir {
			return err
		}
		name := e.Name()
		got[name] = true
		b, err := os.ReadFile(path)
		if want, there := h.files[name]; !there || !bytes.Equal(b, want) {
			h.t.Errorf("%s, %d octets: should have %d, or not be there", name, len(b), len(want))
		}
		return err
	})
	check(h.t, err)
	for _, name := range slices.Sorted(maps.Keys(h.files)) {
		if !got[name] {
			h.t.Errorf("%s is not there", name)
		}
	}
}

// content is n octets, as chance has them.
func content(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
