package vfstest

import (
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"

	"dray/internal/vfs"
)

var concurrencyTests = []test{
	{"a reader sees one writer's file whole", func(t *tree) {
		const writers, rounds = 4, 8
		t.put("/f", strings.Repeat("a", 1000))
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				content := strings.Repeat(string(rune('a'+w)), 1000*(w+1))
				for range rounds {
					if err := replace(t, "/f", content); err != nil {
						t.Error(err)
					}
				}
			})
			all.Go(func() {
				for range rounds {
					b, err := readAll(t, "/f")
					if err != nil || !whole(b) {
						t.Errorf("read %d bytes, %.20q…, %v", len(b), b, err)
					}
				}
			})
		}
		all.Wait()
		t.lists("/", "f")
	}},
	{"uploads to different names do not meet", func(t *tree) {
		const writers = 16
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				if err := replace(t, fmt.Sprintf("/f%d", w), strings.Repeat("x", w)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for w := range writers {
			t.holds(fmt.Sprintf("/f%d", w), strings.Repeat("x", w))
		}
	}},
}

var exclusiveRaces = []test{
	{"of many exclusive uploads one wins", func(t *tree) {
		var uploads []vfs.Upload
		for range 16 {
			uploads = append(uploads, t.create("/f", "f", vfs.CreateOptions{Exclusive: true}))
		}
		t.oneWins(len(uploads), func(n int) error { return uploads[n].Commit() })
		t.lists("/", "f")
	}},
	{"of many exclusive renames to one name one wins", func(t *tree) {
		const files, rounds = 8, 40 // to look before one leaps goes well most of the time
		for round := range rounds {
			dir := fmt.Sprintf("/%d", round)
			t.mkdir(dir)
			from := func(n int) string { return fmt.Sprintf("%s/f%d", dir, n) }
			for n := range files {
				t.put(from(n), "f")
			}
			t.oneWins(files, func(n int) error {
				return t.rename(from(n), dir+"/g", vfs.RenameOptions{Exclusive: true})
			})
			if left := t.names(dir); len(left) != files {
				t.Fatalf("%d names are left of %d", len(left), files)
			}
		}
	}},
}

// oneWins does n things at once, and wants all but one to be refused with fs.ErrExist.
func (t *tree) oneWins(n int, do func(n int) error) {
	t.Helper()
	errs := make([]error, n)
	var all sync.WaitGroup
	for n := range errs {
		all.Go(func() { errs[n] = do(n) })
	}
	all.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		t.refused(err, fs.ErrExist)
	}
	if won != 1 {
		t.Fatalf("%d won", won)
	}
}

// whole reports whether b is what one of the writers wrote.
func whole(b []byte) bool {
	return len(b) > 0 && len(b) == 1000*int(b[0]-'a'+1) && strings.Count(string(b), string(b[:1])) == len(b)
}

func replace(t *tree, name, content string) error {
	p, err := vfs.ParsePath(name)
	if err != nil {
		return err
	}
	u, err := t.Create(t.Context(), p, vfs.CreateOptions{})
	if err != nil {
		return err
	}
	defer u.Abort()
	if _, err := io.WriteString(u, content); err != nil {
		return err
	}
	return u.Commit()
}

func readAll(t *tree, name string) ([]byte, error) {
	p, err := vfs.ParsePath(name)
	if err != nil {
		return nil, err
	}
	f, err := t.Open(t.Context(), p)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}
