package ftpserver

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"
	"testing"

	"dray/ftp"
)

// forest is an FS in which what a directory holds is computed.
type forest struct {
	FS
	list func(dir string) ([]ftp.Entry, error)
}

func (f forest) List(_ context.Context, dir string) iter.Seq2[ftp.Entry, error] {
	return func(yield func(ftp.Entry, error) bool) {
		entries, err := f.list(dir)
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
		if err != nil {
			yield(ftp.Entry{}, err)
		}
	}
}

func dirs(names ...string) (all []ftp.Entry) {
	for _, name := range names {
		all = append(all, ftp.Entry{Name: name, Type: ftp.TypeDir, Size: -1})
	}
	return all
}

// walkTree returns the names that NLST -R / finds, and the error that ends it.
func walkTree(ctx context.Context, f forest) (names []string, err error) {
	for e, err := range (listing{asked: "/"}).tree(ctx, f, "/", "root") {
		if err != nil {
			return names, err
		}
		names = append(names, e.Name)
	}
	return names, nil
}

func TestTreeIsBounded(t *testing.T) {
	for name, f := range map[string]forest{
		"deep": {list: func(string) ([]ftp.Entry, error) { return dirs("d"), nil }},
		"wide": {list: func(dir string) ([]ftp.Entry, error) {
			if dir != "/" {
				return nil, nil
			}
			return dirs(slices.Repeat([]string{"d"}, maxTreeDirs+1)...), nil
		}},
		"both": {list: func(string) ([]ftp.Entry, error) { return dirs("a", "b"), nil }},
	} {
		most := maxTreeDirs
		if name == "deep" {
			most = maxTreeDepth + 1
		}
		names, err := walkTree(t.Context(), f)
		if !errors.Is(err, errTree) || len(names) > most {
			t.Errorf("%s: %d names, %v", name, len(names), err)
		}
	}
	deepest := strings.Repeat("/d", maxTreeDepth)
	_, err := walkTree(t.Context(), forest{list: func(dir string) ([]ftp.Entry, error) {
		if dir == deepest {
			return nil, nil
		}
		return dirs("d"), nil
	}})
	if err != nil {
		t.Errorf("a tree that just fits: %v", err)
	}
	if r := refusal(errTree); r.Code != ftp.CodeTooMuch {
		t.Errorf("told %v", r)
	}
}

// Each directory is walked through once, whatever leads to it.
func TestTreeWithLoops(t *testing.T) {
	f := forest{list: func(dir string) ([]ftp.Entry, error) {
		entries := dirs("root", "here", "x")
		entries[0].Unique, entries[1].Unique, entries[2].Unique = "root", "here", path.Base(dir)
		return entries, nil
	}}
	names, err := walkTree(t.Context(), f)
	want := []string{"root", "here", "x", "here/root", "here/here", "here/x", "x/root", "x/here", "x/x", "x/x/root", "x/x/here", "x/x/x"}
	if err != nil || !slices.Equal(names, want) {
		t.Errorf("%q, %v", names, err)
	}
}

// What cannot be read below stays empty; any other error ends the listing.
func TestTreeWithErrors(t *testing.T) {
	fault := errors.New("input/output error")
	for _, tt := range []struct {
		at, want error
		names    string
	}{
		{fs.ErrPermission, nil, "a b b/c"}, {fs.ErrNotExist, nil, "a b b/c"}, {ErrNotDir, nil, "a b b/c"}, {fault, fault, "a b"},
	} {
		names, err := walkTree(t.Context(), forest{list: func(dir string) ([]ftp.Entry, error) {
			switch dir {
			case "/":
				return dirs("a", "b"), nil
			case "/b":
				return []ftp.Entry{{Name: "c", Type: ftp.TypeFile}}, nil
			}
			return nil, tt.at
		}})
		if !errors.Is(err, tt.want) || strings.Join(names, " ") != tt.names {
			t.Errorf("%v: %q, %v", tt.at, names, err)
		}
	}
	_, err := walkTree(t.Context(), forest{list: func(string) ([]ftp.Entry, error) { return nil, fs.ErrPermission }})
	if !errors.Is(err, fs.ErrPermission) {
		t.Errorf("the root may not be read: %v", err)
	}
}

func TestTreeEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	names, err := walkTree(ctx, forest{list: func(string) ([]ftp.Entry, error) { return dirs("d"), nil }})
	if len(names) > 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("%q, %v", names, err)
	}
}
