package config

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Folders are what users see besides the folder that is served, and what of it.
type Folders struct {
	Home      string  // of users who have none of their own, in the folder that is served; "{user}" is their name
	MakeHomes bool    // at the first log-in
	Mounts    []Mount // that everybody sees
}

// Mount joins a folder to the one that is served.
type Mount struct {
	At       string // where it is seen
	Dir      string // the folder; "{user}" is the user's name
	ReadOnly bool
}

// Base is the folder itself, or the one in which users have theirs.
func (m Mount) Base() string {
	fixed, _, found := strings.Cut(m.Dir, "{user}")
	if !found {
		return m.Dir
	}
	return filepath.Dir(fixed + "x") // "x" stands for the rest of the name
}

// mounts are Mount as a flag that can be repeated.
type mounts []Mount

// Set adds AT=DIR, or AT=DIR,ro for one that nobody changes.
func (l *mounts) Set(s string) error {
	at, dir, _ := strings.Cut(s, "=")
	dir, readOnly := strings.CutSuffix(dir, ",ro")
	if dir == "" || strings.ContainsFunc(dir, isControl) {
		return errors.New("want where it is seen and the folder, such as /images=/srv/images, or /images=/srv/images,ro to allow no changes")
	}
	m := Mount{Dir: strings.Clone(dir), ReadOnly: readOnly}
	if err := (*treePath)(&m.At).Set(at); err != nil {
		return err
	}
	if slices.ContainsFunc(*l, func(other Mount) bool { return other.At == m.At }) {
		return fmt.Errorf("there are two folders at %s", m.At)
	}
	*l = append(*l, m)
	return nil
}

func (l *mounts) String() string { return strings.Join(l.items(), " ") }

func (l *mounts) items() (all []string) {
	for _, m := range *l {
		text := m.At + "=" + m.Dir
		if m.ReadOnly {
			text += ",ro"
		}
		all = append(all, text)
	}
	return all
}

func (l *mounts) clear() { *l = nil }

// Type names the value in a usage text.
func (l *mounts) Type() string { return "AT=DIR[,ro]" }

// treePath is a path as users see it, below the root.
type treePath string

func (p *treePath) Set(s string) error {
	if !strings.HasPrefix(s, "/") || path.Clean(s) == "/" || path.Clean(s) != strings.TrimSuffix(s, "/") || strings.ContainsFunc(s, isControl) {
		return errors.New(`want a path as users see it, such as /images`)
	}
	*p = treePath(path.Clean(s))
	return nil
}

func (p *treePath) String() string { return string(*p) }

func (p *treePath) Type() string { return "PATH" }

func mountSettings(m *Mount) []Setting {
	return []Setting{
		{Key: "at", Value: (*treePath)(&m.At), Required: true, Usage: "where users see it, such as /images"},
		{Key: "dir", Value: (*Folder)(&m.Dir), Required: true, Usage: "the folder; {user} stands for the user's name"},
		{Key: "read-only", Value: (*Switch)(&m.ReadOnly), Default: "false", Usage: "nobody changes anything in it, whatever the rules say"},
	}
}

func folderSettings(f *Folders) []Setting {
	return []Setting{
		{Key: "home", Flag: "home", Value: (*treePath)(&f.Home), Unset: "all of the folder that is served",
			Usage: "folder within it that a user sees as the root, such as /home/{user}; guests see all"},
		{Key: "make-homes", Flag: "make-homes", Value: (*Switch)(&f.MakeHomes), Default: "false",
			Usage: "make the home of a user at the first log-in"},
		{Key: "mounts", Flag: "mount", Value: (*mounts)(&f.Mounts), Members: membersOf(&f.Mounts, mountSettings), Unset: "none",
			Usage: "show one more folder, at this path of what is served"},
	}
}

func (s *Serve) checkFolders() error {
	seen := map[string]bool{}
	for _, m := range s.Folders.Mounts {
		if seen[m.At] {
			return &Conflict{"mounts", fmt.Sprintf("has two folders at %s", m.At)}
		}
		seen[m.At] = true
	}
	return nil
}
