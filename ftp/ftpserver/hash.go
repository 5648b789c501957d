package ftpserver

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"strings"

	"dray/ftp"
)

// algorithm is one that HASH knows. The zero value is SHA-256.
type algorithm uint8

const (
	hashSHA256 algorithm = iota
	hashSHA512
	hashSHA1
	hashMD5
	hashCRC32
	hashes // how many there are
)

// String returns the name as HASH has it.
func (a algorithm) String() string {
	return [hashes]string{"SHA-256", "SHA-512", "SHA-1", "MD5", "CRC32"}[a]
}

func (a algorithm) new() hash.Hash {
	switch a {
	case hashSHA512:
		return sha512.New()
	case hashSHA1:
		return sha1.New()
	case hashMD5:
		return md5.New()
	case hashCRC32:
		return crc32.NewIEEE()
	}
	return sha256.New()
}

// hashFeature is what FEAT has after HASH, with the algorithm that is on marked.
func hashFeature(on algorithm) string {
	var b strings.Builder
	for a := range hashes {
		b.WriteString(a.String())
		if a == on {
			b.WriteByte('*')
		}
		b.WriteByte(';')
	}
	return strings.TrimSuffix(b.String(), ";")
}

// optsHash answers OPTS HASH, with or without the name of an algorithm (draft-bryan-ftp-hash).
func optsHash(s *session, value string) ftp.Reply {
	for a := range hashes {
		if strings.EqualFold(value, a.String()) {
			s.hash, value = a, ""
		}
	}
	if value != "" {
		return reply(ftp.CodeBadArgument, "No such algorithm")
	}
	return reply(ftp.CodeOK, s.hash.String())
}

// hashFile answers with algorithm, range, digest and name, of the part that RANG or REST
// has set.
func hashFile(s *session, arg string) (op, ftp.Reply) {
	return s.digest("HASH", arg, digest{algorithm: s.hash, part: s.part}, ftp.CodeHash), ftp.Reply{}
}

// md5File answers with the name and its digest (draft-twine-ftpmd5).
func md5File(s *session, arg string) (op, ftp.Reply) {
	name, part, ok := cutRange(arg)
	if !ok || part != (span{}) {
		return nil, reply(ftp.CodeBadArgument, "MD5 takes a path")
	}
	return s.digest("MD5", name, digest{algorithm: hashMD5}, ftp.CodeMD5), ftp.Reply{}
}

// xhash is a command of its own for an algorithm; it answers with the digest alone. No
// document has these. A name in quotes may be followed by where to begin and by where to
// end, which is the first octet that does not count.
func xhash(verb string, a algorithm) func(*session, string) (op, ftp.Reply) {
	return func(s *session, arg string) (op, ftp.Reply) {
		name, part, ok := cutRange(arg)
		if !ok {
			return nil, reply(ftp.CodeBadArgument, verb+` takes a path, or "path" first end`)
		}
		return s.digest(verb, name, digest{algorithm: a, part: part}, ftp.CodeActionDone), ftp.Reply{}
	}
}

func (s *session) digest(verb, name string, run digest, done ftp.Code) transfer {
	return transfer{verb: verb, name: s.resolve(name), run: run, done: done, dataless: true}
}

// cutRange takes `"name" first end` apart, in which a quote within the name is doubled,
// and first and end may be missing. What does not begin with a quote is a name.
func cutRange(arg string) (name string, part span, ok bool) {
	rest, quoted := strings.CutPrefix(arg, `"`)
	if !quoted {
		return arg, span{}, true
	}
	for {
		before, after, found := strings.Cut(rest, `"`)
		if !found {
			return "", span{}, false
		}
		name, rest = name+before, after
		if !strings.HasPrefix(rest, `"`) {
			break
		}
		name, rest = name+`"`, rest[1:]
	}
	words := strings.Fields(rest)
	if len(words) > 2 || name == "" {
		return "", span{}, false
	}
	var bounds [2]int64
	for i, w := range words {
		n, err := parseSize(w)
		if err != nil {
			return "", span{}, false
		}
		bounds[i] = n
	}
	part.offset = bounds[0]
	if len(words) == 2 {
		part.length = bounds[1] - bounds[0]
		ok = part.length > 0
		return name, part, ok
	}
	return name, part, true
}

var (
	errNotHashable = errors.New("ftpserver: only regular files have a digest")
	errHashRange   = errors.New("ftpserver: digest of a range beyond the end")
	errHashSize    = errors.New("ftpserver: too much to hash at once")
)

// digest reads a file, or a part of it, and tells what it comes to.
type digest struct {
	algorithm algorithm
	part      span
}

func (o digest) move(ctx context.Context, j *job) (string, error) {
	limit := j.srv.maxHashSize()
	e, err := j.fs.Stat(ctx, j.name)
	switch {
	case errors.Is(err, ErrNotRegular), err == nil && e.Type != ftp.TypeFile:
		return "", errNotHashable
	case err != nil:
		return "", err
	case e.Size >= 0 && o.part.offset > 0 && o.part.offset >= e.Size:
		return "", errHashRange
	}
	if h, ok := j.fs.(Hasher); ok && o.part == (span{}) {
		sum, err := h.Hash(ctx, j.name, o.algorithm.String())
		if err != nil || sum != nil {
			return o.answer(j, sum, e.Size), err
		}
	}
	if min(o.part.limit(), e.Size-o.part.offset) > limit {
		return "", errHashSize
	}
	select {
	case j.srv.hashing <- struct{}{}:
		defer func() { <-j.srv.hashing }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	file, err := j.fs.Open(ctx, j.name, o.part.offset)
	if err != nil {
		return "", err
	}
	defer file.Close()
	h := o.algorithm.new()
	if err := j.read(ctx, h, io.LimitReader(file, o.part.limit()), limit); err != nil {
		return "", err
	}
	return o.answer(j, h.Sum(nil), j.bytes.Load()), nil
}

// answer is what the command says of the digest of so many octets.
func (o digest) answer(j *job, sum []byte, octets int64) string {
	text := hex.EncodeToString(sum)
	switch j.verb {
	case "HASH":
		last := o.part.offset + max(octets-1, 0)
		return fmt.Sprintf("%v %d-%d %s %s", o.algorithm, o.part.offset, last, text, j.name)
	case "MD5":
		return j.name + " " + text
	}
	return text
}

// read copies a file, of which the size may be unknown or change, to a digest.
func (j *job) read(ctx context.Context, h hash.Hash, file io.Reader, limit int64) error {
	buf := buffers.Get().(*[bufferRoom]byte)
	defer buffers.Put(buf)
	for ctx.Err() == nil {
		n, err := file.Read(buf[:])
		h.Write(buf[:n])
		switch {
		case j.bytes.Add(int64(n)) > limit:
			return errHashSize
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
	return ctx.Err()
}
