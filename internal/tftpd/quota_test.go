package tftpd_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dray/internal/policy"
	"dray/internal/tftpd"
	"dray/internal/tree"
	"dray/internal/vfs"
	"dray/internal/vfs/quota"
	"dray/internal/vfs/vfstest"
	"dray/tftp"
)

// within is a store of which uploads to a folder have a budget.
func within(t *testing.T, files vfs.FS, folder string, b quota.Budget) *tree.Trees {
	ledger := quota.NewLedger(nil)
	t.Cleanup(ledger.Close)
	return &tree.Trees{
		Files: files, Rules: policy.ReadWrite, Shared: &tree.Shared{Quotas: &tree.Quotas{Ledger: ledger}},
		Uploads: b, UploadFolder: vfstest.Path(t, folder),
	}
}

// announce begins an upload of so many octets.
func (c client) announce(name string, size int64, mode tftp.Mode) (tftp.Upload, error) {
	r := c.request(name, true)
	r.Mode = mode
	r.Options = tftp.Options{HasSize: true, Size: size}
	return c.h.WriteFile(c.t.Context(), r)
}

// TestQuota: what fits is taken, and what does not is refused when it is announced, or
// else when it comes.
func TestQuota(t *testing.T) {
	for _, c := range []struct {
		about string
		quota quota.Budget
		name  string
		size  int64
		over  bool // it is refused: at once when announced, or else while it comes
	}{
		{"no quota", quota.Budget{}, "new", 5000, false},
		{"largest", quota.Budget{FileSize: 100}, "new", 100, false},
		{"larger", quota.Budget{FileSize: 100}, "new", 101, true},
		{"all there is", quota.Budget{Bytes: 100}, "in/new", 70, false},
		{"one more", quota.Budget{Bytes: 100}, "in/new", 71, true},
		{"takes the room of the old one", quota.Budget{Bytes: 100}, "in/old10", 80, false},
		{"and no more", quota.Budget{Bytes: 100}, "in/old10", 81, true},
		{"no larger, over the quota", quota.Budget{Bytes: 5}, "in/old10", 10, false},
		{"larger, over the quota", quota.Budget{Bytes: 5}, "in/old10", 11, true},
		{"the last file", quota.Budget{Files: 3}, "in/new", 1, false},
		{"one file more", quota.Budget{Files: 2}, "in/new", 1, true},
		{"not a file more", quota.Budget{Files: 2}, "in/old10", 1, false},
	} {
		t.Run(c.about, func(t *testing.T) {
			fresh := func() client {
				files := store(t, "/in/old10", "/in/sub/a")
				w := client{t, &tftpd.Handler{Trees: &tree.Trees{Files: files, Rules: policy.ReadWrite}}, "192.0.2.1"}
				ok(t, files.Remove(t.Context(), vfstest.Path(t, "/in/sub/a")))
				for name, content := range map[string]string{"in/old10": strings.Repeat("x", 10), "in/sub/old20": strings.Repeat("x", 20)} {
					if got := w.put(name, content); got != "ok" {
						t.Fatal(got)
					}
				}
				return client{t, &tftpd.Handler{Trees: within(t, files, "/", c.quota)}, "192.0.2.1"}
			}
			u, err := fresh().announce(c.name, c.size, tftp.Octet)
			if errors.Is(err, tftp.ErrNoSpace) != c.over || (err != nil) != c.over {
				t.Errorf("announced: %v", err)
			}
			if err == nil {
				ok(t, u.Abort())
			}
			want := "ok"
			if c.over {
				want = "! no space"
			}
			if got := fresh().put(c.name, strings.Repeat("x", int(c.size))); got != want {
				t.Errorf("unannounced: %s; want %s", got, want)
			}
			_, err = fresh().announce(c.name, 1<<62, tftp.NetASCII) // as it travels, not as it is
			if text := c.quota.Files == 0 || !c.over; (err == nil) != text {
				t.Errorf("text: %v", err)
			}
		})
	}
}

// TestQuotaIsNeverExceeded by uploads at once, announced or not, whether they end or not.
func TestQuotaIsNeverExceeded(t *testing.T) {
	const limit, each, many = 1000, 64, 64
	files := store(t, "/in/f")
	h := &tftpd.Handler{Trees: within(t, files, "/", quota.Budget{Bytes: limit, Files: 40})}
	who := client{t, h, "192.0.2.1"}
	var all sync.WaitGroup
	var mu sync.Mutex
	stored := 0
	for i := range many {
		all.Go(func() {
			r := who.request(fmt.Sprintf("in/%d", i), true)
			if i%2 == 0 {
				r.Options = tftp.Options{HasSize: true, Size: each}
			}
			u, err := h.WriteFile(t.Context(), r)
			if err != nil {
				return
			}
			for range each / 8 {
				if _, err = io.WriteString(u, "12345678"); err != nil {
					break
				}
			}
			if err != nil || i%5 == 0 {
				if err := u.Abort(); err != nil {
					t.Error(err)
				}
				return
			}
			if err := u.Commit(); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			stored++
		})
	}
	all.Wait()
	var bytes int64
	for i, err := range files.List(t.Context(), vfstest.Path(t, "/in")) {
		ok(t, err)
		bytes += i.Size
	}
	if bytes > limit || stored == 0 {
		t.Errorf("%d octets in %d uploads; the quota is %d", bytes, stored, limit)
	}
	// What was promised to those that failed is free again: exactly the rest fits.
	if got := who.put("in/rest", strings.Repeat("x", int(limit-bytes)+1)); got != "! no space" {
		t.Errorf("one octet more than the rest: %s", got)
	}
	if got := who.put("in/rest", strings.Repeat("x", int(limit-bytes))); got != "ok" {
		t.Errorf("the rest: %s", got)
	}
}

// TestQuotaCountsTheUploadFolder: what lies elsewhere is no upload.
func TestQuotaCountsTheUploadFolder(t *testing.T) {
	h := &tftpd.Handler{Trees: within(t, store(t, "/image/that/is/large", "/in/x"), "/in", quota.Budget{Bytes: 10}),
		Policy: tftpd.Policy{UploadFolder: vfstest.Path(t, "/in")}}
	who := client{t, h, "192.0.2.1"}
	if got := who.put("in/new", "123456"); got != "! no space" {
		t.Error(got)
	}
	if got := who.put("in/new", "12345"); got != "ok" {
		t.Error(got)
	}
}

// TestQuotaSeesOthers: who removes files makes room, also for uploads that announce
// nothing, and who puts some there takes it.
func TestQuotaSeesOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files := store(t, "/in/five")
		who := client{t, &tftpd.Handler{Trees: within(t, files, "/", quota.Budget{Bytes: 10, Files: 2})}, "192.0.2.1"}
		other := client{t, &tftpd.Handler{Trees: &tree.Trees{Files: files, Rules: policy.ReadWrite}}, "192.0.2.1"}
		settle := func() { <-time.After(2 * time.Second) }
		if got := who.put("in/new", "123"); got != "! no space" {
			t.Errorf("over the quota: %s", got)
		}
		settle()
		ok(t, files.Remove(t.Context(), vfstest.Path(t, "/in/five")))
		if got := who.put("in/new", "123"); got != "ok" {
			t.Errorf("after somebody made room: %s", got)
		}
		settle()
		if got := other.put("in/more", "1234567"); got != "ok" {
			t.Fatal(got)
		}
		if got := who.put("in/new", "1234"); got != "! no space" {
			t.Errorf("after somebody took the rest: %s", got)
		}
		if got := who.put("in/empty", ""); got != "! no space" {
			t.Errorf("after somebody made the last file: %s", got)
		}
		u, err := who.h.WriteFile(t.Context(), who.request("in/new", true))
		ok(t, err)
		settle()
		ok(t, files.Remove(t.Context(), vfstest.Path(t, "/in/more")))
		if _, err := io.WriteString(u, "1234567890"); err != nil {
			t.Errorf("room that is made while it comes: %v", err)
		}
		ok(t, u.Commit())
	})
}

// TestFullDisk: an upload that is announced to be larger than what is free is not begun.
func TestFullDisk(t *testing.T) {
	files := store(t, "/f")
	files.Capacity = 100
	who := client{t, &tftpd.Handler{Trees: &tree.Trees{Files: files, Rules: policy.ReadWrite}}, "192.0.2.1"}
	if _, err := who.announce("new", 99, tftp.Octet); !errors.Is(err, tftp.ErrNoSpace) || !strings.Contains(err.Error(), `"/new" is to have 99 octets, and 98 are free`) {
		t.Error(err)
	}
	u, err := who.announce("new", 98, tftp.Octet)
	ok(t, err)
	ok(t, u.Abort())
}

func TestAQuotaThatCannotBeKeptAdmitsNothing(t *testing.T) {
	files := store(t, "/in")
	h := &tftpd.Handler{Trees: within(t, files, "/in", quota.Budget{Files: 10}),
		Policy: tftpd.Policy{UploadFolder: vfstest.Path(t, "/in")}} // which is a file
	if got := (client{t, h, "192.0.2.1"}).put("in", "x"); got != "! not found" {
		t.Error(got)
	}
}
