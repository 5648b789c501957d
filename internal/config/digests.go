package config

import (
	"fmt"
	"slices"
	"strings"
)

// Digests are the algorithms by which uploads are hashed. The zero value is all.
type Digests struct{ words []string }

// Algorithms are the names, none if it is switched off.
func (d *Digests) Algorithms() []string {
	switch {
	case len(d.words) == 0:
		return digestNames()
	case d.words[0] == "off":
		return nil
	}
	return d.words
}

func digestNames() []string { return []string{"sha256", "sha512", "md5"} }

// Set adds an algorithm, or takes "off", which is alone.
func (d *Digests) Set(s string) error {
	for word := range strings.FieldsSeq(strings.ReplaceAll(s, ",", " ")) {
		switch {
		case word != "off" && !slices.Contains(digestNames(), word):
			return fmt.Errorf("want %s", oneOf(d.Words()))
		case len(d.words) > 0 && (word == "off" || d.words[0] == "off"):
			return fmt.Errorf("want off alone, or some of %s", strings.Join(digestNames(), ", "))
		case !slices.Contains(d.words, word):
			d.words = append(d.words, word)
		}
	}
	return nil
}

func (d *Digests) String() string { return strings.Join(d.words, " ") }

func (d *Digests) clear() { d.words = nil }

// Type names the value in a usage text.
func (d *Digests) Type() string { return "ALGORITHM" }

// Words are what Set takes.
func (d *Digests) Words() []string { return append(digestNames(), "off") }

func digestSettings(d *Digests) []Setting {
	return []Setting{
		{Key: "digests", Flag: "digest", Value: d, Unset: "sha256, sha512 and md5",
			Usage: "keep the digest of each upload by this algorithm, for HASH, check-file and dray hash; off keeps none"},
	}
}
