package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// here is the file of the current folder, which `dray serve` takes unasked.
const here = "dray.yaml"

// None is the name of a file that stands for no file at all.
const None = "none"

// Find returns the files that hold the settings, in the order in which they are read, and
// none if there is none: what --config names, else $DRAY_CONFIG, else the first that there is of
// dray.yaml in the current folder, config.yaml in the configuration folder of the user,
// and config.yaml with all conf.d/*.yaml of the system.
func (in *Input) Find() ([]string, error) {
	name := in.Config
	if name == "" {
		name = in.Env("DRAY_CONFIG")
	}
	switch name {
	case "":
	case None:
		return nil, nil
	default:
		return []string{name}, nil
	}
	if thereHere() {
		if !ours(here) {
			return nil, fmt.Errorf("%s belongs to another user: name it with --config %[1]s if it is to be trusted, or pass --config %s", here, None)
		}
		return []string{here}, nil
	}
	if dir := in.userFolder(); dir != "" {
		file := filepath.Join(dir, "config.yaml")
		if _, err := os.Stat(file); err == nil { // or it is somebody else's HOME, left by su
			return []string{file}, nil
		}
	}
	var all []string
	if file := filepath.Join(in.system(), "config.yaml"); there(file) {
		all = append(all, file)
	}
	more, _ := filepath.Glob(filepath.Join(in.system(), "conf.d", "*.yaml")) // the pattern is sound
	slices.Sort(more)
	return append(all, more...), nil
}

// there reports whether there is a file, perhaps one that cannot be read: that is worth an
// error, since it may say what must not be allowed.
func there(file string) bool {
	_, err := os.Stat(file)
	return !errors.Is(err, fs.ErrNotExist)
}

// thereHere reports whether there is a file in the current folder. In a folder where this user
// may not even look, such as the home of whoever called sudo, there is none.
func thereHere() bool {
	_, err := os.Lstat(here)
	return !errors.Is(err, fs.ErrPermission) && there(here)
}

// userFolder is where the user keeps the settings, "" if that cannot be told.
func (in *Input) userFolder() string {
	if dir := in.Env("XDG_CONFIG_HOME"); dir != "" {
		return filepath.Join(dir, "dray")
	}
	if home := in.home(); home != "" {
		return filepath.Join(home, ".config", "dray")
	}
	return ""
}

func (in *Input) home() string {
	if runtime.GOOS == "windows" {
		return in.Env("USERPROFILE")
	}
	return in.Env("HOME")
}

func (in *Input) system() string {
	if in.System != "" {
		return in.System
	}
	return "/etc/dray"
}

// stateDir is where state is kept by default: that of the system for root, else the user's.
func (in *Input) stateDir() string {
	if dir := in.Env("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "dray")
	}
	home := in.home()
	if home == "" || os.Geteuid() == 0 {
		return "/var/lib/dray"
	}
	return filepath.Join(home, ".local", "state", "dray")
}

// Readable returns why a file that a setting names cannot be opened, nil if it can.
func Readable(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return f.Close()
}

// maxFile bounds the file, in octets.
const maxFile = 4 << 20

// read returns the text of a file and who else may read it.
func read(name string) (text []byte, mode fs.FileMode, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s is no regular file", name)
	}
	text, err = io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s has more than %d MiB", name, maxFile>>20)
	}
	return text, info.Mode(), err
}

// closed refuses a file with secrets that others may read. Windows has no such mode.
func closed(name, key string, mode fs.FileMode) error {
	if mode.Perm()&0o077 == 0 || runtime.GOOS == "windows" {
		return nil
	}
	return fmt.Errorf("%s holds secrets (%s) and others may read it: chmod 600 %[1]s", name, key)
}

// Holds reports whether a folder holds a file, or would if the file were made.
func Holds(dir, file string) bool { return within(file, dir) }

// within reports whether file lies in the folder dir, or would if it were made.
func within(file, dir string) bool {
	file, errFile := real(file)
	dir, errDir := real(dir)
	if errFile != nil || errDir != nil {
		return false // what cannot be looked at is not served
	}
	rel, err := filepath.Rel(dir, file)
	return err == nil && filepath.IsLocal(rel)
}

func real(name string) (string, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	return resolve(abs)
}

// resolve follows links as far as name is there.
func resolve(name string) (string, error) {
	whole, err := filepath.EvalSymlinks(name)
	parent := filepath.Dir(name)
	if !errors.Is(err, fs.ErrNotExist) || parent == name {
		return whole, err
	}
	whole, err = resolve(parent)
	return filepath.Join(whole, filepath.Base(name)), err
}
