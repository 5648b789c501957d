package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path"
	"strings"

	"golang.org/x/crypto/ssh"

	"dray/internal/scp"
	"dray/internal/sshclient"
)

// scpRemote is a path on a server that speaks the older scp, as devices do.
type scpRemote struct{ sshRemote }

// errNoScpResume: the protocol moves whole files.
var errNoScpResume = errors.New("scp cannot resume: leave --continue out, or use sftp://")

// remotePath is the path as devices want it: what is relative has no "./" in front.
func (r *scpRemote) remotePath() string { return strings.TrimPrefix(r.path, "./") }

// run has the other side run scp, and speaks with it.
func (r *scpRemote) run(ctx context.Context, c scp.Command, speak func(*scp.Stream) error) error {
	return r.session(ctx, func(client *sshclient.Client) error {
		s, err := client.NewSession()
		if err != nil {
			return &transferError{79, err}
		}
		defer s.Close()
		in, err := s.StdinPipe()
		if err != nil {
			return &transferError{79, err}
		}
		out, err := s.StdoutPipe()
		if err != nil {
			return &transferError{79, err}
		}
		if err := s.Start(c.String()); err != nil {
			return &transferError{79, fmt.Errorf("the server does not run scp: %w", err)}
		}
		stream := scp.NewStream(struct {
			io.Reader
			io.Writer
		}{out, in})
		stream.Buffer = make([]byte, 256<<10)
		err = speak(stream)
		in.Close() // it may be closed at the other side already
		if err != nil {
			return scpError(err, r.remotePath(), c.Sink)
		}
		var status *ssh.ExitError
		if err := s.Wait(); errors.As(err, &status) {
			return &transferError{79, fmt.Errorf("scp on the server ended with %d", status.ExitStatus())}
		}
		return nil // devices end without a status
	})
}

func (r *scpRemote) fetch(ctx context.Context, w io.Writer, offset int64, report func(done, total int64)) error {
	if offset > 0 {
		return &usageError{errNoScpResume}
	}
	sink := &scpSink{w: &countingWriter{w, counting{report: report}}}
	err := r.run(ctx, scp.Command{Paths: []string{r.remotePath()}}, func(s *scp.Stream) error {
		return s.Take(scp.Command{Paths: []string{"file"}}, sink)
	})
	if err == nil && !sink.done {
		return &transferError{18, fmt.Errorf("%s: the server has sent nothing", r.remotePath())}
	}
	return err
}

func (r *scpRemote) store(ctx context.Context, src io.Reader, size int64, resume bool, report func(done, total int64)) error {
	switch {
	case resume:
		return &usageError{errNoScpResume}
	case size < 0:
		return &usageError{errors.New("scp says the size in front, which is not known here: use sftp://, or a file")}
	}
	from := &scpSource{&countingReader{src, counting{total: size, report: report}}, size, path.Base(r.path)}
	return r.run(ctx, scp.Command{Sink: true, Paths: []string{r.remotePath()}}, func(s *scp.Stream) error {
		return s.Give(scp.Command{Paths: []string{"file"}}, from)
	})
}

// scpError says what the other side has against a path.
func scpError(err error, name string, upload bool) error {
	code := 56
	if upload {
		code = 55
	}
	var local *localError
	var said *scp.RemoteError
	switch {
	case errors.As(err, &local):
		return err
	case errors.As(err, &said):
		text := strings.ToLower(said.Text)
		switch {
		case strings.Contains(text, "no such file"):
			code = 78
		case strings.Contains(text, "denied"):
			code = 9
		case strings.Contains(text, "space"):
			code = 70
		case upload:
			code = 25
		default:
			code = 19
		}
	}
	return &transferError{code, fmt.Errorf("%s: %w", name, err)}
}

// scpSink takes one file.
type scpSink struct {
	w    *countingWriter
	done bool
}

var errOneFile = errors.New("more than one file")

func (s *scpSink) IsDir(string) bool { return false }

func (s *scpSink) Create(_ string, size int64, _ scp.Attributes) (scp.Upload, error) {
	if s.done {
		return nil, errOneFile
	}
	s.w.total = size
	return &scpFile{s}, nil
}

func (s *scpSink) Mkdir(string, scp.Attributes) error { return errOneFile }
func (s *scpSink) Leave(string, scp.Attributes) error { return nil }
func (s *scpSink) Phrase(err error) string            { return "cannot write" }

// scpFile is the file. Whether it is kept, who called fetch decides.
type scpFile struct{ s *scpSink }

func (f *scpFile) Write(b []byte) (int, error) { return f.s.w.Write(b) }
func (f *scpFile) Commit() error               { f.s.done = true; return nil }
func (f *scpFile) Abort() error                { return nil }

// scpSource gives one file.
type scpSource struct {
	r    io.Reader
	size int64
	base string
}

func (s *scpSource) Stat(string) (scp.Info, error) {
	return scp.Info{Name: s.base, Mode: 0o644, Size: s.size}, nil
}

func (s *scpSource) Open(string) (io.ReadCloser, error) { return io.NopCloser(s.r), nil }

func (s *scpSource) List(string) iter.Seq2[scp.Info, error] {
	return func(func(scp.Info, error) bool) {} // it is no folder
}

func (s *scpSource) Phrase(error) string { return "cannot read" }
