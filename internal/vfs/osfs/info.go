package osfs

import (
	"io/fs"

	"dray/internal/vfs"
)

func portableInfo(name string, fi fs.FileInfo) vfs.Info {
	i := vfs.Info{Name: name, Mode: fi.Mode() & (fs.ModeType | fs.ModePerm), ModTime: fi.ModTime().UTC()}
	if fi.Mode().IsRegular() {
		i.Size = fi.Size()
	}
	return i
}
