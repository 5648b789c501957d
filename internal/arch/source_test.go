package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

const (
	module = "dray"
	root   = "../.."
)

// source is one Go file of the module, whatever it is built for.
type source struct {
	*ast.File
	name string // from the root of the module
	set  *token.FileSet

	variables map[string]bool // of its package, by name
}

func (s source) pkg() string { return path.Dir(s.name) }
func (s source) test() bool  { return strings.HasSuffix(s.name, "_test.go") }
func (s source) lines() int  { return s.set.File(s.Pos()).LineCount() }
func (s source) span(n ast.Node) int {
	return s.set.Position(n.End()).Line - s.set.Position(n.Pos()).Line + 1
}

// at says where n is, for a message.
func (s source) at(n ast.Node) string { return s.set.Position(n.Pos()).String() }

// imports returns the import path of the package that each name in the file stands for.
func (s source) imports() map[string]string {
	all := make(map[string]string)
	for _, spec := range s.Imports {
		p := strings.Trim(spec.Path.Value, `"`)
		name := path.Base(p)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		all[name] = p
	}
	return all
}

// parse reads one file; as for variables, as if it were alone in its package.
func parse(t *testing.T, name string, text []byte) source {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	s := source{File: file, name: name, set: set, variables: make(map[string]bool)}
	packageVariables(s, func(name *ast.Ident, _ ast.Expr) { s.variables[name.Name] = name.Name != "_" })
	return s
}

// load reads the module. Folders that begin with a dot, testdata, and modules within the
// module are none of it.
func load(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != root {
			_, mod := os.Stat(filepath.Join(name, "go.mod"))
			if mod == nil || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") {
				return fs.SkipDir
			}
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		all = append(all, parse(t, filepath.ToSlash(rel), text))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	share(all)
	return all
}

// share gives each file the variables of its whole package.
func share(all []source) {
	packages := make(map[string]map[string]bool)
	for i, s := range all {
		if s.test() {
			continue
		}
		if packages[s.pkg()] == nil {
			packages[s.pkg()] = make(map[string]bool)
		}
		maps.Copy(packages[s.pkg()], s.variables)
		all[i].variables = packages[s.pkg()]
	}
}
