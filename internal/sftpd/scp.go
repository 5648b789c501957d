package sftpd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"dray/internal/event"
	"dray/internal/policy"
	"dray/internal/policy/guard"
	"dray/internal/scp"
	"dray/internal/vfs"
)

// exec runs scp, and refuses every other command.
func (c *conn) exec(line string) job {
	command, err := scp.ParseCommand(line)
	if err != nil {
		return refuse
	}
	for i, p := range command.Paths { // which a shell would have done
		if p == "~" || strings.HasPrefix(p, "~/") {
			command.Paths[i] = "/" + strings.TrimPrefix(p[1:], "/")
		}
	}
	return func(ctx context.Context, ch ssh.Channel) uint32 {
		if err := c.begin(); err != nil {
			_, _ = io.WriteString(ch.Stderr(), err.Error()+"\r\n")
			return 1
		}
		defer c.end()
		c.move()
		c.clock.scp.Add(1)
		defer c.clock.scp.Add(-1)
		buffer := c.srv.buffer(largeBuffer)
		defer c.srv.release(buffer)
		stream := scp.NewStream(ch)
		stream.Buffer = *buffer
		files, err := c.open(ctx, "scp", ch)
		if err != nil {
			return 1
		}
		s := scpSession{ctx: ctx, conn: c, files: files}
		if command.Sink {
			err = stream.Take(command, s)
		} else {
			err = stream.Give(command, s)
		}
		if err != nil {
			return 1 // both sides know, and the events
		}
		return 0
	}
}

// scpSession is both ends of scp over what the user may see.
type scpSession struct {
	ctx   context.Context
	conn  *conn
	files guard.Tree
}

// transferred tells of a transfer; it fills in whose it was.
func (s scpSession) transferred(t event.Transfer) {
	t.Session = s.conn.by("scp")
	s.conn.emit(t)
}

// Phrase implements [scp.Source] and [scp.Sink].
func (s scpSession) Phrase(err error) string {
	_, message := wire(err)
	return message
}

// Stat implements [scp.Source].
func (s scpSession) Stat(name string) (scp.Info, error) {
	p, err := vfs.ParsePath(name)
	if err != nil {
		return scp.Info{}, err
	}
	i, err := s.files.Stat(s.ctx, p)
	if err != nil {
		s.transferred(event.Transfer{Op: event.Read, Path: name, Err: err})
		return scp.Info{}, err
	}
	return scpInfo(i), nil
}

func scpInfo(i vfs.Info) scp.Info {
	return scp.Info{Name: i.Name, Dir: i.IsDir(), Mode: i.Mode.Perm(), Size: i.Size, Modified: i.ModTime}
}

// List implements [scp.Source].
func (s scpSession) List(name string) iter.Seq2[scp.Info, error] {
	return func(yield func(scp.Info, error) bool) {
		p, err := vfs.ParsePath(name)
		if err != nil {
			yield(scp.Info{}, err)
			return
		}
		for i, err := range s.files.List(s.ctx, p) {
			if !yield(scpInfo(i), err) {
				return
			}
		}
	}
}

// Open implements [scp.Source].
func (s scpSession) Open(name string) (io.ReadCloser, error) {
	p, err := vfs.ParsePath(name)
	if err != nil {
		return nil, err
	}
	f, err := s.files.Open(s.ctx, p)
	if err != nil {
		s.transferred(event.Transfer{Op: event.Read, Path: name, Err: err})
		return nil, err
	}
	s.conn.opened(event.Read, name)
	return &scpFile{File: f, s: s, path: p, begun: time.Now()}, nil
}

// scpFile is a file that is given.
type scpFile struct {
	vfs.File
	s     scpSession
	path  vfs.Path
	begun time.Time
	bytes int64
	err   error
}

func (f *scpFile) Read(b []byte) (int, error) {
	n, err := f.File.Read(b)
	f.bytes += int64(n)
	f.s.conn.moved(n)
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}

func (f *scpFile) Close() error {
	f.s.transferred(event.Transfer{
		Op: event.Read, Path: f.path.String(), Bytes: f.bytes, Duration: time.Since(f.begun), Err: f.err,
	})
	return f.File.Close()
}

// IsDir implements [scp.Sink].
func (s scpSession) IsDir(name string) bool {
	p, err := vfs.ParsePath(name)
	if err != nil {
		return false
	}
	i, err := s.files.Stat(s.ctx, p)
	return err == nil && i.IsDir()
}

// Create implements [scp.Sink].
func (s scpSession) Create(name string, size int64, a scp.Attributes) (scp.Upload, error) {
	p, err := vfs.ParsePath(name)
	if err != nil {
		return nil, err
	}
	_, missing := s.files.Stat(s.ctx, p)
	err = s.preserves(p, a)
	var up vfs.Upload
	if err == nil {
		up, err = s.files.Create(s.ctx, p, vfs.CreateOptions{Expect: size})
	}
	if err != nil {
		s.transferred(event.Transfer{Op: event.Write, Path: p.String(), Err: err})
		return nil, err
	}
	s.conn.opened(event.Write, name)
	return &scpUpload{Upload: up, s: s, path: p, attrs: a, fresh: errors.Is(missing, fs.ErrNotExist), begun: time.Now()}, nil
}

// scpUpload is a file that is taken.
type scpUpload struct {
	vfs.Upload
	s     scpSession
	path  vfs.Path
	attrs scp.Attributes
	fresh bool // there was none of the name
	begun time.Time
	bytes int64
	err   error
	told  bool
}

func (u *scpUpload) Write(b []byte) (int, error) {
	u.s.conn.work()
	defer u.s.conn.worked()
	n, err := u.Upload.Write(b)
	u.bytes += int64(n)
	u.s.conn.moved(n)
	if err != nil {
		u.err = err
	}
	return n, err
}

func (u *scpUpload) Commit() error {
	u.s.conn.work()
	defer u.s.conn.worked()
	err := u.Upload.Commit()
	u.tell(err)
	if err != nil {
		return err
	}
	return u.s.attribute(u.path, u.attrs, u.fresh, 0o644)
}

func (u *scpUpload) Abort() error {
	err := u.Upload.Abort()
	if u.err == nil {
		u.err = u.s.conn.lost()
	}
	u.tell(errors.Join(u.err, err))
	return err
}

func (u *scpUpload) tell(err error) {
	if u.told {
		return
	}
	u.told = true
	u.s.transferred(event.Transfer{
		Op: event.Write, Path: u.path.String(), Bytes: u.bytes, Duration: time.Since(u.begun), Err: err,
	})
}

// attribute sets what was said of a file or folder. Without -p the permissions are a wish
// for what is new, and usual is what that has anyway.
func (s scpSession) attribute(p vfs.Path, a scp.Attributes, fresh bool, usual fs.FileMode) error {
	perm := a.Mode.Perm() &^ 0o022
	if !a.Preserve && (!fresh || perm == usual) {
		return nil
	}
	may := func(op policy.Op) bool { return s.files.May(op, p) }
	lenient := !a.Preserve || s.conn.terms.LenientAttributes
	if setter, ok := s.files.(vfs.ModeSetter); ok && (may(policy.SetStat) || !lenient) {
		if a.Preserve {
			perm = a.Mode.Perm()
		}
		if err := setter.SetMode(s.ctx, p, perm); err != nil && !lenient {
			return err
		}
	}
	if !a.Preserve || a.Modified.IsZero() {
		return nil
	}
	if setter, ok := s.files.(vfs.TimeSetter); ok && (may(policy.SetStat) || !lenient) {
		return setter.SetTimes(s.ctx, p, a.Accessed, a.Modified)
	}
	return nil
}

// Mkdir implements [scp.Sink].
func (s scpSession) Mkdir(name string, a scp.Attributes) error {
	p, err := vfs.ParsePath(name)
	if err != nil {
		return err
	}
	if s.IsDir(name) {
		return nil
	}
	if err = s.preserves(p, a); err == nil {
		err = s.files.Mkdir(s.ctx, p)
	}
	s.conn.emit(event.Change{Session: s.conn.by("scp"), Op: event.Mkdir, Path: p.String(), Err: err})
	if err != nil {
		return err
	}
	wish := scp.Attributes{Mode: a.Mode | 0o700} // or what follows could not be put into it
	return s.attribute(p, wish, true, 0o755)
}

// preserves refuses ahead what is to have times and permissions that may not be set: else it
// would be done by half.
func (s scpSession) preserves(p vfs.Path, a scp.Attributes) error {
	if !a.Preserve || s.conn.terms.LenientAttributes || s.files.May(policy.SetStat, p) {
		return nil
	}
	err := fmt.Errorf("%w by the rules: %s", fs.ErrPermission, s.files.Why(policy.SetStat, p))
	return &vfs.OpError{Op: "setstat", Path: p.String(), Err: err}
}

// Leave implements [scp.Sink].
func (s scpSession) Leave(name string, a scp.Attributes) error {
	if !a.Preserve {
		return nil
	}
	p, err := vfs.ParsePath(name)
	if err != nil {
		return err
	}
	return s.attribute(p, a, false, 0)
}
