package tftp

import (
	"errors"
	"io"
)

// source gives the payload of the blocks of a file, the same octets as often as it is
// asked for a block that has not been released.
type source interface {
	// read fills p with the payload of block first and those that follow. It returns less
	// only at the end of the file.
	read(p []byte, first int64) (int, error)

	// release tells that blocks before n will not be asked for again.
	release(n int64)

	// octets returns the size of what has been read, or of the file.
	octets() int64
}

// fileSource reads by offset. It keeps nothing: what is sent again is read again.
type fileSource struct {
	r     io.ReaderAt
	size  int64
	block int64
}

func (s *fileSource) read(p []byte, first int64) (int, error) {
	offset := (first - 1) * s.block
	want := max(min(int64(len(p)), s.size-offset), 0)
	n, err := s.r.ReadAt(p[:want], offset)
	switch {
	case int64(n) == want:
		return n, nil
	case errors.Is(err, io.EOF):
		return n, ErrTruncated
	}
	return n, err
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

func (s *streamSource) octets() int64 { return (s.first-1)*s.block + int64(len(s.kept)) }
