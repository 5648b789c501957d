package link

import (
	"context"
	"errors"
	"io"
	"syscall"
	"time"

	"dray/internal/device/iossim/pause"
	"dray/internal/device/iossim/place"
)

func isRefused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// corrupter changes one octet of what goes through it.
type corrupter struct {
	w    io.Writer
	left int64 // octets until the one, which counts too
}

func (c *corrupter) Write(b []byte) (int, error) {
	if c.left > 0 && c.left <= int64(len(b)) {
		b = append([]byte{}, b...)
		b[c.left-1] ^= 0x20
	}
	c.left -= int64(len(b))
	return c.w.Write(b)
}

// packets is how much goes by between two marks of a transfer over TCP, in octets.
const packets = 10 * 1460

// pacer is what a transfer over TCP goes through: it makes the marks, and is as slow as
// the link, or stops.
type pacer struct {
	ctx   context.Context
	link  *Link
	w     io.Writer
	mark  func(place.Mark)
	n     int64 // octets that have gone by
	shown int64 // marks
}

func (l *Link) paced(ctx context.Context, w io.Writer, mark func(place.Mark)) *pacer {
	return &pacer{ctx: ctx, link: l, w: w, mark: mark}
}

func (p *pacer) Write(b []byte) (int, error) {
	f := p.link.Faults
	if f.CutAfter > 0 && p.n+int64(len(b)) > f.CutAfter {
		if err := pause.For(p.ctx, p.link.timeout()); err != nil {
			return 0, err
		}
		return 0, place.ErrTimeout
	}
	if err := f.slow(p.ctx, len(b)); err != nil {
		return 0, err
	}
	n, err := p.w.Write(b)
	p.n += int64(n)
	for ; p.mark != nil && p.shown < (p.n+packets-1)/packets; p.shown++ {
		p.mark(place.MarkPackets)
	}
	return n, err
}

// slow waits as long as octets take on the link.
func (f Faults) slow(ctx context.Context, octets int) error {
	if f.Rate <= 0 {
		return nil
	}
	return pause.For(ctx, time.Duration(float64(octets)/float64(f.Rate)*float64(time.Second)))
}
