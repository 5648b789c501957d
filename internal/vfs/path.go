package vfs

import (
	"path"
	"strings"
)

// MaxPath is the longest path that [ParsePath] takes, in bytes, without the slash in front.
const MaxPath = 4096

// Path names a file within a tree: rooted, clean, with "/" between elements. It cannot
// name anything above the root. The zero value is the root. Paths compare with ==.
type Path struct{ rel string } // "" or "a/b"

// ParsePath is the only way to a Path. A relative name counts from the root, ".." stops
// there. A backslash is an ordinary character, except that an element ".." between
// backslashes is refused, since it can only be an attempt to leave. Control characters
// and names over MaxPath are ErrBadName.
func ParsePath(name string) (Path, error) {
	if len(strings.TrimPrefix(name, "/")) > MaxPath || strings.ContainsFunc(name, isControl) || climbsByBackslash(name) {
		return Path{}, &OpError{Op: "parse", Path: name, Err: ErrBadName}
	}
	return Path{rel: path.Clean("/" + name)[1:]}, nil
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7f }

func climbsByBackslash(name string) bool {
	if !strings.Contains(name, `\`) {
		return false
	}
	for elem := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == '/' || r == '\\' }) {
		if elem == ".." {
			return true
		}
	}
	return false
}

// ValidName reports whether name can be an element of a Path.
func ValidName(name string) bool {
	if name == "" || name == "." || name == ".." || len(name) > MaxPath {
		return false
	}
	plain := true
	for i := range len(name) {
		switch c := name[i]; {
		case isControl(rune(c)), c == '/':
			return false
		case c == '\\':
			plain = false
		}
	}
	return plain || !climbsByBackslash(name)
}

// String returns the path with a leading "/"; "/" for the root.
func (p Path) String() string { return "/" + p.rel }

// Rel returns the path as io/fs and os.Root want it: "." for the root, else "a/b".
func (p Path) Rel() string {
	if p.rel == "" {
		return "."
	}
	return p.rel
}

// IsRoot reports whether p is the root.
func (p Path) IsRoot() bool { return p.rel == "" }

// Base returns the last element, "/" for the root.
func (p Path) Base() string { return path.Base("/" + p.rel) }

// Dir returns the folder that holds p; the root's is the root.
func (p Path) Dir() Path { return Path{rel: path.Dir("/" + p.rel)[1:]} }

// Join parses name as seen from p: an absolute name starts over from the root.
func (p Path) Join(name string) (Path, error) {
	if len(p.rel)+len("//")+len(name) <= MaxPath && ValidName(name) {
		if p.rel == "" {
			return Path{rel: name}, nil
		}
		return Path{rel: p.rel + "/" + name}, nil
	}
	if strings.HasPrefix(name, "/") {
		return ParsePath(name)
	}
	return ParsePath(p.String() + "/" + name)
}

// Within reports whether p is dir or lies below it. It compares whole elements.
func (p Path) Within(dir Path) bool {
	return dir.IsRoot() || p == dir || strings.HasPrefix(p.rel, dir.rel+"/")
}

// Below returns p as seen from dir, which must hold it: what p would be if dir were the
// root.
func (p Path) Below(dir Path) Path { return Path{rel: strings.TrimPrefix(p.rel[len(dir.rel):], "/")} }
