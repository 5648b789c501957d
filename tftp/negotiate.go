package tftp

import "net/netip"

// Octets of the headers before a block: of IPv4 or IPv6, UDP and TFTP.
const (
	overIPv4 = 20 + 8 + headerSize
	overIPv6 = 40 + 8 + headerSize
)

// grant returns the options that a server accepts of those that a client asks for (RFC
// 2347): none that was not asked for, no value above the one that was. size is that of
// the file to be read or, negative, not known.
func grant(r *Request, size int64, maxBlock, maxWindow int) Options {
	asked := r.Options
	granted := Options{
		Timeout:  asked.Timeout,
		UTimeout: asked.UTimeout,
		Rollover: asked.Rollover,
	}
	maxBlock = min(maxBlock, MaxBlockSize)
	switch {
	case asked.BlockSize > 0:
		granted.BlockSize = min(asked.BlockSize, maxBlock)
	case asked.BlockSize2 > 0:
		granted.BlockSize2 = powerOfTwo(min(asked.BlockSize2, maxBlock))
	}
	if asked.WindowSize > 0 {
		granted.WindowSize = min(asked.WindowSize, maxWindow, maxWindowSize)
	}
	switch {
	case !asked.HasSize:
	case r.Write:
		granted.HasSize, granted.Size = true, asked.Size
	case size >= 0 && r.Mode == Octet: // the size of text on its way is not known
		granted.HasSize, granted.Size = true, size
	}
	return granted
}

// maxWindowSize keeps the difference of two block numbers unambiguous.
const maxWindowSize = 32767

// fitting returns the largest block that goes to a peer in one packet of mtu octets, or
// any if mtu is 0, for not known.
func fitting(mtu int, peer netip.Addr) int {
	over := overIPv4
	if peer.Is6() {
		over = overIPv6
	}
	if mtu < over+MinBlockSize {
		return MaxBlockSize
	}
	return mtu - over
}

// powerOfTwo returns the largest power of two that is not above n.
func powerOfTwo(n int) int {
	p := 1
	for p*2 <= n {
		p *= 2
	}
	return p
}
