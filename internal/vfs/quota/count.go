package quota

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"dray/internal/vfs"
)

const (
	// settled is how long a count holds at least; one that took long holds as many times
	// longer as patience says, so that counting is never most of what is done.
	settled  = time.Second
	patience = 50

	// quick is how long a count may have taken for an upload to wait for the next one. Of
	// others the old one holds until the new one is there.
	quick = 100 * time.Millisecond
)

// count is one that is under way.
type count struct {
	done    chan struct{}
	seen    map[string]bool // folders that are counted, by path of the host
	found   amount          // in those
	spoiled bool            // a folder was moved meanwhile
}

// Count counts folders in the background, for the first upload not to wait for it.
func (l *Ledger) Count(regions ...*Region) {
	for _, r := range regions {
		l.inBackground(r)
	}
}

func (l *Ledger) inBackground(r *Region) {
	l.counts.Go(func() {
		select {
		case l.one <- struct{}{}:
			defer func() { <-l.one }()
		case <-l.ctx.Done():
			return
		}
		_ = l.recount(l.ctx, r) // who needs it tries again, and hears why not
	})
}

// settle makes sure that what is known of the folders of the budgets is not old.
func (l *Ledger) settle(ctx context.Context, budgets []Budget) error {
	for _, b := range budgets {
		if !b.bounds() {
			continue
		}
		for _, r := range b.Regions {
			if err := l.settleOne(ctx, r); err != nil {
				return fmt.Errorf("the quota of %s cannot be kept: %w", b.Of, err)
			}
		}
	}
	return nil
}

func (l *Ledger) settleOne(ctx context.Context, r *Region) error {
	l.mu.Lock()
	age := l.now().Sub(r.counted)
	known, slow, busy := !r.counted.IsZero(), r.took > quick, r.count != nil
	fresh := known && age < max(settled, patience*r.took)
	l.mu.Unlock()
	switch {
	case fresh, known && slow && busy:
		return nil
	case known && slow:
		l.inBackground(r)
		return nil
	}
	return l.recount(ctx, r)
}

// recount counts a folder anew, or waits for who does.
func (l *Ledger) recount(ctx context.Context, r *Region) error {
	for {
		l.mu.Lock()
		c := r.count
		if c == nil {
			c = &count{done: make(chan struct{}), seen: map[string]bool{}}
			r.count = c
			l.mu.Unlock()
			return l.run(ctx, r, c)
		}
		l.mu.Unlock()
		select {
		case <-c.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		l.mu.Lock()
		known := !r.counted.IsZero()
		l.mu.Unlock()
		if known {
			return nil
		}
	}
}

// tries is how often a count begins again because folders were moved.
const tries = 5

// run counts, and ends c.
func (l *Ledger) run(ctx context.Context, r *Region, c *count) error {
	begun := l.now()
	err := error(nil)
	for range tries {
		if err = l.weigh(ctx, r, c); err != nil {
			break
		}
		l.mu.Lock()
		spoiled := c.spoiled
		if !spoiled {
			r.stored, r.counted = c.found, l.now()
			r.took = r.counted.Sub(begun)
			r.count = nil
			close(c.done)
			l.mu.Unlock()
			return nil
		}
		c.spoiled, c.seen, c.found = false, map[string]bool{}, amount{}
		l.mu.Unlock()
		err = vfs.ErrBusy
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	r.count = nil
	close(c.done)
	return err
}

// weigh adds up what is in a region. A folder that is not there is empty, and into one that
// may not be read nothing is uploaded either.
func (l *Ledger) weigh(ctx context.Context, r *Region, c *count) error {
	l.mu.Lock()
	files, dirs := r.files, []vfs.Path{r.at}
	l.mu.Unlock()
	for len(dirs) > 0 {
		at := dirs[len(dirs)-1]
		dirs = dirs[:len(dirs)-1]
		below, err := l.weighFolder(ctx, files, at, r, c)
		if err != nil {
			return err
		}
		for _, i := range below {
			p, err := at.Join(i.Name)
			if err != nil {
				continue
			}
			dirs = append(dirs, p)
		}
	}
	return nil
}

// weighFolder adds up the files in one folder, and returns the folders in it. Nothing
// changes meanwhile.
func (l *Ledger) weighFolder(ctx context.Context, files vfs.FS, at vfs.Path, r *Region, c *count) (below []vfs.Info, err error) {
	l.changes.Lock()
	defer l.changes.Unlock()
	var found amount
	for i, err := range files.List(ctx, at) {
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		case err != nil:
			return nil, err
		case i.IsDir() && i.Link: // it counts where it is
		case i.IsDir():
			below = append(below, i)
		default:
			found = found.plus(amount{i.Size, 1})
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c.seen[hostPath(r.host, at.Below(r.at))] = true
	c.found = c.found.plus(found)
	return below, nil
}

// spoil makes counts that a move of a folder concerns begin again, and forgets what is
// known of folders that it moved something into or out of. The caller holds changes.
func (l *Ledger) spoil(from, to string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.regions {
		left, entered := holds(r.host, parent(from)), holds(r.host, parent(to))
		moved := holds(from, r.host)
		if r.count != nil && (left || entered || moved) {
			r.count.spoiled = true
		}
		if left != entered || moved {
			r.counted = time.Time{}
		}
	}
}
