package main

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"dray/internal/vfs/digest"
	"dray/internal/vfs/osfs"
)

// hashOptions are those of dray hash.
type hashOptions struct {
	algorithm string
	fresh     bool
	asJSON    bool
}

func hashCommand(std stdio) *cobra.Command {
	var o hashOptions
	c := &cobra.Command{
		Use:   "hash FILE…",
		Short: "Print digests of files, without reading those that were uploaded",
		Long: `Print the digest of each file of this machine, as sha256sum does. What was uploaded to dray serve
has its digests beside it (the setting digests): they are told as long as the size and the time of the
file are what they were. Every other file is read.`,
		Example: "  dray hash /srv/images/*.bin\n  dray hash --algorithm md5 cat9k.bin\n  dray hash *.bin > SHA256SUMS; sha256sum --check SHA256SUMS",
		Args:    usageArgs(cobra.MinimumNArgs(1)),
		RunE: func(_ *cobra.Command, files []string) error {
			if !slices.Contains(digest.Algorithms(), o.algorithm) {
				return &usageError{fmt.Errorf("--algorithm: want one of %s", strings.Join(digest.Algorithms(), ", "))}
			}
			var errs []error
			for _, name := range files {
				if err := o.print(std.out, name); err != nil {
					errs = append(errs, &localError{cannotRead, err})
				}
			}
			return errors.Join(errs...)
		},
	}
	f := c.Flags()
	f.StringVar(&o.algorithm, "algorithm", "sha256", strings.Join(digest.Algorithms(), ", "))
	f.BoolVar(&o.fresh, "fresh", false, "read the file whatever is kept")
	f.BoolVar(&o.asJSON, "json", false, "print a JSON object a file")
	return c
}

// hashed is what is told of a file.
type hashed struct {
	File      string `json:"file"`
	Algorithm string `json:"algorithm"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
	Kept      bool   `json:"kept"` // it was not read
}

func (o hashOptions) print(w io.Writer, name string) error {
	h, err := o.hash(name)
	if err != nil {
		return err
	}
	if o.asJSON {
		return json.NewEncoder(w).Encode(h)
	}
	// A name with a line break or a backslash is escaped as sha256sum does.
	mark, escape := "", strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`)
	if shown := escape.Replace(name); shown != name {
		mark, name = `\`, shown
	}
	_, err = fmt.Fprintf(w, "%s%s  %s\n", mark, h.Digest, name)
	return err
}

func (o hashOptions) hash(name string) (*hashed, error) {
	if fi, err := os.Stat(name); err != nil || !fi.Mode().IsRegular() {
		return nil, cmp.Or(err, fmt.Errorf("%s is no regular file", name))
	}
	host, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	f := osfs.OfHost(host)
	defer f.Close()
	info, err := f.Info()
	if err != nil {
		return nil, err
	}
	h := &hashed{File: name, Algorithm: o.algorithm, Size: info.Size}
	if !o.fresh {
		sum, err := digest.Kept(f, o.algorithm)
		if err == nil && sum != nil {
			h.Digest, h.Kept = hex.EncodeToString(sum), true
			return h, nil
		}
	}
	sum := digest.New(o.algorithm)
	if h.Size, err = copyAll(sum, f); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	h.Digest = hex.EncodeToString(sum.Sum(nil))
	return h, nil
}

// copyAll reads a file into a digest.
func copyAll(h hash.Hash, r io.Reader) (int64, error) {
	return io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{r}, make([]byte, 256<<10))
}
