package ftpserver

import (
	"sync"
	"sync/atomic"
)

// bulk bounds how many transfers get what makes one fast and many expensive: a thread of
// their own, or a large buffer. The others go on without.
type bulk struct {
	inside  atomic.Int32
	buffers sync.Pool // of *[bulkSize]byte
}

// maxBulk is more than it takes to keep a machine busy.
const maxBulk = 16

// bulkSize is that of the buffer of an upload that comes fast. File systems take large
// writes in large pieces: beyond a quarter of a MiB it is that which pays.
const bulkSize = 2 << 20

func (b *bulk) enter() bool {
	if b.inside.Add(1) > maxBulk {
		b.leave()
		return false
	}
	return true
}

func (b *bulk) leave() { b.inside.Add(-1) }

// buffer is for who is inside, who puts it back.
func (b *bulk) buffer() *[bulkSize]byte {
	if buf, ok := b.buffers.Get().(*[bulkSize]byte); ok {
		return buf
	}
	return new([bulkSize]byte)
}
