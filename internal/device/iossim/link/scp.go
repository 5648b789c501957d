package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net"
	"path"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"dray/internal/device/iossim/place"
	"dray/internal/scp"
)

// scp logs in and runs a command of scp. Like the devices that it stands for, it takes
// whatever host key comes.
func (l *Link) scp(ctx context.Context, r place.Remote, cmd scp.Command, move func(*scp.Stream) error) error {
	port := r.Port
	if port == 0 {
		port = 22
	}
	address := net.JoinHostPort(r.Host, strconv.Itoa(port))
	conn, err := l.dial(r.Source)(ctx, "tcp", address)
	if err != nil {
		return meaning(err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	_ = conn.SetDeadline(time.Now().Add(l.timeout())) // a connection that takes none fails soon
	c, channels, requests, err := ssh.NewClientConn(conn, address, &ssh.ClientConfig{
		User: r.User, Auth: []ssh.AuthMethod{ssh.Password(r.Password)}, HostKeyCallback: ssh.InsecureIgnoreHostKey(),
		ClientVersion: "SSH-2.0-Cisco-1.25",
	})
	if err != nil {
		if strings.Contains(err.Error(), "unable to authenticate") {
			return fmt.Errorf("%w (%w)", place.ErrLogin, err)
		}
		return meaning(err)
	}
	_ = conn.SetDeadline(time.Time{})
	client := ssh.NewClient(c, channels, requests)
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		return meaning(err)
	}
	defer session.Close()
	in, err1 := session.StdinPipe()
	out, err2 := session.StdoutPipe()
	if err := errors.Join(err1, err2, session.Start(cmd.String())); err != nil {
		return meaning(err)
	}
	err = move(scp.NewStream(struct {
		io.Reader
		io.Writer
	}{out, in}))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return said(err)
}

// said finds what the other side means by its complaint.
func said(err error) error {
	var remote *scp.RemoteError
	if !errors.As(err, &remote) {
		return meaning(err)
	}
	switch text := strings.ToLower(remote.Text); {
	case strings.Contains(text, "no such file"), strings.Contains(text, "not found"):
		return fmt.Errorf("%w (%w)", fs.ErrNotExist, err)
	case strings.Contains(text, "denied"), strings.Contains(text, "not permitted"):
		return fmt.Errorf("%w (%w)", fs.ErrPermission, err)
	}
	return err
}

func (l *Link) scpFetch(ctx context.Context, r place.Remote, w io.Writer) error {
	cmd := scp.Command{Paths: []string{r.Path}}
	s := &sink{w: w}
	err := l.scp(ctx, r, cmd, func(stream *scp.Stream) error {
		return stream.Take(scp.Command{Sink: true, Paths: []string{base(r.Path)}}, s)
	})
	if err == nil && !s.done {
		return fs.ErrNotExist
	}
	return err
}

func base(p string) string { return path.Base("/" + p) }

// sink takes one file.
type sink struct {
	w    io.Writer
	done bool
}

func (s *sink) IsDir(string) bool { return false }

func (s *sink) Create(string, int64, scp.Attributes) (scp.Upload, error) { return s, nil }

func (s *sink) Write(b []byte) (int, error) { return s.w.Write(b) }

func (s *sink) Commit() error {
	s.done = true
	return nil
}

func (s *sink) Abort() error { return nil }

func (s *sink) Mkdir(string, scp.Attributes) error { return fs.ErrInvalid }
func (s *sink) Leave(string, scp.Attributes) error { return nil }
func (s *sink) Phrase(error) string                { return "cannot write" }

func (l *Link) scpStore(ctx context.Context, r place.Remote, src io.Reader, size int64) error {
	cmd := scp.Command{Sink: true, Paths: []string{r.Path}}
	return l.scp(ctx, r, cmd, func(stream *scp.Stream) error {
		return stream.Give(scp.Command{Paths: []string{r.Path}}, source{src, size})
	})
}

// source gives one file.
type source struct {
	src  io.Reader
	size int64
}

func (s source) Stat(p string) (scp.Info, error) {
	return scp.Info{Name: base(p), Mode: 0o644, Size: s.size}, nil
}

func (s source) Open(string) (io.ReadCloser, error) { return io.NopCloser(s.src), nil }

func (s source) List(string) iter.Seq2[scp.Info, error] {
	return func(func(scp.Info, error) bool) {}
}

func (s source) Phrase(error) string { return "cannot read" }
