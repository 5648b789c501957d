// Package hook tells others of events while they happen: a web server by a signed request
// that is tried again, or a program. Neither holds up a transfer, nor may refuse one.
package hook

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"dray/internal/event"
)

// Trigger is what sets off a hook.
type Trigger string

// The triggers. What is not said to fail has worked.
const (
	Upload   Trigger = "upload"   // a file came in
	Download Trigger = "download" // a file went out
	Failed   Trigger = "failed"   // a file did not, or not whole
	Login    Trigger = "login"    // somebody logged in
	Refusal  Trigger = "refusal"  // a log-in was refused, or a peer turned away before
	Delete   Trigger = "delete"   // a file or folder was removed
	Rename   Trigger = "rename"   // one got another name
	Mkdir    Trigger = "mkdir"    // a folder was made
	Begin    Trigger = "begin"    // a session began
	End      Trigger = "end"      // a session ended
	Fault    Trigger = "fault"    // something broke that a person should look at
)

// Triggers returns all of them.
func Triggers() []Trigger {
	return []Trigger{Upload, Download, Failed, Login, Refusal, Delete, Rename, Mkdir, Begin, End, Fault}
}

// triggerOf is what an event sets off, "" for nothing.
func triggerOf(e event.Event) Trigger {
	worked := e.Failure() == nil
	switch e := e.(type) {
	case event.Begin:
		return Begin
	case event.End:
		return End
	case event.Fault:
		return Fault
	case event.Refusal:
		return Refusal
	case event.Login:
		if worked {
			return Login
		}
		return Refusal
	case event.Transfer:
		switch {
		case e.Op == event.List || e.Op == event.Hash:
		case !worked:
			return Failed
		case e.Op == event.Read:
			return Download
		default:
			return Upload
		}
	case event.Change:
		if worked {
			return map[event.Op]Trigger{event.Delete: Delete, event.Rmdir: Delete, event.Rename: Rename, event.Mkdir: Mkdir}[e.Op]
		}
	}
	return ""
}

// Hook is whom to tell of what. Either Web or Program is set.
type Hook struct {
	Name    string // in the log
	On      []Trigger
	Web     *Web
	Program *Program
	Timeout time.Duration // of one attempt; 0: 10 seconds
	AtOnce  int           // how many may be on their way; 0: one, in the order of the events
}

// Hooks is a Sink that tells of events in the background.
type Hooks struct {
	log     *slog.Logger
	dropped atomic.Int64

	mu      sync.RWMutex // Emit holds it to read
	now     []*runner    // nil after Close
	retired sync.WaitGroup
	old     map[*runner]bool // that have something left to tell
	closed  bool
}

// The bounds of a hook.
const (
	queued       = 1024             // events that wait for one, before more are dropped
	grace        = 5 * time.Second  // for what waits when the server ends
	usualTimeout = 10 * time.Second // of an attempt
)

// Start begins to tell; end it with Close. The log is told of what could not be delivered;
// it is required.
func Start(hooks []Hook, log *slog.Logger) *Hooks {
	h := &Hooks{log: log, old: make(map[*runner]bool)}
	h.Set(hooks)
	return h
}

// Set tells others from now on. Those of before get what waits for them.
func (h *Hooks) Set(hooks []Hook) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	for _, r := range h.now {
		h.old[r] = true
		close(r.last)
		h.retired.Go(func() {
			r.end()
			h.mu.Lock()
			defer h.mu.Unlock()
			delete(h.old, r)
		})
	}
	h.now = nil
	for _, k := range hooks {
		h.now = append(h.now, h.run(k))
	}
}

// Emit implements [event.Sink].
func (h *Hooks) Emit(e event.Event) {
	t := triggerOf(e)
	if t == "" {
		return
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, r := range h.now {
		if r.on[t] {
			r.emit(delivery{event.Stamped{Time: time.Now(), Event: e}, t})
		}
	}
}

// Dropped returns how many events somebody was to be told of, and was not.
func (h *Hooks) Dropped() int64 { return h.dropped.Load() }

// Close tries once to deliver what waits, for five seconds, and then cuts it: programs are
// killed. Later events go nowhere.
func (h *Hooks) Close() error {
	h.Set(nil)
	h.mu.Lock()
	if !h.closed {
		h.closed = true
		for r := range h.old {
			close(r.hurry)
			cut := time.AfterFunc(grace, r.cancel)
			defer cut.Stop()
		}
	}
	h.mu.Unlock()
	h.retired.Wait()
	return nil
}

// delivery is an event on its way.
type delivery struct {
	event.Stamped
	trigger Trigger
}

// runner is a hook at work.
type runner struct {
	Hook
	log     *slog.Logger
	on      map[Trigger]bool
	waiting chan delivery
	last    chan struct{} // closed when no more will come
	hurry   chan struct{} // closed when the server ends
	ctx     context.Context
	cancel  context.CancelFunc
	workers sync.WaitGroup
	dropped *atomic.Int64
	full    atomic.Bool // and the log knows
}

// run starts a hook.
func (h *Hooks) run(k Hook) *runner {
	if k.Timeout <= 0 {
		k.Timeout = usualTimeout
	}
	r := &runner{Hook: k, log: h.log.With("hook", k.Name), on: make(map[Trigger]bool), dropped: &h.dropped,
		waiting: make(chan delivery, queued), last: make(chan struct{}), hurry: make(chan struct{})}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	for _, t := range k.On {
		r.on[t] = true
	}
	for range max(1, k.AtOnce) {
		r.workers.Go(r.work)
	}
	return r
}

// end returns when the last event has been told of, or cannot be any more.
func (r *runner) end() {
	r.workers.Wait()
	r.cancel()
	if n := len(r.waiting); n > 0 {
		r.dropped.Add(int64(n))
		r.log.Error("the server ends, and events were not told of", "count", n)
	}
}

func (r *runner) emit(d delivery) {
	select {
	case r.waiting <- d:
		r.full.Store(false)
	default:
		r.dropped.Add(1)
		if !r.full.Swap(true) {
			r.log.Error("events are not told of: too many wait already", "waiting", queued)
		}
	}
}

func (r *runner) work() {
	for r.ctx.Err() == nil {
		select {
		case d := <-r.waiting:
			r.deliver(r.ctx, d)
			continue
		default:
		}
		select {
		case d := <-r.waiting:
			r.deliver(r.ctx, d)
		case <-r.last:
			if len(r.waiting) == 0 {
				return
			}
		}
	}
}

// deliver tells of one event, and tries again where that may help.
func (r *runner) deliver(ctx context.Context, d delivery) {
	m := newMessage(d)
	for pause := time.Second; ; pause *= 2 {
		err := r.attempt(ctx, m)
		if err == nil {
			return
		}
		var permanent *permanentError
		if m.tries++; r.Web == nil || m.tries == attempts || errors.As(err, &permanent) || !r.wait(pause) {
			r.dropped.Add(1)
			var failed *programError
			if errors.As(err, &failed) {
				r.log.Warn("the program failed", "trigger", d.trigger, "delivery", m.id, "error", err, "stderr", failed.said)
				return
			}
			r.log.Warn("an event could not be told of", "trigger", d.trigger, "delivery", m.id, "attempts", m.tries, "error", err)
			return
		}
	}
}

// wait is between two attempts; it reports whether there may be another.
func (r *runner) wait(pause time.Duration) bool {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.hurry:
		return false
	}
}

func (r *runner) attempt(ctx context.Context, m *message) error {
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	err := error(nil)
	if r.Web != nil {
		err = r.Web.post(ctx, m)
	} else {
		err = r.Program.run(ctx, m)
	}
	if err != nil && ctx.Err() == context.DeadlineExceeded {
		return fmt.Errorf("no end within %v", r.Timeout)
	}
	return err
}

// message is what is told of an event.
type message struct {
	id     string // the same for each attempt
	tries  int
	body   []byte // JSON
	fields [][2]string
}

func newMessage(d delivery) *message {
	var id [16]byte
	_, _ = rand.Read(id[:]) // it never fails
	m := &message{id: hex.EncodeToString(id[:])}
	body := map[string]any{}
	add := func(key string, value any) {
		body[key] = value
		m.fields = append(m.fields, [2]string{key, fmt.Sprint(value)})
	}
	add("id", m.id)
	add("time", d.Time.UTC().Format(time.RFC3339Nano))
	add("trigger", string(d.trigger))
	add("event", string(d.Kind()))
	for _, f := range event.Fields(d.Event) {
		add(f.Key, f.Value.Any())
	}
	m.body, _ = json.Marshal(body) // texts and numbers
	return m
}
