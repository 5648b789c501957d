package ftpserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"dray/ftp"
)

// sendJob is a running transfer over a new connection, and the other end of that.
func sendJob(t *testing.T, s *Server) (*job, *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	j := &job{srv: s, tcp: conn.(*net.TCPConn), socket: conn, conn: conn, unwatch: func() bool { return true }}
	j.ctx, j.cancel = context.WithCancel(t.Context())
	t.Cleanup(func() {
		j.closeData(false)
		j.cancel()
		far.Close()
	})
	far.SetDeadline(time.Now().Add(patience))
	return j, far.(*net.TCPConn)
}

// onlySys is a file that can be sent by the system alone.
type onlySys struct{ syscall.Conn }

func (onlySys) Read([]byte) (int, error) { return 0, errors.New("read into the memory of the program") }

// TestDirect: every octet arrives, from where the file is and no more than was asked for.
func TestDirect(t *testing.T) {
	data := make([]byte, 20<<20)
	rand.NewChaCha8([32]byte{2}).Read(data)
	file := create(t, data)
	for _, c := range []struct{ offset, limit, want int64 }{
		{0, 1<<63 - 1, 20 << 20}, {1, 17 << 20, 17 << 20}, {20<<20 - 1, 5, 1}, {20 << 20, 5, 0}, {0, 0, 0},
	} {
		t.Run(fmt.Sprintf("%d from %d", c.limit, c.offset), func(t *testing.T) {
			if _, err := file.Seek(c.offset, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			j, far := sendJob(t, &Server{})
			got := make(chan []byte, 1)
			go func() {
				b, err := io.ReadAll(far)
				if err != nil {
					t.Error(err)
				}
				got <- b
			}()
			if taken, err := j.sendDirect(onlySys{file}, c.limit); !taken || err != nil {
				t.Fatalf("taken %v, %v", taken, err)
			}
			j.closeData(true)
			if b := <-got; !bytes.Equal(b, data[c.offset:c.offset+c.want]) || j.bytes.Load() != c.want {
				t.Errorf("%d octets arrived, %d were counted", len(b), j.bytes.Load())
			}
		})
	}
}

// TestDirectEnds: a peer that takes nothing holds neither the transfer nor its thread.
func TestDirectEnds(t *testing.T) {
	file := create(t, nil)
	if err := file.Truncate(1 << 40); err != nil {
		t.Skip(err)
	}
	for _, c := range []struct {
		about string
		stall time.Duration
		end   func(j *job, far *net.TCPConn)
		want  error
	}{
		{"aborted", 0, func(j *job, _ *net.TCPConn) { j.cancel() }, syscall.EPIPE},
		{"the peer goes", 0, func(_ *job, far *net.TCPConn) { far.Close() }, errDataLost},
		{"nothing moves for too long", time.Millisecond, func(*job, *net.TCPConn) {}, os.ErrDeadlineExceeded},
	} {
		t.Run(c.about, func(t *testing.T) {
			s := &Server{StallTimeout: c.stall}
			j, far := sendJob(t, s)
			ended := make(chan error, 1)
			go func() {
				_, err := j.sendDirect(onlySys{file}, 1<<40)
				ended <- err
			}()
			if _, err := io.ReadFull(far, make([]byte, 1<<20)); err != nil {
				t.Fatal(err)
			}
			c.end(j, far)
			if err := <-ended; !errors.Is(err, errDataLost) || !errors.Is(err, c.want) {
				t.Errorf("%v; want %v", err, c.want)
			}
			if n := s.bulk.inside.Load(); n != 0 {
				t.Errorf("%d threads are still counted", n)
			}
		})
	}
}

// TestWaiting: a peer that sends nothing holds neither the upload nor its thread.
func TestWaiting(t *testing.T) {
	for _, c := range []struct {
		about string
		stall time.Duration
		end   func(j *job, far *net.TCPConn)
		want  error
	}{
		{"aborted", 0, func(j *job, _ *net.TCPConn) { j.cancel() }, context.Canceled},
		{"the peer is done", 0, func(_ *job, far *net.TCPConn) { far.CloseWrite() }, io.EOF},
		{"the peer breaks off", 0, func(_ *job, far *net.TCPConn) { far.SetLinger(0); far.Close() }, errDataLost},
		{"nothing comes for too long", time.Millisecond, func(*job, *net.TCPConn) {}, os.ErrDeadlineExceeded},
	} {
		t.Run(c.about, func(t *testing.T) {
			j, far := sendJob(t, &Server{StallTimeout: c.stall})
			if _, err := far.Write([]byte("some")); err != nil {
				t.Fatal(err)
			}
			if err := j.wait(); err != nil {
				t.Fatal(err)
			}
			b := make([]byte, len("some"))
			if _, err := io.ReadFull(arriving{j}, b); err != nil || string(b) != "some" {
				t.Fatalf("%q, %v", b, err)
			}
			ended := make(chan error, 1)
			go func() {
				_, err := arriving{j}.fill(make([]byte, 1<<20))
				ended <- err
			}()
			c.end(j, far)
			if err := <-ended; !errors.Is(err, c.want) {
				t.Errorf("%v; want %v", err, c.want)
			}
		})
	}
}

// TestAbortWhileTheSystemReceives: ABOR ends an upload that came fast, and nothing of it is
// kept; one that ends well is whole.
func TestAbortWhileTheSystemReceives(t *testing.T) {
	m := newMemory()
	p := enter(t, serve(t, &Server{Backend: m}, "127.0.0.1:0"))
	data := make([]byte, 9<<20+1)
	rand.NewChaCha8([32]byte{3}).Read(data)
	for _, name := range []string{"whole", "half"} {
		conn := p.open()
		p.ask("STOR "+name, ftp.CodeOpening)
		if _, err := conn.Write(data); err != nil {
			t.Fatal(err)
		}
		if name == "half" {
			p.ask("ABOR", ftp.CodeDataLost)
			p.want(ftp.CodeAborted)
			continue
		}
		conn.Close()
		p.want(ftp.CodeDone)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.files["/half"]; ok || !bytes.Equal(m.files["/whole"], data) {
		t.Errorf("half an upload is there: %v; the whole one has %d octets", ok, len(m.files["/whole"]))
	}
}

// TestDirectIsBounded: when enough have a thread the others do without, over a connection
// that is as it was.
func TestDirectIsBounded(t *testing.T) {
	s := new(Server)
	for range maxBulk {
		if !s.bulk.enter() {
			t.Fatal("no room")
		}
	}
	j, far := sendJob(t, s)
	if taken, err := j.sendDirect(onlySys{create(t, []byte("x"))}, 1); taken || err != nil {
		t.Fatalf("taken %v, %v", taken, err)
	}
	if _, err := j.conn.Write([]byte("y")); err != nil {
		t.Error(err)
	}
	b := make([]byte, 1)
	if _, err := io.ReadFull(far, b); err != nil || b[0] != 'y' {
		t.Errorf("%q, %v", b, err)
	}
	s.bulk.leave()
	if taken, err := j.sendDirect(onlySys{create(t, []byte("x"))}, 1); !taken || err != nil {
		t.Errorf("with room: taken %v, %v", taken, err)
	}
}

// TestAbortWhileTheSystemSends: ABOR and Close end a download that the peer does not take,
// and nothing of it went through the memory of the program.
func TestAbortWhileTheSystemSends(t *testing.T) {
	file := create(t, nil)
	if err := file.Truncate(1 << 40); err != nil {
		t.Skip(err)
	}
	s := &Server{Backend: systemFile{newMemory(), file.Name()}}
	addr := serve(t, s, "127.0.0.1:0")
	begin := func() *peer {
		p := enter(t, addr)
		conn := p.open()
		p.ask("RETR file", ftp.CodeOpening)
		if _, err := io.ReadFull(conn, make([]byte, 8<<20)); err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := begin()
	p.ask("ABOR", ftp.CodeDataLost)
	p.want(ftp.CodeAborted)
	p.ask("NOOP", ftp.CodeOK)
	cut := begin()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	cut.ended()
}

func create(t *testing.T, data []byte) *os.File {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	if _, err := file.Write(data); err != nil {
		t.Fatal(err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	return file
}
