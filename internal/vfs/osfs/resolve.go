package osfs

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"dray/internal/vfs"
)

// maxLinks is how many links a path may lead through, as on Linux.
const maxLinks = 40

var errLinks = errors.New("too many links")

// Resolve implements [vfs.Resolver]. Who swaps a folder for a link on the host, between
// this and what is done with the result, is not found out.
func (f *FS) Resolve(_ context.Context, p vfs.Path) (vfs.Path, error) {
	q, err := f.resolve(p)
	return q, opError("resolve", p, err)
}

func (f *FS) resolve(p vfs.Path) (at vfs.Path, err error) {
	if p.IsRoot() || f.straight(p) {
		return p, nil
	}
	links, there := 0, true
	for rest := p.Rel(); rest != ""; {
		var elem string
		elem, rest, _ = strings.Cut(rest, "/")
		switch elem {
		case "", ".":
			continue
		case "..":
			if at.IsRoot() {
				return p, fs.ErrPermission
			}
			at = at.Dir()
			continue
		}
		next, err := at.Join(elem)
		if err != nil {
			return p, err
		}
		target := ""
		if there {
			target, there, err = f.link(next)
		}
		switch {
		case err != nil:
			return p, err
		case target == "":
			at = next
			continue
		case links == maxLinks:
			return p, errLinks
		case filepath.IsAbs(target), filepath.VolumeName(target) != "", strings.HasPrefix(filepath.ToSlash(target), "/"):
			return p, fs.ErrPermission
		}
		links++
		rest = strings.TrimSuffix(filepath.ToSlash(target)+"/"+rest, "/")
	}
	return at, nil
}

// link returns what the name p links to, "" if it is no link, and whether there is such a
// name.
func (f *FS) link(p vfs.Path) (target string, there bool, err error) {
	fi, err := f.root.Lstat(p.Rel())
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return "", false, nil
	case err != nil:
		return "", false, err
	case fi.Mode()&fs.ModeSymlink == 0:
		return "", true, nil
	}
	target, err = f.root.Readlink(p.Rel())
	return target, true, err
}
