package tftp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"dray/tftp/netascii"
)

// transfer runs one transfer and reports it. A panic in it goes no further.
func (s *Server) transfer(n network, d datagram, r *Request, t *ticket) {
	begun := time.Now()
	out := Transfer{}
	var linger func()
	err := s.contain(r, func() {
		if r.Write {
			linger = s.write(n, d, r, t, &out)
		} else {
			s.read(n, d, r, t, &out)
		}
	})
	switch {
	case err == nil:
	case t.exchange == nil:
		out.Err = s.refuse(n, d, t, err)
	default:
		t.exchange.farewell(err)
		out.Err = errors.Join(err, out.Err)
	}
	out.Duration = time.Since(begun)
	if o, ok := s.Handler.(TransferObserver); ok {
		_ = s.contain(r, func() { o.Transferred(r, out) }) // the log has it
	}
	if linger != nil {
		_ = s.contain(r, linger)
	}
	if t.close != nil {
		t.close()
	}
}

// contain calls f, and makes an error of its panic.
func (s *Server) contain(r *Request, f func()) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("tftp: panic: %v", v)
			s.fault(r, v, debug.Stack())
		}
	}()
	f()
	return nil
}

// fault tells of a panic, if need be of one in telling too.
func (s *Server) fault(r *Request, v any, stack []byte) {
	o, ok := s.Handler.(FaultObserver)
	defer func() {
		if !ok || recover() != nil {
			s.log().Error("a transfer was ended by a fault", "remote", r.Remote, "panic", v, "stack", string(stack))
		}
	}()
	if ok {
		o.Fault(r, fmt.Errorf("panic: %v\n%s", v, stack))
	}
}

// apart calls f on a stack of its own, which is free again while the transfer goes on: to
// open a file or a socket takes several times the stack of waiting for a packet. The
// error is a panic.
func (s *Server) apart(r *Request, f func()) error {
	ended := make(chan error, 1)
	go func() { ended <- s.contain(r, f) }()
	return <-ended
}

// open opens the port of a transfer, for datagrams of up to size octets.
func (s *Server) open(n network, d datagram, t *ticket, size int) (*exchange, error) {
	p, err := n.open(d, size)
	if err != nil {
		return nil, err
	}
	x := &exchange{port: p, peer: d.remote}
	x.tell = func() bool { return s.malformed.allow(t.source, time.Now()) }
	stop := x.wakeAtEnd(t.ctx)
	t.close = func() {
		stop()
		p.close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t.exchange = x
	return x, nil
}

// refuse tells the client why there will be no transfer.
func (s *Server) refuse(n network, d datagram, t *ticket, err error) error {
	if t.ctx.Err() == nil && s.refused.allow(t.source, time.Now()) {
		_ = n.answer(wireError(err).Append(nil), d) // as good as lost
	}
	return err
}

// grant returns the options for a request, and the packet that tells them; nil if there
// are none to tell.
func (s *Server) grant(n network, d datagram, r *Request, size int64) (Options, []byte) {
	maxBlock := orDefault(s.MaxBlockSize, MaxBlockSize)
	if !s.IgnoreMTU && r.Options.blockSize() > DefaultBlockSize {
		maxBlock = min(maxBlock, fitting(n.mtu(d), d.remote.Addr()))
	}
	o := grant(r, size, maxBlock, orDefault(s.MaxWindowSize, 64))
	if o == (Options{}) {
		return o, nil
	}
	return o, OACK{o}.Append(nil)
}

// jitter returns a seed for the timers of a transfer.
func jitter(none bool) uint32 {
	if none {
		return 0
	}
	return rand.Uint32() | 1
}

// reading is a read that has begun.
type reading struct {
	sending
	handle  io.Closer       // of the file
	text    *countingReader // nil: it is not text
	granted Options
}

// read serves an RRQ.
func (s *Server) read(n network, d datagram, r *Request, t *ticket, out *Transfer) {
	var job *reading
	var err error
	if fault := s.apart(r, func() { job, err = s.beginRead(n, d, r, t) }); fault != nil {
		err = fault
	}
	if err != nil {
		out.Err = s.refuse(n, d, t, err)
		return
	}
	defer job.handle.Close()
	err = job.run(t.ctx)
	job.farewell(err)
	out.Bytes, out.Resent, out.Negotiated = job.octets, job.machine.resent, job.granted
	if job.text != nil {
		out.Bytes = job.text.n
	}
	out.Note, out.Err = job.outcome(err)
}

// beginRead opens what an RRQ asks for, and a port.
func (s *Server) beginRead(n network, d datagram, r *Request, t *ticket) (*reading, error) {
	file, size, err := s.Handler.ReadFile(t.ctx, r)
	if err != nil {
		return nil, err
	}
	granted, oack := s.grant(n, d, r, size)
	x, err := s.open(n, d, t, maxAnswer)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	first := int64(1)
	if oack != nil {
		first = 0
	}
	job := &reading{handle: file, granted: granted, sending: sending{exchange: x, machine: newSender(first, time.Now()),
		opening: oack, buffers: &s.buffers, proved: func() { s.prove(t) }}}
	job.machine.rtt.jitter = jitter(s.noJitter)
	job.negotiate(granted)
	job.file, job.text = newSource(file, size, r.Mode, job.block)
	if f, ok := job.file.(*fileSource); ok {
		f.buffers = &s.aheads
	}
	return job, nil
}

// maxAnswer is the longest packet that is taken whole by the side that sends DATA: an ACK,
// or an ERROR with a message.
const maxAnswer = 128

// newSource returns the blocks of a file in the form in which it travels. If it is text,
// the reader counts its octets before that.
func newSource(file io.Reader, size int64, m Mode, block int) (source, *countingReader) {
	at, byOffset := file.(io.ReaderAt)
	if byOffset && size >= 0 && m == Octet {
		return &fileSource{r: at, size: size, block: int64(block)}, nil
	}
	if size >= 0 {
		file = io.LimitReader(file, size)
	}
	if m == Octet {
		return newStreamSource(file, size, block), nil
	}
	text := &countingReader{r: file}
	return newStreamSource(netascii.NewEncoder(text), -1, block), text
}

// outcome tells how a transfer ended, in the light of what clients do.
func (t *sending) outcome(err error) (note string, _ error) {
	m := &t.machine
	var said *Error
	silent := errors.Is(err, ErrTimeout) || errors.Is(err, ErrGone)
	switch {
	case err == nil:
	case silent && m.proven && m.sentAll():
		return "final ACK missing", nil // boot loaders jump away without it
	case silent && m.una >= 65535 && m.una <= 65537:
		return "the client cannot wrap block numbers: use a larger blksize", err
	case t.remote && errors.As(err, &said) && (said.Code == CodeUndefined || said.Code == CodeOptions):
		if m.una <= 1 && t.opening != nil {
			return "size probe", nil // RFC 2349: a client may only want to know tsize
		}
		return "aborted by the client", err
	case errors.Is(err, errCut) && !m.proven:
		return "cut off before the client had proven that it is there", err
	}
	return "", err
}

// write serves a WRQ. It returns what is left to do when the transfer is complete.
func (s *Server) write(n network, d datagram, r *Request, t *ticket, out *Transfer) (linger func()) {
	upload, err := s.Handler.WriteFile(t.ctx, r)
	if err != nil {
		out.Err = s.refuse(n, d, t, err)
		return nil
	}
	committed := false
	defer func() {
		if !committed {
			out.Err = errors.Join(out.Err, upload.Abort())
		}
	}()
	options, oack := s.grant(n, d, r, -1)
	x, err := s.open(n, d, t, room(options))
	if err != nil {
		out.Err = s.refuse(n, d, t, err)
		return nil
	}
	count := &countingWriter{w: upload}
	job := receiving{exchange: x, machine: newReceiver(0, time.Now()), opening: oack, file: count,
		proved: func() { s.prove(t) }}
	commit := func() error {
		committed = true
		return upload.Commit()
	}
	job.finish = commit
	if r.Mode == NetASCII {
		text := netascii.NewDecoder(count)
		job.file = text
		job.finish = func() error {
			if err := text.Close(); err != nil {
				return err
			}
			return commit()
		}
	}
	job.machine.rtt.jitter = jitter(s.noJitter)
	job.machine.negotiate(options)
	err = job.run(t.ctx)
	x.farewell(err)
	out.Bytes, out.Resent, out.Negotiated, out.Err = count.n, job.machine.resent, options, err
	if err != nil {
		return nil
	}
	if r.Options.HasSize && r.Mode == Octet && r.Options.Size != count.n {
		out.Note = fmt.Sprintf("the client had announced %d octets", r.Options.Size)
	}
	return func() {
		ctx, cancel := context.WithCancel(t.ctx)
		defer cancel()
		defer context.AfterFunc(s.stay, cancel)()
		defer x.wakeAtEnd(ctx)()
		job.dally(ctx)
	}
}

// countingReader counts the octets that are read.
type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// countingWriter counts the octets that are stored.
type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}
