package bandwidth_test

import (
	"context"
	"errors"
	"io"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dray/internal/vfs"
	"dray/internal/vfs/bandwidth"
	"dray/internal/vfs/memfs"
	"dray/internal/vfs/vfstest"
)

const (
	kib = 1 << 10
	mib = 1 << 20
)

// TestContract: it is the FS that it wraps, if one waits.
func TestContract(t *testing.T) {
	vfstest.Run(t, func(*testing.T) vfs.FS {
		return bandwidth.Wrap(memfs.New(), bandwidth.New(bandwidth.Rates{Up: 1 << 40, Down: 1 << 40}), nil)
	})
}

func TestWithoutLimitsThereIsNoWrapper(t *testing.T) {
	files := memfs.New()
	if got := bandwidth.Wrap(files, nil, bandwidth.New(bandwidth.Rates{}), nil); got != vfs.FS(files) {
		t.Errorf("it is a %T", got)
	}
	// With one for what comes, what goes is the file itself.
	put(t, files, "/f", 1)
	f, err := bandwidth.Wrap(files, bandwidth.New(bandwidth.Rates{Up: 1})).Open(t.Context(), vfstest.Path(t, "/f"))
	ok(t, err)
	own, err := files.Open(t.Context(), vfstest.Path(t, "/f"))
	ok(t, err)
	if reflect.TypeOf(f) != reflect.TypeOf(own) {
		t.Errorf("the file is a %T", f)
	}
}

// TestRates: so much in a second and no more, but for a twentieth at the beginning.
func TestRates(t *testing.T) {
	for about, c := range map[string]struct {
		limits []bandwidth.Rates
		size   int
		up     bool
		want   time.Duration
		early  time.Duration // that the first octets need not wait
	}{
		"down":                   {[]bandwidth.Rates{{Down: mib}}, 5 * mib, false, 5 * time.Second, time.Second / 20},
		"up":                     {[]bandwidth.Rates{{Up: mib}}, 5 * mib, true, 5 * time.Second, time.Second / 20},
		"up is not down":         {[]bandwidth.Rates{{Up: mib}}, 10 * mib, false, 0, 0},
		"the smallest decides":   {[]bandwidth.Rates{{Down: 5 * mib}, {Down: mib}, {}, {Down: 3 * mib}}, 5 * mib, false, 5 * time.Second, time.Second / 20},
		"less than a quantum":    {[]bandwidth.Rates{{Down: 1 * kib}}, 32 * kib, false, 32 * time.Second, 8 * time.Second},
		"more than many buffers": {[]bandwidth.Rates{{Down: 100 * mib}}, 10 * mib, false, time.Second / 10, time.Second / 20},
	} {
		t.Run(about, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := memfs.New()
				put(t, store, "/f", c.size)
				var limits []*bandwidth.Limiter
				for _, r := range c.limits {
					limits = append(limits, bandwidth.New(r))
				}
				files := bandwidth.Wrap(store, limits...)
				begun := time.Now()
				if c.up {
					put(t, files, "/g", c.size)
				} else if n := get(t, files, "/f", 256*kib); n != c.size {
					t.Errorf("read %d octets of %d", n, c.size)
				}
				if took := time.Since(begun); took > c.want+time.Millisecond || took < c.want-c.early {
					t.Errorf("it took %v; want %v", took, c.want)
				}
			})
		})
	}
}

// TestFairness: sessions that share a limit get the same, whatever they read at once.
func TestFairness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memfs.New()
		put(t, store, "/f", 4*mib)
		all := bandwidth.New(bandwidth.Rates{Down: mib})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		sizes := []int{256 * kib, 32 * kib, 8 * kib, 256 * kib, 128 * kib}
		got := make([]int, len(sizes))
		var readers sync.WaitGroup
		for i, size := range sizes {
			files := bandwidth.Wrap(store, bandwidth.New(bandwidth.Rates{}), all)
			readers.Go(func() {
				f, err := files.Open(ctx, vfstest.Path(t, "/f"))
				if err != nil {
					t.Error(err)
					return
				}
				defer f.Close()
				b := make([]byte, size)
				for off := int64(0); ; {
					n, err := f.ReadAt(b, off)
					off += int64(n)
					got[i] += n
					if err != nil {
						return
					}
				}
			})
		}
		readers.Wait()
		const share = 10 * mib / 5
		for i, n := range got {
			if n < share-share/10-sizes[i] || n > share+share/10 {
				t.Errorf("who reads %d at once got %d octets of %d", sizes[i], n, share)
			}
		}
	})
}

// TestUsersShareALimit in all of their sessions, and it can be changed for those.
func TestUsersShareALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memfs.New()
		put(t, store, "/f", 4*mib)
		var users bandwidth.Users
		session := func(name string, down int64) vfs.FS {
			return bandwidth.Wrap(store, users.Of(name, bandwidth.Rates{Down: down}))
		}
		both := func(a, b vfs.FS) time.Duration {
			begun := time.Now()
			var all sync.WaitGroup
			all.Go(func() { get(t, a, "/f", 64*kib) })
			all.Go(func() { get(t, b, "/f", 64*kib) })
			all.Wait()
			return time.Since(begun).Round(time.Second)
		}
		ann := session("ann", mib)
		if took := both(ann, session("ann", mib)); took != 8*time.Second {
			t.Errorf("two sessions of ann took %v", took)
		}
		if took := both(session("bob", mib), session("cid", mib)); took != 4*time.Second {
			t.Errorf("sessions of two users took %v", took)
		}
		session("ann", 4*mib)
		if took := both(ann, session("ann", 4*mib)); took != 2*time.Second {
			t.Errorf("with a higher limit it took %v", took)
		}
		session("ann", 0)
		if took := both(ann, ann); took != 0 {
			t.Errorf("without a limit it took %v", took)
		}
		if users.Of("dora", bandwidth.Rates{}) != nil {
			t.Error("who has no limit has a limiter")
		}
	})
}

// TestACutSessionNeverHangs: what waits ends when the session does.
func TestACutSessionNeverHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memfs.New()
		put(t, store, "/f", mib)
		files := bandwidth.Wrap(store, bandwidth.New(bandwidth.Rates{Up: 1, Down: 1}))
		ctx, cut := context.WithCancel(t.Context())
		f, err := files.Open(ctx, vfstest.Path(t, "/f"))
		ok(t, err)
		u, err := files.Create(ctx, vfstest.Path(t, "/g"), vfs.CreateOptions{Readable: true})
		ok(t, err)
		random := u.(vfs.RandomUpload)
		b := func() []byte { return make([]byte, 64*kib) }
		waits := map[string]func() error{
			"read":     func() error { _, err := io.ReadFull(f, b()); return err },
			"read at":  func() error { _, err := f.ReadAt(b(), 0); return err },
			"write":    func() error { _, err := u.Write(b()); return err },
			"write at": func() error { _, err := random.WriteAt(b(), 0); return err },
		}
		var all sync.WaitGroup
		for about, wait := range waits {
			all.Go(func() {
				var op *vfs.OpError
				if err := wait(); !errors.Is(err, context.Canceled) || !errors.As(err, &op) {
					t.Errorf("%s: %v", about, err)
				}
			})
		}
		synctest.Wait()
		cut()
		all.Wait()
		ok(t, u.Abort())
	})
}

func put(t *testing.T, files vfs.FS, name string, size int) {
	t.Helper()
	u, err := files.Create(t.Context(), vfstest.Path(t, name), vfs.CreateOptions{})
	ok(t, err)
	b := make([]byte, 256*kib)
	for left := size; left > 0; left -= min(left, len(b)) {
		_, err := u.Write(b[:min(left, len(b))])
		ok(t, err)
	}
	ok(t, u.Commit())
}

// get reads a file through a buffer of this size.
func get(t *testing.T, files vfs.FS, name string, buffer int) (n int) {
	f, err := files.Open(t.Context(), vfstest.Path(t, name))
	if err != nil {
		t.Error(err)
		return 0
	}
	defer f.Close()
	b := make([]byte, buffer)
	for {
		m, err := f.Read(b)
		n += m
		if err == io.EOF {
			return n
		}
		if err != nil {
			t.Error(err)
			return n
		}
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
