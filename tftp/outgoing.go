package tftp

import (
	"errors"
	"io"
)

// outgoing makes the DATA packets of a file. It reads each block once, in order, and
// keeps those of one window, so that a block goes out again as it was the first time.
type outgoing struct {
	src      io.Reader
	size     int64 // of the file as announced; negative: not known
	rollover Rollover
	window   int64
	block    int      // octets of a block
	slots    [][]byte // block n is in slot n%window, from its first use on
	made     int64    // blocks read so far
	read     int64    // octets read so far
	last     int64    // the last block, or -1 until it is made
}

func newOutgoing(src io.Reader, size int64) *outgoing {
	return &outgoing{src: src, size: size, window: 1, block: DefaultBlockSize, last: -1}
}

// negotiate applies what both sides agreed on, before the first packet is made.
func (o *outgoing) negotiate(opts Options) {
	o.window, o.block, o.rollover = int64(opts.windowSize()), opts.blockSize(), opts.Rollover
}

// packet returns block n, which is within a window of the latest one.
func (o *outgoing) packet(n int64) ([]byte, error) {
	for o.made < n && o.last < 0 {
		if err := o.make(); err != nil {
			return nil, err
		}
	}
	return o.slots[n%o.window], nil
}

// make reads the next block.
func (o *outgoing) make() error {
	if o.slots == nil {
		o.slots = make([][]byte, o.window)
	}
	slot := &o.slots[(o.made+1)%o.window]
	if *slot == nil {
		*slot = make([]byte, headerSize+o.block)
	}
	b := (*slot)[:headerSize+o.block]
	n, err := io.ReadFull(o.src, b[headerSize:])
	o.made++
	o.read += int64(n)
	switch {
	case err == nil:
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		if o.read < o.size {
			return ErrTruncated
		}
		o.last = o.made
	default:
		return err
	}
	appendHeader(b[:0], opDATA, o.rollover.wire(o.made))
	*slot = b[:headerSize+n]
	return nil
}
