package osfs

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"dray/internal/vfs"
)

// Pool opens folders of the host, each of them once however many use it: before rights are
// given up, it can be had, and after that it is there. The zero value has none. Its methods
// may be called from any goroutine.
type Pool struct {
	mu      sync.Mutex
	folders map[string]*FS // by absolute path
	parts   map[part]*shared
	closed  bool
}

// part is a folder within one of the pool.
type part struct {
	dir string // absolute
	at  vfs.Path
}

// shared is a part that so many use.
type shared struct {
	files *FS
	users int
}

var errPoolClosed = errors.New("the server is shutting down")

// Open returns the folder dir, which stays open until Close. One that could not be opened
// is tried again the next time.
func (p *Pool) Open(dir string) (*FS, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open(dir)
}

func (p *Pool) open(dir string) (*FS, error) {
	if p.closed {
		return nil, errPoolClosed
	}
	if f, ok := p.folders[dir]; ok {
		return f, nil
	}
	f, err := Open(dir)
	if err != nil {
		return nil, err
	}
	if p.folders == nil {
		p.folders = map[string]*FS{}
	}
	p.folders[dir] = f
	return f, nil
}

// Part returns the folder at within dir as a tree of its own, as [FS.Sub] does. It is open
// until ctx ends, for as long as anybody has it.
func (p *Pool) Part(ctx context.Context, dir string, at vfs.Path, make bool) (*FS, error) {
	if at.IsRoot() {
		return p.Open(dir)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	whole, err := p.open(dir)
	if err != nil {
		return nil, err
	}
	key := part{dir, at}
	s := p.parts[key]
	if s == nil {
		files, err := whole.Sub(at, make)
		if err != nil {
			return nil, fmt.Errorf("in %s: %w", dir, err)
		}
		s = &shared{files: files}
		if p.parts == nil {
			p.parts = map[part]*shared{}
		}
		p.parts[key] = s
	}
	s.users++
	context.AfterFunc(ctx, func() { p.leave(key, s) })
	return s.files, nil
}

// leave closes a part when nobody has it any more.
func (p *Pool) leave(key part, s *shared) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.users--; s.users > 0 || p.parts[key] != s {
		return
	}
	delete(p.parts, key)
	_ = s.files.Close() // a handle of a folder: nothing can be lost
}

// All returns the folders that are open, without parts, in the order of their names.
func (p *Pool) All() []*FS {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []*FS
	for _, f := range p.folders {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b *FS) int { return strings.Compare(a.dir, b.dir) })
	return all
}

// Close releases all folders. Files and uploads that are open stay usable.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	var errs []error
	for _, f := range p.folders {
		errs = append(errs, f.Close())
	}
	for _, s := range p.parts {
		errs = append(errs, s.files.Close())
	}
	p.folders, p.parts = nil, nil
	return errors.Join(errs...)
}
