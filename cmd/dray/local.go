package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// localError is a failure to read or write a file of this machine.
type localError struct {
	code int // the exit code
	err  error
}

const (
	cannotWrite  = 23
	cannotRead   = 26
	cannotResume = 31
)

func (e *localError) Error() string { return e.err.Error() }
func (e *localError) Unwrap() error { return e.err }

// target is where a download goes.
type target struct {
	local  string // as given: a file, a folder, "-", or "" for the current folder
	remote string // the file's name on the server
	resume bool   // add to a file that is there
}

// saveTo hands to fetch where a download goes, and where in it to begin. "-" is standard
// output; a folder takes the file under its remote name; anything else is written under a
// temporary name and appears whole or not at all, unless it is to be resumed.
func saveTo(t target, out io.Writer, fetch func(w io.Writer, offset int64) error) error {
	if t.local == "-" {
		return fetch(markWrites(out), 0)
	}
	name, err := localName(t.local, t.remote)
	if err != nil {
		return err
	}
	info, err := os.Stat(name)
	switch {
	case err == nil && !info.Mode().IsRegular(): // a device or a pipe has no temporary name
		return writeThrough(name, 0, fetch)
	case err == nil && t.resume:
		return writeThrough(name, info.Size(), fetch)
	}
	err = writeWhole(name, func(w io.Writer) error { return fetch(markWrites(w), 0) })
	var path *fs.PathError
	var link *os.LinkError
	if errors.As(err, &path) || errors.As(err, &link) {
		err = &localError{cannotWrite, err}
	}
	return err
}

// writeThrough adds to what is there, from offset on.
func writeThrough(name string, offset int64, fetch func(w io.Writer, offset int64) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return &localError{cannotWrite, err}
	}
	err = fetch(markWrites(f), offset)
	if closing := f.Close(); err == nil && closing != nil {
		err = &localError{cannotWrite, closing}
	}
	return err
}

// localName refuses a remote name that could lead out of the folder it is saved in.
func localName(local, remoteName string) (string, error) {
	info, err := os.Stat(local)
	folder := local == "" || strings.HasSuffix(local, string(filepath.Separator)) || err == nil && info.IsDir()
	if !folder {
		return local, nil
	}
	if remoteName == "" || remoteName == "." || remoteName == ".." || strings.ContainsAny(remoteName, `/\`) {
		return "", &usageError{fmt.Errorf("the URL names no file to save as: say where with LOCAL")}
	}
	return filepath.Join(local, remoteName), nil
}

// markWrites tells a failure to write here from one of the network.
func markWrites(w io.Writer) io.Writer { return markedWriter{w} }

type markedWriter struct{ w io.Writer }

func (m markedWriter) Write(b []byte) (int, error) {
	n, err := m.w.Write(b)
	if err != nil {
		err = &localError{cannotWrite, err}
	}
	return n, err
}

// openLocal opens what is to be sent; "-" is standard input, of unknown size (-1).
func openLocal(local string, in io.Reader) (io.ReadCloser, int64, error) {
	if local == "-" {
		return io.NopCloser(in), -1, nil
	}
	f, err := os.Open(local)
	if err != nil {
		return nil, 0, &localError{cannotRead, err}
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, 0, errors.Join(&localError{cannotRead, err}, f.Close())
	case info.IsDir():
		return nil, 0, errors.Join(&localError{cannotRead, &fs.PathError{Op: "put", Path: local, Err: errors.New("is a directory")}}, f.Close())
	case !info.Mode().IsRegular():
		return f, -1, nil
	}
	return f, info.Size(), nil
}

// writeWhole makes or replaces a file by what write writes, and leaves nothing new when
// that fails. It keeps the permissions of a file that is there, and follows a link.
func writeWhole(name string, write func(io.Writer) error) error {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	}
	tmp, err := createTemp(name)
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if err := write(tmp); err != nil {
		return errors.Join(err, tmp.Close())
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}

// writeSecret makes a file that others may not read, or replaces one, whose permissions stay.
func writeSecret(name, text string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return writeWhole(name, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// createTemp makes a file beside name, with the permissions that name has or would get.
func createTemp(name string) (*os.File, error) {
	perm := os.FileMode(0o666) // less the umask
	old, statErr := os.Stat(name)
	if statErr == nil {
		perm = old.Mode().Perm()
	}
	dir, base := filepath.Split(name)
	tmp, err := os.OpenFile(filepath.Join(dir, "."+base+"."+rand.Text()+".part"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	var path *os.PathError
	if errors.As(err, &path) {
		path.Path = name // the temporary name is nobody's business
	}
	if err != nil || statErr != nil {
		return tmp, err
	}
	return tmp, tmp.Chmod(perm)
}
