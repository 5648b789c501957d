package digest_test

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"dray/internal/vfs"
	"dray/internal/vfs/digest"
	"dray/internal/vfs/memfs"
	"dray/internal/vfs/vfstest"
)

const mib = 1 << 20

func TestContract(t *testing.T) {
	vfstest.Run(t, func(t *testing.T) vfs.FS {
		k := digest.NewKeeper(digest.Algorithms())
		t.Cleanup(k.Close)
		return k.Wrap(memfs.New())
	})
}

// house is a store whose digests are kept.
type house struct {
	*testing.T
	store *memfs.FS
	files vfs.FS
}

func open(t *testing.T) *house {
	k := digest.NewKeeper(digest.Algorithms())
	t.Cleanup(k.Close)
	store := memfs.New()
	return &house{t, store, k.Wrap(store)}
}

// content is the same for the same size.
func content(size int) []byte {
	b := make([]byte, size)
	rand.NewChaCha8([32]byte{}).Read(b)
	return b
}

// put uploads a file, as one wants.
func (h *house) put(o vfs.CreateOptions, do func(u vfs.RandomUpload) error) {
	h.Helper()
	u, err := h.files.Create(h.Context(), vfstest.Path(h.T, "/f"), o)
	ok(h.T, err)
	ok(h.T, errors.Join(do(u.(vfs.RandomUpload)), u.Commit()))
}

func inPieces(b []byte, size int) func(u vfs.RandomUpload) error {
	return func(u vfs.RandomUpload) error {
		for off := 0; off < len(b); off += size {
			if _, err := u.Write(b[off:min(len(b), off+size)]); err != nil {
				return err
			}
		}
		return nil
	}
}

// kept are the digests of a file that can be told without reading it.
func (h *house) kept(name string) (all [3]string) {
	h.Helper()
	for i, a := range digest.Algorithms() {
		sum, err := h.files.(vfs.Digester).Digest(h.Context(), vfstest.Path(h.T, name), a)
		ok(h.T, err)
		all[i] = fmt.Sprintf("%x", sum)
	}
	return all
}

func (h *house) keeps(name string, b []byte) {
	h.Helper()
	s256, s512, m := sha256.Sum256(b), sha512.Sum512(b), md5.Sum(b)
	want := [3]string{fmt.Sprintf("%x", s256), fmt.Sprintf("%x", s512), fmt.Sprintf("%x", m)}
	if got := h.kept(name); got != want {
		h.Errorf("%s is told to have %s; it has %s", name, got, want)
	}
}

func (h *house) keepsNone(name string) {
	h.Helper()
	if got := h.kept(name); got != [3]string{} {
		h.Errorf("%s is told to have %s", name, got)
	}
}

// calm is longer than it takes before what is left over is read, and to read it.
const calm = time.Minute

// TestUploads: whatever way a file is written, its digests are there: at once if it came
// in its order, and there was no hurry, and else when it is calm.
func TestUploads(t *testing.T) {
	for about, c := range map[string]struct {
		size  int
		write func(b []byte) func(u vfs.RandomUpload) error
		later bool
	}{
		"nothing":       {0, func(b []byte) func(vfs.RandomUpload) error { return inPieces(b, 1) }, false},
		"little":        {1000, func(b []byte) func(vfs.RandomUpload) error { return inPieces(b, 300) }, false},
		"the beginning": {256 << 10, func(b []byte) func(vfs.RandomUpload) error { return inPieces(b, 32<<10) }, false},
		"more":          {2*mib + 1, func(b []byte) func(vfs.RandomUpload) error { return inPieces(b, 32<<10) }, false},
		"much at once":  {3 * mib, func(b []byte) func(vfs.RandomUpload) error { return inPieces(b, 3*mib) }, false},
		"in order, by offset": {2 * mib, func(b []byte) func(vfs.RandomUpload) error {
			return func(u vfs.RandomUpload) error {
				for off := 0; off < len(b); off += 32 << 10 {
					if _, err := u.WriteAt(b[off:off+32<<10], int64(off)); err != nil {
						return err
					}
				}
				return u.Truncate(int64(len(b)))
			}
		}, false},
		"at leisure": {20 * mib, func(b []byte) func(vfs.RandomUpload) error {
			return func(u vfs.RandomUpload) error {
				for off := 0; off < len(b); off += mib {
					if _, err := u.Write(b[off : off+mib]); err != nil {
						return err
					}
					<-time.After(10 * time.Millisecond)
				}
				return nil
			}
		}, false},
		"one after the other": {20 * mib, func(b []byte) func(vfs.RandomUpload) error { return inPieces(b, mib) }, true},
		"in a hurry":          {20 * mib, func(b []byte) func(vfs.RandomUpload) error { return inPieces(b, 20*mib) }, true},
		"backwards": {2 * mib, func(b []byte) func(vfs.RandomUpload) error {
			return func(u vfs.RandomUpload) error {
				_, err := u.WriteAt(b[mib:], mib)
				_, err2 := u.WriteAt(b[:mib], 0)
				return errors.Join(err, err2)
			}
		}, true},
		"written over": {2 * mib, func(b []byte) func(vfs.RandomUpload) error {
			return func(u vfs.RandomUpload) error {
				err := inPieces(make([]byte, len(b)), 32<<10)(u)
				_, err2 := u.WriteAt(b, 0)
				return errors.Join(err, err2)
			}
		}, true},
		"cut off": {mib, func(b []byte) func(vfs.RandomUpload) error {
			return func(u vfs.RandomUpload) error {
				return errors.Join(inPieces(b, 32<<10)(u), inPieces(b, 32<<10)(u), u.Truncate(int64(len(b))))
			}
		}, true},
	} {
		t.Run(about, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, b := open(t), content(c.size)
				h.put(vfs.CreateOptions{}, c.write(b))
				if c.later {
					h.keepsNone("/f")
					<-time.After(calm)
				}
				h.keeps("/f", b)
			})
		})
	}
}

// TestChangesInPlace are read when it is calm; until then the old digests do not hold.
func TestChangesInPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t)
		h.put(vfs.CreateOptions{}, inPieces(content(1000), 1000))
		h.put(vfs.CreateOptions{InPlace: true, Offset: vfs.OffsetEnd}, inPieces([]byte("more"), 4))
		h.keepsNone("/f")
		<-time.After(calm)
		h.keeps("/f", append(content(1000), "more"...))
		u, err := h.files.Create(t.Context(), vfstest.Path(t, "/f"), vfs.CreateOptions{InPlace: true, Keep: true})
		ok(t, err)
		_, err = io.WriteString(u, "x")
		ok(t, errors.Join(err, u.Abort())) // what was written stays
		<-time.After(calm)
		h.keepsNone("/f")
	})
}

// TestWhatIsChangedBehindOurBack has no digest.
func TestWhatIsChangedBehindOurBack(t *testing.T) {
	h := open(t)
	h.put(vfs.CreateOptions{}, inPieces(content(1000), 1000))
	u, err := h.store.Create(t.Context(), vfstest.Path(t, "/f"), vfs.CreateOptions{InPlace: true, Keep: true})
	ok(t, err)
	_, err = io.WriteString(u, "other")
	ok(t, errors.Join(err, u.Commit()))
	h.keepsNone("/f")
	u, err = h.store.Create(t.Context(), vfstest.Path(t, "/g"), vfs.CreateOptions{})
	ok(t, errors.Join(err, u.Commit()))
	h.keepsNone("/g")
}

// TestDigestsGoWithTheFile when it is renamed, and when a client sets its time, which many
// do after an upload: also where the digests are still to come.
func TestDigestsGoWithTheFile(t *testing.T) {
	for about, size := range map[string]int{"at once": 1000, "later": 20 * mib} {
		t.Run(about, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, b := open(t), content(size)
				h.put(vfs.CreateOptions{}, inPieces(b, size))
				ok(t, h.files.Rename(t.Context(), vfstest.Path(t, "/f"), vfstest.Path(t, "/g"), vfs.RenameOptions{}))
				ok(t, h.files.(vfs.TimeSetter).SetTimes(t.Context(), vfstest.Path(t, "/g"), time.Time{}, time.Unix(1, 0)))
				<-time.After(calm)
				h.keeps("/g", b)
			})
		})
	}
}

// TestWhatIsReplacedMeanwhile keeps its own digests.
func TestWhatIsReplacedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t)
		h.put(vfs.CreateOptions{}, inPieces(content(20*mib), 20*mib))
		h.put(vfs.CreateOptions{}, inPieces(content(10), 10))
		h.keeps("/f", content(10))
		<-time.After(calm)
		h.keeps("/f", content(10))
	})
}

// TestPeersReadNoMore than they could: that the upload is read is between us.
func TestPeersReadNoMore(t *testing.T) {
	h := open(t)
	h.put(vfs.CreateOptions{}, func(u vfs.RandomUpload) error {
		if _, err := u.ReadAt(make([]byte, 1), 0); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("an upload that is not readable is read: %v", err)
		}
		return nil
	})
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
