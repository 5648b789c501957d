package tftpd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"dray/internal/vfs"
	"dray/tftp"
)

// Quota bounds what uploads leave behind. The zero value bounds nothing.
//
// Bytes and Files hold for all files in the folder of uploads, whoever put them there, at
// the moment of each upload; an upload that replaces a file may take the room of that one,
// also when more than the quota is taken already.
type Quota struct {
	FileSize int64 // of one upload, in octets; 0: no limit
	Bytes    int64 // of all files together, in octets; 0: no limit
	Files    int64 // number of files; 0: no limit
}

// account is what is left of a quota. Many uploads run at once; together they never get
// more than there is.
type account struct {
	quota Quota
	now   func() time.Time

	mu       sync.Mutex
	bytes    int64     // stored
	files    int64     // stored
	measured time.Time // zero: never
	promised int64     // to uploads under way, beyond what they replace
	coming   int64     // new files among those
}

// settled is how long a measurement holds: others may put files there, or make room.
const settled = time.Second

// claim is the part of one upload. One goroutine at a time uses it.
type claim struct {
	account *account
	measure func() error // counts the files anew, under the lock
	path    string
	old     int64 // octets of the file that it replaces; negative: there is none
	size    int64 // octets that it may have; grows
	got     int64 // octets that came
	ended   bool
}

// open begins an upload to p in the folder root. announced is the size that the client
// has told, 0 if it has not: if there is no room for that, the upload is refused at once.
func (a *account) open(ctx context.Context, files vfs.FS, root, p vfs.Path, announced int64) (*claim, error) {
	c := &claim{account: a, path: p.String(), old: -1}
	if announced > 0 {
		if err := c.bounded(announced); err != nil {
			return nil, err
		}
	}
	if a.quota.Bytes == 0 && a.quota.Files == 0 {
		return c, nil
	}
	i, err := files.Stat(ctx, p)
	if err == nil && !i.IsDir() {
		c.old = i.Size
	}
	c.measure = func() error { return a.measure(ctx, files, root) }
	isNew := int64(0)
	if c.old < 0 {
		isNew = 1
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := c.settle(); err != nil {
		return nil, err
	}
	if err := a.fits(c, announced, isNew); err != nil {
		return nil, err
	}
	a.promised += c.beyond(announced)
	a.coming += isNew
	c.size = announced
	return c, nil
}

// grow lets a claim have size octets if there is room, as far as that is known, or else as
// it is. The caller holds the lock.
func (c *claim) grow(size int64) error {
	a := c.account
	if a.fits(c, size, 0) != nil {
		if err := c.settle(); err != nil {
			return err
		}
	}
	if err := a.fits(c, size, 0); err != nil {
		return err
	}
	a.promised += c.beyond(size) - c.beyond(c.size)
	c.size = size
	return nil
}

// settle counts the files anew unless that has just been done.
func (c *claim) settle() error {
	if a := c.account; !a.measured.IsZero() && a.now().Sub(a.measured) < settled {
		return nil
	}
	return c.measure()
}

// beyond is what size octets need beyond the file that they replace.
func (c *claim) beyond(size int64) int64 { return max(0, size-max(0, c.old)) }

// bounded refuses an upload that is larger than one may be.
func (c *claim) bounded(size int64) error {
	if limit := c.account.quota.FileSize; limit > 0 && size > limit {
		return &Refusal{
			Why:    fmt.Sprintf("%s has %d octets or more, and an upload may have %d", c.path, size, limit),
			Remedy: "raise tftp.max-upload", Err: tftp.ErrNoSpace,
		}
	}
	return nil
}

// fits refuses a claim that is to have size octets, and so many files more, if there is no
// room. The caller holds the lock.
func (a *account) fits(c *claim, size, more int64) error {
	q := a.quota
	bytes := a.bytes + a.promised - c.beyond(c.size) + c.beyond(size)
	files := a.files + a.coming + more
	switch {
	case q.Bytes > 0 && bytes > q.Bytes && c.beyond(size) > c.beyond(c.size):
		return &Refusal{
			Why:    fmt.Sprintf("%s would bring the uploads to %d octets, and the quota is %d", c.path, bytes, q.Bytes),
			Remedy: "remove files, or raise tftp.quota-bytes", Err: tftp.ErrNoSpace,
		}
	case q.Files > 0 && files > q.Files:
		return &Refusal{
			Why:    fmt.Sprintf("%s would be file %d, and the quota is %d", c.path, files, q.Files),
			Remedy: "remove files, or raise tftp.quota-files", Err: tftp.ErrNoSpace,
		}
	}
	return nil
}

// measure counts the files that there are. The caller holds the lock.
func (a *account) measure(ctx context.Context, files vfs.FS, root vfs.Path) error {
	bytes, count, err := weigh(ctx, files, root)
	if err != nil {
		return fmt.Errorf("the quota of uploads cannot be kept: %w", err)
	}
	a.bytes, a.files, a.measured = bytes, count, a.now()
	return nil
}

// weigh counts the files below a folder, and their octets. A folder that is not there yet
// is empty.
func weigh(ctx context.Context, files vfs.FS, dir vfs.Path) (bytes, count int64, err error) {
	folders := []vfs.Path{dir}
	for len(folders) > 0 {
		at := folders[len(folders)-1]
		folders = folders[:len(folders)-1]
		for i, err := range files.List(ctx, at) {
			switch {
			case errors.Is(err, fs.ErrNotExist):
			case err != nil:
				return 0, 0, err
			case i.IsDir():
				below, err := at.Join(i.Name)
				if err != nil {
					return 0, 0, err
				}
				folders = append(folders, below)
			default:
				bytes += i.Size
				count++
			}
		}
	}
	return bytes, count, nil
}

// take counts n octets that have come, before they are stored.
func (c *claim) take(n int) error {
	size := c.got + int64(n)
	if err := c.bounded(size); err != nil {
		return err
	}
	a := c.account
	if size > c.size && a.quota.Bytes > 0 {
		a.mu.Lock()
		defer a.mu.Unlock()
		if err := c.grow(size); err != nil {
			return err
		}
	}
	c.got = size
	return nil
}

// close ends the claim. If the upload is stored, what it has left counts.
func (c *claim) close(stored bool) {
	a := c.account
	if c.ended || a.quota.Bytes == 0 && a.quota.Files == 0 {
		return
	}
	c.ended = true
	a.mu.Lock()
	defer a.mu.Unlock()
	a.promised -= c.beyond(c.size)
	if c.old < 0 {
		a.coming--
	}
	if stored {
		a.bytes += c.got - max(0, c.old)
		if c.old < 0 {
			a.files++
		}
	}
}
