package osfs

import (
	"context"
	"io/fs"
	"os"
	"syscall"

	"dray/internal/vfs"
)

// File is an open regular file of the host. Besides [vfs.File] it has what lets the net
// package use sendfile(2), and nothing that writes or names the file.
type File struct {
	file *os.File
	path vfs.Path
}

// Open implements [vfs.FS]. The file is a [*File].
func (f *FS) Open(_ context.Context, p vfs.Path) (vfs.File, error) {
	file, fi, err := f.open(p, os.O_RDONLY)
	if err == nil && fi.IsDir() {
		file.Close()
		err = vfs.ErrIsDir
	}
	if err != nil {
		return nil, opError("open", p, err)
	}
	return &File{file: file, path: p}, nil
}

// open opens a regular file or a folder. What it is, the open file says and not its name,
// so that nobody can swap it in between.
func (f *FS) open(p vfs.Path, flag int) (*os.File, fs.FileInfo, error) {
	if reserved(p) {
		return nil, nil, fs.ErrNotExist
	}
	file, err := f.root.OpenFile(p.Rel(), flag|openFlags, 0o644)
	if err != nil {
		return nil, nil, err
	}
	fi, err := file.Stat()
	if err == nil && !fi.IsDir() && !fi.Mode().IsRegular() {
		err = vfs.ErrNotRegular
	}
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, fi, nil
}

// Read implements [io.Reader].
func (f *File) Read(b []byte) (int, error) {
	n, err := f.file.Read(b)
	return n, f.fault("read", err)
}

// ReadAt implements [io.ReaderAt].
func (f *File) ReadAt(b []byte, off int64) (int, error) {
	n, err := f.file.ReadAt(b, off)
	return n, f.fault("read", err)
}

// Seek implements [io.Seeker].
func (f *File) Seek(offset int64, whence int) (int64, error) {
	n, err := f.file.Seek(offset, whence)
	return n, f.fault("seek", err)
}

// Close implements [io.Closer].
func (f *File) Close() error { return f.fault("close", f.file.Close()) }

// Stat implements fs.File.
func (f *File) Stat() (fs.FileInfo, error) {
	fi, err := f.file.Stat()
	return fi, f.fault("stat", err)
}

// SyscallConn implements [syscall.Conn].
func (f *File) SyscallConn() (syscall.RawConn, error) { return f.file.SyscallConn() }

// Info implements [vfs.File].
func (f *File) Info() (vfs.Info, error) {
	fi, err := f.Stat()
	if err != nil {
		return vfs.Info{}, err
	}
	return info(f.path.Base(), fi), nil
}
