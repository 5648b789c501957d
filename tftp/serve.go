package tftp

import (
	"errors"
	"io"
	"time"

	"dray/tftp/netascii"
)

// read serves an RRQ.
func (s *Server) read(x *exchange, r *Request, t *Transfer) {
	file, size, err := s.Handler.ReadFile(s.base, r)
	if err != nil {
		t.Err = s.refuse(x, err)
		return
	}
	defer file.Close()
	src := io.Reader(file)
	if r.Mode == NetASCII {
		src = netascii.NewEncoder(src)
		size = -1
	} else if size >= 0 {
		src = io.LimitReader(src, size)
	}
	options, oack := s.grant(r, size)
	first := int64(1)
	if oack != nil {
		first = 0
	}
	out := newOutgoing(src, size)
	out.negotiate(options)
	job := sending{exchange: x, machine: newSender(first, time.Now()), file: out, opening: oack, report: func(int64) {}}
	job.machine.negotiate(options)
	remote, err := job.run(s.base)
	x.farewell(err, remote)
	t.Bytes, t.Resent, t.Negotiated = out.read, job.machine.resent, options
	switch {
	case errors.Is(err, ErrTimeout) && job.machine.sentAll(), errors.Is(err, ErrGone) && job.machine.sentAll():
		t.Note = "final ACK missing" // boot loaders jump away without it
	default:
		t.Err = err
	}
}

// write serves a WRQ.
func (s *Server) write(x *exchange, r *Request, t *Transfer) {
	upload, err := s.Handler.WriteFile(s.base, r)
	if err != nil {
		t.Err = s.refuse(x, err)
		return
	}
	defer upload.Abort()
	options, oack := s.grant(r, -1)
	job := receiving{exchange: x, machine: newReceiver(0, time.Now()), opening: oack, report: func(int64) {}}
	count := &countingWriter{w: upload}
	job.file, job.finish = count, upload.Commit
	if r.Mode == NetASCII {
		text := netascii.NewDecoder(count)
		job.file = text
		job.finish = func() error { return errors.Join(text.Close(), upload.Commit()) }
	}
	job.machine.negotiate(options)
	x.grow(options.blockSize())
	remote, err := job.run(s.base)
	x.farewell(err, remote)
	t.Bytes, t.Resent, t.Negotiated, t.Err = count.n, job.machine.resent, options, err
	if err == nil {
		job.dally(s.base)
	}
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
