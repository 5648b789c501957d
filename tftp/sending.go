package tftp

import (
	"context"
	"sync"
	"time"
)

// sending is the side of a transfer that sends DATA.
type sending struct {
	*exchange
	machine sender
	file    source
	block   int                   // octets
	opening []byte                // block 0: an OACK or a WRQ
	opened  func(g Options) error // a client's: the answer to its WRQ has come
	report  func(octets int64)    // how far the peer has got
	proved  func()                // the peer has answered
	buffers *sync.Pool            // of *trainBuffer
	octets  int64                 // acknowledged
}

// trainBuffer holds the packets of one system call: as many octets as UDP segmentation
// takes, after a margin that has the payload of a single block begin at a multiple of 32:
// the kernel copies it faster.
type trainBuffer [margin + maxDatagram]byte

const margin = 28

// maxTrain is the most packets in a train: UDP_MAX_SEGMENTS of old kernels.
const maxTrain = 64

func newTrainBuffer() any { return new(trainBuffer) }

// negotiate applies what both sides agreed on.
func (t *sending) negotiate(o Options) {
	t.machine.negotiate(o)
	t.block = o.blockSize()
}

// run returns when the transfer has ended.
func (t *sending) run(ctx context.Context) error {
	defer func() {
		if t.file != nil {
			t.file.rest()
		}
	}()
	for now := time.Now(); ; {
		if err := t.flush(now); err != nil {
			return err
		}
		if t.machine.ended() {
			return t.machine.err
		}
		var b []byte
		var err error
		if b, now, err = t.next(ctx, t.machine.deadline()); err != nil {
			return err
		}
		if b == nil {
			if t.file != nil {
				t.file.rest()
			}
			if t.again.Swap(false) {
				t.machine.repeat()
			}
			t.machine.tick(now)
			continue
		}
		if err := t.take(b, now); err != nil {
			return err
		}
	}
}

// take handles a packet.
func (t *sending) take(b []byte, now time.Time) error {
	if t.opened != nil {
		if answered, err := t.open(b, now); answered || err != nil {
			return err
		}
	}
	t.machine.recv(b, now)
	if op, _, ok := split(b); ok && op == opERROR {
		t.remote = true
	}
	if t.machine.proven && t.proved != nil {
		t.proved()
		t.proved = nil
	}
	if t.file == nil {
		return nil // a WRQ has not been answered
	}
	if n := min((t.machine.una-1)*int64(t.block), t.file.octets()); n > t.octets {
		t.octets = n
		if t.report != nil {
			t.report(n)
		}
		t.file.release(t.machine.una)
	}
	return nil
}

// open takes the first answer to a WRQ: an OACK, or an ACK if the server knows no options.
func (t *sending) open(b []byte, now time.Time) (answered bool, err error) {
	op, body, ok := split(b)
	if !ok || op != opOACK && (op != opACK || be16(body) != 0) {
		return false, nil
	}
	var granted Options
	if op == opOACK {
		if granted, err = parseOACK(body); err != nil {
			return true, err
		}
	}
	if err := t.opened(granted); err != nil {
		return true, err
	}
	t.opened = nil
	t.negotiate(granted)
	t.machine.ack(0, now)
	return true, nil
}

// flush sends what is due, one train after the other.
func (t *sending) flush(now time.Time) error {
	for {
		first, n := t.machine.poll(now)
		if n == 0 {
			return nil
		}
		if first == 0 {
			if err := t.send(t.opening); err != nil {
				return err
			}
			continue
		}
		for n > 0 {
			fit := min(n, maxTrain, int64(maxDatagram/(headerSize+t.block)))
			if err := t.sendBlocks(first, int(fit)); err != nil {
				return err
			}
			if t.machine.last >= 0 && first+fit > t.machine.last {
				break
			}
			first, n = first+fit, n-fit
		}
	}
}

// sendBlocks sends n blocks that fit into a buffer, or fewer when the file ends.
func (t *sending) sendBlocks(first int64, n int) error {
	buf := t.buffers.Get().(*trainBuffer)
	defer t.buffers.Put(buf)
	stride := headerSize + t.block
	b := buf[margin:][:n*stride]
	payload := b[n*headerSize:]
	single := n == 1 // it stands where it has to
	got, err := t.file.read(payload, first)
	if err != nil {
		return err
	}
	if got < len(payload) {
		n = got/t.block + 1
		t.machine.feed(first + int64(n) - 1)
	}
	// The payloads stand at the end of the buffer, one after the other. Each moves towards
	// the front, to make room for the header of the next.
	for i := range n {
		from := i * t.block
		appendHeader(b[:i*stride], opDATA, t.machine.rollover.wire(first+int64(i)))
		if !single {
			copy(b[i*stride+headerSize:(i+1)*stride], payload[from:min(from+t.block, got)])
		}
	}
	return t.train(b[:n*headerSize+got], stride)
}
