package memfs

import (
	"io/fs"

	"dray/internal/vfs"
)

var _, _ vfs.Labelled = (*file)(nil), (*upload)(nil)

func (n *node) setLabel(name, value string) {
	if n.labels == nil {
		n.labels = map[string]string{}
	}
	n.labels[name] = value
}

// Label implements [vfs.Labelled].
func (f *file) Label(name string) (string, error) {
	f.fs.mu.RLock()
	defer f.fs.mu.RUnlock()
	return f.node.labels[name], nil
}

// SetLabel implements [vfs.Labelled].
func (f *file) SetLabel(name, value string) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.node.setLabel(name, value)
	return nil
}

// Info implements [vfs.Labelled].
func (u *upload) Info() (vfs.Info, error) {
	u.fs.mu.RLock()
	defer u.fs.mu.RUnlock()
	if u.node == nil {
		return vfs.Info{}, opError("stat", u.path, fs.ErrClosed)
	}
	return u.node.info(u.path.Base()), nil
}

// Label implements [vfs.Labelled].
func (u *upload) Label(name string) (string, error) {
	u.fs.mu.RLock()
	defer u.fs.mu.RUnlock()
	if u.node == nil {
		return "", opError("label", u.path, fs.ErrClosed)
	}
	return u.node.labels[name], nil
}

// SetLabel implements [vfs.Labelled].
func (u *upload) SetLabel(name, value string) error {
	u.fs.mu.Lock()
	defer u.fs.mu.Unlock()
	if u.node == nil {
		return opError("label", u.path, fs.ErrClosed)
	}
	u.node.setLabel(name, value)
	return nil
}
