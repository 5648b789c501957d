package tftp

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"testing"
	"time"
)

// marked is a file that takes no room: every block of 65464 octets begins with its offset,
// and goes on with whatever was in the buffer.
type marked int64

func (m marked) ReadAt(b []byte, offset int64) (int, error) {
	b = b[:max(min(int64(len(b)), int64(m)-offset), 0)]
	for at := (offset + MaxBlockSize - 1) / MaxBlockSize * MaxBlockSize; at+8 <= offset+int64(len(b)); at += MaxBlockSize {
		binary.BigEndian.PutUint64(b[at-offset:], uint64(at))
	}
	if len(b) == 0 {
		return 0, io.EOF
	}
	return len(b), nil
}

func (m marked) Read([]byte) (int, error) { return 0, errors.New("read by offset") }
func (m marked) Close() error             { return nil }

func (m marked) ReadFile(context.Context, *Request) (io.ReadCloser, int64, error) {
	return m, int64(m), nil
}

func (m marked) WriteFile(context.Context, *Request) (Upload, error) { return nil, fs.ErrPermission }

// marks compares what is written with a marked file.
type marks struct {
	octets int64
}

func (m *marks) Write(b []byte) (int, error) {
	var want [8]byte
	for at := (m.octets + MaxBlockSize - 1) / MaxBlockSize * MaxBlockSize; at+8 <= m.octets+int64(len(b)); at += MaxBlockSize {
		binary.BigEndian.PutUint64(want[:], uint64(at))
		if got := b[at-m.octets:]; [8]byte(got[:8]) != want {
			return 0, fmt.Errorf("octet %d begins % x", at, got[:8])
		}
	}
	m.octets += int64(len(b))
	return len(b), nil
}

// TestLargeFile is V3: 5 GiB go over loopback, 82,010 blocks of the largest size. Each says
// where it belongs, so one that is left out or comes twice is found.
func TestLargeFile(t *testing.T) {
	const size = 5<<30 + 1
	u := serve(t, &Server{Handler: marked(size)}).with("f")
	client := closing(t, &Client{BlockSize: MaxBlockSize, WindowSize: 4})
	var got marks
	tr, err := client.Get(t.Context(), u, &got)
	if err != nil || got.octets != size || tr.Bytes != size || tr.Negotiated.Size != size {
		t.Errorf("got %d octets of %d, told %+v: %v", got.octets, int64(size), tr, err)
	}
}

// TestLargeUpload counts as many octets in, without moving them.
func TestLargeUpload(t *testing.T) {
	const size = 5<<30 + 1
	now := time.Unix(0, 0)
	r := newReceiver(0, now)
	r.negotiate(Options{BlockSize: MaxBlockSize, WindowSize: 16})
	packet := make([]byte, headerSize+MaxBlockSize)
	octets, blocks := int64(0), int64(0)
	for !r.whole {
		blocks++
		payload := min(size-octets, MaxBlockSize)
		appendHeader(packet[:0], opDATA, uint16(blocks))
		r.recv(packet[:headerSize+payload], now)
		b, _, ok := r.take(now)
		if !ok || int64(len(b)) != payload {
			t.Fatalf("block %d: %d octets, %v", blocks, len(b), ok)
		}
		octets += payload
		if n, ok := r.poll(now); ok && n != blocks {
			t.Fatalf("ACK %d of block %d", n, blocks)
		}
	}
	if octets != size || blocks != size/MaxBlockSize+1 {
		t.Errorf("%d octets in %d blocks", octets, blocks)
	}
}

// TestWindowsFitTheHost: no more is asked for than the receive buffer holds.
func TestWindowsFitTheHost(t *testing.T) {
	for _, c := range []struct{ holds, block, window, want int }{
		{0, 65464, 64, 64}, {8 << 20, 1428, 64, 64}, {425_984, 1428, 16, 16}, {425_984, 8192, 64, 41},
		{425_984, 65464, 16, 5}, {100, 65464, 16, 1}, {425_984, 0, 0, 0},
	} {
		p := udpPort{holds: c.holds}
		if got := p.window(Options{BlockSize: c.block, WindowSize: c.window}); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
}
