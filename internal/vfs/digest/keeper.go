package digest

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"time"

	"dray/internal/vfs"
)

// Reread is the largest file that is read for its digests because it did not come in its
// order, in bytes.
const Reread = 4 << 30

const (
	// direct is how much of an upload is hashed at once, as it comes.
	direct = 256 << 10

	// chunk is how much is read at a time.
	chunk = 256 << 10

	// tooFar is how far the goroutine may fall behind the writer before it leaves the rest
	// for later. It does so too when as much has come in less than tooFast: who uploads at
	// such a pace needs the processors.
	tooFar  = 8 << 20
	tooFast = 70 * time.Millisecond

	// soon is how much may be left at the end of an upload for it to wait.
	soon = 4 << 20

	// calm is how long after an upload its rest is read: a burst of uploads goes first.
	calm = time.Second

	// maxWaiting is how many files wait to be read. Of more the digests are not kept.
	maxWaiting = 1024
)

// Keeper computes digests by some algorithms. Use [NewKeeper] to make one.
type Keeper struct {
	algorithms []string
	followers  chan struct{} // who reads behind a writer takes a place
	buffers    sync.Pool     // of *[chunk]byte

	ctx    context.Context
	cancel context.CancelFunc
	worker sync.WaitGroup

	mu      sync.Mutex
	waiting []*job
	working bool
}

// job is a file of which something has not been hashed.
type job struct {
	file vfs.File
	sums *sums
	done int64    // that has been hashed, in bytes
	of   vfs.Info // as it was uploaded; guarded by the keeper
	from time.Time
}

// NewKeeper returns a keeper of digests by these algorithms.
func NewKeeper(algorithms []string) *Keeper {
	k := &Keeper{algorithms: algorithms, followers: make(chan struct{}, 4*runtime.GOMAXPROCS(0))}
	k.buffers.New = func() any { return new([chunk]byte) }
	k.ctx, k.cancel = context.WithCancel(context.Background())
	return k
}

// Close ends what is read in the background. What has not been hashed then has no digest.
func (k *Keeper) Close() {
	k.cancel()
	k.worker.Wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, j := range k.waiting {
		j.file.Close()
	}
	k.waiting = nil
}

// later has the rest of a file hashed in the background.
func (k *Keeper) later(j *job) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ctx.Err() != nil || len(k.waiting) >= maxWaiting {
		j.file.Close()
		return
	}
	j.from = time.Now().Add(calm)
	k.waiting = append(k.waiting, j)
	if !k.working {
		k.working = true
		k.worker.Go(k.work)
	}
}

// work does what waits, until nothing does.
func (k *Keeper) work() {
	for {
		k.mu.Lock()
		if len(k.waiting) == 0 || k.ctx.Err() != nil {
			k.working = false
			k.mu.Unlock()
			return
		}
		j := k.waiting[0]
		k.mu.Unlock()
		select {
		case <-time.After(time.Until(j.from)):
			k.finish(j)
		case <-k.ctx.Done():
			continue // Close closes it
		}
		k.mu.Lock()
		k.waiting = k.waiting[1:]
		k.mu.Unlock()
		j.file.Close()
	}
}

// finish hashes the rest of a file and labels it, unless it is changed meanwhile.
func (k *Keeper) finish(j *job) {
	buffer := k.buffers.Get().(*[chunk]byte)
	defer k.buffers.Put(buffer)
	for next := j.done; k.ctx.Err() == nil; {
		if j.done >= next {
			if !k.unchanged(j) {
				return
			}
			next = j.done + tooFar
		}
		n, err := j.file.ReadAt(buffer[:], j.done)
		j.done += int64(n)
		j.sums.Write(buffer[:n])
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ctx.Err() == nil && j.same() && j.done == j.of.Size {
		_ = j.file.(vfs.Labelled).SetLabel(label, j.sums.text(j.of)) // not kept, then
	}
}

func (k *Keeper) unchanged(j *job) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return j.same()
}

// same reports whether the file is as it was uploaded, and has a name. The caller holds the
// lock.
func (j *job) same() bool {
	i, err := j.file.Info()
	return err == nil && (i.Links > 0 || j.of.Links == 0) && i.Size == j.of.Size && i.ModTime.Equal(j.of.ModTime)
}

// retimed tells that the time of a file was changed, and nothing else.
func (k *Keeper) retimed(was, is vfs.Info) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, j := range k.waiting {
		if j.of.Unique != "" && j.of.Unique == is.Unique && j.of.ModTime.Equal(was.ModTime) {
			j.of.ModTime = is.ModTime
		}
	}
}
