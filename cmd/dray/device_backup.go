package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dray/internal/device/ios"
	iosshow "dray/internal/device/ios/show"
	"dray/internal/device/reach"
	"dray/internal/device/term"
	"dray/internal/linediff"
)

func deviceBackup(std stdio) *cobra.Command {
	var o deviceOptions
	var to string
	var asJSON bool
	c := &cobra.Command{
		Use:   "backup HOST",
		Short: "Keep the running configuration, a version a change",
		Long: `Keep the running configuration of a device as FOLDER/NAME/TIME.cfg, and show what has
changed since the version before. Where nothing has changed, nothing is written; lines that
change by themselves, such as the time of the last change, do not count.

The files are as the device prints them, with its secrets, and only their owner may read
them. What is shown hides passwords, keys and communities.`,
		Example: "  dray device backup --inventory lab.yaml R1 --to backups",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			return o.withDevice(c.Context(), args[0], std, func(ctx context.Context, d *ios.Device, e reach.Entry) error {
				config, err := d.Config(ctx, false)
				if err != nil {
					return fmt.Errorf("%s: %w", e.Name, err)
				}
				b, err := keepConfig(to, d.Host(), config, time.Now())
				if err != nil {
					return err
				}
				b.Device = e.Name
				return b.print(std.out, asJSON)
			})
		},
	}
	o.add(c)
	f := c.Flags()
	f.StringVar(&to, "to", "backups", "folder of the versions")
	f.BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

// backup is what has become of a configuration.
type backup struct {
	Device  string `json:"device"`
	File    string `json:"file"` // the latest version
	Before  string `json:"before,omitempty"`
	Changed bool   `json:"changed"`
	Added   int    `json:"added"`
	Removed int    `json:"removed"`
	Diff    string `json:"diff,omitempty"` // with its secrets hidden
}

// keepConfig writes a version of a configuration, if it is a new one.
func keepConfig(folder, name, config string, now time.Time) (b backup, err error) {
	if name == "" || strings.HasPrefix(name, ".") || strings.ContainsAny(name, `/\: `) {
		return b, fmt.Errorf("the device is called %q, which is no name for a folder", name)
	}
	dir := filepath.Join(folder, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return b, &localError{cannotWrite, err}
	}
	last, err := latest(dir)
	if err != nil {
		return b, err
	}
	var old string
	if last != "" {
		text, err := os.ReadFile(last)
		if err != nil {
			return b, &localError{cannotRead, err}
		}
		old = string(text)
	}
	if last != "" && iosshow.Steady(old) == iosshow.Steady(config) {
		return backup{File: last}, nil
	}
	d := linediff.Compare(iosshow.Steady(old), iosshow.Steady(config))
	b = backup{Before: last, Changed: true, Added: d.Added, Removed: d.Removed, Diff: masked(d.Text)}
	b.File, err = newVersion(dir, config, now)
	return b, err
}

// latest finds the last version of a folder, "" if there is none.
func latest(dir string) (string, error) {
	all, err := os.ReadDir(dir)
	if err != nil {
		return "", &localError{cannotRead, err}
	}
	for _, f := range slices.Backward(all) { // by name, which is the time
		if f.Type().IsRegular() && filepath.Ext(f.Name()) == ".cfg" {
			return filepath.Join(dir, f.Name()), nil
		}
	}
	return "", nil
}

// newVersion writes a file that nobody else may read. It takes the place of none.
func newVersion(dir, config string, now time.Time) (string, error) {
	var name string
	for ; ; now = now.Add(time.Millisecond) { // a name that is free
		name = filepath.Join(dir, now.UTC().Format("2006-01-02T15-04-05.000Z")+".cfg")
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			break
		} else if err != nil {
			return "", &localError{cannotWrite, err}
		}
	}
	f, err := os.OpenFile(name+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return "", &localError{cannotWrite, err}
	}
	_, err = io.WriteString(f, config)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return "", &localError{cannotWrite, errors.Join(err, os.Remove(f.Name()))}
	}
	return name, nil
}

// masked hides secrets in every line.
func masked(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(printable(term.Mask(strings.TrimSuffix(line, "\n"))) + "\n")
	}
	return b.String()
}

func (b backup) print(w io.Writer, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return e.Encode(b)
	}
	var err error
	switch {
	case !b.Changed:
		_, err = fmt.Fprintf(w, "%s: no change since %s\n", b.Device, b.File)
	case b.Before == "":
		_, err = fmt.Fprintf(w, "%s: %s, the first version, of %d lines\n", b.Device, b.File, b.Added)
	default:
		_, err = fmt.Fprintf(w, "%s: %s, lines: %d added, %d removed\n--- %s\n+++ %s\n%s", b.Device, b.File, b.Added, b.Removed, b.Before, b.File, b.Diff)
	}
	return err
}
