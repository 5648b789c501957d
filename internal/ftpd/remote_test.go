package ftpd_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net"
	"path"
	"sync"
	"testing"
	"time"

	"dray/ftp"
	"dray/ftp/ftpclient"
	"dray/ftp/ftpserver"
	"dray/internal/vfs"
)

// serve runs an FTP server on a port of its own until the test ends.
func serve(t *testing.T, b ftpserver.Backend) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &ftpserver.Server{Backend: b, LoginDelay: -1}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, ftpserver.ErrServerClosed) {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// remote is the FS behind an FTP server, as our client sees it. Each call has a
// connection of its own for as long as it lasts.
type remote struct {
	t       *testing.T
	address string
	user    string
	mu      sync.Mutex
	idle    []*ftpclient.Client
}

func newRemote(t *testing.T, address string) *remote {
	r := &remote{t: t, address: address, user: "anonymous"}
	t.Cleanup(func() {
		for _, c := range r.idle {
			c.Close()
		}
	})
	return r
}

func (r *remote) client(ctx context.Context) (*ftpclient.Client, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.idle); n > 0 {
		c := r.idle[n-1]
		r.idle = r.idle[:n-1]
		return c, nil
	}
	c, err := new(ftpclient.Dialer).Dial(ctx, r.address)
	if err != nil {
		return nil, err
	}
	if err := c.Login(ctx, r.user, "secret"); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// do calls the server, and makes what it refuses an error of package vfs.
func (r *remote) do(ctx context.Context, op string, p vfs.Path, call func(c *ftpclient.Client) error) error {
	c, err := r.client(ctx)
	if err != nil {
		return &vfs.OpError{Op: op, Path: p.String(), Err: err}
	}
	err = call(c)
	var refused *ftp.Error
	if err != nil && !errors.As(err, &refused) {
		c.Close()
		return &vfs.OpError{Op: op, Path: p.String(), Err: err}
	}
	r.mu.Lock()
	r.idle = append(r.idle, c)
	r.mu.Unlock()
	if err != nil {
		return &vfs.OpError{Op: op, Path: p.String(), Err: err}
	}
	return nil
}

func info(e ftp.Entry) vfs.Info {
	i := vfs.Info{Name: path.Base(e.Name), Mode: e.Mode, ModTime: e.ModTime, Unique: e.Unique, Links: e.Links, Owner: e.Owner, Group: e.Group}
	switch e.Type {
	case ftp.TypeDir:
		i.Mode |= fs.ModeDir
	case ftp.TypeFile:
		i.Size = e.Size
	default:
		i.Mode |= fs.ModeIrregular
	}
	return i
}

func (r *remote) Stat(ctx context.Context, p vfs.Path) (i vfs.Info, err error) {
	err = r.do(ctx, "stat", p, func(c *ftpclient.Client) error {
		e, err := c.Stat(ctx, p.String())
		i = info(e)
		return err
	})
	return i, err
}

func (r *remote) List(ctx context.Context, p vfs.Path) iter.Seq2[vfs.Info, error] {
	return func(yield func(vfs.Info, error) bool) {
		err := r.do(ctx, "list", p, func(c *ftpclient.Client) error {
			for e, err := range c.List(ctx, p.String()) {
				if err != nil {
					return err
				}
				if !yield(info(e), nil) {
					return nil
				}
			}
			return nil
		})
		if err != nil {
			yield(vfs.Info{}, err)
		}
	}
}

// file is a download that has come in whole.
type file struct {
	*bytes.Reader
	info vfs.Info
}

func (f file) Info() (vfs.Info, error) { return f.info, nil }
func (f file) Close() error            { return nil }

func (r *remote) Open(ctx context.Context, p vfs.Path) (vfs.File, error) {
	var content bytes.Buffer
	err := r.do(ctx, "open", p, func(c *ftpclient.Client) error {
		_, err := c.Retrieve(ctx, p.String(), 0, &content)
		return err
	})
	if err != nil {
		return nil, err
	}
	i := vfs.Info{Name: p.Base(), Size: int64(content.Len())}
	return file{bytes.NewReader(content.Bytes()), i}, nil
}

// upload feeds a STOR or APPE that runs beside the test.
type upload struct {
	*io.PipeWriter
	p     vfs.Path
	done  chan error // the outcome of the command, once
	ended bool
}

// begun tells when a transfer asks for its first octet: then the server has agreed to it.
type begun struct {
	io.Reader
	once sync.Once
	c    chan struct{}
}

func (b *begun) Read(p []byte) (int, error) {
	b.once.Do(func() { close(b.c) })
	return b.Reader.Read(p)
}

func (r *remote) Create(ctx context.Context, p vfs.Path, o vfs.CreateOptions) (vfs.Upload, error) {
	if o.Exclusive {
		return nil, errors.New("FTP has no exclusive upload to a name of one's own")
	}
	in, out := io.Pipe()
	from := &begun{Reader: in, c: make(chan struct{})}
	u := &upload{PipeWriter: out, p: p, done: make(chan error, 1)}
	go func() {
		u.done <- r.do(ctx, "create", p, func(c *ftpclient.Client) (err error) {
			if o.InPlace && o.Offset == vfs.OffsetEnd {
				_, err = c.Append(ctx, p.String(), from)
			} else {
				_, err = c.Store(ctx, p.String(), o.Offset, from)
			}
			in.CloseWithError(io.ErrClosedPipe)
			return err
		})
	}()
	select {
	case <-from.c:
		return u, nil
	case err := <-u.done:
		return nil, err
	}
}

// errAborted makes the client break off its upload.
var errAborted = errors.New("aborted by the test")

func (u *upload) closed(op string) error {
	return &vfs.OpError{Op: op, Path: u.p.String(), Err: fs.ErrClosed}
}

func (u *upload) Write(b []byte) (int, error) {
	if u.ended {
		return 0, u.closed("write")
	}
	return u.PipeWriter.Write(b)
}

func (u *upload) Commit() error {
	if u.ended {
		return u.closed("commit")
	}
	u.ended = true
	u.Close()
	return <-u.done
}

func (u *upload) Abort() error {
	if u.ended {
		return nil
	}
	u.ended = true
	u.CloseWithError(errAborted)
	if err := <-u.done; !errors.Is(err, errAborted) {
		return err
	}
	return nil
}

func (r *remote) Mkdir(ctx context.Context, p vfs.Path) error {
	return r.do(ctx, "mkdir", p, func(c *ftpclient.Client) error { return c.MakeDir(ctx, p.String()) })
}

func (r *remote) Remove(ctx context.Context, p vfs.Path) error {
	return r.do(ctx, "remove", p, func(c *ftpclient.Client) error { return c.Remove(ctx, p.String()) })
}

func (r *remote) RemoveDir(ctx context.Context, p vfs.Path) error {
	return r.do(ctx, "removedir", p, func(c *ftpclient.Client) error { return c.RemoveDir(ctx, p.String()) })
}

func (r *remote) Rename(ctx context.Context, from, to vfs.Path, _ vfs.RenameOptions) error {
	return r.do(ctx, "rename", from, func(c *ftpclient.Client) error { return c.Rename(ctx, from.String(), to.String()) })
}

func (r *remote) SetTimes(ctx context.Context, p vfs.Path, _, modified time.Time) error {
	return r.do(ctx, "settimes", p, func(c *ftpclient.Client) error {
		if modified.IsZero() {
			return nil // there is no way to say so
		}
		return c.SetModTime(ctx, p.String(), modified)
	})
}

func (r *remote) SetMode(ctx context.Context, p vfs.Path, mode fs.FileMode) error {
	return r.do(ctx, "setmode", p, func(c *ftpclient.Client) error {
		_, err := c.Cmd(ctx, "SITE", fmt.Sprintf("CHMOD %04o %s", mode.Perm(), p))
		return err
	})
}
