// Package digest computes digests of files as they are uploaded, and keeps them beside the
// files, as a label.
//
// What comes in the order of the file is hashed on the way: a little at once, more by a
// goroutine that reads behind the writer. Where it falls far behind, it leaves the rest for
// later, so that no upload is slower for it. What comes in any order, or changes a file in
// place, is read once it is there, in the background, one file at a time, up to [Reread].
//
// A digest is kept with the size of the file and the time of its last change. It holds as
// long as both are the same; a change of the time by way of the server is followed. Who
// changes a file on the host and sets both back deceives it.
package digest

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"dray/internal/vfs"
)

// Algorithms are the names of all, the usual one first.
func Algorithms() []string { return []string{"sha256", "sha512", "md5"} }

// New returns the hash of a name, nil if there is none.
func New(algorithm string) hash.Hash {
	switch algorithm {
	case "sha256":
		return sha256.New()
	case "sha512":
		return sha512.New()
	case "md5":
		return md5.New()
	}
	return nil
}

// label is the name of the label.
const label = "digests"

// sums are several digests of the same content.
type sums struct {
	names  []string
	hashes []hash.Hash
}

func newSums(algorithms []string) *sums {
	s := &sums{names: algorithms}
	for _, a := range algorithms {
		s.hashes = append(s.hashes, New(a))
	}
	return s
}

func (s *sums) Write(b []byte) (int, error) {
	for _, h := range s.hashes {
		h.Write(b)
	}
	return len(b), nil
}

// text is the label of a file: the size, the time of the last change in nanoseconds, and
// the digests.
func (s *sums) text(i vfs.Info) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %d", i.Size, i.ModTime.UnixNano())
	for n, name := range s.names {
		fmt.Fprintf(&b, " %s:%x", name, s.hashes[n].Sum(nil))
	}
	return b.String()
}

// Kept returns the digest of an open file that is kept with it, nil if there is none or it
// no longer holds.
func Kept(f vfs.File, algorithm string) ([]byte, error) {
	l, ok := f.(vfs.Labelled)
	if !ok {
		return nil, nil
	}
	text, err := holds(l)
	if err != nil {
		return nil, err
	}
	for _, word := range strings.Fields(text) {
		if digits, ok := strings.CutPrefix(word, algorithm+":"); ok {
			return hex.DecodeString(digits)
		}
	}
	return nil, nil
}

// holds returns the digests of a label, "" if there is none or it is not of the file as it
// is now.
func holds(l vfs.Labelled) (digests string, err error) {
	text, err := l.Label(label)
	if errors.Is(err, errors.ErrUnsupported) || err == nil && text == "" {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	i, err := l.Info()
	if err != nil {
		return "", err
	}
	size, rest, _ := strings.Cut(text, " ")
	time, digests, _ := strings.Cut(rest, " ")
	if size != strconv.FormatInt(i.Size, 10) || time != strconv.FormatInt(i.ModTime.UnixNano(), 10) {
		return "", nil
	}
	return digests, nil
}
