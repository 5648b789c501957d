package ftpd

import (
	"context"
	"io"
	"iter"
	"strings"

	"dray/ftp"
	"dray/ftp/ftpserver"
	"dray/internal/event"
	"dray/internal/policy/guard"
	"dray/internal/vfs"
)

// files is what one user sees, as the FTP server wants it.
type files struct {
	fs      guard.Tree
	session *session
	lenient bool // with attributes
}

func newFiles(f files) ftpserver.FS {
	if space, ok := f.fs.(vfs.SpaceReporter); ok {
		return spaceFiles{f, space}
	}
	return f
}

func (f files) Stat(ctx context.Context, name string) (ftp.Entry, error) {
	p, err := vfs.ParsePath(name)
	if err != nil {
		return ftp.Entry{}, wire(err)
	}
	i, err := f.fs.Stat(ctx, p)
	if err != nil {
		return ftp.Entry{}, wire(err)
	}
	return f.entry(p, i), nil
}

func (f files) List(ctx context.Context, dir string) iter.Seq2[ftp.Entry, error] {
	return func(yield func(ftp.Entry, error) bool) {
		p, err := vfs.ParsePath(dir)
		if err != nil {
			yield(ftp.Entry{}, wire(err))
			return
		}
		for i, err := range f.fs.List(ctx, p) {
			if err != nil {
				yield(ftp.Entry{}, wire(err))
				return
			}
			child, err := p.Join(i.Name)
			if err == nil && !yield(f.entry(child, i), nil) {
				return
			}
		}
	}
}

func (f files) Open(ctx context.Context, name string, offset int64) (io.ReadCloser, error) {
	p, err := vfs.ParsePath(name)
	if err != nil {
		return nil, wire(err)
	}
	file, err := f.fs.Open(ctx, p)
	if err != nil {
		return nil, wire(err)
	}
	if err := seek(file, offset); err != nil {
		file.Close()
		return nil, wire(err)
	}
	return file, nil
}

// seek goes to offset, which may be at most the end.
func seek(file vfs.File, offset int64) error {
	if offset == 0 {
		return nil
	}
	i, err := file.Info()
	if err != nil {
		return err
	}
	if offset < 0 || offset > i.Size {
		return vfs.ErrOffset
	}
	_, err = file.Seek(offset, io.SeekStart)
	return err
}

func (f files) Create(ctx context.Context, name string, o ftpserver.CreateOptions) (ftpserver.Upload, error) {
	p, err := vfs.ParsePath(name)
	if err != nil {
		return nil, wire(err)
	}
	options := vfs.CreateOptions{Exclusive: o.New}
	switch {
	case o.Append:
		options.InPlace, options.Offset = true, vfs.OffsetEnd
	case o.Resume:
		options.InPlace, options.Offset = true, max(0, o.Offset)
	}
	u, err := f.fs.Create(ctx, p, options)
	if err != nil {
		return nil, wire(err)
	}
	return upload{u}, nil
}

// upload is a [vfs.Upload] whose errors the FTP server knows.
type upload struct{ vfs.Upload }

func (u upload) Write(b []byte) (int, error) {
	n, err := u.Upload.Write(b)
	return n, wire(err)
}

func (u upload) Commit() error { return wire(u.Upload.Commit()) }

func (f files) Mkdir(ctx context.Context, name string) error {
	return f.change(event.Mkdir, name, "", func(p, _ vfs.Path) error { return f.fs.Mkdir(ctx, p) })
}

func (f files) Remove(ctx context.Context, name string, dir bool) error {
	if dir {
		return f.change(event.Rmdir, name, "", func(p, _ vfs.Path) error { return f.fs.RemoveDir(ctx, p) })
	}
	return f.change(event.Delete, name, "", func(p, _ vfs.Path) error { return f.fs.Remove(ctx, p) })
}

func (f files) Rename(ctx context.Context, from, to string) error {
	return f.change(event.Rename, from, to, func(p, q vfs.Path) error {
		return f.fs.Rename(ctx, p, q, vfs.RenameOptions{})
	})
}

// change does something to names and tells of it.
func (f files) change(op event.Op, name, to string, do func(p, q vfs.Path) error) error {
	err := f.try(name, to, do)
	f.session.emit(event.Change{Session: f.session.about, Op: op, Path: name, To: to, Err: err})
	return wire(err)
}

// try does something to names that are names.
func (f files) try(name, to string, do func(p, q vfs.Path) error) error {
	p, err := vfs.ParsePath(name)
	if err != nil {
		return err
	}
	q, err := vfs.ParsePath(to)
	if err != nil {
		return err
	}
	return do(p, q)
}

// Hash implements [ftpserver.Hasher].
func (f files) Hash(ctx context.Context, name, algorithm string) ([]byte, error) {
	p, err := vfs.ParsePath(name)
	if err != nil {
		return nil, wire(err)
	}
	sum, err := vfs.KnownDigest(ctx, f.fs, p, strings.ToLower(strings.ReplaceAll(algorithm, "-", "")))
	return sum, wire(err)
}

// spaceFiles is files over an FS that knows its free space.
type spaceFiles struct {
	files
	space vfs.SpaceReporter
}

// FreeSpace implements [ftpserver.SpaceReporter].
func (f spaceFiles) FreeSpace(ctx context.Context, dir string) (int64, error) {
	p, err := vfs.ParsePath(dir)
	if err != nil {
		return 0, wire(err)
	}
	n, err := f.space.FreeSpace(ctx, p)
	return n, wire(err)
}
