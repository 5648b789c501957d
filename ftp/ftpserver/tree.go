package ftpserver

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"path"
	"strings"

	"dray/ftp"
)

// What LIST -R walks through at most: a line of a few octets must not occupy the server.
const (
	maxTreeDepth = 32
	maxTreeDirs  = 10_000
)

// errTree ends a listing of more than that. What fits has been sent by then, and the reply
// says that it is not all.
var errTree = errors.New("ftpserver: too much for one listing")

// tree walks through a directory and those below it. Each directory comes once, also
// where links make a loop; those that may not be read, or go away meanwhile, stay empty.
type tree struct {
	fs     FS
	root   string
	prefix string // of what is shown
	long   bool   // as ls -lR shows it, else names from the root on
	dirs   int
	seen   map[string]bool // by the unique fact
	yield  func(ftp.Entry, error) bool
}

// tree lists the directory root, of which unique is the fact, and what is below it.
func (o listing) tree(ctx context.Context, fs FS, root, unique string) iter.Seq2[ftp.Entry, error] {
	return func(yield func(ftp.Entry, error) bool) {
		t := tree{fs: fs, root: root, long: o.long, prefix: dirPrefix(o.asked), yield: yield}
		t.seen = map[string]bool{unique: unique != ""}
		t.walk(ctx, "", 0)
	}
}

// walk shows the directory and what is below it, and reports whether to go on.
func (t *tree) walk(ctx context.Context, dir string, depth int) bool {
	if !t.head(dir) {
		return false
	}
	below, more := t.show(ctx, dir)
	if more && len(below) > 0 && depth == maxTreeDepth {
		return t.yield(ftp.Entry{}, errTree)
	}
	for i := 0; more && i < len(below); i++ {
		more = t.walk(ctx, path.Join(dir, below[i]), depth+1)
	}
	return more
}

// head says which directory comes, in the form of ls -lR.
func (t *tree) head(dir string) bool {
	if !t.long {
		return true
	}
	if dir != "" && !t.yield(ftp.Entry{Type: ftp.TypeCurDir}, nil) {
		return false
	}
	name := path.Join(t.prefix, dir)
	if t.prefix == "" {
		name = strings.TrimSuffix("./"+dir, "/")
	}
	return t.yield(ftp.Entry{Type: ftp.TypeCurDir, Name: name + ":"}, nil)
}

// show yields what is in the directory, and returns the directories among it.
func (t *tree) show(ctx context.Context, dir string) (below []string, more bool) {
	for e, err := range t.fs.List(ctx, path.Join(t.root, dir)) {
		if err == nil {
			err = ctx.Err()
		}
		if dir != "" && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, ErrNotDir)) {
			break
		}
		if err == nil && e.Type == ftp.TypeDir && !t.seen[e.Unique] {
			below = append(below, e.Name)
			t.seen[e.Unique] = e.Unique != ""
			if t.dirs++; t.dirs > maxTreeDirs {
				err = errTree
			}
		}
		if !t.long {
			e.Name = path.Join(dir, e.Name)
		}
		if !t.yield(e, err) || err != nil {
			return nil, false
		}
	}
	return below, true
}
