package tftp

// Rollover is the block number that follows 65535. No RFC says; nearly all peers go on
// with 0. Within this package blocks are counted in 64 bits, and block 0 is whatever
// opens the transfer.
type Rollover uint8

// The ways to go on after block 65535.
const (
	RolloverDefault Rollover = iota // 0, and as a receiver 1 too where it cannot be mistaken
	RolloverZero                    // 0
	RolloverOne                     // 1
)

func (r Rollover) period() int64 {
	if r == RolloverOne {
		return 65535
	}
	return 65536
}

// wire returns the number that block n has in a packet.
func (r Rollover) wire(n int64) uint16 {
	if r == RolloverOne && n > 0 {
		return uint16((n-1)%65535 + 1)
	}
	return uint16(n)
}

// near returns the block that number w means for somebody who waits for block want: the
// nearest, on either side. It is negative for a number that cannot be meant.
func (r Rollover) near(w uint16, want int64) int64 {
	period := r.period()
	if r == RolloverOne && w == 0 {
		if want > period/2 {
			return -1
		}
		return 0
	}
	d := (int64(w) - int64(r.wire(want))) % period
	switch {
	case d > period/2:
		d -= period
	case d < -period/2:
		d += period
	}
	return want + d
}
