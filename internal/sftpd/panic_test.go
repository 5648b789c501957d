package sftpd

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"dray/internal/event"
	"dray/internal/vfs"
	"dray/internal/vfs/memfs"
	"dray/internal/vfs/vfstest"
)

// bomb is a store with faults in it.
type bomb struct {
	*memfs.FS
	aborted atomic.Int64 // uploads
}

func (b *bomb) Stat(ctx context.Context, p vfs.Path) (vfs.Info, error) {
	if p.String() == "/bomb" {
		panic("boom")
	}
	return b.FS.Stat(ctx, p)
}

func (b *bomb) Create(ctx context.Context, p vfs.Path, o vfs.CreateOptions) (vfs.Upload, error) {
	u, err := b.FS.Create(ctx, p, o)
	return bombUpload{u, &b.aborted}, err
}

type bombUpload struct {
	vfs.Upload
	aborted *atomic.Int64
}

func (u bombUpload) WriteAt([]byte, int64) (int, error) { panic("boom") }
func (u bombUpload) Write([]byte) (int, error)          { panic("boom") }

func (u bombUpload) Abort() error {
	u.aborted.Add(1)
	return u.Upload.Abort()
}

// TestAPanicEndsItsSession and no other, is told with its stack, and leaves no half of an
// upload.
func TestAPanicEndsItsSession(t *testing.T) {
	files := &bomb{FS: memfs.New()}
	h := open(t, files, nil)
	other := h.client()
	for name, do := range map[string]func(t *testing.T){
		"stat": func(t *testing.T) {
			victim := h.client()
			if _, err := victim.Stat("/bomb"); err == nil {
				t.Error("no error")
			}
			if err := victim.Wait(); err == nil {
				t.Error("the session ended in peace")
			}
		},
		"write": func(t *testing.T) {
			victim := h.client()
			f, err := victim.Create("/half")
			if err == nil {
				_, err = f.Write([]byte("content"))
			}
			if err == nil {
				t.Error("no error")
			}
			_ = victim.Wait()
		},
		"scp": func(t *testing.T) {
			s, err := h.connect().NewSession()
			if err != nil {
				t.Fatal(err)
			}
			s.Stdin = strings.NewReader("C0644 7 half\ncontent\x00")
			if err := s.Run("scp -t /"); err == nil {
				t.Error("no error")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			before, aborted := len(h.told.since(0)), files.aborted.Load()
			do(t)
			fault := h.told.await(t, func(e event.Event) bool { return e.Kind() == event.KindFault }, before).(event.Fault)
			if text := fault.Err.Error(); !fault.Panic || !strings.Contains(text, "boom") || !strings.Contains(text, "panic_test.go") {
				t.Errorf("told %+v", fault)
			}
			h.told.await(t, func(e event.Event) bool { return e.Kind() == event.KindEnd && e.Whose().ID == fault.ID }, before)
			if n := files.aborted.Load() - aborted; name != "stat" && n != 1 {
				t.Errorf("%d uploads were aborted", n)
			}
		})
	}
	if _, err := other.Stat("/"); err != nil {
		t.Error(err)
	}
	if _, err := files.Stat(t.Context(), vfstest.Path(t, "/half")); err == nil {
		t.Error("half an upload is there")
	}
}
