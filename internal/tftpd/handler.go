// Package tftpd joins the TFTP server to the product: it hands every client, who is nobody
// in particular, the files that the [Policy] leaves it, and tells what happens as events.
// It speaks no TFTP itself.
package tftpd

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"

	"dray/internal/event"
	"dray/internal/identity"
	"dray/internal/policy/guard"
	"dray/internal/vfs"
	"dray/tftp"
)

const protocol = "tftp"

// Trees gives a subject who is admitted the files that are theirs, as the rules leave them.
type Trees interface {
	Open(ctx context.Context, s identity.Subject) (guard.Tree, error)
}

// Handler is the [tftp.Handler]. Trees must be set, else every request
// fails. Trees are asked about a subject called "anonymous". Set the fields
// before the first request.
type Handler struct {
	Trees    Trees
	DotFiles bool       // serve names with a dot in front; the zero value denies that they exist
	Events   event.Sink // nil: nobody is told
	Policy   Policy     // until Reload brings another one

	// Neighbours tells the hardware address of a client, nil for one that is not on a
	// network of this machine. nil knows none.
	Neighbours func(client netip.Addr) net.HardwareAddr

	// MaxPrograms is how many programs of Provisions may run at once. 0 means 16.
	MaxPrograms int

	once    sync.Once
	current atomic.Pointer[Policy]
	places  chan struct{} // of programs
	asked   sync.Map      // *tftp.Request: what came of it so far, a *request

	mu      sync.Mutex
	writing map[vfs.Path]bool // names with an upload under way
}

// Reload changes the policy for the requests to come.
func (h *Handler) Reload(p Policy) {
	h.init()
	h.current.Store(&p)
}

func (h *Handler) init() {
	h.once.Do(func() {
		h.current.CompareAndSwap(nil, &h.Policy)
		places := h.MaxPrograms
		if places <= 0 {
			places = 16
		}
		h.places = make(chan struct{}, places)
	})
}

// request is what is known of r so far.
func (h *Handler) request(r *tftp.Request) *request {
	h.init()
	q := &request{Request: r, handler: h, policy: h.current.Load()}
	if h.Events != nil {
		h.asked.Store(r, q)
	}
	return q
}

// ReadFile implements [tftp.Handler]. A backslash in the name counts as a slash, as
// devices of the DOS age send it.
func (h *Handler) ReadFile(ctx context.Context, r *tftp.Request) (io.ReadCloser, int64, error) {
	q := h.request(r)
	if err := q.admit(ctx); err != nil {
		return nil, 0, wire(err)
	}
	rd, size, err := q.read(ctx)
	return rd, size, wire(err)
}

// WriteFile implements [tftp.Handler]. Of two uploads to one name at once, the second is
// refused.
func (h *Handler) WriteFile(ctx context.Context, r *tftp.Request) (tftp.Upload, error) {
	q := h.request(r)
	if err := q.admit(ctx); err != nil {
		return nil, wire(err)
	}
	u, err := q.write(ctx)
	if err != nil {
		return nil, wire(err)
	}
	return u, nil
}

func (h *Handler) begin(p vfs.Path) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.writing[p] {
		return false
	}
	if h.writing == nil {
		h.writing = make(map[vfs.Path]bool)
	}
	h.writing[p] = true
	return true
}

func (h *Handler) end(p vfs.Path) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.writing, p)
}

// upload is a [vfs.Upload] that frees its name when it ends.
type upload struct {
	vfs.Upload
	end   func()
	ended bool
}

func (u *upload) Write(b []byte) (int, error) {
	n, err := u.Upload.Write(b)
	return n, wire(err)
}

func (u *upload) Commit() error {
	err := u.Upload.Commit()
	u.done()
	return wire(err)
}

func (u *upload) Abort() error {
	err := u.Upload.Abort()
	u.done()
	return err
}

func (u *upload) done() {
	if u.ended {
		return
	}
	u.ended = true
	u.end()
}

func newMade(b []byte) made { return made{bytes.NewReader(b)} }

// Transferred implements [tftp.TransferObserver].
func (h *Handler) Transferred(r *tftp.Request, t tftp.Transfer) {
	if h.Events == nil {
		return
	}
	path, maker := shown(r), ""
	if v, ok := h.asked.LoadAndDelete(r); ok {
		q := v.(*request)
		path, maker = or(q.served, path), q.maker
	}
	op := event.Read
	if r.Write {
		op = event.Write
	}
	h.Events.Emit(event.Transfer{
		Session: about(r), Op: op, Path: path, Bytes: t.Bytes, Duration: t.Duration, Text: r.Mode == tftp.NetASCII,
		Resent: t.Resent, Detail: detail(r, t, path, maker), Err: t.Err,
	})
}

// Fault implements [tftp.FaultObserver].
func (h *Handler) Fault(r *tftp.Request, err error) {
	if h.Events != nil {
		h.Events.Emit(event.Fault{Session: about(r), Panic: true, Err: err})
	}
}

func about(r *tftp.Request) event.Session {
	return event.Session{Protocol: protocol, Remote: r.Remote, User: "anonymous"}
}

// shown is the path that a request means, or what it says if that is no path.
func shown(r *tftp.Request) string {
	p, err := parse(r.Name, r.Write)
	if err != nil {
		return r.Name
	}
	return p.String()
}

// detail says what was agreed on, and what was odd.
func detail(r *tftp.Request, t tftp.Transfer, path, maker string) string {
	words := []string{r.Mode.String()}
	if options := t.Negotiated.String(); options != "" {
		words = append(words, options)
	}
	if path != shown(r) {
		words = append(words, fmt.Sprintf("asked for as %q", r.Name))
	}
	if maker != "" {
		words = append(words, "made by "+maker)
	}
	if t.Resent > 0 {
		words = append(words, fmt.Sprintf("%d packets resent", t.Resent))
	}
	if t.Note != "" {
		words = append(words, t.Note)
	}
	return strings.Join(words, ", ")
}
