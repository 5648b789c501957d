package osfs

import (
	"io/fs"
	"os"

	"dray/internal/vfs"
)

var _, _, _ vfs.Labelled = (*File)(nil), (*replacement)(nil), (*inPlace)(nil)

// attribute begins the names of the extended attributes that labels are.
const attribute = "user.dray."

// OfHost returns an open file of the host as a [File], which closes it.
func OfHost(file *os.File) *File { return &File{file: file} }

// Label implements [vfs.Labelled].
func (f *File) Label(name string) (string, error) { return label(f.file, f.path, name) }

// SetLabel implements [vfs.Labelled].
func (f *File) SetLabel(name, value string) error { return setLabel(f.file, f.path, name, value) }

// Info implements [vfs.Labelled].
func (u *replacement) Info() (vfs.Info, error) { return infoOf(u.file, u.path) }

// Label implements [vfs.Labelled].
func (u *replacement) Label(name string) (string, error) { return label(u.file, u.path, name) }

// SetLabel implements [vfs.Labelled].
func (u *replacement) SetLabel(name, value string) error {
	return setLabel(u.file, u.path, name, value)
}

// Info implements [vfs.Labelled].
func (u *inPlace) Info() (vfs.Info, error) { return infoOf(u.file, u.path) }

// Label implements [vfs.Labelled].
func (u *inPlace) Label(name string) (string, error) { return label(u.file, u.path, name) }

// SetLabel implements [vfs.Labelled].
func (u *inPlace) SetLabel(name, value string) error { return setLabel(u.file, u.path, name, value) }

func infoOf(file *os.File, p vfs.Path) (vfs.Info, error) {
	if file == nil {
		return vfs.Info{}, opError("stat", p, fs.ErrClosed)
	}
	return (&File{file: file, path: p}).Info()
}

func label(file *os.File, p vfs.Path, name string) (value string, err error) {
	if file == nil {
		return "", opError("label", p, fs.ErrClosed)
	}
	err = control(file, func(fd int) (err error) {
		value, err = getAttribute(fd, attribute+name)
		return err
	})
	return value, opError("label", p, err)
}

func setLabel(file *os.File, p vfs.Path, name, value string) error {
	if file == nil {
		return opError("label", p, fs.ErrClosed)
	}
	return opError("label", p, control(file, func(fd int) error { return setAttribute(fd, attribute+name, value) }))
}

// control calls do with the descriptor of a file.
func control(file *os.File, do func(fd int) error) error {
	conn, err := file.SyscallConn()
	if err != nil {
		return err
	}
	failed := conn.Control(func(fd uintptr) { err = do(int(fd)) })
	if failed != nil {
		return failed
	}
	return err
}
