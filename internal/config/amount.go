package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Texts is a list of texts, which may have spaces.
type Texts []string

// Set adds a text.
func (t *Texts) Set(s string) error {
	var text Text
	if err := text.Set(s); err != nil {
		return err
	}
	*t = append(*t, string(text))
	return nil
}

func (t *Texts) String() string { return strings.Join(*t, " ") }

func (t *Texts) clear() { *t = nil }

func (t *Texts) items() []string { return *t }

// Type names the value in a usage text.
func (t *Texts) Type() string { return "TEXT" }

// Count is a number within bounds.
type Count struct {
	*int
	least, most int
}

// Set takes a number within the bounds.
func (c Count) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < c.least || n > c.most {
		return fmt.Errorf("want a number from %d to %d", c.least, c.most)
	}
	*c.int = n
	return nil
}

func (c Count) String() string {
	if c.int == nil || *c.int == 0 {
		return ""
	}
	return strconv.Itoa(*c.int)
}

// Type names the value in a usage text.
func (c Count) Type() string { return "NUMBER" }

// Duration is a time span.
type Duration time.Duration

// Set takes a number with a unit, such as 5s or 2m.
func (d *Duration) Set(s string) error {
	v, err := time.ParseDuration(s)
	if err != nil || v <= 0 {
		return errors.New("want a time span, such as 5s or 2m")
	}
	*d = Duration(v)
	return nil
}

func (d *Duration) String() string {
	if *d == 0 {
		return ""
	}
	text := time.Duration(*d).String() // with zeros that nobody writes
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// Type names the value in a usage text.
func (d *Duration) Type() string { return "DURATION" }
