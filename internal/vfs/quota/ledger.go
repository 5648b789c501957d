// Package quota bounds what uploads leave behind: bytes and files, by user and in all.
//
// A [Budget] bounds all files in some folders, whoever put them there, at the moment of an
// upload: that is what is left of a disk, and what a count of the folders says at any time.
// Room is promised to an upload before its data is written, and what is there and what is
// promised is never more than the budget, however many uploads there are at once. An upload
// that replaces a file may take the room of that one, also where more than the budget is
// taken already; of several that replace the same file at once, one may. The old file is
// there until the new one is whole, so for that time the disk holds both.
//
// Each name counts: hard links and symbolic links count as often as they are named. Folders
// do not count. What is written to a file that has lost its name counts until it is closed.
//
// The [Ledger] counts the folders when they are first needed, and again when what it knows
// is old: others may put files there, or make room.
package quota

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"dray/internal/vfs"
)

// Ledger is what is known of folders: what is in them and what is promised. One ledger
// serves all protocols and users. Use [NewLedger] to make one.
type Ledger struct {
	now    func() time.Time
	ctx    context.Context // of counts in the background
	cancel context.CancelFunc
	counts sync.WaitGroup
	one    chan struct{} // a count in the background takes its place

	// changes is held by who changes the names or sizes of files, for reading, from the
	// change until it is in the ledger, and for writing by who counts a folder or moves one.
	changes sync.RWMutex

	moves sync.Mutex // held by who has locked two names

	mu      sync.Mutex
	regions map[string]*Region // by path of the host, with slashes
	names   map[string]*name   // with uploads under way, by path of the host
}

// NewLedger returns a ledger that knows of nothing. now is the clock, nil the real one.
func NewLedger(now func() time.Time) *Ledger {
	if now == nil {
		now = time.Now
	}
	l := &Ledger{now: now, one: make(chan struct{}, 1), regions: map[string]*Region{}, names: map[string]*name{}}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	return l
}

// Close ends what counts in the background.
func (l *Ledger) Close() {
	l.cancel()
	l.counts.Wait()
}

// Empty reports whether nothing has to be counted: nobody has a budget so far.
func (l *Ledger) Empty() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.regions) == 0
}

// Region is a folder that is counted. Its fields belong to the ledger.
type Region struct {
	host  string
	files vfs.FS
	at    vfs.Path // in files

	stored   amount    // what is there
	promised amount    // to uploads under way, beyond what they replace
	counted  time.Time // zero: never
	took     time.Duration
	count    *count // that is under way, or nil
}

// amount is a size and a number of files.
type amount struct{ bytes, files int64 }

func (a amount) plus(b amount) amount  { return amount{a.bytes + b.bytes, a.files + b.files} }
func (a amount) minus(b amount) amount { return amount{a.bytes - b.bytes, a.files - b.files} }

// rise is a where it is more than nothing.
func (a amount) rise() amount { return amount{max(0, a.bytes), max(0, a.files)} }

// Region returns the folder at in files, whose root is the folder host of the machine. The
// same folder is the same region, however it is opened.
func (l *Ledger) Region(host string, files vfs.FS, at vfs.Path) *Region {
	key := hostPath(host, at)
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.regions[key]
	if r == nil {
		r = &Region{host: key}
		l.regions[key] = r
	}
	r.files, r.at = files, at
	return r
}

// hostPath is the path of p, in files whose root is host, with slashes on every system.
func hostPath(host string, p vfs.Path) string {
	host = strings.TrimRight(filepath.ToSlash(host), "/")
	if p.IsRoot() {
		return host
	}
	return host + p.String()
}

// parent is the folder of a path of the host.
func parent(p string) string { return p[:max(0, strings.LastIndexByte(p, '/'))] }

// holds reports whether p is the folder dir or lies in it.
func holds(dir, p string) bool {
	return strings.HasPrefix(p, dir) && (len(p) == len(dir) || p[len(dir)] == '/')
}

// around returns the regions in which p lies. The caller holds mu.
func (l *Ledger) around(p string) (all []*Region) {
	for p != "" {
		p = parent(p)
		if r := l.regions[p]; r != nil {
			all = append(all, r)
		}
	}
	return all
}

// Budget is how much there may be in some folders, together. The zero value bounds nothing.
type Budget struct {
	Of       string    // whose it is, for the log: "ann", "all uploads"
	Bytes    int64     // 0: no limit
	Files    int64     // 0: no limit
	FileSize int64     // of one upload, in bytes; 0: no limit
	Regions  []*Region // the folders

	// Settings name what would have to be raised, for the log: of Bytes, Files and FileSize.
	Settings [3]string
}

// bounds reports whether there is anything to count.
func (b *Budget) bounds() bool { return b.Bytes > 0 || b.Files > 0 }

// holds reports whether a file at p counts.
func (b *Budget) holds(p string) bool {
	return slices.ContainsFunc(b.Regions, func(r *Region) bool { return holds(r.host, parent(p)) })
}

// distinct leaves out folders that lie in others, so that nothing counts twice.
func distinct(all []*Region) (kept []*Region) {
	for i, r := range all {
		inner := slices.ContainsFunc(all, func(o *Region) bool { return o != r && holds(o.host, r.host) })
		if !inner && !slices.Contains(all[:i], r) {
			kept = append(kept, r)
		}
	}
	return kept
}

// used is what counts. The caller holds mu.
func (b *Budget) used() (a amount) {
	for _, r := range b.Regions {
		a = a.plus(r.stored).plus(r.promised)
	}
	return a
}

// Over is why an upload is refused. It is a [vfs.ErrQuota].
type Over struct {
	Why    string // such as "/f would bring the files of ann to 11 bytes, and the quota is 10"
	Remedy string // such as "remove files, or raise quota.bytes"
}

func (o *Over) Error() string { return o.Why + ": " + o.Remedy }

// Unwrap returns [vfs.ErrQuota].
func (o *Over) Unwrap() error { return vfs.ErrQuota }

// sized refuses a file that is larger than one may be.
func sized(budgets []Budget, p vfs.Path, size int64) error {
	for _, b := range budgets {
		if b.FileSize > 0 && size > b.FileSize {
			return &Over{
				Why:    fmt.Sprintf("%s has %d bytes or more, and an upload may have %d", p, size, b.FileSize),
				Remedy: "raise " + b.Settings[2],
			}
		}
	}
	return nil
}

// promise promises so much more at the host path at, if all budgets allow it. A negative
// amount is taken back, which they do. Where except lies too, nothing changes; "" is
// nowhere. p is the path that the peer knows.
func (l *Ledger) promise(budgets []Budget, at, except string, p vfs.Path, more amount) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range budgets {
		b := &budgets[i]
		if !b.bounds() || !b.holds(at) || except != "" && b.holds(except) {
			continue
		}
		would := b.used().plus(more)
		switch {
		case b.Bytes > 0 && more.bytes > 0 && would.bytes > b.Bytes:
			return &Over{
				Why:    fmt.Sprintf("%s would bring the files of %s to %d bytes, and the quota is %d", p, b.Of, would.bytes, b.Bytes),
				Remedy: "remove files, or raise " + b.Settings[0],
			}
		case b.Files > 0 && more.files > 0 && would.files > b.Files:
			return &Over{
				Why:    fmt.Sprintf("%s would be file %d of %s, and the quota is %d", p, would.files, b.Of, b.Files),
				Remedy: "remove files, or raise " + b.Settings[1],
			}
		}
	}
	l.add(at, except, more)
	return nil
}

// add changes what is promised at a path. The caller holds mu.
func (l *Ledger) add(at, except string, more amount) {
	for _, r := range l.around(at) {
		if except == "" || !holds(r.host, parent(except)) {
			r.promised = r.promised.plus(more)
		}
	}
}

// takeBack ends a promise of which nothing came.
func (l *Ledger) takeBack(at, except string, promised amount) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.add(at, except, amount{}.minus(promised))
}

// keep takes a promise back, of which so much is stored now.
func (l *Ledger) keep(at string, promised, stored amount) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.add(at, "", amount{}.minus(promised))
	l.store(at, stored)
}

// store changes what is stored at a path. The caller holds mu.
func (l *Ledger) store(at string, more amount) {
	for _, r := range l.around(at) {
		r.stored = r.stored.plus(more)
		if r.count != nil && r.count.seen[parent(at)] {
			r.count.found = r.count.found.plus(more)
		}
	}
}

// move takes a file from one path and stores it at another, where so much was promised and
// so much is replaced. Nobody gets what is neither here nor there.
func (l *Ledger) move(from, to string, file, replaced, promised amount) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.add(to, from, amount{}.minus(promised))
	l.store(to, file.minus(replaced))
	l.store(from, amount{}.minus(file))
}

// left is how many bytes the budgets leave for a file in the folder at.
func (l *Ledger) left(budgets []Budget, at string) (bytes int64, bounded bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range budgets {
		b := &budgets[i]
		if b.Bytes == 0 || !b.holds(at+"/x") {
			continue
		}
		room := max(0, b.Bytes-b.used().bytes)
		if !bounded || room < bytes {
			bytes, bounded = room, true
		}
	}
	return bytes, bounded
}
