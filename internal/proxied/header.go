package proxied

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"syscall"

	"github.com/pires/go-proxyproto"
)

// The bounds of headers, in octets.
const (
	maxLine   = 107     // of version 1, with CR and LF (section 2.1)
	fixed     = 16      // of version 2 before the addresses (section 2.2)
	maxBehind = 4 << 10 // of version 2 behind that; certificates of clients are less than half of it
	shortest  = 12      // the signature of version 2; version 1 has more than that
)

var (
	errHeader = errors.New("bad PROXY header")               // wrapped by all that is wrong with one
	errNone   = errors.New("it begins with no PROXY header") // it may be something else
	errSilent = errors.New("the proxy hung up without a word")
)

// read reads a header, and not one octet of what follows. Where the header is not LOCAL, its
// addresses are those of TCP, and that of the client is one that a host can have. With
// errNone come the octets that are none.
func read(r io.Reader) (h *proxyproto.Header, head []byte, err error) {
	var text [fixed + maxBehind]byte
	n, err := readAll(r, &text)
	if errors.Is(err, errNone) {
		return nil, bytes.Clone(text[:n]), err
	}
	if err != nil {
		return nil, nil, err
	}
	h, err = parse(text[:n])
	return h, nil, err
}

// parse takes apart a header that is whole.
func parse(text []byte) (*proxyproto.Header, error) {
	whole := bytes.NewReader(text)
	h, err := proxyproto.Read(bufio.NewReaderSize(whole, len(text)))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errHeader, err)
	}
	if _, err := h.TLVs(); err != nil {
		return nil, fmt.Errorf("%w: %w", errHeader, err)
	}
	if h.Command.IsLocal() {
		return h, nil
	}
	from, to, ok := h.TCPAddrs()
	if !ok {
		return nil, fmt.Errorf("%w: it is not about a connection of TCP", errHeader)
	}
	if !isHost(addrPort(from).Addr()) || !addrPort(to).IsValid() {
		return nil, fmt.Errorf("%w: %v is not the address of a client", errHeader, from.IP)
	}
	return h, nil
}

func isHost(a netip.Addr) bool {
	return a.IsValid() && !a.IsUnspecified() && !a.IsMulticast() && a != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// readAll reads what makes a header and returns its length. It goes on only as long as that
// can become one. With errNone n octets have been read.
func readAll(r io.Reader, text *[fixed + maxBehind]byte) (n int, err error) {
	for n < shortest {
		more, err := r.Read(text[n:shortest])
		n += more
		if !begins(text[:n]) {
			return n, errNone
		}
		if n < shortest && errors.Is(err, os.ErrDeadlineExceeded) {
			return n, fmt.Errorf("%w: %w", errNone, err)
		}
		if err != nil && n < shortest {
			return 0, cutShort(n, err)
		}
	}
	if text[0] == proxyproto.SIGV1[0] {
		return readLine(r, text)
	}
	if n, err := io.ReadFull(r, text[shortest:fixed]); err != nil {
		return 0, cutShort(shortest+n, err)
	}
	behind := binary.BigEndian.Uint16(text[fixed-2:])
	if behind > maxBehind {
		return 0, fmt.Errorf("%w: it has %d octets behind its first %d; the most is %d", errHeader, behind, fixed, maxBehind)
	}
	if n, err := io.ReadFull(r, text[fixed:fixed+int(behind)]); err != nil {
		return 0, cutShort(fixed+n, err)
	}
	return fixed + int(behind), nil
}

// begins reports whether a header can begin like this.
func begins(text []byte) bool {
	v1 := text[:min(len(text), len(proxyproto.SIGV1))]
	return bytes.HasPrefix(proxyproto.SIGV1, v1) || bytes.HasPrefix(proxyproto.SIGV2, text)
}

// readLine reads the rest of a header of version 1, by octets, since nobody knows how many
// there are.
func readLine(r io.Reader, text *[fixed + maxBehind]byte) (int, error) {
	for n := shortest; n < maxLine; n++ {
		if _, err := io.ReadFull(r, text[n:n+1]); err != nil {
			return 0, cutShort(n, err)
		}
		if text[n] == '\n' {
			return n + 1, nil
		}
	}
	return 0, fmt.Errorf("%w: its line is longer than %d octets", errHeader, maxLine)
}

// cutShort says what an error after n octets of a header means.
func cutShort(n int, err error) error {
	switch {
	case n == 0 && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)):
		return errSilent
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: it ends after %d octets", errHeader, n)
	}
	return err
}
