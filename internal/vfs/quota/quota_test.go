package quota

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dray/internal/vfs"
	"dray/internal/vfs/memfs"
	"dray/internal/vfs/vfstest"
)

// TestContract: where there is room, the wrapper is the FS that it wraps.
func TestContract(t *testing.T) {
	for _, b := range []Budget{{}, {Bytes: 1 << 40, Files: 1 << 40}} {
		vfstest.Run(t, func(*testing.T) vfs.FS {
			l, files := NewLedger(nil), memfs.New()
			b.Regions = []*Region{l.Region("/srv", files, vfs.Path{})}
			return l.Wrap(files, "/srv", b)
		})
	}
}

// house is a folder with a ledger, and somebody who has a budget in it.
type house struct {
	*testing.T
	*Ledger
	store *memfs.FS
	ann   vfs.FS
}

func open(t *testing.T, b Budget, folder string) *house {
	t.Helper()
	h := &house{T: t, Ledger: NewLedger(nil), store: memfs.New()}
	t.Cleanup(h.Close)
	b.Of, b.Regions = "ann", []*Region{h.Region("/srv", h.store, h.path(folder))}
	b.Settings = [3]string{"quota.bytes", "quota.files", "max-upload"}
	h.ann = h.Wrap(h.store, "/srv", b)
	return h
}

func (h *house) path(name string) vfs.Path {
	h.Helper()
	p, err := vfs.ParsePath(name)
	h.ok(err)
	return p
}

func (h *house) ok(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// over wants err to be a quota that is spent.
func (h *house) over(err error) {
	h.Helper()
	var op *vfs.OpError
	if !errors.Is(err, vfs.ErrQuota) || !errors.As(err, &op) {
		h.Fatalf("got %v; want it to be over quota", err)
	}
}

func (h *house) create(name string, o vfs.CreateOptions) vfs.RandomUpload {
	h.Helper()
	u, err := h.ann.Create(h.Context(), h.path(name), o)
	h.ok(err)
	return u.(vfs.RandomUpload)
}

// put stores a file of so many bytes, or says why not.
func (h *house) put(name string, size int) error {
	u, err := h.ann.Create(h.Context(), h.path(name), vfs.CreateOptions{})
	if err != nil {
		return err
	}
	defer u.Abort()
	if _, err := io.WriteString(u, strings.Repeat("x", size)); err != nil {
		return err
	}
	return u.Commit()
}

func (h *house) behind(name string, size int) {
	h.Helper()
	u, err := h.store.Create(h.Context(), h.path(name), vfs.CreateOptions{})
	h.ok(err)
	_, err = io.WriteString(u, strings.Repeat("x", size))
	h.ok(errors.Join(err, u.Commit()))
}

// TestBytes: what fits is taken, and what does not is refused before it is stored.
func TestBytes(t *testing.T) {
	h := open(t, Budget{Bytes: 100}, "/")
	h.ok(h.put("/a", 60))
	h.over(h.put("/b", 41))
	h.ok(h.put("/b", 40))
	h.over(h.put("/c", 1))
	h.ok(h.put("/c", 0))
	h.ok(h.put("/a", 60)) // takes the room of the old one
	h.over(h.put("/a", 61))
	if i, err := h.store.Stat(t.Context(), h.path("/a")); err != nil || i.Size != 60 {
		t.Errorf("the old file has %d bytes, %v", i.Size, err)
	}
	h.ok(h.put("/a", 10))
	h.ok(h.put("/d", 50))
	h.ok(h.ann.Remove(t.Context(), h.path("/b")))
	h.ok(h.put("/e", 40))
}

func TestFiles(t *testing.T) {
	h := open(t, Budget{Files: 2}, "/")
	h.ok(h.put("/a", 5))
	h.ok(h.put("/b", 0))
	h.over(h.put("/c", 0))
	h.ok(h.put("/a", 7))
	h.ok(h.ann.Rename(t.Context(), h.path("/a"), h.path("/b"), vfs.RenameOptions{}))
	h.ok(h.put("/c", 0))
	_, err := h.ann.Create(t.Context(), h.path("/d"), vfs.CreateOptions{InPlace: true, Offset: vfs.OffsetEnd})
	h.over(err)
}

// TestRoomIsTakenBeforeData: while an upload goes on, nobody else gets its room.
func TestRoomIsTakenBeforeData(t *testing.T) {
	h := open(t, Budget{Bytes: 100}, "/")
	told := h.create("/told", vfs.CreateOptions{Expect: 70})
	untold := h.create("/untold", vfs.CreateOptions{})
	_, err := io.WriteString(untold, strings.Repeat("x", 30))
	h.ok(err)
	_, err = untold.Write([]byte("x"))
	h.over(err)
	_, err = h.ann.Create(t.Context(), h.path("/more"), vfs.CreateOptions{Expect: 1})
	h.over(err)
	h.ok(told.Abort())
	_, err = untold.WriteAt([]byte("x"), 99)
	h.ok(err)
	_, err = untold.WriteAt([]byte("x"), 100)
	h.over(err)
	h.ok(untold.Truncate(40))
	h.over(untold.Truncate(101))
	h.ok(untold.Commit())
	h.ok(h.put("/rest", 60))
}

// TestOneUploadTakesTheRoomOfTheOldFile, so that many at once do not fill the disk with
// what each of them may replace.
func TestOneUploadTakesTheRoomOfTheOldFile(t *testing.T) {
	h := open(t, Budget{Bytes: 100}, "/")
	h.ok(h.put("/f", 80))
	first := h.create("/f", vfs.CreateOptions{Expect: 100})
	_, err := h.ann.Create(t.Context(), h.path("/f"), vfs.CreateOptions{Expect: 1})
	h.over(err)
	h.ok(first.Abort())
	first = h.create("/f", vfs.CreateOptions{Expect: 80})
	second := h.create("/f", vfs.CreateOptions{Expect: 20})
	h.ok(h.ann.Remove(t.Context(), h.path("/f")))
	h.ok(h.put("/g", 80))
	_, err = io.WriteString(first, strings.Repeat("x", 80))
	h.ok(err)
	h.over(first.Commit()) // what it was to replace has gone, and its room is taken
	_, err = io.WriteString(second, strings.Repeat("x", 20))
	h.ok(err)
	h.ok(second.Commit())
}

// TestChangesInPlace count at once.
func TestChangesInPlace(t *testing.T) {
	h := open(t, Budget{Bytes: 100}, "/")
	h.ok(h.put("/f", 50))
	appends := h.create("/f", vfs.CreateOptions{InPlace: true, Offset: vfs.OffsetEnd})
	_, err := io.WriteString(appends, strings.Repeat("x", 50))
	h.ok(err)
	_, err = appends.Write([]byte("x"))
	h.over(err)
	h.ok(appends.Abort()) // what was written stays
	h.over(h.put("/g", 1))
	resumed := h.create("/f", vfs.CreateOptions{InPlace: true, Offset: 10})
	h.ok(h.put("/g", 80))
	_, err = io.WriteString(resumed, strings.Repeat("x", 11))
	h.over(err)
	_, err = resumed.WriteAt([]byte("xx"), 0)
	h.ok(err)
	h.ok(resumed.Truncate(20))
	h.over(resumed.Truncate(21))
	h.ok(resumed.Truncate(0))
	h.ok(resumed.Commit())
	h.ok(h.put("/h", 20))
}

// TestAFileThatHasLostItsName counts what is added to it, until it is closed.
func TestAFileThatHasLostItsName(t *testing.T) {
	lose := map[string]func(h *house) error{
		"removed":  func(h *house) error { return h.ann.Remove(h.Context(), h.path("/f")) },
		"replaced": func(h *house) error { return h.put("/f", 0) },
		"renamed over": func(h *house) error {
			return errors.Join(h.put("/g", 0), h.ann.Rename(h.Context(), h.path("/g"), h.path("/f"), vfs.RenameOptions{}))
		},
	}
	for about, lose := range lose {
		t.Run(about, func(t *testing.T) {
			h := open(t, Budget{Bytes: 100}, "/")
			u := h.create("/f", vfs.CreateOptions{InPlace: true, Keep: true})
			h.ok(lose(h))
			_, err := io.WriteString(u, strings.Repeat("x", 100))
			h.ok(err)
			_, err = u.Write([]byte("x"))
			h.over(err)
			h.over(h.put("/h", 1))
			h.ok(u.Commit())
			h.ok(h.put("/h", 100))
		})
	}
}

// TestAFileThatIsRenamedIsStillCounted under its new name.
func TestAFileThatIsRenamedIsStillCounted(t *testing.T) {
	h := open(t, Budget{Bytes: 100}, "/")
	h.ok(h.ann.Mkdir(t.Context(), h.path("/d")))
	u := h.create("/d/f", vfs.CreateOptions{InPlace: true, Keep: true})
	h.ok(h.ann.Rename(t.Context(), h.path("/d/f"), h.path("/d/g"), vfs.RenameOptions{}))
	h.ok(h.ann.Rename(t.Context(), h.path("/d"), h.path("/e"), vfs.RenameOptions{}))
	_, err := io.WriteString(u, strings.Repeat("x", 60))
	h.ok(err)
	h.ok(u.Commit())
	h.over(h.put("/h", 41))
	h.ok(h.ann.Remove(t.Context(), h.path("/e/g")))
	h.ok(h.put("/h", 100))
}

func TestFileSize(t *testing.T) {
	h := open(t, Budget{FileSize: 10}, "/")
	h.ok(h.put("/a", 10))
	h.over(h.put("/b", 11))
	_, err := h.ann.Create(t.Context(), h.path("/b"), vfs.CreateOptions{Expect: 11})
	h.over(err)
	if want := `create "/b": /b has 11 bytes or more, and an upload may have 10: raise max-upload`; err.Error() != want {
		t.Errorf("%v; want %s", err, want)
	}
	u := h.create("/a", vfs.CreateOptions{InPlace: true, Offset: vfs.OffsetEnd})
	_, err = u.Write([]byte("x"))
	h.over(err)
}

// TestFoldersInFolders: what lies in a folder with a budget counts there and around it, and
// moving it in or out changes that.
func TestFoldersInFolders(t *testing.T) {
	h := open(t, Budget{Bytes: 100}, "/home/ann")
	for _, dir := range []string{"/home", "/home/ann", "/other"} {
		h.ok(h.store.Mkdir(t.Context(), h.path(dir)))
	}
	all := h.Wrap(h.store, "/srv", Budget{Of: "all", Bytes: 150, Regions: []*Region{
		h.Region("/srv", h.store, vfs.Path{}), h.Region("/srv/home", h.store, h.path("/home")),
	}})
	put := func(fsys vfs.FS, name string, size int) error {
		u, err := fsys.Create(t.Context(), h.path(name), vfs.CreateOptions{Expect: int64(size)})
		if err == nil {
			_, err = io.WriteString(u, strings.Repeat("x", size))
			err = errors.Join(err, u.Commit())
		}
		return err
	}
	move := func(fsys vfs.FS, from, to string) error {
		return fsys.Rename(t.Context(), h.path(from), h.path(to), vfs.RenameOptions{})
	}
	h.ok(put(all, "/other/f", 110))
	h.over(put(all, "/other/g", 41))
	h.ok(put(h.ann, "/home/ann/f", 30))
	h.over(put(all, "/other/g", 11))
	h.over(move(h.ann, "/other/f", "/home/ann/g"))
	h.over(move(h.ann, "/other", "/home/ann/other"))
	h.ok(put(all, "/other/f", 70))
	h.ok(move(h.ann, "/other", "/home/ann/other"))
	h.over(put(h.ann, "/home/ann/g", 1))
	h.ok(move(h.ann, "/home/ann/other/f", "/home/f"))
	h.ok(put(h.ann, "/home/ann/g", 50))
	h.over(put(all, "/g", 1))
}

func TestFreeSpaceIsWhatTheQuotaLeaves(t *testing.T) {
	h := open(t, Budget{Bytes: 100}, "/")
	h.ok(h.put("/f", 40))
	for capacity, want := range map[int64]int64{1000: 60, 50: 10} {
		h.store.Capacity = capacity
		if n, err := h.ann.(vfs.SpaceReporter).FreeSpace(t.Context(), vfs.Path{}); n != want || err != nil {
			t.Errorf("on a disk of %d: %d free, %v; want %d", capacity, n, err, want)
		}
	}
}

// TestOthersAreSeen: who puts files there takes room, and who removes some makes it, when
// the count is old.
func TestOthersAreSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Budget{Bytes: 100}, "/")
		h.ok(h.put("/f", 60))
		h.behind("/g", 30)
		h.ok(h.put("/h", 10)) // fits as far as is known
		<-time.After(settled)
		h.over(h.put("/i", 1))
		u := h.create("/i", vfs.CreateOptions{})
		h.ok(h.store.Remove(t.Context(), h.path("/g")))
		_, err := u.Write([]byte("x"))
		h.over(err)
		<-time.After(settled)
		_, err = u.Write([]byte("x"))
		h.ok(err)
		h.ok(u.Commit())
	})
}

// slow is a store whose folders take their time.
type slow struct {
	vfs.FS
	took time.Duration
}

func (s slow) List(ctx context.Context, p vfs.Path) iter.Seq2[vfs.Info, error] {
	<-time.After(s.took)
	return s.FS.List(ctx, p)
}

// TestACountThatTakesLong is waited for once, and after that goes on in the background.
func TestACountThatTakesLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := NewLedger(nil), memfs.New()
		defer l.Close()
		h := &house{T: t, Ledger: l, store: store}
		files := slow{store, time.Second}
		r := l.Region("/srv", files, vfs.Path{})
		h.ann = l.Wrap(files, "/srv", Budget{Of: "ann", Bytes: 100, Regions: []*Region{r}})
		h.behind("/f", 90)
		begun := time.Now()
		h.over(h.put("/g", 11))
		if took := time.Since(begun); took != time.Second {
			t.Errorf("the first upload waited %v", took)
		}
		h.ok(h.store.Remove(t.Context(), h.path("/f")))
		<-time.After(patience * time.Second)
		begun = time.Now()
		h.over(h.put("/g", 11))
		if took := time.Since(begun); took != 0 {
			t.Errorf("an upload waited %v", took)
		}
		<-time.After(3 * time.Second)
		h.ok(h.put("/g", 100))
	})
}

// TestNothingIsTakenThatCannotBeCounted.
func TestNothingIsTakenThatCannotBeCounted(t *testing.T) {
	l, store := NewLedger(nil), memfs.New()
	defer l.Close()
	h := &house{T: t, Ledger: l, store: store}
	h.behind("/f", 1)
	r := l.Region("/srv", store, h.path("/f")) // which is a file
	h.ann = l.Wrap(store, "/srv", Budget{Of: "ann", Bytes: 100, Regions: []*Region{r}})
	if err := h.put("/g", 1); !errors.Is(err, vfs.ErrNotDir) || !strings.Contains(err.Error(), "the quota of ann cannot be kept") {
		t.Error(err)
	}
}

// TestNeverExceeded: whatever many do at once, what is there is within the budget at every
// moment, and in the end the ledger says what a count says.
func TestNeverExceeded(t *testing.T) {
	const workers, rounds = 8, 300
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			h := open(t, Budget{Bytes: 2000, Files: 12}, "/")
			for _, dir := range []string{"/0", "/1", "/2"} {
				h.ok(h.ann.Mkdir(t.Context(), h.path(dir)))
			}
			done := make(chan struct{})
			var all, watching sync.WaitGroup
			watching.Go(func() {
				for {
					h.within(2000, 12)
					select {
					case <-done:
						return
					default:
					}
				}
			})
			for w := range workers {
				all.Go(func() {
					rnd := rand.New(rand.NewPCG(seed, uint64(w)))
					for range rounds {
						h.random(rnd)
					}
				})
			}
			all.Wait()
			close(done)
			watching.Wait()
			h.within(2000, 12)
			h.agrees()
		})
	}
}

// within counts what is there while nothing changes.
func (h *house) within(bytes, files int64) {
	h.changes.Lock()
	defer h.changes.Unlock()
	if is := h.count(h.path("/")); is.bytes > bytes || is.files > files {
		h.Errorf("there are %d bytes in %d files", is.bytes, is.files)
	}
}

func (h *house) count(dir vfs.Path) (a amount) {
	for i, err := range h.store.List(h.Context(), dir) {
		if err != nil {
			h.Error(err)
			return a
		}
		if !i.IsDir() {
			a = a.plus(amount{i.Size, 1})
			continue
		}
		p, err := dir.Join(i.Name)
		if err != nil {
			h.Error(err)
			continue
		}
		a = a.plus(h.count(p))
	}
	return a
}

// agrees wants the ledger to say what there is, and nothing to be promised to anybody.
func (h *house) agrees() {
	h.Helper()
	r := h.regions["/srv"]
	if is := h.count(h.path("/")); r.stored != is || r.promised != (amount{}) || len(h.names) != 0 {
		h.Errorf("the ledger has %+v, promised %+v, and %d names; there is %+v", r.stored, r.promised, len(h.names), is)
	}
}

// random does one thing, which may be refused.
func (h *house) random(rnd *rand.Rand) {
	name := func() vfs.Path { return h.path(fmt.Sprintf("/%d/%d", rnd.IntN(3), rnd.IntN(8))) }
	ctx := h.Context()
	switch rnd.IntN(10) {
	case 0, 1, 2:
		h.upload(rnd, name(), vfs.CreateOptions{Expect: rnd.Int64N(3) * 100})
	case 3:
		h.upload(rnd, name(), vfs.CreateOptions{Exclusive: true})
	case 4:
		h.upload(rnd, name(), vfs.CreateOptions{InPlace: true, Offset: vfs.OffsetEnd})
	case 5:
		h.upload(rnd, name(), vfs.CreateOptions{InPlace: true, Keep: true})
	case 6:
		h.upload(rnd, name(), vfs.CreateOptions{InPlace: true, Offset: rnd.Int64N(200)})
	case 7:
		_ = h.ann.Remove(ctx, name())
	case 8:
		_ = h.ann.Rename(ctx, name(), name(), vfs.RenameOptions{Exclusive: rnd.IntN(2) == 0})
	case 9:
		r := h.regions["/srv"]
		if err := h.recount(ctx, r); err != nil {
			h.Error(err)
		}
	}
}

// upload writes here and there, and ends it one way or the other.
func (h *house) upload(rnd *rand.Rand, p vfs.Path, o vfs.CreateOptions) {
	up, err := h.ann.Create(h.Context(), p, o)
	if err != nil {
		return
	}
	u := up.(vfs.RandomUpload)
	for range rnd.IntN(4) {
		b := make([]byte, rnd.IntN(300))
		switch rnd.IntN(4) {
		case 0:
			_ = u.Truncate(rnd.Int64N(500))
		case 1:
			_, _ = u.WriteAt(b, rnd.Int64N(300))
		default:
			_, _ = u.Write(b)
		}
	}
	if rnd.IntN(4) == 0 {
		_ = u.Abort()
		return
	}
	_ = u.Commit()
}
