package ftpd_test

import (
	"context"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"dray/ftp/ftpclient"
	"dray/internal/event"
	"dray/internal/ftpd"
	"dray/internal/identity"
	"dray/internal/policy"
	"dray/internal/tree"
	"dray/internal/vfs"
	"dray/internal/vfs/memfs"
)

// bomb is a store with a fault in it.
type bomb struct {
	*memfs.FS
	aborted atomic.Int64 // uploads
}

func (b *bomb) Open(context.Context, vfs.Path) (vfs.File, error) { panic("boom") }
func (b *bomb) Mkdir(ctx context.Context, p vfs.Path) error      { panic("boom") }
func (b *bomb) Stat(context.Context, vfs.Path) (vfs.Info, error) { panic("boom") }

func (b *bomb) Create(ctx context.Context, p vfs.Path, o vfs.CreateOptions) (vfs.Upload, error) {
	u, err := b.FS.Create(ctx, p, o)
	return bombUpload{u, &b.aborted}, err
}

type bombUpload struct {
	vfs.Upload
	aborted *atomic.Int64
}

func (u bombUpload) Write([]byte) (int, error) { panic("boom") }

func (u bombUpload) Abort() error {
	u.aborted.Add(1)
	return u.Upload.Abort()
}

// TestAPanicEndsItsSession and no other, and is told with its stack, whoever of the
// session's goroutines it comes from. It leaves no half of an upload.
func TestAPanicEndsItsSession(t *testing.T) {
	events := recorder{ended: make(chan struct{}, 1)}
	files := &bomb{FS: memfs.New()}
	address := serve(t, &ftpd.Backend{Trees: &tree.Trees{Files: files, Rules: policy.ReadWrite}, Users: identity.Guests{}, Events: &events})
	ctx := t.Context()
	enter := func() *ftpclient.Client {
		c, err := new(ftpclient.Dialer).Dial(ctx, address)
		ok(t, err)
		t.Cleanup(func() { c.Close() })
		ok(t, c.Login(ctx, "anonymous", ""))
		return c
	}
	other := enter()
	for name, do := range map[string]func(c *ftpclient.Client) error{
		"MKD":  func(c *ftpclient.Client) error { return c.MakeDir(ctx, "/d") },
		"SIZE": func(c *ftpclient.Client) error { _, err := c.Cmd(ctx, "SIZE", "/f"); return err },
		"STOR": func(c *ftpclient.Client) error {
			_, err := c.Store(ctx, "/half", 0, strings.NewReader("content"))
			return err
		},
		"RETR": func(c *ftpclient.Client) error { _, err := c.Retrieve(ctx, "/f", 0, io.Discard); return err },
	} {
		before := events.count()
		if err := do(enter()); err == nil || strings.Contains(err.Error(), "boom") {
			t.Errorf("%s: the client hears %v", name, err)
		}
		<-events.ended
		told := false
		for _, e := range events.events[before:] {
			fault, is := e.(event.Fault)
			told = told || is && fault.Panic && strings.Contains(fault.Err.Error(), "boom") && strings.Contains(fault.Err.Error(), "panic_test.go")
		}
		if !told {
			t.Errorf("%s: told %v", name, events.lines())
		}
	}
	if n := files.aborted.Load(); n != 1 {
		t.Errorf("%d uploads were aborted", n)
	}
	_, err := other.Cmd(ctx, "NOOP", "")
	ok(t, err)
	ok(t, other.Quit(ctx))
	<-events.ended
}
