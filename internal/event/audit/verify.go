package audit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Check is what to verify, and against what.
type Check struct {
	Files []string // in the order of the trail
	Key   []byte   // nil: plain hashes
	Heads []Head   // that the trail must hold
}

// Find returns the files of the trail that is written at path, the oldest first, and the
// head that stands beside it, if there is one.
func Find(path string) (c Check, err error) {
	head, err := readHead(path) // before the files, which may be written meanwhile
	if err == nil {
		c.Heads = []Head{head}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	if c.Files, err = older(path); err != nil {
		return c, err
	}
	if _, err := os.Stat(path); err == nil || len(c.Files) == 0 {
		c.Files = append(c.Files, path)
	}
	return c, nil
}

// Bad is the first line that breaks a trail.
type Bad struct {
	File   string `json:"file"`
	Line   int64  `json:"line"`          // in the file, from 1 on; 0: the file as a whole
	Seq    int64  `json:"seq,omitempty"` // as the line says; 0 if it says none
	Reason string `json:"reason"`
}

func (b *Bad) Error() string {
	if b.Line == 0 {
		return b.File + ": " + b.Reason
	}
	return fmt.Sprintf("%s:%d: %s", b.File, b.Line, b.Reason)
}

// Report is what a trail that was read has shown. Bad is nil if the chain holds.
type Report struct {
	Files []string  `json:"files"`
	Lines int64     `json:"lines"`
	First int64     `json:"first"` // the number of the first line; more than 1 when older files are not there
	Last  int64     `json:"last"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Head  string    `json:"head"`  // of the last line, for ParseHead
	Keyed bool      `json:"keyed"` // it is hashed under a key, as the trail says
	Lost  int64     `json:"lost"`  // events that the trail says it has not got
	Torn  int64     `json:"torn"`  // octets behind the last whole line: a crash, or being written just now
	Bad   *Bad      `json:"bad,omitempty"`
}

// ErrKey is of a trail that cannot be verified without its key.
var ErrKey = errors.New("the trail is hashed under a key: it takes the key to verify it")

// Verify reads a trail up to the first line that breaks it. The error is that of reading, or
// ErrKey.
func Verify(c Check) (Report, error) {
	v := verifier{key: c.Key, wanted: map[int64][]digest{}}
	for _, h := range c.Heads {
		if h.Seq > 0 {
			v.wanted[h.Seq] = append(v.wanted[h.Seq], h.hash)
		}
	}
	for i, name := range c.Files {
		v.Report.Files = append(v.Report.Files, name)
		if err := v.file(name, i == len(c.Files)-1); err != nil || v.Bad != nil {
			return v.Report, err
		}
	}
	v.Report.Head = v.head.String()
	v.missing()
	return v.Report, nil
}

type verifier struct {
	Report
	key    []byte
	head   Head
	begun  bool
	wanted map[int64][]digest // the hashes that lines must have
}

func (v *verifier) file(name string, last bool) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, maxLine)
	for n := int64(1); ; n++ {
		text, err := r.ReadSlice('\n')
		switch {
		case err == io.EOF && len(text) == 0:
			return nil
		case err == io.EOF && last:
			v.Torn = int64(len(text))
			return nil
		case err == io.EOF:
			v.bad(name, n, 0, "it is torn, and the trail goes on in another file: its end was cut off")
			return nil
		case errors.Is(err, bufio.ErrBufferFull):
			v.bad(name, n, 0, "%v", errNoLine)
			return nil
		case err != nil:
			return err
		}
		if err := v.line(name, n, text[:len(text)-1]); err != nil || v.Bad != nil {
			return err
		}
	}
}

func (v *verifier) bad(name string, n, seq int64, format string, args ...any) {
	v.Bad = &Bad{name, n, seq, fmt.Sprintf(format, args...)}
}

func (v *verifier) line(name string, n int64, text []byte) error {
	l, err := parseLine(text, v.key)
	if l.Keyed != "" && !v.Keyed {
		v.Keyed = l.Keyed != "sha256"
	}
	switch next := v.head.Seq + 1; {
	case errors.Is(err, errChanged) && !v.begun && v.Keyed && len(v.key) == 0:
		return ErrKey
	case errors.Is(err, errChanged) && !v.begun:
		v.bad(name, n, l.Seq, "%v, or the key is another", err)
	case err != nil:
		v.bad(name, n, l.Seq, "%v", err)
	case v.begun && l.Seq > next:
		v.bad(name, n, l.Seq, "it has number %d, and the line before %d: %d lines between them were removed", l.Seq, v.head.Seq, l.Seq-next)
	case v.begun && l.Seq < next:
		v.bad(name, n, l.Seq, "it has number %d, and the line before %d: it was inserted or moved", l.Seq, v.head.Seq)
	case v.begun && l.Prev != v.head.hash.String(), l.Seq == 1 && l.Prev != (digest{}).String():
		v.bad(name, n, l.Seq, "it does not follow the line before: that is not the one that was written")
	case n == 1 && l.Seq > 1 && (l.Event != "trail" || l.Op != "continue"):
		v.bad(name, n, l.Seq, "it has number %d, and no file begins with such a line: the lines before it were removed", l.Seq)
	}
	for _, h := range v.wanted[l.Seq] {
		if v.Bad == nil && h != l.hash {
			v.bad(name, n, l.Seq, "it is not the line that the head was taken of: the trail was written anew")
		}
	}
	if v.Bad != nil {
		return nil
	}
	delete(v.wanted, l.Seq)
	if !v.begun {
		v.First, v.From, v.begun = l.Seq, l.Time, true
	}
	v.head, v.Last, v.To = l.head(), l.Seq, l.Time
	v.Lines++
	if l.Event == "trail" && l.Op == "lost" {
		v.Lost += l.Count
	}
	return nil
}

// missing finds heads of lines that are not there.
func (v *verifier) missing() {
	seqs := slices.Sorted(maps.Keys(v.wanted))
	switch n := len(seqs); {
	case n == 0 || len(v.Files) == 0:
	case seqs[n-1] > v.Last:
		v.bad(v.Files[len(v.Files)-1], 0, 0, "it ends with line %d, and line %d had been written: the end was cut off", v.Last, seqs[n-1])
	default:
		v.bad(v.Files[0], 0, 0, "it begins with line %d, and a head is of line %d: that takes the files before", v.First, seqs[0])
	}
}

// Describe says in a line what a report has found.
func (r Report) Describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d lines, number %d to %d", r.Lines, r.First, r.Last)
	if r.Lines > 0 {
		fmt.Fprintf(&b, ", of %s to %s", r.From.Format(time.RFC3339), r.To.Format(time.RFC3339))
	}
	if n := len(r.Files); n > 1 {
		fmt.Fprintf(&b, ", in %d files from %s on", n, filepath.Base(r.Files[0]))
	}
	return b.String()
}
