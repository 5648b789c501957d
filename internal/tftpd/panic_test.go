package tftpd_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"dray/internal/event"
	"dray/internal/policy"
	"dray/internal/tftpd"
	"dray/internal/tree"
	"dray/internal/vfs"
	"dray/internal/vfs/memfs"
	"dray/internal/vfs/vfstest"
	"dray/tftp"
)

// bomb is a store with a fault in it.
type bomb struct{ *memfs.FS }

func (b bomb) Open(ctx context.Context, p vfs.Path) (vfs.File, error) {
	if p.String() == "/bomb" {
		panic("boom")
	}
	return b.FS.Open(ctx, p)
}

func (b bomb) Create(ctx context.Context, p vfs.Path, o vfs.CreateOptions) (vfs.Upload, error) {
	u, err := b.FS.Create(ctx, p, o)
	if p.String() == "/bomb" {
		u = bombUpload{u}
	}
	return u, err
}

type bombUpload struct{ vfs.Upload }

func (bombUpload) Write([]byte) (int, error) { panic("boom") }

// told hands events over.
type told chan event.Event

func (t told) Emit(e event.Event) { t <- e }

// TestAPanicEndsItsTransfer and no other, and is told with its stack, and leaves nothing.
func TestAPanicEndsItsTransfer(t *testing.T) {
	files, events := layout(t), make(told, 10)
	srv := &tftp.Server{Handler: &tftpd.Handler{Trees: &tree.Trees{Files: bomb{files}, Rules: policy.ReadWrite}, Events: events}}
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	ok(t, err)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(c) }()
	url := func(name string) tftp.URL {
		u, err := tftp.ParseURL("tftp://" + c.LocalAddr().String() + "/" + name)
		ok(t, err)
		return u
	}
	client := tftp.Client{NoOptions: true} // or it tries again without them
	defer client.Close()
	for _, transfer := range []func() error{
		func() error { _, err := client.Get(t.Context(), url("bomb"), new(bytes.Buffer)); return err },
		func() error { _, err := client.Put(t.Context(), url("bomb"), strings.NewReader("x"), 1); return err },
	} {
		if err := transfer(); err == nil || strings.Contains(err.Error(), "boom") {
			t.Errorf("the client hears %v", err)
		}
		fault, is := (<-events).(event.Fault)
		if !is || !fault.Panic || !strings.Contains(fault.Err.Error(), "boom") || !strings.Contains(fault.Err.Error(), "panic_test.go") {
			t.Errorf("told %+v", fault)
		}
		if end, is := (<-events).(event.Transfer); !is || end.Err == nil {
			t.Errorf("told %+v", end)
		}
	}
	if _, err := files.Stat(t.Context(), vfstest.Path(t, "/bomb")); err == nil {
		t.Error("half an upload is there")
	}
	var got bytes.Buffer
	_, err = client.Get(t.Context(), url("f"), &got)
	ok(t, err)
	if got.String() != "/f" {
		t.Errorf("got %q", &got)
	}
	ok(t, srv.Close())
	if err := <-served; !errors.Is(err, tftp.ErrServerClosed) {
		t.Error(err)
	}
}
