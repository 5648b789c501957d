package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"strconv"

	"github.com/pkg/sftp"

	"dray/ftp"
	"dray/internal/sshclient"
)

// sftpRemote is a path on an SFTP server.
type sftpRemote struct{ sshRemote }

// inFlight is how many requests wait for their answer: 4 MiB of content.
const inFlight = 128

// slack is how much of an upload that broke off is sent again: what was in flight may have
// come in any order, and left holes.
const slack = 2 * inFlight * 32 << 10

// with begins an SFTP session.
func (r *sftpRemote) with(ctx context.Context, do func(*sftp.Client) error) error {
	return r.session(ctx, func(c *sshclient.Client) error {
		s, err := sftp.NewClient(c.Client, sftp.MaxConcurrentRequestsPerFile(inFlight), sftp.UseConcurrentWrites(true))
		if err != nil {
			return &transferError{79, fmt.Errorf("the server has no SFTP: %w: try scp://", err)}
		}
		defer s.Close()
		return do(s)
	})
}

func (r *sftpRemote) fetch(ctx context.Context, w io.Writer, offset int64, report func(done, total int64)) error {
	return r.with(ctx, func(c *sftp.Client) error {
		f, err := c.Open(r.path)
		if err != nil {
			return sftpError(err, r.path, 19)
		}
		defer f.Close()
		i, err := f.Stat()
		switch {
		case err != nil:
			return sftpError(err, r.path, 19)
		case i.IsDir():
			return &transferError{19, fmt.Errorf("%s: is a directory", r.path)}
		case offset > i.Size():
			return &localError{cannotResume, fmt.Errorf("the file here is %d octets longer than the server's: it is another one", offset-i.Size())}
		}
		if _, err := f.Seek(offset, io.SeekStart); err != nil {
			return sftpError(err, r.path, 19)
		}
		out := &countingWriter{w, counting{total: i.Size() - offset, report: report}}
		n, err := f.WriteTo(out)
		if err != nil {
			return sftpError(err, r.path, 56)
		}
		if n < i.Size()-offset {
			return &transferError{18, fmt.Errorf("%s: %d octets came of %d", r.path, n, i.Size()-offset)}
		}
		return nil
	})
}

func (r *sftpRemote) store(ctx context.Context, src io.Reader, size int64, resume bool, report func(done, total int64)) error {
	return r.with(ctx, func(c *sftp.Client) error {
		flags, offset := os.O_WRONLY|os.O_CREATE|os.O_TRUNC, int64(0)
		if file, ok := src.(io.ReadSeeker); ok && resume && size >= 0 {
			var err error
			if offset, err = r.there(c, size); err != nil {
				return err
			}
			if _, err := file.Seek(offset, io.SeekStart); err != nil {
				return &localError{cannotRead, err}
			}
		}
		if offset > 0 {
			flags &^= os.O_TRUNC
		}
		f, err := c.OpenFile(r.path, flags)
		if err != nil {
			return sftpError(err, r.path, 25)
		}
		if _, err := f.Seek(offset, io.SeekStart); err != nil {
			return errors.Join(sftpError(err, r.path, 25), f.Close())
		}
		in := &countingReader{src, counting{done: offset, total: size, report: report}}
		if _, err := f.ReadFromWithConcurrency(in, inFlight); err != nil {
			return errors.Join(sftpError(err, r.path, 55), f.Close())
		}
		return sftpError(f.Close(), r.path, 25)
	})
}

// there asks how much of an upload of size octets need not be sent again.
func (r *sftpRemote) there(c *sftp.Client, size int64) (int64, error) {
	i, err := c.Stat(r.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, nil
	case err != nil:
		return 0, sftpError(err, r.path, 25)
	case i.Size() > size:
		return 0, &localError{cannotRead, fmt.Errorf("the server's file has %d octets, more than the %d here: it is another one", i.Size(), size)}
	case i.Size() == size:
		return size, nil
	}
	return max(0, i.Size()-slack), nil
}

func (r *sftpRemote) list(ctx context.Context) iter.Seq2[ftp.Entry, error] {
	return func(yield func(ftp.Entry, error) bool) {
		err := r.with(ctx, func(c *sftp.Client) error {
			dir := r.path
			if dir == "" {
				dir = "."
			}
			all, err := c.ReadDirContext(ctx, dir)
			if err != nil {
				return sftpError(err, dir, 19)
			}
			for _, i := range all {
				if !yield(sftpEntry(i), nil) {
					return nil
				}
			}
			return nil
		})
		if err != nil {
			yield(ftp.Entry{}, err)
		}
	}
}

func sftpEntry(i fs.FileInfo) ftp.Entry {
	e := ftp.Entry{Name: i.Name(), Size: i.Size(), ModTime: i.ModTime().UTC(), Mode: i.Mode().Perm(), HasMode: true}
	switch {
	case i.IsDir():
		e.Type, e.Size = ftp.TypeDir, -1
	case i.Mode()&fs.ModeSymlink != 0:
		e.Type = ftp.TypeLink
	case i.Mode().IsRegular():
		e.Type = ftp.TypeFile
	}
	if s, ok := i.Sys().(*sftp.FileStat); ok {
		e.Owner, e.Group = strconv.FormatUint(uint64(s.UID), 10), strconv.FormatUint(uint64(s.GID), 10)
	}
	return e
}

// sftpError says what the server has against a path; code is what stands for reasons that
// have no number of their own.
func sftpError(err error, name string, code int) error {
	var local *localError
	var status *sftp.StatusError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &local):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return &transferError{78, fmt.Errorf("%s: no such file", name)}
	case errors.Is(err, fs.ErrPermission):
		return &transferError{9, fmt.Errorf("%s: permission denied", name)}
	case errors.As(err, &status):
		return &transferError{code, fmt.Errorf("%s: %w", name, err)}
	case errors.Is(err, io.EOF), errors.Is(err, sftp.ErrSSHFxConnectionLost):
		return &transferError{56, fmt.Errorf("%s: the connection broke off: %w", name, err)}
	}
	return &transferError{code, fmt.Errorf("%s: %w", name, err)}
}
