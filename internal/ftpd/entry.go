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
	letters := [...]struct {
		letter byte
		in     ftp.EntryType
		op     policy.Op
	}{
		{'a', ftp.TypeFile, policy.Overwrite},
		{'c', ftp.TypeDir, policy.Create},
		{'d', ftp.TypeFile, policy.Delete},
		{'d', ftp.TypeDir, policy.Delete},
		{'e', ftp.TypeDir, policy.Stat},
		{'f', ftp.TypeFile, policy.Rename},
		{'f', ftp.TypeDir, policy.Rename},
		{'l', ftp.TypeDir, policy.List},
		{'m', ftp.TypeDir, policy.Mkdir},
		{'p', ftp.TypeDir, policy.Delete},
		{'r', ftp.TypeFile, policy.Read},
		{'w', ftp.TypeFile, policy.Overwrite},
	}
	perm := make([]byte, 0, len(letters))
	for _, l := range letters {
		if l.in == t && f.rules.Decide(f.subject, l.op, p) {
			perm = append(perm, l.letter)
		}
	}
	return string(perm)
}
