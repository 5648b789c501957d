package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// decoder sets what a file says. It goes on after an error, so that a person sees all.
type decoder struct {
	file   string
	said   map[string]int // the line of each key
	secret string         // the first key that holds a secret
	hide   bool           // of keys such as amy:s3cret, nothing is to be shown
	errs   []error
}

// decode sets what text says. Errors have the form FILE:LINE:COLUMN: KEY: what is wrong;
// they never quote a value, which may be a password.
func (d *decoder) decode(text []byte, rows []Setting) error {
	file, err := parse(text)
	if err != nil {
		return d.syntax(err)
	}
	for i, doc := range file.Docs {
		switch body := doc.Body.(type) {
		case nil, *ast.CommentGroupNode, *ast.NullNode: // nothing is said
		case *ast.MappingNode, *ast.MappingValueNode:
			if i > 0 {
				d.fail(body, "", "want one document: nothing may follow ---")
				continue
			}
			d.mapping("", body, rows)
		default:
			d.fail(body, "", "want KEY: VALUE lines")
		}
	}
	return errors.Join(d.errs...)
}

// parse is the parser, which may meet a text that it cannot bear.
func parse(text []byte) (file *ast.File, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("this is no YAML")
		}
	}()
	return parser.ParseBytes(text, 0)
}

// syntax is an error of the parser without the lines that it quotes.
func (d *decoder) syntax(err error) error {
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil {
		return fmt.Errorf("%s: %s", d.place(at.GetToken()), at.GetMessage())
	}
	return fmt.Errorf("%s: this is no YAML", d.file)
}

func (d *decoder) place(t *token.Token) string {
	if t == nil || t.Position == nil {
		return d.file
	}
	return fmt.Sprintf("%s:%d:%d", d.file, t.Position.Line, t.Position.Column)
}

// line is the place without the column.
func (d *decoder) line(t *token.Token) string {
	if t == nil || t.Position == nil {
		return d.file
	}
	return fmt.Sprintf("%s:%d", d.file, t.Position.Line)
}

func (d *decoder) fail(at ast.Node, key, format string, args ...any) {
	place := d.place(at.GetToken())
	if key != "" {
		place += ": " + key
	}
	d.errs = append(d.errs, fmt.Errorf("%s: %w", place, fmt.Errorf(format, args...)))
}

// mapping sets what a mapping says of rows, whose keys are relative to path.
func (d *decoder) mapping(path string, node ast.Node, rows []Setting) {
	seen := map[string]bool{}
	for _, entry := range entries(node) {
		name, ok := keyOf(entry.Key)
		if !ok {
			d.fail(entry.Key, path, "want a plain word as key")
			continue
		}
		key := join(path, name)
		if d.hide && strings.Contains(name, ":") {
			key = join(path, "…")
		}
		if seen[name] {
			d.fail(entry.Key, key, "is there twice")
			continue
		}
		seen[name] = true
		below := under(name, rows)
		i := slices.IndexFunc(rows, func(s Setting) bool { return s.Key == name })
		switch {
		case i >= 0:
			d.set(key, entry, &rows[i])
		case len(below) > 0:
			d.section(key, entry.Value, below)
		default:
			d.unknown(key, name, entry.Key, rows)
		}
	}
	for _, row := range rows {
		if row.Required && !seen[row.Key] {
			d.fail(node, path, "%s is missing", row.Key)
		}
	}
}

func (d *decoder) section(key string, node ast.Node, rows []Setting) {
	switch node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		d.mapping(key, node, rows)
	case *ast.NullNode: // all of it is commented out
	default:
		d.fail(node, key, "want a section of %s", oneOf(names(rows)))
	}
}

// set sets one setting, a list as a whole.
func (d *decoder) set(key string, entry *ast.MappingValueNode, s *Setting) {
	d.said[key] = entry.Key.GetToken().Position.Line
	if s.Secret && d.secret == "" {
		d.secret = key
	}
	if !s.isList() {
		d.scalar(key, entry.Value, s)
		return
	}
	s.clear()
	sequence, ok := entry.Value.(*ast.SequenceNode)
	if !ok {
		d.member(key, entry.Value, s)
		return
	}
	for i, node := range sequence.Values {
		d.member(fmt.Sprintf("%s[%d]", key, i+1), node, s)
	}
}

// member adds one member to a list.
func (d *decoder) member(key string, node ast.Node, s *Setting) {
	switch node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		if s.Members != nil {
			outer := d.hide
			d.hide = outer || s.Secret
			before := len(d.errs)
			d.mapping(key, node, s.Members.add())
			if err := s.Members.done(d.line(node.GetToken())); err != nil && len(d.errs) == before {
				d.fail(node, key, "%w", err)
			}
			d.hide = outer
			return
		}
	}
	if s.Value == nil {
		d.fail(node, key, "want a mapping with %s", strings.Join(names(s.Members.add()), ", "))
		return
	}
	d.scalar(key, node, s)
}

func (d *decoder) scalar(key string, node ast.Node, s *Setting) {
	text, err := scalarText(node)
	if err == nil {
		err = s.Value.Set(text)
	}
	if err != nil {
		d.fail(node, key, "%w", err)
	}
}

// unknown says which keys there are, and where the one that was meant may be.
func (d *decoder) unknown(key, name string, at ast.Node, rows []Setting) {
	hint := ""
	for _, s := range settings(new(Serve)) {
		if s.Key != name && (s.Flag == name || strings.HasSuffix(s.Key, "."+name)) {
			hint = fmt.Sprintf(" (is it %s?)", s.Key)
			break
		}
	}
	d.fail(at, key, "there is no such setting%s; here are %s", hint, strings.Join(names(rows), ", "))
}

// entries are the lines of a mapping.
func entries(node ast.Node) []*ast.MappingValueNode {
	if m, ok := node.(*ast.MappingNode); ok {
		return m.Values
	}
	return []*ast.MappingValueNode{node.(*ast.MappingValueNode)}
}

func keyOf(node ast.MapKeyNode) (string, bool) {
	text, err := scalarText(node)
	return text, err == nil
}

// scalarText is a scalar as it was written: `0123` is no number here, and `off` no truth.
func scalarText(node ast.Node) (string, error) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, nil
	case *ast.LiteralNode:
		return n.Value.Value, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, nil
	case *ast.NullNode:
		return "", errors.New("there is no value: leave the line out, or say one")
	case *ast.MappingNode, *ast.MappingValueNode:
		return "", errors.New("want one value, not a section")
	case *ast.SequenceNode:
		return "", errors.New("want one value, not a list")
	}
	return "", errors.New("want a plain value; anchors, aliases and tags are not taken")
}

// under are the rows of a section, with keys relative to it.
func under(section string, rows []Setting) (below []Setting) {
	for _, s := range rows {
		if key, ok := strings.CutPrefix(s.Key, section+"."); ok {
			s.Key = key
			below = append(below, s)
		}
	}
	return below
}

// names are the keys that may stand at the level of rows.
func names(rows []Setting) (all []string) {
	for _, s := range rows {
		name, _, _ := strings.Cut(s.Key, ".")
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
