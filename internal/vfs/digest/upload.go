package digest

import (
	"context"
	"io/fs"

	"dray/internal/vfs"
)

// upload is one that is hashed.
type upload struct {
	vfs.RandomUpload
	on       *wrapped
	path     vfs.Path
	readable bool         // by the peer
	labels   vfs.Labelled // nil: nothing is kept

	sums   *sums
	next   int64     // where the next Write in order begins
	end    int64     // up to here it came in order
	behind *follower // that hashes what comes after the beginning; nil: there is none
	full   bool      // there was no place for one
	begun  int64     // what was hashed before one was wanted
	reread bool      // it did not come in order: it has to be read as a whole
}

// came counts what was written at an offset.
func (u *upload) came(b []byte, off int64) {
	switch {
	case u.labels == nil || len(b) == 0 || u.reread:
		return
	case off != u.end:
		u.disorder()
		return
	}
	u.end += int64(len(b))
	switch {
	case u.behind != nil:
		u.behind.wrote(u.end)
	case u.full:
	case u.end <= direct:
		u.sums.Write(b)
	default:
		u.behind = u.on.keeper.follow(u.RandomUpload, u.sums, off)
		if u.full = u.behind == nil; !u.full {
			u.behind.wrote(u.end)
		}
		u.begun = off
	}
}

// disorder gives up to hash on the way.
func (u *upload) disorder() {
	u.reread = true
	if u.behind != nil {
		u.behind.end(false)
		u.behind = nil
	}
}

func (u *upload) Write(b []byte) (int, error) {
	n, err := u.RandomUpload.Write(b)
	u.came(b[:n], u.next)
	u.next += int64(n)
	return n, err
}

func (u *upload) WriteAt(b []byte, off int64) (int, error) {
	n, err := u.RandomUpload.WriteAt(b, off)
	u.came(b[:n], off)
	return n, err
}

func (u *upload) Truncate(size int64) error {
	err := u.RandomUpload.Truncate(size)
	if size != u.end {
		u.disorder()
	}
	return err
}

func (u *upload) ReadAt(b []byte, off int64) (int, error) {
	if _, err := u.Size(); err == nil && !u.readable {
		return 0, &vfs.OpError{Op: "read", Path: u.path.String(), Err: fs.ErrPermission}
	}
	return u.RandomUpload.ReadAt(b, off)
}

func (u *upload) Abort() error {
	u.disorder()
	return u.RandomUpload.Abort()
}

// Commit labels the file before it takes its name, if all of it has been hashed.
func (u *upload) Commit() error {
	if u.labels == nil {
		return u.RandomUpload.Commit()
	}
	hashed := u.hashed()
	of, err := u.labels.Info()
	if err != nil {
		return u.RandomUpload.Commit() // which says why not
	}
	if hashed == of.Size {
		_ = u.labels.SetLabel(label, u.sums.text(of)) // not kept, then
		return u.RandomUpload.Commit()
	}
	if err := u.RandomUpload.Commit(); err != nil {
		return err
	}
	if !u.reread || of.Size <= Reread {
		u.rest(of, hashed)
	}
	return nil
}

// hashed ends what follows, and returns how much has been hashed.
func (u *upload) hashed() int64 {
	switch {
	case u.behind != nil:
		n := u.behind.end(true)
		u.behind = nil
		return n
	case u.reread:
		u.sums = newSums(u.on.keeper.algorithms)
		return 0
	case u.full:
		return u.begun
	}
	return u.end
}

// rest has what is missing hashed in the background. The file is opened here and now: its
// name may be another's the next moment.
func (u *upload) rest(of vfs.Info, hashed int64) {
	f, err := u.on.files.Open(context.Background(), u.path)
	if err != nil {
		return
	}
	if i, err := f.Info(); err != nil || i.Unique != of.Unique {
		f.Close()
		return
	}
	u.on.keeper.later(&job{file: f, sums: u.sums, done: hashed, of: of})
}
