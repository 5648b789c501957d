// Package netascii converts between text with bare line feeds and the netascii of TFTP
// (RFC 1350 §1, RFC 764): LF travels as CR LF, and CR as CR NUL. Both directions stream
// and keep their state between calls, so a pair may be split anywhere.
package netascii

import "io"

// Encoder is an [io.Reader] of the netascii form of what it reads.
type Encoder struct {
	r       io.Reader
	buf     []byte // local text that has not been encoded yet is buf[:n]
	n       int
	pending byte // second half of a pair, when half is set
	half    bool
	err     error
}

// NewEncoder returns an Encoder of the local text in r.
func NewEncoder(r io.Reader) *Encoder { return &Encoder{r: r} }

// Read implements io.Reader.
func (e *Encoder) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	for n == 0 {
		if e.half {
			p[n], e.half = e.pending, false
			n++
		}
		n += e.encode(p[n:])
		if n > 0 {
			return n, nil
		}
		if e.err != nil {
			return 0, e.err
		}
		e.fill()
	}
	return n, nil
}

func (e *Encoder) fill() {
	if e.buf == nil {
		e.buf = make([]byte, 2048)
	}
	e.n, e.err = e.r.Read(e.buf)
}

// encode moves text from the buffer to p as far as either goes.
func (e *Encoder) encode(p []byte) (n int) {
	used := 0
	for ; used < e.n && n < len(p); used++ {
		c := e.buf[used]
		if c != '\n' && c != '\r' {
			p[n] = c
			n++
			continue
		}
		second := byte('\n')
		if c == '\r' {
			second = 0
		}
		p[n] = '\r'
		if n++; n < len(p) {
			p[n] = second
			n++
		} else {
			e.pending, e.half = second, true
		}
	}
	e.n = copy(e.buf, e.buf[used:e.n])
	return n
}

// Decoder is an [io.WriteCloser] that writes the local form of the netascii written to
// it. CR LF becomes LF, CR NUL becomes CR; CR before anything else, or at the end, stays.
type Decoder struct {
	w   io.Writer
	buf []byte
	cr  bool // a CR whose meaning the next octet tells
}

// NewDecoder returns a Decoder that writes to w.
func NewDecoder(w io.Writer) *Decoder { return &Decoder{w: w} }

// Write implements io.Writer.
func (d *Decoder) Write(p []byte) (int, error) {
	d.buf = d.buf[:0]
	for _, c := range p {
		if d.cr {
			d.cr = false
			switch c {
			case '\n':
				d.buf = append(d.buf, '\n')
				continue
			case 0:
				d.buf = append(d.buf, '\r')
				continue
			}
			d.buf = append(d.buf, '\r')
		}
		if c == '\r' {
			d.cr = true
			continue
		}
		d.buf = append(d.buf, c)
	}
	if len(d.buf) == 0 {
		return len(p), nil
	}
	if _, err := d.w.Write(d.buf); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close writes a CR that stood at the end. It does not close the writer below.
func (d *Decoder) Close() error {
	if !d.cr {
		return nil
	}
	d.cr = false
	_, err := d.w.Write([]byte{'\r'})
	return err
}
