package ftpd

import (
	"io/fs"

	"dray/ftp"
	"dray/internal/policy"
	"dray/internal/vfs"
)

// entry describes p as listings show it.
func (f files) entry(p vfs.Path, i vfs.Info) ftp.Entry {
	e := ftp.Entry{
		Name:    i.Name,
		Type:    ftp.TypeFile,
		Size:    i.Size,
		ModTime: i.ModTime,
		Mode:    i.Mode & fs.ModePerm,
		HasMode: true,
		Links:   i.Links,
		Owner:   i.Owner,
		Group:   i.Group,
		Unique:  i.Unique,
	}
	if i.IsDir() {
		e.Type, e.Size = ftp.TypeDir, -1
	}
	e.Perm = f.perm(p, e.Type)
	return e
}

// perm is the "perm" fact (RFC 3659, section 7.5.5): what the user may do to p. What a
// folder says of the names to come in it, it can only say of itself.
func (f files) perm(p vfs.Path, t ftp.EntryType) string {
	letters := "adfrw"
	ops := []policy.Op{policy.Overwrite, policy.Delete, policy.Rename, policy.Read, policy.Overwrite}
	if t == ftp.TypeDir {
		letters = "cdeflmp"
		ops = []policy.Op{
			policy.Create, policy.Delete, policy.Stat, policy.Rename, policy.List, policy.Mkdir, policy.Delete,
		}
	}
	perm := make([]byte, 0, len("cdeflmp"))
	rights := f.fs.Rights(p)
	for i, op := range ops {
		if rights.Has(op) {
			perm = append(perm, letters[i])
		}
	}
	if string(perm) == letters {
		return letters // without an allocation, as listings are long
	}
	return string(perm)
}
