package sftpd

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"dray/internal/event"
	"dray/internal/policy"
	"dray/internal/tree"
	"dray/internal/vfs"
	"dray/internal/vfs/memfs"
	"dray/internal/vfs/vfstest"
)

// line is a client's end of a connection in virtual time. What is written waits in a queue;
// while it is held nothing is read.
type line struct {
	net.Conn
	queue chan []byte
	once  sync.Once

	mu   sync.Mutex
	free chan struct{} // closed when reads go on
}

func newLine(nc net.Conn) *line {
	l := &line{Conn: nc, queue: make(chan []byte, 1<<16), free: make(chan struct{})}
	close(l.free)
	go func() {
		for b := range l.queue {
			if _, err := nc.Write(b); err != nil {
				nc.Close()
			}
		}
	}()
	return l
}

func (l *line) Write(b []byte) (int, error) {
	l.queue <- append([]byte(nil), b...)
	return len(b), nil
}

func (l *line) Read(b []byte) (int, error) {
	l.mu.Lock()
	free := l.free
	l.mu.Unlock()
	<-free
	return l.Conn.Read(b)
}

func (l *line) hold() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free = make(chan struct{})
}

func (l *line) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.free)
}

func (l *line) Close() error {
	l.once.Do(func() { close(l.queue) })
	return l.Conn.Close()
}

// stillness is a client that logs in, does something, and then is still in some way. It
// returns when the server has ended the connection.
type stillness struct {
	t      *testing.T
	line   *line
	client *ssh.Client
	told   *diary
}

func (s *stillness) sftp() *sftp.Client {
	s.t.Helper()
	c, err := sftp.NewClient(s.client)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// over waits for the end of the connection.
func (s *stillness) over() { _ = s.client.Wait() }

// still runs a client in virtual time, and returns how long the server had patience.
func still(t *testing.T, files vfs.FS, do func(*stillness)) (lasted time.Duration, told []event.Event) {
	synctest.Test(t, func(t *testing.T) {
		diary := &diary{cut: make(chan struct{}, 100)}
		diary.more.L = &diary.mu
		srv := &Server{Users: users(), Trees: &tree.Trees{Files: files, Rules: policy.ReadWrite}, Terms: Terms{HostKeys: []ssh.Signer{signer(t)}}, Events: diary}
		far, near := net.Pipe()
		l := newLine(near)
		begun := time.Now()
		srv.admit(far)
		if do == nil { // says nothing at all
			_, _ = io.Copy(io.Discard, l)
		} else {
			conn, channels, requests, err := ssh.NewClientConn(l, "", clientConfig("amy", ssh.Password("secret")))
			if err != nil {
				t.Fatal(err)
			}
			do(&stillness{t, l, ssh.NewClient(conn, channels, requests), diary})
		}
		lasted = time.Since(begun)
		l.Close()
		if err := srv.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		told = diary.since(0)
	})
	return lasted, told
}

// transferError is that of the transfer that was told of.
func transferError(told []event.Event) error {
	for _, e := range told {
		if t, ok := e.(event.Transfer); ok {
			return t.Err
		}
	}
	return nil
}

func TestSilentBeforeLogin(t *testing.T) {
	if lasted, _ := still(t, memfs.New(), nil); lasted != time.Minute {
		t.Errorf("%v", lasted)
	}
}

func TestIdle(t *testing.T) {
	for name, do := range map[string]func(*stillness){
		"after log-in":      func(*stillness) {},
		"in a session":      func(s *stillness) { s.sftp() },
		"with a file open":  func(s *stillness) { write(s.t, s.sftp(), "/f"); openFile(s.t, s.sftp(), "/f") },
		"after an exchange": func(s *stillness) { write(s.t, s.sftp(), "/f") },
	} {
		if lasted, _ := still(t, memfs.New(), func(s *stillness) { do(s); s.over() }); lasted != 15*time.Minute {
			t.Errorf("%s: %v", name, lasted)
		}
	}
}

func write(t *testing.T, c *sftp.Client, name string) {
	t.Helper()
	f, err := c.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("content")); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func openFile(t *testing.T, c *sftp.Client, name string) *sftp.File {
	t.Helper()
	f, err := c.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestKeepalive: who asks whether the server is there is not idle.
func TestKeepalive(t *testing.T) {
	lasted, _ := still(t, memfs.New(), func(s *stillness) {
		for range 10 {
			time.Sleep(10 * time.Minute)
			if _, _, err := s.client.SendRequest("keepalive@openssh.com", true, nil); err != nil {
				t.Fatal(err)
			}
		}
		s.over()
	})
	if lasted != 115*time.Minute {
		t.Errorf("%v", lasted)
	}
}

// TestStalledUpload: an upload that does not go on is cut off, and leaves nothing.
func TestStalledUpload(t *testing.T) {
	files := memfs.New()
	lasted, told := still(t, files, func(s *stillness) {
		f, err := s.sftp().Create("/f")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if _, err := f.Write([]byte("half")); err != nil {
			t.Fatal(err)
		}
		s.over()
	})
	if lasted != 6*time.Minute || !errors.Is(transferError(told), errStalled) {
		t.Errorf("%v, %v", lasted, told)
	}
	if _, err := files.Stat(t.Context(), vfstest.Path(t, "/f")); err == nil {
		t.Error("half a file is there")
	}
}

// TestStalledDownload: who asks and does not read is cut off, though the line stands.
func TestStalledDownload(t *testing.T) {
	files := memfs.New()
	vfstest.Put(t, files, "/f", string(make([]byte, 8<<20)))
	lasted, _ := still(t, files, func(s *stillness) {
		f := openFile(t, s.sftp(), "/f")
		time.Sleep(time.Minute)
		s.line.hold()
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = f.WriteTo(io.Discard)
		}()
		time.Sleep(5*time.Minute + time.Second) // the one read that was under way may let something through
		s.line.release()
		s.over()
		<-done
	})
	if lasted != 6*time.Minute+time.Second {
		t.Errorf("%v", lasted)
	}
}

// TestStalledScp: the older scp too, in both directions.
func TestStalledScp(t *testing.T) {
	for _, command := range []string{"scp -t /f", "scp -f /f"} {
		files := memfs.New()
		vfstest.Put(t, files, "/f", "content")
		lasted, _ := still(t, files, func(s *stillness) {
			session, err := s.client.NewSession()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := session.StdinPipe(); err != nil { // which is not closed
				t.Fatal(err)
			}
			if err := session.Start(command); err != nil {
				t.Fatal(err)
			}
			s.over()
		})
		if lasted != 5*time.Minute {
			t.Errorf("%s: %v", command, lasted)
		}
	}
}
