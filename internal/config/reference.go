package config

import (
	"fmt"
	"strings"
)

// Reference is docs/config.md: every setting, from the table.
func Reference() string {
	var b strings.Builder
	b.WriteString(referenceHead)
	for _, s := range settings(new(Serve)) {
		fmt.Fprintf(&b, "\n### `%s`\n%s.\n\n", s.Key, strings.ToUpper(s.Usage[:1])+s.Usage[1:])
		if s.Value != nil {
			fmt.Fprintf(&b, "- Value: %s\n", valueText(&s))
		}
		fmt.Fprintf(&b, "- Default: %s\n", defaultText(&s))
		switch {
		case s.Argument:
			fmt.Fprintf(&b, "- Argument `%s`, variable `%s`\n", strings.ToUpper(s.Flag), s.Env())
		case s.Flag != "":
			fmt.Fprintf(&b, "- Flag `--%s`, variable `%s`\n", s.Flag, s.Env())
		}
		if s.Members != nil {
			b.WriteString("- In the file a list of mappings with\n")
			for _, m := range s.Members.add() {
				fmt.Fprintf(&b, "  - `%s`: %s, %s%s\n", m.Key, valueText(&m), m.Usage, required(&m))
			}
		}
	}
	return b.String()
}

func valueText(s *Setting) string {
	text := "`" + s.Value.Type() + "`"
	if w, ok := s.Value.(words); ok {
		text = "`" + strings.Join(w.Words(), "`, `") + "`"
	}
	if s.isList() {
		text += ", or a list of them"
	}
	return text
}

func defaultText(s *Setting) string {
	if s.Default != "" {
		return "`" + s.Default + "`"
	}
	return s.Unset
}

func required(s *Setting) string {
	switch {
	case s.Required:
		return " (required)"
	case s.absent() != "":
		return " (default " + s.absent() + ")"
	}
	return ""
}

const referenceHead = `# Settings of dray serve

This page is made from the table in internal/config; ` + "`go test ./internal/config -update`" + `
writes it.

A flag goes before its variable in the environment, the variable before the file. A list that one of
them says replaces the list of those after it; in a variable, white space separates its members. A
relative name of a file or folder counts from the current folder, also in the file.

The file is YAML. It is the one that ` + "`--config`" + ` names, else the one that ` + "`DRAY_CONFIG`" + `
names, else the first that there is of ` + "`./dray.yaml`" + `, ` + "`$XDG_CONFIG_HOME/dray/config.yaml`" + `
(` + "`~/.config/dray/config.yaml`" + `), and ` + "`/etc/dray/config.yaml`" + ` with every
` + "`/etc/dray/conf.d/*.yaml`" + ` after it, in the order of their names. ` + "`--config none`" + ` reads no file.

- A key that nobody knows and a wrong value are errors, with file, line and column, and so are
  anchors, aliases and tags.
- A file with passwords has to be closed to others: ` + "`chmod 600 dray.yaml`" + `.
- A file in the folder that is served is refused: clients could read or change it. No client sees,
  reads or makes a file that is called ` + "`dray.yaml`" + `, wherever it lies.
- Private keys in a folder that is served are refused as well: those of ` + "`state-dir`, `tls.key` and `ftp.hosts`" + `.
- ` + "`./dray.yaml`" + ` of another user is refused unless ` + "`--config`" + ` names it.

` + "`dray config check`" + ` says what is wrong, ` + "`dray config print`" + ` shows every setting and where it comes
from, ` + "`dray config path`" + ` which files are read.

` + "```yaml" + `
dir: /srv/images
write: true
users:
  - name: amy
    password: secret
ftp:
  passive-ports: 50000-50100
tls:
  mode: required
` + "```" + `

## Settings
`
