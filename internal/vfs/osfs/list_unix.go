//go:build unix

package osfs

import (
	"io/fs"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"dray/internal/vfs"
)

// readDir returns the next batch of names in a folder.
func readDir(dir *os.File) ([]string, error) { return dir.Readdirnames(batch) }

// entry describes what lies behind a name in the open folder dir, which is p, or says why
// stat would refuse it. It asks the folder itself, without a way through the tree and
// without a FileInfo: a listing is mostly this.
func (f *FS) entry(dir *os.File, p vfs.Path, name string) (vfs.Info, error) {
	switch {
	case !vfs.ValidName(name):
		return vfs.Info{}, vfs.ErrBadName
	case reservedName(name):
		return vfs.Info{}, fs.ErrNotExist
	}
	var st unix.Stat_t
	if err := lstatat(dir, name, &st); err != nil {
		return vfs.Info{}, err
	}
	i := vfs.Info{
		Name:    name,
		Mode:    fs.FileMode(st.Mode) & fs.ModePerm,
		ModTime: time.Unix(st.Mtim.Unix()).UTC(),
		Links:   uint64(st.Nlink),
		Owner:   strconv.FormatUint(uint64(st.Uid), 10),
		Group:   strconv.FormatUint(uint64(st.Gid), 10),
		Unique:  unique(uint64(st.Dev), uint64(st.Ino)),
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		i.Size = st.Size
	case unix.S_IFDIR:
		i.Mode |= fs.ModeDir
	case unix.S_IFLNK:
		child, err := p.Join(name)
		if err != nil {
			return vfs.Info{}, err
		}
		fi, err := f.stat(child)
		if err != nil {
			return vfs.Info{}, err
		}
		i := info(name, fi)
		i.Link = true
		return i, nil
	default:
		return vfs.Info{}, vfs.ErrNotRegular
	}
	return i, nil
}

// lstatat describes a name in dir itself, and not what it links to.
func lstatat(dir *os.File, name string, st *unix.Stat_t) error {
	for {
		err := unix.Fstatat(int(dir.Fd()), name, st, unix.AT_SYMLINK_NOFOLLOW)
		if err != unix.EINTR {
			return err
		}
	}
}
