package ftpserver

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"path"
	"strings"
	"time"

	"dray/ftp"
)

// listing sends what LIST and NLST show of a path, which may end in a pattern.
type listing struct {
	asked     string // the path as the peer has it; NLST puts it before names
	long      bool   // as ls -l shows it, else names alone
	recursive bool   // with all directories below, if it is one
}

// machineListing sends what MLSD shows of a directory.
type machineListing struct{ facts ftp.Facts }

func (o listing) move(ctx context.Context, j *job) (string, error) {
	entries, prefix, err := o.entries(ctx, j)
	if err != nil {
		return "", err
	}
	now := time.Now()
	return j.sendLines(entries, func(b []byte, e ftp.Entry) []byte {
		switch {
		case e.Type == ftp.TypeCurDir: // of a tree
			return appendCensored(b, e.Name)
		case o.long:
			return e.AppendUnix(b, now)
		}
		return appendCensored(appendCensored(b, prefix), e.Name) // as a RETR can use it
	})
}

// entries finds what the path means: a directory, one file, or a pattern. A name that
// exists is no pattern, whatever it looks like.
func (o listing) entries(ctx context.Context, j *job) (iter.Seq2[ftp.Entry, error], string, error) {
	e, err := j.fs.Stat(ctx, j.name)
	switch {
	case err == nil && e.Type == ftp.TypeDir && o.recursive:
		return o.tree(ctx, j.fs, j.name, e.Unique), dirPrefix(o.asked), nil
	case err == nil && e.Type == ftp.TypeDir:
		return j.fs.List(ctx, j.name), dirPrefix(o.asked), nil
	case err == nil:
		e.Name = path.Base(j.name)
		prefix := o.asked[:strings.LastIndexByte(o.asked, '/')+1]
		return func(yield func(ftp.Entry, error) bool) { yield(e, nil) }, prefix, nil
	case !errors.Is(err, fs.ErrNotExist) || !hasMeta(path.Base(j.name)):
		return nil, "", err
	}
	dir, pattern := path.Split(j.name)
	if len(pattern) > maxPattern {
		return nil, "", errPattern
	}
	prefix := o.asked[:strings.LastIndexByte(o.asked, '/')+1]
	return matching(j.fs.List(ctx, path.Clean(dir)), pattern), prefix, nil
}

// dirPrefix is what NLST puts before the names of a directory.
func dirPrefix(asked string) string {
	if asked == "" || strings.HasSuffix(asked, "/") {
		return asked
	}
	return asked + "/"
}

// matching keeps the entries that match the pattern, and errors. Names with a dot in
// front are found only by a pattern that has one.
func matching(entries iter.Seq2[ftp.Entry, error], pattern string) iter.Seq2[ftp.Entry, error] {
	hidden := strings.HasPrefix(pattern, ".")
	return func(yield func(ftp.Entry, error) bool) {
		for e, err := range entries {
			if err == nil && (strings.HasPrefix(e.Name, ".") && !hidden || !match(pattern, e.Name)) {
				continue
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func (o machineListing) move(ctx context.Context, j *job) (string, error) {
	self, err := j.fs.Stat(ctx, j.name)
	if err != nil {
		return "", err
	}
	if self.Type != ftp.TypeDir {
		return "", errListFile
	}
	self.Name, self.Type = ".", ftp.TypeCurDir
	entries := func(yield func(ftp.Entry, error) bool) {
		if !yield(self, nil) {
			return
		}
		if j.name != "/" && !yield(ftp.Entry{Name: "..", Type: ftp.TypeParent, Size: -1}, nil) {
			return
		}
		j.fs.List(ctx, j.name)(yield)
	}
	return j.sendLines(entries, func(b []byte, e ftp.Entry) []byte {
		return e.AppendFacts(b, o.facts)
	})
}

// errListFile is MLSD of something that is no directory, 501 by RFC 3659, section 7.2.1.
var errListFile = errors.New("ftpserver: MLSD of a file")

// sendLines streams a listing. It asks for the data connection at the first entry, so
// that a directory that cannot be read is refused without one. The first buffer that
// goes out is small, so that something is seen at once.
func (j *job) sendLines(entries iter.Seq2[ftp.Entry, error], format func([]byte, ftp.Entry) []byte) (string, error) {
	const first = 4 << 10
	const text = "Here comes the listing"
	buf := buffers.Get().(*[bufferRoom]byte)
	defer buffers.Put(buf)
	b, limit, connected := buf[:0], first, false
	for e, err := range entries {
		if err != nil {
			return "", err
		}
		if !connected {
			if err := j.connect(text); err != nil {
				return "", err
			}
			connected = true
		}
		b = append(format(b, e), '\r', '\n')
		if len(b) >= limit {
			if err := j.send(b); err != nil {
				return "", err
			}
			b, limit = b[:0], bufferSize/2
		}
	}
	if !connected {
		if err := j.connect(text); err != nil {
			return "", err
		}
	}
	if err := j.send(b); err != nil {
		return "", err
	}
	if err := j.flush(); err != nil {
		return "", err
	}
	return "Listed", nil
}

// appendCensored appends a name so that it cannot end its line.
func appendCensored(b []byte, name string) []byte {
	for i := range len(name) {
		c := name[i]
		if c < 0x20 || c == 0x7f {
			c = '?'
		}
		b = append(b, c)
	}
	return b
}
