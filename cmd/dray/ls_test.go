package main

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"

	"dray/ftp"
)

// listing yields n names from the last to the first, and then an error if there is one.
func listing(n int, err error, yielded *int) iter.Seq2[ftp.Entry, error] {
	return func(yield func(ftp.Entry, error) bool) {
		for i := range n {
			*yielded++
			if !yield(ftp.Entry{Name: fmt.Sprintf("%08d", n-i)}, nil) {
				return
			}
		}
		if err != nil {
			yield(ftp.Entry{}, err)
		}
	}
}

// TestListingIsSorted: by name, unless there are so many that the first is wanted before
// the last has come.
func TestListingIsSorted(t *testing.T) {
	broke := errors.New("broke off")
	for _, c := range []struct {
		n      int
		err    error
		sorted bool
	}{{0, nil, true}, {3, nil, true}, {sortedNames, nil, true}, {3, broke, true}, {sortedNames + 2, nil, false}, {sortedNames + 2, broke, false}} {
		var names []string
		yielded, first := 0, 0
		err := eachSorted(listing(c.n, c.err, &yielded), func(e ftp.Entry) error {
			if names == nil {
				first = yielded
			}
			names = append(names, e.Name)
			return nil
		})
		if !errors.Is(err, c.err) || len(names) != c.n || slices.IsSorted(names) != c.sorted {
			t.Errorf("%d names: %v, %d shown, sorted %v", c.n, err, len(names), slices.IsSorted(names))
		}
		if first > sortedNames+1 {
			t.Errorf("the first is shown after %d", first)
		}
	}
	var yielded int
	if err := eachSorted(listing(sortedNames+9, nil, &yielded), func(ftp.Entry) error { return broke }); !errors.Is(err, broke) || yielded > sortedNames+1 {
		t.Errorf("whoever reads has gone: %v after %d", err, yielded)
	}
}
