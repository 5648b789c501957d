package iossim

import (
	"context"
	"crypto/md5"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"

	"dray/internal/device/iossim/flash"
	"dray/internal/device/iossim/image"
	"dray/internal/device/iossim/place"
)

// verify reads a file and says what its hash is, or whether it is the one that it ought to be.
func verify(s *session, a args, _ io.Writer) error {
	p, err := s.sys().Find(a["file"])
	if err != nil || p.FS == nil {
		s.Print("%Error parsing filename (Invalid argument)\n")
		return nil
	}
	if p.Path == "" {
		answer, err := s.Ask("Verify filename []? ")
		if err != nil {
			return err
		}
		p.Path = flash.Clean(answer)
	}
	f, err := p.FS.Open(p.Path)
	if err != nil {
		s.Printf("%%Error opening %s (No such file or directory)\n", p.Prefix+p.Path)
		return nil
	}
	if a["hash"] == "" {
		return s.verifySignature(p, f)
	}
	sum := hash.Hash(md5.New())
	if a["hash"] == "/sha512" {
		sum = sha512.New()
	}
	if err := s.dots(f, sum); err != nil {
		return err
	}
	s.Print("Done!\n")
	got, want := hex.EncodeToString(sum.Sum(nil)), strings.ToLower(a["sum"])
	name := p.Prefix + p.Path
	switch {
	case want == "":
		s.Printf("verify %s (%s) = %s\n", a["hash"], name, got)
	case want == got:
		said := "verified " + a["hash"] // as IOS has it, before IOS XE
		if s.d.model.XE {
			said = "Verified"
		}
		s.Printf("%s (%s) = %s\n", said, name, got)
	default:
		s.Printf("%%Error verifying %s\nComputed signature  = %s\nSubmitted signature = %s\n", name, got, want)
	}
	return nil
}

// dots reads a file into w, with a dot for each MiB.
func (s *session) dots(f flash.File, w io.Writer) error {
	return s.During(func(ctx context.Context, show func(string)) error {
		r := f.Reader()
		for ctx.Err() == nil {
			_, err := io.CopyN(w, r, 1<<20)
			show(".")
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
		}
		return ctx.Err()
	})
}

// verifySignature says whether a file is a whole image. The sum that an image has in it is
// that of the image as it was made.
func (s *session) verifySignature(p place.Place, f flash.File) error {
	name := p.Prefix + p.Path
	sum := hash.Hash(md5.New())
	if s.d.model.XE {
		sum = sha512.New()
		s.Print("Starting image verification\nHash Computation: ")
	} else {
		s.Printf("Verifying file integrity of %s", name)
	}
	if err := s.dots(f, sum); err != nil {
		return err
	}
	s.Print("Done!\n")
	h, err := image.Check(f.Reader())
	if errors.Is(err, image.ErrForeign) {
		s.Printf("%%Error verifying %s (not an image)\n", name)
		return nil
	}
	computed := hex.EncodeToString(sum.Sum(nil))
	embedded := computed
	if err != nil {
		made, err := image.New(h)
		if err != nil {
			return fmt.Errorf("iossim: %w", err)
		}
		sum.Reset()
		if _, err := io.Copy(sum, io.NewSectionReader(made, 0, made.Size())); err != nil {
			return fmt.Errorf("iossim: %w", err)
		}
		embedded = hex.EncodeToString(sum.Sum(nil))
	}
	s.Print(s.verdict(name, computed, embedded))
	return nil
}

// verdict is what is said of two sums.
func (s *session) verdict(name, computed, embedded string) string {
	if s.d.model.XE {
		text := "Computed Hash   SHA2: " + wrapped(computed) + "\nEmbedded Hash   SHA2: " + wrapped(embedded) + "\n\n"
		if computed == embedded {
			return text + "Digital signature successfully verified in file " + name + "\n"
		}
		return text + "%ERROR: Digital signature verification failed for file " + name + "\n"
	}
	text := "Embedded Hash   MD5 : " + strings.ToUpper(embedded) + "\nComputed Hash   MD5 : " + strings.ToUpper(computed) + "\n\n"
	if computed == embedded {
		return text + "Embedded hash verification successful.\n"
	}
	return text + "Embedded hash verification failed for file " + name + ".\n"
}

// wrapped is a long sum in lines of 32 digits, each below the one before.
func wrapped(sum string) string {
	var lines []string
	for part := range slices.Chunk([]byte(sum), 32) {
		lines = append(lines, string(part))
	}
	return strings.Join(lines, "\n"+strings.Repeat(" ", len("Computed Hash   SHA2: ")))
}
