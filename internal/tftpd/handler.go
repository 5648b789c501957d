// Package tftpd joins the TFTP server to the product: it hands every peer, who is nobody
// in particular, the files that the policy leaves them, and tells what happens as events.
// It speaks no TFTP itself and decides nothing.
package tftpd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"

	"dray/internal/event"
	"dray/internal/identity"
	"dray/internal/policy"
	"dray/internal/policy/guard"
	"dray/internal/vfs"
	"dray/tftp"
)

const protocol = "tftp"

// Handler is the [tftp.Handler]. Files and Rules must be set: without one of them every
// request fails. The rules are asked about a subject called "anonymous".
type Handler struct {
	Files    vfs.FS
	Rules    policy.Decider
	DotFiles bool       // serve names with a dot in front; the zero value denies that they exist
	Events   event.Sink // nil: nobody is told

	mu      sync.Mutex
	writing map[vfs.Path]bool // names with an upload under way
}

// ReadFile implements [tftp.Handler]. A backslash in the name counts as a slash, as
// devices of the DOS age send it.
func (h *Handler) ReadFile(ctx context.Context, r *tftp.Request) (io.ReadCloser, int64, error) {
	files, p, err := h.request(r)
	if err != nil {
		return nil, 0, wire(err)
	}
	file, err := files.Open(ctx, p)
	if err != nil {
		return nil, 0, wire(err)
	}
	i, err := file.Info()
	if err != nil {
		file.Close()
		return nil, 0, wire(err)
	}
	return file, i.Size, nil
}

// WriteFile implements [tftp.Handler]. Of two uploads to one name at once, the second is
// refused.
func (h *Handler) WriteFile(ctx context.Context, r *tftp.Request) (tftp.Upload, error) {
	files, p, err := h.request(r)
	if err != nil {
		return nil, wire(err)
	}
	if !h.begin(p) {
		return nil, wire(&vfs.OpError{Op: "create", Path: p.String(), Err: vfs.ErrBusy})
	}
	u, err := files.Create(ctx, p, vfs.CreateOptions{})
	if err != nil {
		h.end(p)
		return nil, wire(err)
	}
	return &upload{Upload: u, end: sync.OnceFunc(func() { h.end(p) })}, nil
}

// request finds the files that a peer may see, and the one that it asks for.
func (h *Handler) request(r *tftp.Request) (vfs.FS, vfs.Path, error) {
	if h.Files == nil || h.Rules == nil {
		return nil, vfs.Path{}, errors.New("tftpd: a handler needs Files and Rules")
	}
	p, err := parse(r)
	if err != nil {
		return nil, vfs.Path{}, err
	}
	if !h.DotFiles && strings.Contains(p.String(), "/.") {
		reason := fs.ErrNotExist
		if r.Write {
			reason = fs.ErrPermission
		}
		return nil, vfs.Path{}, &vfs.OpError{Op: "open", Path: p.String(), Err: reason}
	}
	return guard.New(h.Files, h.Rules, identity.Subject{Name: "anonymous", Anonymous: true}), p, nil
}

// parse reads the name in a request.
func parse(r *tftp.Request) (vfs.Path, error) {
	p, err := vfs.ParsePath(r.Name)
	if err == nil && !r.Write {
		return vfs.ParsePath(strings.ReplaceAll(r.Name, `\`, "/"))
	}
	return p, err
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
	end func()
}

func (u *upload) Write(b []byte) (int, error) {
	n, err := u.Upload.Write(b)
	return n, wire(err)
}

func (u *upload) Commit() error {
	defer u.end()
	return wire(u.Upload.Commit())
}

func (u *upload) Abort() error {
	defer u.end()
	return u.Upload.Abort()
}

// Transferred implements [tftp.TransferObserver].
func (h *Handler) Transferred(r *tftp.Request, t tftp.Transfer) {
	if h.Events == nil {
		return
	}
	op := "read"
	if r.Write {
		op = "write"
	}
	h.Events.Emit(event.Event{
		Kind: event.Transfer, Protocol: protocol, Remote: r.Remote, User: "anonymous", Op: op, Path: shown(r),
		Bytes: t.Bytes, Duration: t.Duration, Detail: detail(r, t), Err: t.Err,
	})
}

// shown is the path that a request means, or what it says if that is no path.
func shown(r *tftp.Request) string {
	p, err := parse(r)
	if err != nil {
		return r.Name
	}
	return p.String()
}

// detail says what was agreed on, and what was odd.
func detail(r *tftp.Request, t tftp.Transfer) string {
	words := []string{r.Mode.String()}
	if options := t.Negotiated.String(); options != "" {
		words = append(words, options)
	}
	if t.Resent > 0 {
		words = append(words, fmt.Sprintf("%d packets resent", t.Resent))
	}
	if t.Note != "" {
		words = append(words, t.Note)
	}
	return strings.Join(words, ", ")
}
