// Package image knows the stand-in images that simulated devices boot: files that are as
// large as one likes, say for which platform and version they stand, and show any damage.
// An image is
//
//	dray stand-in image 1 LF
//	platform PLATFORM LF
//	version VERSION LF
//	size DECIMAL LF
//	LF
//	octets that follow from the lines above
//	4 octets: the CRC-32C of all before them, big-endian
//
// with size the octets of the whole file. No vendor's image is read or written.
package image

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"io"
	"strconv"
	"strings"
	"sync"
)

const magic = "dray stand-in image 1"

// trailer is the length of the checksum, in octets.
const trailer = 4

// What a file may be instead of an image.
var (
	ErrForeign = errors.New("image: not a stand-in image")
	ErrDamaged = errors.New("image: damaged")
)

// Header is what an image says of itself.
type Header struct {
	Platform string // such as "2911"
	Version  string // such as "15.7(3)M9"
	Size     int64  // of the whole file, in octets
}

func (h Header) text() string {
	return fmt.Sprintf("%s\nplatform %s\nversion %s\nsize %d\n\n", magic, h.Platform, h.Version, h.Size)
}

func (h Header) check() error {
	for _, s := range []string{h.Platform, h.Version} {
		if s == "" || len(s) > 64 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return fmt.Errorf("image: platform and version are single words: %q", s)
		}
	}
	if least := int64(len(h.text()) + trailer); h.Size < least {
		return fmt.Errorf("image: %d octets hold no image, %d are needed", h.Size, least)
	}
	return nil
}

// Image is an image whose octets are made when they are read, so that it takes no memory.
// It may be read by several goroutines.
type Image struct {
	header Header
	text   string
	seed   uint64
	sum    func() [trailer]byte
}

// New makes the image that a header describes. The same header makes the same octets.
func New(h Header) (*Image, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	seed := fnv.New64a()
	text := h.text()
	seed.Write([]byte(text))
	i := &Image{header: h, text: text, seed: seed.Sum64()}
	i.sum = sync.OnceValue(i.checksum)
	return i, nil
}

// Header returns what the image says of itself.
func (i *Image) Header() Header { return i.header }

// Size returns the length of the file, in octets.
func (i *Image) Size() int64 { return i.header.Size }

// ReadAt is that of [io.ReaderAt].
func (i *Image) ReadAt(b []byte, at int64) (n int, err error) {
	if at < 0 {
		return 0, errors.New("image: negative offset")
	}
	if left := i.header.Size - at; int64(len(b)) > left {
		b, err = b[:max(left, 0)], io.EOF
	}
	end := i.header.Size - trailer
	i.body(b[:max(0, min(int64(len(b)), end-at))], at)
	if past := at + int64(len(b)) - end; past > 0 {
		sum := i.sum()
		from := max(0, end-at)
		copy(b[from:], sum[at+from-end:])
	}
	return len(b), err
}

// body makes octets that lie before the checksum.
func (i *Image) body(b []byte, at int64) {
	if at < int64(len(i.text)) {
		n := copy(b, i.text[at:])
		b, at = b[n:], at+int64(n)
	}
	var word [8]byte
	for len(b) > 0 {
		skip := at % 8
		binary.BigEndian.PutUint64(word[:], mix(i.seed+uint64(at/8)))
		n := copy(b, word[skip:])
		b, at = b[n:], at+int64(n)
	}
}

// mix is the finalizer of splitmix64: neighbours become unlike.
func mix(x uint64) uint64 {
	x *= 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (i *Image) checksum() (sum [trailer]byte) {
	crc := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	b := make([]byte, 64<<10)
	for at, end := int64(0), i.header.Size-trailer; at < end; {
		n := min(int64(len(b)), end-at)
		i.body(b[:n], at)
		crc.Write(b[:n])
		at += n
	}
	binary.BigEndian.PutUint32(sum[:], crc.Sum32())
	return sum
}

// Peek reads the header of a file that begins with r. It is ErrForeign if there is none.
func Peek(r io.Reader) (Header, error) {
	h, _, err := peek(bufio.NewReaderSize(r, 512))
	return h, err
}

// peek also returns the text that it has read.
func peek(r *bufio.Reader) (h Header, text string, err error) {
	fields := []string{magic, "platform ", "version ", "size ", ""}
	for n, prefix := range fields {
		b, err := r.ReadSlice('\n')
		line, ended := strings.CutSuffix(string(b), "\n")
		value, ok := strings.CutPrefix(line, prefix)
		if err != nil || !ended || !ok {
			return Header{}, "", ErrForeign
		}
		text += line + "\n"
		switch n {
		case 1:
			h.Platform = value
		case 2:
			h.Version = value
		case 3:
			if h.Size, err = strconv.ParseInt(value, 10, 64); err != nil {
				return Header{}, "", ErrForeign
			}
		}
	}
	if h.check() != nil || text != h.text() {
		return Header{}, "", ErrForeign
	}
	return h, text, nil
}

// Check reads a whole file. It is ErrForeign if it is no image, ErrDamaged if it is not
// whole or not as it was made; the header is returned with ErrDamaged too.
func Check(r io.Reader) (Header, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	h, text, err := peek(in)
	if err != nil {
		return h, err
	}
	crc := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	io.WriteString(crc, text)
	if _, err := io.CopyN(crc, in, h.Size-trailer-int64(len(text))); err != nil {
		return h, fmt.Errorf("%w: it is too short", ErrDamaged)
	}
	tail, err := io.ReadAll(io.LimitReader(in, trailer+1))
	switch {
	case err != nil:
		return h, fmt.Errorf("image: %w", err)
	case len(tail) != trailer:
		return h, fmt.Errorf("%w: its size is not %d", ErrDamaged, h.Size)
	case binary.BigEndian.Uint32(tail) != crc.Sum32():
		return h, fmt.Errorf("%w: its checksum is wrong", ErrDamaged)
	}
	return h, nil
}
