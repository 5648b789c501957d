package main

import (
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
	code int // 23: cannot write, 26: cannot read
	err  error
}

const (
	cannotWrite = 23
	cannotRead  = 26
)

func (e *localError) Error() string { return e.err.Error() }
func (e *localError) Unwrap() error { return e.err }

// saveTo hands to fetch the place where a download goes. "-" is standard output; a folder
// takes the file under its remote name; anything else is written under a temporary name
// and appears whole or not at all. It returns the name that the file has now.
func saveTo(local, remoteName string, out io.Writer, fetch func(io.Writer) error) (string, error) {
	if local == "-" {
		return local, fetch(markWrites(out))
	}
	name, err := localName(local, remoteName)
	if err != nil {
		return "", err
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return name, writeThrough(name, fetch) // a device or a pipe has no temporary name
	}
	err = writeWhole(name, func(w io.Writer) error { return fetch(markWrites(w)) })
	var path *fs.PathError
	var link *os.LinkError
	if errors.As(err, &path) || errors.As(err, &link) {
		err = &localError{cannotWrite, err}
	}
	return name, err
}

func writeThrough(name string, fetch func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return &localError{cannotWrite, err}
	}
	defer f.Close()
	return fetch(markWrites(f))
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
