package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
)

// rule looks at one file and says what is wrong with it.
type rule func(s source) []string

func rules() map[string]rule {
	return map[string]rule{
		"imports":     imports,
		"purity":      purity,
		"host":        host,
		"sleep":       sleep,
		"init":        noInit,
		"variables":   variables,
		"assignments": assignments,
		"budgets":     budgets,
	}
}

// imports holds a file to the row of its package.
func imports(s source) (wrong []string) {
	r, ok := table()[s.pkg()]
	if !ok {
		return []string{fmt.Sprintf("%s: package %s has no row in the table", s.name, s.pkg())}
	}
	allowed := strings.Fields(r.dray + " " + r.outside)
	if s.test() {
		allowed = append(allowed, strings.Fields(r.tests)...)
		allowed = append(allowed, s.pkg())
	}
	for _, spec := range s.Imports {
		p := strings.Trim(spec.Path.Value, `"`)
		if own, ok := strings.CutPrefix(p, module+"/"); ok {
			if !slices.Contains(allowed, own) {
				wrong = append(wrong, fmt.Sprintf("%s: %s may not import %s", s.at(spec), s.pkg(), p))
			}
			continue
		}
		first, _, _ := strings.Cut(p, "/")
		within := func(module string) bool { return p == module || strings.HasPrefix(p, module+"/") }
		if strings.Contains(first, ".") && !slices.ContainsFunc(allowed, within) {
			wrong = append(wrong, fmt.Sprintf("%s: %s may not import %s", s.at(spec), s.pkg(), p))
		}
	}
	return wrong
}

// isPure reports whether the file is one of the pure ones.
func isPure(name string) bool {
	return !strings.HasSuffix(name, "_test.go") && slices.ContainsFunc(pure(), func(pattern string) bool {
		ok, err := path.Match(pattern, name)
		return ok || err != nil
	})
}

// purity holds a machine, or a vocabulary, to having no I/O, clock, chance or goroutines.
func purity(s source) (wrong []string) {
	if !isPure(s.name) {
		return nil
	}
	for _, spec := range s.Imports {
		switch p := strings.Trim(spec.Path.Value, `"`); {
		case p == "net/netip", p == "net/url":
		case p == "net", p == "os", p == "syscall", p == "sync", p == "log", p == "crypto/rand",
			strings.HasPrefix(p, "net/"), strings.HasPrefix(p, "os/"), strings.HasPrefix(p, "sync/"),
			strings.HasPrefix(p, "log/"), strings.HasPrefix(p, "math/rand"), strings.HasPrefix(p, "golang.org/x/"):
			wrong = append(wrong, fmt.Sprintf("%s: %s is pure, it may not import %s", s.at(spec), s.name, p))
		}
	}
	wrong = append(wrong, uses(s, "time", "Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer")...)
	ast.Inspect(s.File, func(n ast.Node) bool {
		if n, ok := n.(*ast.GoStmt); ok {
			wrong = append(wrong, fmt.Sprintf("%s: %s is pure, it may not start a goroutine", s.at(n), s.name))
		}
		return true
	})
	return wrong
}

// uses finds where a file uses any of the names of a package.
func uses(s source, pkg string, names ...string) (found []string) {
	imported := s.imports()
	ast.Inspect(s.File, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok || !slices.Contains(names, sel.Sel.Name) {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && imported[x.Name] == pkg {
			found = append(found, fmt.Sprintf("%s: %s may not use %s.%s", s.at(n), s.name, pkg, sel.Sel.Name))
		}
		return true
	})
	return found
}

// host keeps the files and the environment of the host to the few who need them.
func host(s source) (wrong []string) {
	if s.test() {
		return nil
	}
	if !slices.Contains(strings.Fields(opensFiles), s.pkg()) {
		wrong = uses(s, "os", "Chmod", "Chown", "Chtimes", "Create", "CreateTemp", "DirFS", "Link", "Lstat", "Mkdir",
			"MkdirAll", "MkdirTemp", "Open", "OpenFile", "OpenInRoot", "OpenRoot", "ReadDir", "ReadFile", "Readlink",
			"Remove", "RemoveAll", "Rename", "Stat", "Symlink", "Truncate", "WriteFile")
	}
	if !slices.Contains(strings.Fields(readsEnv), s.pkg()) {
		wrong = append(wrong, uses(s, "os", "Environ", "ExpandEnv", "Getenv", "LookupEnv", "Setenv", "Unsetenv", "Clearenv")...)
	}
	return wrong
}

// sleep refuses time.Sleep but where the time is that of a testing/synctest bubble.
func sleep(s source) []string {
	for _, p := range s.imports() {
		if s.test() && p == "testing/synctest" {
			return nil
		}
	}
	return uses(s, "time", "Sleep")
}

func noInit(s source) (wrong []string) {
	for _, d := range s.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			wrong = append(wrong, fmt.Sprintf("%s: no init", s.at(f)))
		}
	}
	return wrong
}

// packageVariables calls yield with each package variable and its value, nil for none.
func packageVariables(s source, yield func(name *ast.Ident, value ast.Expr)) {
	for _, d := range s.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			for i, name := range v.Names {
				var value ast.Expr
				if i < len(v.Values) {
					value = v.Values[i]
				}
				yield(name, value)
			}
		}
	}
}

// variables refuses package variables but error sentinels, assertions, literal tables,
// and what the table of constants names.
func variables(s source) (wrong []string) {
	if s.test() {
		return nil
	}
	packageVariables(s, func(name *ast.Ident, value ast.Expr) {
		if name.Name != "_" && constants()[s.pkg()+"."+name.Name] == "" && !isSentinel(s, value) && !isTable(value) {
			wrong = append(wrong, fmt.Sprintf("%s: package variable %s", s.at(name), name.Name))
		}
	})
	return wrong
}

// isSentinel reports whether a variable is made by errors.New.
func isSentinel(s source, value ast.Expr) bool {
	call, ok := value.(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "New" {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && s.imports()[x.Name] == "errors"
}

// isTable reports whether a variable is a literal slice, array or map.
func isTable(value ast.Expr) bool {
	lit, ok := value.(*ast.CompositeLit)
	if !ok {
		return false
	}
	switch lit.Type.(type) {
	case *ast.ArrayType, *ast.MapType:
		return true
	}
	return false
}

// assignments refuses to change a package variable, or to hand out its address. A
// function that gives the name another meaning is not looked at for that name.
func assignments(s source) (wrong []string) {
	if s.test() {
		return nil
	}
	for _, d := range s.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		own := locals(f)
		for _, n := range changes(f) {
			if name := n.Name; s.variables[name] && !own[name] {
				wrong = append(wrong, fmt.Sprintf("%s: %s is not to be changed", s.at(n), name))
			}
		}
	}
	return wrong
}

// changes finds the variables that a function assigns to, or takes the address of.
func changes(f *ast.FuncDecl) (changed []*ast.Ident) {
	change := func(e ast.Expr) {
		if name := base(e); name != nil {
			changed = append(changed, name)
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, to := range n.Lhs {
				change(to)
			}
		case *ast.IncDecStmt:
			change(n.X)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				change(n.X)
			}
		}
		return true
	})
	return changed
}

// locals are the names that a function declares, wherever in it.
func locals(f *ast.FuncDecl) map[string]bool {
	names := make(map[string]bool)
	declare := func(exprs ...ast.Expr) {
		for _, e := range exprs {
			if name, ok := e.(*ast.Ident); ok {
				names[name.Name] = true
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				declare(n.Lhs...)
			}
		case *ast.RangeStmt:
			if n.Tok == token.DEFINE {
				declare(n.Key, n.Value)
			}
		case *ast.Field:
			for _, name := range n.Names {
				names[name.Name] = true
			}
		case *ast.ValueSpec:
			for _, name := range n.Names {
				names[name.Name] = true
			}
		}
		return true
	})
	return names
}

// base is the variable that an assignment to e changes; nil if it is behind a call or a
// pointer.
func base(e ast.Expr) *ast.Ident {
	switch e := e.(type) {
	case *ast.Ident:
		return e
	case *ast.IndexExpr:
		return base(e.X)
	case *ast.SelectorExpr:
		return base(e.X)
	case *ast.ParenExpr:
		return base(e.X)
	}
	return nil
}

// budgets asks for smaller pieces.
func budgets(s source) (wrong []string) {
	limit := maxFile
	if s.test() {
		limit = maxTestFile
	}
	if n := s.lines(); n > limit {
		wrong = append(wrong, fmt.Sprintf("%s has %d lines, %d are allowed", s.name, n, limit))
	}
	ast.Inspect(s.File, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if lines := s.span(n); lines > maxFunction && !s.test() {
				wrong = append(wrong, fmt.Sprintf("%s: %s has %d lines, %d are allowed", s.at(n), n.Name.Name, lines, maxFunction))
			}
		case *ast.InterfaceType:
			if methods := n.Methods.NumFields(); methods > maxInterface {
				wrong = append(wrong, fmt.Sprintf("%s: an interface of %d methods, %d are allowed", s.at(n), methods, maxInterface))
			}
		}
		return true
	})
	return wrong
}

// crowded finds the packages that have too many lines.
func crowded(all []source) (wrong []string) {
	lines := make(map[string]int)
	for _, s := range all {
		if !s.test() {
			lines[s.pkg()] += s.lines()
		}
	}
	for pkg, n := range lines {
		limit, ok := larger()[pkg]
		if !ok {
			limit = maxPackage
		}
		if n > limit {
			wrong = append(wrong, fmt.Sprintf("package %s has %d lines, %d are allowed", pkg, n, limit))
		}
	}
	return wrong
}
