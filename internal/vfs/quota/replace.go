package quota

import (
	"context"
	"errors"
	"io/fs"

	"dray/internal/vfs"
)

// claim is what an upload has been promised.
type claim struct {
	on      *wrapped
	ctx     context.Context
	path    vfs.Path
	at      string // of the host
	name    *name
	old     amount // of the file whose room it may take
	granted amount // beyond that
	size    int64  // that the file has so far
	ended   bool
}

// replace begins an upload that takes its name at Commit.
func (w *wrapped) replace(ctx context.Context, p vfs.Path, o vfs.CreateOptions) (vfs.Upload, error) {
	c := &claim{on: w, ctx: ctx, path: p, at: hostPath(w.host, p)}
	c.name = w.ledger.take(c.at)
	err := c.open(max(0, o.Expect))
	if err != nil {
		w.ledger.leave(c.name)
		return nil, err
	}
	u, err := w.files.Create(ctx, p, o)
	if err != nil {
		c.end(amount{})
		return nil, err
	}
	r := replacement{Upload: u, claim: c}
	if random, ok := u.(vfs.RandomUpload); ok {
		return &randomReplacement{replacement: r, random: random}, nil
	}
	return &r, nil
}

// open makes the claim for an upload of which so many bytes are announced.
func (c *claim) open(announced int64) error {
	l := c.on.ledger
	old, isDir, err := c.on.weight(c.ctx, c.path)
	if err != nil && !errors.Is(err, vfs.ErrNotRegular) && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, vfs.ErrNotDir) {
		return err
	}
	need := amount{announced, 1 - old.files}
	if isDir {
		need.files = 0 // it will be refused
	}
	l.mu.Lock()
	if c.name.credit == nil && old.files > 0 {
		c.name.credit, c.old = c, old
	}
	l.mu.Unlock()
	need.bytes = max(0, announced-c.old.bytes)
	if err := c.ask(need); err != nil {
		c.forget()
		return err
	}
	return nil
}

// ask wants so much more. If there is no room as far as is known, it looks again.
func (c *claim) ask(more amount) error {
	l := c.on.ledger
	err := l.promise(c.on.budgets, c.at, "", c.path, more)
	if errors.Is(err, vfs.ErrQuota) {
		if err := l.settle(c.ctx, c.on.budgets); err != nil {
			return err
		}
		err = l.promise(c.on.budgets, c.at, "", c.path, more)
	}
	if err == nil {
		c.granted = c.granted.plus(more)
	}
	return err
}

// grow wants room for size bytes in all.
func (c *claim) grow(size int64) error {
	if size <= c.size {
		return nil
	}
	if err := sized(c.on.budgets, c.path, size); err != nil {
		return err
	}
	if more := size - c.old.bytes - c.granted.bytes; more > 0 {
		if err := c.ask(amount{bytes: more}); err != nil {
			return err
		}
	}
	c.size = size
	return nil
}

// forget lets another upload take the room of the old file.
func (c *claim) forget() {
	c.on.ledger.mu.Lock()
	defer c.on.ledger.mu.Unlock()
	if c.name.credit == c {
		c.name.credit = nil
	}
}

// end takes back what was promised, of which so much is stored now.
func (c *claim) end(stored amount) {
	if c.ended {
		return
	}
	c.ended = true
	c.on.ledger.keep(c.at, c.granted, stored)
	c.forget()
	c.on.ledger.leave(c.name)
}

// replacement is an upload that takes its name at Commit, in the order of the file.
type replacement struct {
	vfs.Upload
	claim *claim
	next  int64 // where the next Write in order begins
}

func (u *replacement) Write(b []byte) (int, error) {
	if err := u.claim.grow(u.next + int64(len(b))); err != nil {
		return 0, fail("write", u.claim.path, err)
	}
	n, err := u.Upload.Write(b)
	u.next += int64(n)
	return n, err
}

func (u *replacement) Commit() error { return u.commit(u.claim.size) }

// commit ends the upload with its size. What it replaces may be another file than when it
// began, or none: then it needs more, and may be refused.
func (u *replacement) commit(size int64) error {
	c := u.claim
	if c.ended {
		return u.Upload.Commit()
	}
	l := c.on.ledger
	n := l.lock(c.at)
	defer l.unlock(n)
	l.changes.RLock()
	defer l.changes.RUnlock()
	was, _, err := c.on.weight(context.WithoutCancel(c.ctx), c.path)
	if err == nil {
		stored := amount{size, 1}.minus(was)
		more := stored.minus(c.granted).rise()
		if err = l.promise(c.on.budgets, c.at, "", c.path, more); err == nil {
			c.granted = c.granted.plus(more)
			if err = u.Upload.Commit(); err == nil {
				n.gone()
				c.end(stored)
				return nil
			}
			c.end(amount{})
			return err
		}
	}
	c.end(amount{})
	return fail("commit", c.path, errors.Join(err, u.Upload.Abort()))
}

func (u *replacement) Abort() error {
	err := u.Upload.Abort()
	u.claim.end(amount{})
	return err
}

// randomReplacement is one that is written in any order.
type randomReplacement struct {
	replacement
	random vfs.RandomUpload
}

func (u *randomReplacement) WriteAt(b []byte, off int64) (int, error) {
	if err := u.claim.grow(off + int64(len(b))); err != nil {
		return 0, fail("write", u.claim.path, err)
	}
	return u.random.WriteAt(b, off)
}

func (u *randomReplacement) ReadAt(b []byte, off int64) (int, error) { return u.random.ReadAt(b, off) }
func (u *randomReplacement) Sync() error                             { return u.random.Sync() }
func (u *randomReplacement) Size() (int64, error)                    { return u.random.Size() }

func (u *randomReplacement) Truncate(size int64) error {
	if err := u.claim.grow(size); err != nil {
		return fail("truncate", u.claim.path, err)
	}
	err := u.random.Truncate(size)
	if err == nil {
		u.claim.size = size
	}
	return err
}

func (u *randomReplacement) Commit() error {
	size, err := u.random.Size()
	switch {
	case err != nil && u.claim.ended:
		return err
	case err != nil:
		return errors.Join(err, u.Abort())
	}
	return u.commit(size)
}
