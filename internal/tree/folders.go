package tree

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"dray/internal/identity"
	"dray/internal/vfs"
	"dray/internal/vfs/mount"
	"dray/internal/vfs/osfs"
)

// placeholder stands for the name of the user in the names of folders.
const placeholder = "{user}"

// errName is why a user has no folder that is called after them.
var errName = errors.New("the user's name cannot be that of a folder")

// named puts the user's name into a pattern. A name that could lead elsewhere is refused.
func named(pattern, user string) (string, error) {
	if !strings.Contains(pattern, placeholder) {
		return pattern, nil
	}
	if !vfs.ValidName(user) || strings.HasPrefix(user, ".") || strings.ContainsAny(user, `\:`) {
		return "", fmt.Errorf("%w: %q", errName, user)
	}
	return strings.ReplaceAll(pattern, placeholder, user), nil
}

// path is a pattern of a path that users see.
func path(pattern, user string) (vfs.Path, error) {
	name, err := named(pattern, user)
	if err != nil {
		return vfs.Path{}, err
	}
	return vfs.ParsePath(name)
}

// Base returns the part of a folder's name that is the same for every user: the folder to
// open before rights are given up.
func Base(pattern string) string {
	fixed, _, found := strings.Cut(pattern, placeholder)
	if !found {
		return pattern
	}
	return filepath.Dir(fixed + "x") // "x" stands for the rest of the element
}

// folder opens a folder of the host that belongs to a user, and within it what they see as
// the root.
func (s *Shared) folder(ctx context.Context, pattern, within, user string) (*osfs.FS, error) {
	base := Base(pattern)
	rest, err := named(strings.TrimPrefix(pattern, base), user)
	if err != nil {
		return nil, err
	}
	at, err := path(filepath.ToSlash(rest)+"/"+within, user)
	if err != nil {
		return nil, err
	}
	return s.Folders.Part(ctx, base, at, s.MakeHomes)
}

// points opens what is mounted for a user. A folder that cannot be had is mounted all the
// same, so that the others can be used.
func (s *Shared) points(ctx context.Context, mounts []identity.Mount, user string) ([]mount.Point, error) {
	var all []mount.Point
	for _, m := range mounts {
		at, err := path(m.At, user)
		if err != nil {
			return nil, fmt.Errorf("mount %s: %w", m.At, err)
		}
		p := mount.Point{At: at, ReadOnly: m.ReadOnly}
		files, err := s.folder(ctx, m.Dir, "", user)
		if err != nil {
			p.Err = err
		} else {
			p.FS = files
		}
		all = append(all, p)
	}
	return all, nil
}
