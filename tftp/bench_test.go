package tftp

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// disk is a Handler of one file, and of uploads that go nowhere.
type disk struct{ name string }

func (d disk) ReadFile(context.Context, *Request) (io.ReadCloser, int64, error) {
	f, err := os.Open(d.name)
	if err != nil {
		return nil, 0, err
	}
	i, err := f.Stat()
	return f, i.Size(), err
}

func (disk) WriteFile(context.Context, *Request) (Upload, error) { return nowhere{io.Discard}, nil }

type nowhere struct{ io.Writer }

func (nowhere) Commit() error { return nil }
func (nowhere) Abort() error  { return nil }

// BenchmarkGet moves a file over loopback. Server and client share the machine.
func BenchmarkGet(b *testing.B) {
	const size = 16 << 20
	name := filepath.Join(b.TempDir(), "file")
	if err := os.WriteFile(name, content(size), 0o600); err != nil {
		b.Fatal(err)
	}
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	s := &Server{Handler: disk{name}}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(conn) }()
	defer func() {
		s.Close()
		<-ended
	}()
	u := URL{Host: "127.0.0.1", Port: conn.LocalAddr().(*net.UDPAddr).Port, Name: "file"}
	for _, o := range []Options{
		{BlockSize: 512, WindowSize: 1}, {BlockSize: 1428, WindowSize: 1}, {BlockSize: 8192, WindowSize: 1},
		{BlockSize: 1428, WindowSize: 16}, {BlockSize: 1428, WindowSize: 64},
	} {
		b.Run(fmt.Sprintf("%dx%d", o.BlockSize, o.WindowSize), func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				c := &Client{BlockSize: o.BlockSize, WindowSize: o.WindowSize}
				if t, err := c.Get(b.Context(), u, io.Discard); err != nil || t.Bytes != size {
					b.Fatal(t.Bytes, err)
				} else if t.Resent > 0 {
					b.Log("resent", t.Resent)
				}
				c.Close()
			}
		})
	}
}
