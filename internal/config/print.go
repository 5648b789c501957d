package config

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Print writes all settings as a file that says the same, with the origin of each beside
// it. Secrets are left out, and what has no value to write is a comment.
func (l *Loaded) Print(w io.Writer) error {
	var b strings.Builder
	section := ""
	for _, s := range settings(&l.Serve) {
		head, key, nested := strings.Cut(s.Key, ".")
		indent := ""
		if nested {
			indent = "  "
			if head != section {
				fmt.Fprintf(&b, "%s:\n", head)
			}
		} else {
			key = head
		}
		section = head
		l.print(&b, indent, key, &s)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (l *Loaded) print(b *strings.Builder, indent, key string, s *Setting) {
	origin, said := l.origin[s.Key]
	if !said {
		origin = "default"
	}
	value := ""
	if s.Value != nil {
		value = s.Value.String()
	}
	switch {
	case s.Members != nil && said:
		fmt.Fprintf(b, "%s%s: # %s\n", indent, key, origin)
		for _, rows := range s.Members.each() {
			printMember(b, indent+"  ", rows)
		}
	case s.isList() && said:
		fmt.Fprintf(b, "%s%s: # %s\n", indent, key, origin)
		for _, v := range each(s.Value) {
			fmt.Fprintf(b, "%s  - %s\n", indent, quoted(v))
		}
	case s.Secret && said:
		fmt.Fprintf(b, "%s# %s: not shown # %s\n", indent, key, origin)
	case value != "":
		fmt.Fprintf(b, "%s%s: %s # %s\n", indent, key, quoted(value), origin)
	case s.Default != "":
		fmt.Fprintf(b, "%s%s: %s # %s\n", indent, key, quoted(s.Default), origin)
	default:
		fmt.Fprintf(b, "%s# %s: %s # %s\n", indent, key, s.Unset, origin)
	}
}

// printMember writes a mapping in a list.
func printMember(b *strings.Builder, indent string, rows []Setting) {
	mark := "- "
	for _, s := range rows {
		value := s.Value.String()
		switch _, isList := s.Value.(list); {
		case value == "":
			continue
		case s.Secret:
			value = "# not shown"
		case isList:
			var all []string
			for _, v := range each(s.Value) {
				all = append(all, quoted(v))
			}
			value = "[" + strings.Join(all, ", ") + "]"
		default:
			value = quoted(value)
		}
		fmt.Fprintf(b, "%s%s%s: %s\n", indent, mark, s.Key, value)
		mark = "  "
	}
}

// quoted is a value as a file takes it: as it is where that is plain.
func quoted(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-", r)
	}
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 && s != "" && s != "-" && s[0] != '.' || s == "." {
		return s
	}
	return strconv.Quote(s)
}
