package tftp

import (
	"errors"
	"io"
	"sync"
)

// source gives the payload of the blocks of a file, the same octets as often as it is
// asked for a block that has not been released.
type source interface {
	// read fills p with the payload of block first and those that follow. It returns less
	// only at the end of the file.
	read(p []byte, first int64) (int, error)

	// release tells that blocks before n will not be asked for again.
	release(n int64)

	// rest tells that nothing will be asked for in the near future. What can be read again
	// is given up.
	rest()

	// octets returns the size of what has been read, or of the file.
	octets() int64
}

// fileSource reads by offset. What is sent again is read again.
type fileSource struct {
	r     io.ReaderAt
	size  int64
	block int64

	buffers *sync.Pool   // of *aheadBuffer; nil: it does not read ahead
	ahead   *aheadBuffer // nil: nothing has been read ahead
	from    int64        // the offset of what has
	have    int64        // octets
	next    int64        // the offset after what was asked for latest
	runs    int          // how often that was what came next
}

// aheadBuffer saves lock-step transfers most of their reads.
type aheadBuffer [32 << 10]byte

func newAheadBuffer() any { return new(aheadBuffer) }

// maxAhead is the most octets of a read that are worth one more copy.
const maxAhead = 16 << 10

// aheadAfter is how many reads come one after the other before there is a buffer: who
// only asks for the size, or goes no further, needs none.
const aheadAfter = 4

func (s *fileSource) read(p []byte, first int64) (int, error) {
	offset := (first - 1) * s.block
	want := max(min(int64(len(p)), s.size-offset), 0)
	s.lookAhead(offset, want)
	s.next = offset + want
	if s.holds(offset, want) {
		return copy(p[:want], s.ahead[offset-s.from:]), nil
	}
	n, err := s.r.ReadAt(p[:want], offset)
	switch {
	case int64(n) == want:
		return n, nil
	case errors.Is(err, io.EOF):
		return n, ErrTruncated
	}
	return n, err
}

// holds reports whether octets have been read ahead.
func (s *fileSource) holds(offset, want int64) bool {
	return s.ahead != nil && offset >= s.from && offset+want <= s.from+s.have
}

// lookAhead fills the buffer if that pays. An error shows when the octets are asked for.
func (s *fileSource) lookAhead(offset, want int64) {
	if offset != s.next {
		s.runs = 0
	}
	s.runs++
	if s.buffers == nil || s.runs <= aheadAfter || s.holds(offset, want) || want > maxAhead {
		return
	}
	if s.ahead == nil {
		s.ahead = s.buffers.Get().(*aheadBuffer)
	}
	whole := int64(len(s.ahead)) / s.block * s.block
	n, _ := s.r.ReadAt(s.ahead[:max(min(whole, s.size-offset), 0)], offset)
	s.from, s.have = offset, int64(n)
}

func (s *fileSource) rest() {
	if s.ahead != nil {
		s.buffers.Put(s.ahead)
	}
	s.ahead, s.runs = nil, 0
}

func (s *fileSource) release(int64) {}
func (s *fileSource) octets() int64 { return s.size }

// streamSource reads a stream once, in order, and keeps what has not been released.
type streamSource struct {
	r     io.Reader
	size  int64 // as announced; negative: not known
	block int64
	first int64  // the block at the beginning of kept
	kept  []byte // what has been read and not released
	ended bool
}

func newStreamSource(r io.Reader, size int64, block int) *streamSource {
	return &streamSource{r: r, size: size, block: int64(block), first: 1}
}

func (s *streamSource) read(p []byte, first int64) (int, error) {
	from := int((first - s.first) * s.block)
	if err := s.fill(from + len(p)); err != nil {
		return 0, err
	}
	return copy(p, s.kept[min(from, len(s.kept)):]), nil
}

// fill reads until n octets are kept, or the stream ends.
func (s *streamSource) fill(n int) error {
	have := len(s.kept)
	if s.ended || n <= have {
		return nil
	}
	if n > cap(s.kept) {
		s.kept = append(make([]byte, 0, max(n, 2*cap(s.kept))), s.kept...)
	}
	got, err := io.ReadFull(s.r, s.kept[have:n])
	s.kept = s.kept[:have+got]
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		s.ended = true
		if s.octets() < s.size {
			return ErrTruncated
		}
		return nil
	}
	return err
}

func (s *streamSource) release(n int64) {
	gone := min(int((n-s.first)*s.block), len(s.kept))
	if gone <= 0 {
		return
	}
	s.kept = s.kept[:copy(s.kept, s.kept[gone:])]
	s.first = n
}

// rest keeps everything: it cannot be read again.
func (s *streamSource) rest() {}

func (s *streamSource) octets() int64 { return (s.first-1)*s.block + int64(len(s.kept)) }
