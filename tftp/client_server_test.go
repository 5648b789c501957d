package tftp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"sync"
	"testing"
)

// memory is a Handler that keeps files in memory.
type memory struct {
	mu    sync.Mutex
	files map[string][]byte
	done  chan Transfer // every transfer that has ended, if not nil
}

func (m *memory) ReadFile(_ context.Context, r *Request) (io.ReadCloser, int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.files[r.Name]
	if !ok {
		return nil, 0, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(b)), int64(len(b)), nil
}

func (m *memory) WriteFile(_ context.Context, r *Request) (Upload, error) {
	if r.Name == "forbidden" {
		return nil, fs.ErrPermission
	}
	return &memoryUpload{m: m, name: r.Name}, nil
}

func (m *memory) Transferred(_ *Request, t Transfer) {
	if m.done != nil {
		m.done <- t
	}
}

func (m *memory) get(name string) ([]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.files[name]
	return b, ok
}

type memoryUpload struct {
	bytes.Buffer
	m    *memory
	name string
}

func (u *memoryUpload) Commit() error {
	u.m.mu.Lock()
	defer u.m.mu.Unlock()
	u.m.files[u.name] = bytes.Clone(u.Bytes())
	return nil
}

func (u *memoryUpload) Abort() error { return nil }

// serve starts a server on a free port of loopback, and ends it with the test.
func serve(t *testing.T, s *Server) URL {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(conn) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
	})
	return URL{Host: "127.0.0.1", Port: conn.LocalAddr().(*net.UDPAddr).Port}
}

// closing closes a client with the test.
func closing(t *testing.T, c *Client) *Client {
	t.Cleanup(func() { c.Close() })
	return c
}

func (u URL) with(name string) URL {
	u.Name = name
	return u
}

// TestRoundTrip stores and fetches files of awkward sizes with every kind of request.
func TestRoundTrip(t *testing.T) {
	m := &memory{files: map[string][]byte{}}
	u := serve(t, &Server{Handler: m})
	for _, c := range []*Client{
		{NoOptions: true}, {}, {BlockSize: 512, WindowSize: 1}, {BlockSize: 8}, {BlockSize: 8192}, {BlockSize: 65464},
		{WindowSize: 4}, {BlockSize: 1024, WindowSize: 16}, {WindowSize: 64},
	} {
		closing(t, c)
		for _, size := range []int{0, 1, 511, 512, 513, 1024, 1428, 8192, 100_000} {
			for _, mode := range []Mode{Octet, NetASCII} {
				name := fmt.Sprintf("%d-%d-%d-%v", c.BlockSize, c.WindowSize, size, mode)
				t.Run(name, func(t *testing.T) {
					u := u.with(name)
					u.Mode = mode
					file := content(size)
					sent, err := c.Put(t.Context(), u, bytes.NewReader(file), int64(size))
					if err != nil {
						t.Fatal(err)
					}
					if got, _ := m.get(name); !bytes.Equal(got, file) {
						t.Fatalf("stored %d octets of %d, or others", len(got), size)
					}
					var back bytes.Buffer
					if _, err := c.Get(t.Context(), u, &back); err != nil {
						t.Fatal(err)
					}
					if !bytes.Equal(back.Bytes(), file) {
						t.Fatalf("fetched %d octets of %d, or others", back.Len(), size)
					}
					if c.WindowSize > 1 && sent.Negotiated.WindowSize != c.WindowSize {
						t.Errorf("negotiated %v", sent.Negotiated)
					}
				})
			}
		}
	}
}

func TestClientTellsErrorsApart(t *testing.T) {
	u := serve(t, &Server{Handler: &memory{files: map[string][]byte{}}})
	if _, err := closing(t, new(Client)).Get(t.Context(), u.with("nothing"), io.Discard); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := closing(t, new(Client)).Put(t.Context(), u.with("forbidden"), bytes.NewReader(nil), 0); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a file that may not be written: %v", err)
	}
}

// gathering is a handler that answers nobody before all have asked.
type gathering struct {
	*memory
	missing sync.WaitGroup
}

func (g *gathering) ReadFile(ctx context.Context, r *Request) (io.ReadCloser, int64, error) {
	g.missing.Done()
	g.missing.Wait()
	return g.memory.ReadFile(ctx, r)
}

func (g *gathering) WriteFile(ctx context.Context, r *Request) (Upload, error) {
	g.missing.Done()
	g.missing.Wait()
	return g.memory.WriteFile(ctx, r)
}

// TestManyAtOnce is 200 transfers at once, half of them each way: none goes on before the
// last has begun.
func TestManyAtOnce(t *testing.T) {
	m := &gathering{memory: &memory{files: map[string][]byte{}}}
	m.missing.Add(200)
	var wg sync.WaitGroup
	for i := range 100 {
		m.files[fmt.Sprint("down", i)] = content(20_000 + i)
	}
	u := serve(t, &Server{Handler: m})
	for i := range 100 {
		wg.Go(func() {
			var got bytes.Buffer
			_, err := closing(t, new(Client)).Get(t.Context(), u.with(fmt.Sprint("down", i)), &got)
			if err != nil || !bytes.Equal(got.Bytes(), content(20_000+i)) {
				t.Errorf("get %d: %v, %d octets", i, err, got.Len())
			}
		})
		wg.Go(func() {
			name := fmt.Sprint("up", i)
			_, err := closing(t, new(Client)).Put(t.Context(), u.with(name), bytes.NewReader(content(20_000+i)), int64(20_000+i))
			if got, _ := m.get(name); err != nil || !bytes.Equal(got, content(20_000+i)) {
				t.Errorf("put %d: %v, %d octets", i, err, len(got))
			}
		})
	}
	wg.Wait()
}
