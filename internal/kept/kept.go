// Package kept has the files of keys and certificates that are made when they are first
// wanted, and kept. A file is whole as soon as it has its name. It knows nothing of what is
// in them.
package kept

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Obtain reads a file; if there is none it makes it, of this mode, and says so. When several
// processes make it at once, all get what the first has made.
func Obtain(name string, mode fs.FileMode, content func() ([]byte, error)) (text []byte, made bool, err error) {
	text, err = os.ReadFile(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return text, false, err
	}
	if text, err = content(); err != nil {
		return nil, false, err
	}
	err = write(name, text, mode, os.Link) // which unlike a rename replaces nothing
	if errors.Is(err, fs.ErrExist) {
		text, err = os.ReadFile(name)
		return text, false, err
	}
	return text, err == nil, err
}

// Replace puts a file of this mode in the place of what has the name.
func Replace(name string, mode fs.FileMode, text []byte) error {
	return write(name, text, mode, os.Rename)
}

// write writes a file that is whole as soon as it has its name, which put gives it.
func write(name string, text []byte, mode fs.FileMode, put func(from, to string) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".")
	if err != nil {
		return written(name, err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(text)
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return written(name, err)
	}
	return written(name, put(f.Name(), name))
}

// written names the file that was to be written, and not the temporary one: that is called
// otherwise every time, and its error would be told every time.
func written(name string, err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		err = path.Err
	case errors.As(err, &link):
		err = link.Err
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", name, err)
	}
	return nil
}
